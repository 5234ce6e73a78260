// What handlers of signals do where a thread is in machine code.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <signal.h>
#if defined(__APPLE__)
// The other header is for functions that the system wants nobody to use.
#include <sys/ucontext.h>
#else
#include <ucontext.h>
#endif

#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && (defined(__linux__) || defined(__APPLE__))

// Registers of a signal's context: where the thread is, the frame, the register global, and what the stub `trap`
// expects (see gw_x86_stubs.c and gw_arm64_stubs.c).
#if defined(__APPLE__)
#define REGISTER(u, name) ((uint64_t *)&(u)->uc_mcontext->__ss.__##name)
#elif defined(__x86_64__)
#define REGISTER(u, name) ((uint64_t *)&(u)->uc_mcontext.gregs[name])
#else
#define REGISTER(u, name) ((uint64_t *)&(u)->uc_mcontext.name)
#endif
#if defined(__aarch64__) && defined(__APPLE__)
#define PLACE(u) REGISTER(u, pc)
#define FRAME(u) REGISTER(u, x[25])
#define STACK_POINTER(u) REGISTER(u, x[27])
#define CELL(u) REGISTER(u, x[16])
#define TRAP(u) REGISTER(u, x[14])
#elif defined(__aarch64__)
#define PLACE(u) REGISTER(u, pc)
#define FRAME(u) REGISTER(u, regs[25])
#define STACK_POINTER(u) REGISTER(u, regs[27])
#define CELL(u) REGISTER(u, regs[16])
#define TRAP(u) REGISTER(u, regs[14])
#elif defined(__APPLE__)
#define PLACE(u) REGISTER(u, rip)
#define FRAME(u) REGISTER(u, r12)
#define STACK_POINTER(u) REGISTER(u, r14)
#define CELL(u) REGISTER(u, rax)
#define TRAP(u) REGISTER(u, rcx)
#else
#define PLACE(u) REGISTER(u, REG_RIP)
#define FRAME(u) REGISTER(u, REG_R12)
#define STACK_POINTER(u) REGISTER(u, REG_R14)
#define CELL(u) REGISTER(u, REG_RAX)
#define TRAP(u) REGISTER(u, REG_RCX)
#endif

// What the bytecode's state is where a thread is in machine code.
static const GWNative *find_state(ucontext_t *u, uint64_t *pc, uint64_t *fp) {
    gw_native_place place;
    const GWNative *native = gw_native_find((uintptr_t)*PLACE(u), &place);
    if (!native) return NULL;
    *pc = (uint64_t)(uintptr_t)(native->arena + place.cell);
    *fp = *FRAME(u);
    if (place.transit == gw_native_left) *pc = *CELL(u);
    if (place.transit == gw_native_entered) {
        const uint64_t *frame = (const uint64_t *)(uintptr_t)*fp;
        *pc = frame[-1];
        *fp = frame[-3];
    }
    return native;
}

bool gw_native_end(void *context, GWTrap trap) {
    ucontext_t *u = context;
    uint64_t pc, fp;
    const GWNative *native = find_state(u, &pc, &fp);
    if (!native) return false;
    // What the stub `trap` expects.
    *CELL(u) = pc;
    *FRAME(u) = fp;
    *TRAP(u) = trap;
    *PLACE(u) = (uint64_t)(uintptr_t)(native->run + native->stubs.trap);
    return true;
}

bool gw_native_state(void *context, uint64_t *pc, uint64_t *fp, uint64_t *sp) {
    *sp = *STACK_POINTER((ucontext_t *)context);
    return find_state(context, pc, fp) != NULL;
}

#else

bool gw_native_end(void *context, GWTrap trap) {
    (void)context, (void)trap;
    return false;
}
bool gw_native_state(void *context, uint64_t *pc, uint64_t *fp, uint64_t *sp) {
    (void)context, (void)pc, (void)fp, (void)sp;
    return false;
}

#endif
