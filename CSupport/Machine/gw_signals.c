// The signals that move a thread inside the dispatch loop: a fault in a guarded memory, and an interruption.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdlib.h>
#if defined(__APPLE__)
// The other header is for functions that the system wants nobody to use.
#include <sys/ucontext.h>
#else
#include <ucontext.h>
#endif

#include "gw_interpreter.h"
#include "gw_native.h"
#include "gw_opcodes.h"

// --- Where guarded memories lie ---

typedef struct region {
    struct region *next;
    _Atomic(uintptr_t) base;
    _Atomic(uintptr_t) size;
} region;

// Nodes are never freed, so that the handler can walk the list at any moment; they are used again.
static _Atomic(region *) regions;
static volatile int regions_lock;

bool gw_signals_add(const void *base, uint64_t size) {
    while (__atomic_exchange_n(&regions_lock, 1, __ATOMIC_ACQUIRE)) {
    }
    region *r = regions;
    while (r && r->base) r = r->next;
    if (!r && (r = calloc(1, sizeof *r))) {
        r->next = regions;
        regions = r;
    }
    if (r) {
        r->size = size;
        r->base = (uintptr_t)base;
    }
    __atomic_store_n(&regions_lock, 0, __ATOMIC_RELEASE);
    return r != NULL;
}

void gw_signals_remove(const void *base) {
    for (region *r = regions; r; r = r->next)
        if (r->base == (uintptr_t)base) r->base = 0;
}

static bool is_guarded(uintptr_t address) {
    for (region *r = regions; r; r = r->next)
        if (r->base && address - r->base < r->size) return true;
    return false;
}

// --- The machine's program counter ---

static uintptr_t *program_counter(void *context) {
    ucontext_t *u = context;
#if defined(__APPLE__) && defined(__aarch64__)
    return (uintptr_t *)&u->uc_mcontext->__ss.__pc;
#elif defined(__APPLE__)
    return (uintptr_t *)&u->uc_mcontext->__ss.__rip;
#elif defined(__aarch64__)
    return (uintptr_t *)&u->uc_mcontext.pc;
#else
    return (uintptr_t *)&u->uc_mcontext.gregs[REG_RIP];
#endif
}

// --- Places in the loops ---

/// Whether an address belongs to a loop, to which, and whether to a handler of it: the last place before it says so.
static bool find_loop(uintptr_t pc, bool *checked, bool *is_handler) {
    if (pc < (uintptr_t)gw_loops_start || pc >= (uintptr_t)gw_loops_end) return false;
    uintptr_t nearest = 0;
    for (int loop = 0; loop < 2; loop++) {
        const gw_loop_places *p = gw_places(loop);
        for (int place = -1; place < GWOp_count + GWPlace_count; place++) {
            uintptr_t address = place < 0 ? p->function : p->first + (uintptr_t)(intptr_t)p->handlers[place];
            if (address > pc || address < nearest) continue;
            nearest = address;
            // `exit` takes the loop's C frame down.
            *is_handler = place >= 0 && place < GWOp_count && place != GWOp_exit;
            *checked = loop;
        }
    }
    return true;
}

bool gw_signals_in_handler(void *context) {
    bool checked, is_handler;
    return find_loop(*program_counter(context), &checked, &is_handler) && is_handler;
}

// Moves the thread to a place of the loop that it is in; false if it is in none, or not where it was to be moved from.
static bool move(void *context, int place, bool from_handlers_only) {
    uintptr_t *pc = program_counter(context);
    bool checked, is_handler;
    if (!find_loop(*pc, &checked, &is_handler) || (from_handlers_only && !is_handler)) return false;
    const gw_loop_places *p = gw_places(checked);
    *pc = p->first + (uintptr_t)(intptr_t)p->handlers[GWOp_count + place];
    return true;
}

static struct sigaction previous[3];
static const int faults[] = {SIGSEGV, SIGBUS};

static void on_fault(int number, siginfo_t *info, void *context) {
    // Only handlers use guarded memory, but compilers put rare parts of them behind anything.
    if (gw_running && is_guarded((uintptr_t)info->si_addr) &&
        (move(context, GWPlace_fault, false) || gw_native_end(context, GWTrap_memoryOutOfBounds)))
        return;
    // Not a guest's: whoever was responsible before is so again, and the fault repeats.
    for (int i = 0; i < 2; i++)
        if (faults[i] == number) sigaction(number, &previous[i], NULL);
}

static void on_interruption(int number, siginfo_t *info, void *context) {
    if (gw_running && gw_running->interrupted && !move(context, GWPlace_interruption, true))
        gw_native_end(context, GWTrap_interrupted);
    struct sigaction *other = &previous[2];
    if ((other->sa_flags & SA_SIGINFO) && other->sa_sigaction) other->sa_sigaction(number, info, context);
    else if (other->sa_handler != SIG_DFL && other->sa_handler != SIG_IGN) other->sa_handler(number);
}

void gw_signals_install(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 2; i++) sigaction(faults[i], &action, &previous[i]);
    action.sa_sigaction = on_interruption;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigaction(GW_SIGNAL, &action, &previous[2]);
}
