// See native_steps.h.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "native_steps.h"

#if defined(__x86_64__) && defined(__linux__)

#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#include "gw_machine.h"
#include "gw_native.h"

// What the engine keeps to itself: the machine whose guest this thread runs, and the signal of interruptions.
extern _Thread_local GWMachine *gw_running;
#define INTERRUPTION SIGURG

// The flag of the processor's that stops it after each instruction (Intel's manual, volume 3, section 19.3.1.4).
#define TRAP_FLAG 0x100

static _Thread_local struct {
    bool in_native;
    uint64_t number, count;
} steps;
static uintptr_t loops_begin, loops_end;

static void on_step(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    ucontext_t *u = context;
    uint64_t pc, fp, sp;
    uintptr_t at = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
    bool counts = steps.in_native ? gw_native_state(context, &pc, &fp, &sp) : at >= loops_begin && at < loops_end;
    if (!counts || ++steps.count != steps.number) return;
    u->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    // As gw_machine_interrupt does it for another thread. The signal is blocked here, and comes when the thread is back
    // at its instruction.
    gw_running->interrupted = true;
    gw_running->stack_limit = NULL;
    pthread_kill(pthread_self(), INTERRUPTION);
}

static void prepare(void) {
    GWLoopCode guarded = gw_loop_code(false), checked = gw_loop_code(true);
    loops_begin = guarded.function < checked.function ? guarded.function : checked.function;
    loops_end = guarded.section_end;
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, INTERRUPTION);
    sigaction(SIGTRAP, &action, NULL);
}

void native_steps_begin(bool in_native, uint64_t number) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    steps.in_native = in_native;
    steps.number = number;
    steps.count = 0;
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | TRAP_FLAG);
}

uint64_t native_steps_end(void) {
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~(uint64_t)TRAP_FLAG);
    return steps.count;
}

#else

void native_steps_begin(bool in_native, uint64_t number) { (void)in_native, (void)number; }
uint64_t native_steps_end(void) { return 0; }

#endif
