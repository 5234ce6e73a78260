// What handlers of signals do where a thread is in machine code.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <ucontext.h>

#include "gw_native_internal.h"

#if defined(__x86_64__) && (defined(__linux__) || defined(__APPLE__))

// The registers of a signal's context that matter here.
#if defined(__APPLE__)
#define REGISTER(u, linux_name, apple_name) (*(uint64_t *)&(u)->uc_mcontext->__ss.__##apple_name)
#else
#define REGISTER(u, linux_name, apple_name) (*(uint64_t *)&(u)->uc_mcontext.gregs[linux_name])
#endif

bool gw_native_end(void *context, GWTrap trap) {
    ucontext_t *u = context;
    uint32_t cell;
    const GWNative *native = gw_native_find((uintptr_t)REGISTER(u, REG_RIP, rip), &cell);
    if (!native) return false;
    // What the stub `trap` expects.
    REGISTER(u, REG_RAX, rax) = (uint64_t)(uintptr_t)(native->arena + cell);
    REGISTER(u, REG_RCX, rcx) = trap;
    REGISTER(u, REG_RIP, rip) = (uint64_t)(uintptr_t)(native->run + native->stubs.trap);
    return true;
}

bool gw_native_state(void *context, uint64_t *pc, uint64_t *fp) {
    ucontext_t *u = context;
    uint32_t cell;
    const GWNative *native = gw_native_find((uintptr_t)REGISTER(u, REG_RIP, rip), &cell);
    if (!native) return false;
    *pc = (uint64_t)(uintptr_t)(native->arena + cell);
    *fp = REGISTER(u, REG_R12, r12);
    return true;
}

#else

bool gw_native_end(void *context, GWTrap trap) {
    (void)context, (void)trap;
    return false;
}
bool gw_native_state(void *context, uint64_t *pc, uint64_t *fp) {
    (void)context, (void)pc, (void)fp;
    return false;
}

#endif
