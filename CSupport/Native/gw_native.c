// Compiles functions; see gw_native.h.
#include <pthread.h>
#include <time.h>

#include "gw_interpreter.h"
#include "gw_native_internal.h"

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// Where code has one address only, says whether this thread may write it, or run it. (Untried.)
static void let_write(bool writes) {
#if defined(__APPLE__) && GW_NATIVE_TARGET
    pthread_jit_write_protect_np(!writes);
#else
    (void)writes;
#endif
}

// Whether the coin of a test falls on the side of this function.
static bool is_chosen(const GWNative *native, uint32_t function) {
    uint64_t seed = native->options.coin;
    return !seed || (((seed << 32 | function) + 1) * 0x9E3779B97F4A7C15) >> 63;
}

void gw_native_compile(
    GWCode *code, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots) {
    GWNative *native = code->native;
    if (!native || !is_chosen(native, function)) return;
    uint64_t begin = now();
    native->code = code;
    let_write(true);
    if (gw_native_begin(native) && !native->numbers[function] &&
        !gw_native_emit(native, shape, function, first, end, slots))
        native->statistics.refused++;
    let_write(false);
    native->statistics.nanoseconds += now() - begin;
}

uint32_t gw_native_defer(const GWCode *code, uint32_t cell) {
    GWNative *native = code->native;
    if (!native) return 0;
    uint32_t patience = native->options.patience < GW_NATIVE_PATIENCE ? native->options.patience : GW_NATIVE_PATIENCE;
    uint32_t count = GW_READ(native->deferred_count);
    for (uint32_t i = 0; i < count && i < patience; i++)
        if (GW_READ(native->deferred[i]) == cell) return 0;
    if (count >= patience) return 0;
    // Other threads may do so at the same time: each gets a place of its own, or none is left.
    uint32_t number = __atomic_fetch_add(&native->deferred_count, 1, __ATOMIC_RELAXED);
    if (number >= patience) return 0;
    GW_WRITE(native->deferred[number], cell);
    return native->options.deferral;
}

#if GW_NATIVE_TARGET

GWTrap gw_native_enter_limited(GWMachine *m) {
    return m->interrupted ? GWTrap_interrupted : gw_helper_limitedCall(m);
}

GWTrap gw_helper_native(GWMachine *m) {
    const GWCode *code = m->instance->code;
    GWNative *native = code->native;
    // The loop has read the cell with `native` in it without more ado. What was stored before it, the map's word, is
    // seen behind a fence only where the processor does not keep the order of loads. (None on x86-64.)
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    uint32_t target = __atomic_load_n(&native->map[m->pc - code->arena], __ATOMIC_ACQUIRE);
    // Threads that do so at the same time may count one entry instead of two.
    GW_WRITE(native->statistics.entries, GW_READ(native->statistics.entries) + 1);
    typedef GWTrap enter(GWMachine *, const void *);
    return ((enter *)(uintptr_t)(native->run + native->stubs.enter))(m, native->run + target);
}

#else

void gw_native_write_stubs(GWNative *native) { (void)native; }
bool gw_native_emit(
    GWNative *native, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots) {
    (void)native, (void)shape, (void)function, (void)first, (void)end, (void)slots;
    return false;
}
GWTrap gw_helper_native(GWMachine *m) {
    (void)m;
    __builtin_trap();
}

#endif
