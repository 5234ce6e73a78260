// Machines: frame stacks, calls from the host, calls that leave an instance, stack traces.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "gw_machine.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gw_interpreter.h"
#include "gw_opcodes.h"
#include "gw_registers.h"

_Thread_local GWMachine *gw_running;

// --- The loops' places ---

static gw_loop *const loops[2] = {gw_loop_guarded, gw_loop_checked};
static gw_loop_places places[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    static GWInstance nobody;
    for (int checked = 0; checked < 2; checked++) {
        loops[checked](NULL, &nobody, NULL, (uint64_t *)(void *)&places[checked]);
        places[checked].function = (uintptr_t)loops[checked];
    }
    gw_signals_install();
}

const gw_loop_places *gw_places(bool checked) {
    pthread_once(&once, prepare);
    return &places[checked];
}

const int32_t *gw_handlers(bool checked) { return gw_places(checked)->handlers; }

void gw_write_exit(const GWCode *code) {
    _Static_assert(GW_CALL_CELLS < GW_EXIT_CELLS, "the cells of the exit must fit");
    code->arena[GW_CALL_ZERO] = GW_CALL_CELLS;
    code->arena[GW_CALL_CELLS] = (uint32_t)gw_handlers(code->checked)[GWOp_exit];
}

GWLoopCode gw_loop_code(bool checked) {
    const gw_loop_places *p = gw_places(checked);
    // The place `registers` executed like an instruction.
    uint32_t cells[2] = {(uint32_t)p->handlers[GWOp_count + GWPlace_registers], 0};
    uint64_t frame[4] = {0};
    GWInstance nobody = {.sp_global = UINT32_MAX};
    loops[checked](NULL, &nobody, cells, frame);
    return (GWLoopCode){
        .function = p->function,
        .first = p->first,
        .section_end = (uintptr_t)gw_loops_end,
        .place_count = GWPlace_count,
        .helper = GWPlace_helper,
        .homes = (const char *)(uintptr_t)frame[0],
#define GW_VALUE(value, name) GW_REGISTER_NAME(name) " "
        .contract = checked ? GW_REGISTERS_CHECKED(GW_VALUE) "" : GW_REGISTERS_GUARDED(GW_VALUE) "",
#undef GW_VALUE
#ifdef __OPTIMIZE__
        .is_optimized = true,
#endif
    };
}

// --- Creation ---

// Less than this is not worth having; the margin alone takes a quarter of it.
#define SMALLEST_STACK (UINT64_C(4) << 20)
// From here on the stack may be of huge pages: deep recursion then costs few page faults, and shallow none.
#define SMALL_PAGES (UINT64_C(4) << 20)
// Kept free behind the limit: the largest frame begins below the limit and ends beyond it.
#define STACK_MARGIN (2 * GW_MAXIMUM_FRAME_SLOTS + 64)

static uint64_t *stack_end(const GWMachine *m) {
    return m->stack + m->stack_size / sizeof(uint64_t) - STACK_MARGIN;
}

GWMachine *gw_machine_create(uint64_t stack_size) {
    gw_places(false);
    // Reserved, not committed; where even the address space is refused, less will do.
    if (stack_size < SMALLEST_STACK) stack_size = SMALLEST_STACK;
    for (uint64_t size = stack_size & ~UINT64_C(0xFFFF); size >= SMALLEST_STACK; size /= 4) {
        void *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stack == MAP_FAILED) continue;
#ifdef MADV_HUGEPAGE
        if (size > SMALL_PAGES) madvise((char *)stack + SMALL_PAGES, size - SMALL_PAGES, MADV_HUGEPAGE);
#endif
        GWMachine *m = calloc(1, sizeof *m);
        if (m) {
            m->stack = stack;
            m->top = m->stack + GW_FRAME_HEADER;
            m->stack_size = size;
            m->stack_limit = stack_end(m);
            return m;
        }
        munmap(stack, size);
        break;
    }
    return NULL;
}

void gw_machine_destroy(GWMachine *m) {
    munmap(m->stack, m->stack_size);
    free(m);
}

// --- The C stack ---

// Bytes of C stack that a nested call must find: for the loop, libffi, and the host function it may call.
#define C_STACK_MARGIN (128 << 10)
#define C_STACK_ASSUMED (8 << 20)

// The threads of libdispatch, on which Swift's tasks run, block the signal of interruptions. Once a thread.
static void allow_signal(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, GW_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static uintptr_t c_stack_limit(void) {
    static _Thread_local uintptr_t limit;
    if (limit) return limit;
    allow_signal();
#if defined(__APPLE__)
    limit = (uintptr_t)pthread_get_stackaddr_np(pthread_self()) - pthread_get_stacksize_np(pthread_self());
#else
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (getpid() == gettid()) {
        // The main thread's stack grows up to the limit that is in force now; its top is a little above `here`.
        struct rlimit r;
        uintptr_t size = C_STACK_ASSUMED;
        if (getrlimit(RLIMIT_STACK, &r) == 0 && r.rlim_cur != RLIM_INFINITY) size = r.rlim_cur;
        limit = here > size ? here - size : 1;
    } else {
        pthread_attr_t attributes;
        void *lowest;
        size_t size;
        if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
            if (pthread_attr_getstack(&attributes, &lowest, &size) == 0) limit = (uintptr_t)lowest;
            pthread_attr_destroy(&attributes);
        }
        if (!limit) limit = here - C_STACK_MARGIN * 2;
    }
#endif
    return limit += C_STACK_MARGIN;
}

// --- Interruption ---

static void lock(GWMachine *m) {
    while (__atomic_exchange_n(&m->lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
}
static void unlock(GWMachine *m) { __atomic_store_n(&m->lock, 0, __ATOMIC_RELEASE); }

// Whether there is a thread to signal. Behind the lock: what enters the loop later sees that it is interrupted.
static bool signal_thread(GWMachine *m) {
    lock(m);
    bool is_running = GW_READ(m->depth) > 0;
    if (is_running) pthread_kill((pthread_t)m->thread, GW_SIGNAL);
    unlock(m);
    return is_running;
}

void gw_machine_interrupt(GWMachine *m) {
    GW_WRITE(m->interrupted, true);
    GW_WRITE(m->stack_limit, NULL);
    // The signal has no effect where the thread does not happen to be in a handler: then it is sent again. What the
    // loop has done outside of it looks at the flag afterwards.
    for (int i = 0; i < 220 && GW_READ(m->interrupted) && signal_thread(m); i++) {
        usleep(i < 20 ? 100 : 5000);
        // Only behind a signal: without one the thread may have left what it did outside, and not yet have said so,
        // after it looked at the flag.
        if (GW_READ(m->outside)) break;
    }
}

void gw_machine_resume(GWMachine *m) {
    GW_WRITE(m->interrupted, false);
    GW_WRITE(m->stack_limit, stack_end(m));
}

// --- Watching calls ---

void gw_machine_watch(GWMachine *m) { GW_WRITE(m->stack_limit, NULL); }

static void end_watching(GWMachine *m) {
    GW_WRITE(m->stack_limit, stack_end(m));
    // An interruption sets the flag first: either it is seen here, or its limit comes behind this one.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (GW_READ(m->interrupted)) GW_WRITE(m->stack_limit, NULL);
}

GWTrap gw_limited(GWMachine *m, const GWFunction *function, uint64_t *slots) {
    end_watching(m);
    if (slots > stack_end(m)) return GWTrap_callStackExhausted;
    if (GW_READ(m->interrupted)) return GWTrap_interrupted;
    if (!m->watcher) return GWTrap_none;
    bool outside = m->outside;
    uint64_t *top = m->top;
    m->top = slots + function->slots + GW_FRAME_HEADER;
    GW_WRITE(m->outside, true);
    GWActivation here = {m->outer, m->pc, m->fp, m->instance};
    GWWatching wish = m->watcher(m->watcher_context, function->index);
    m->pc = here.pc;
    m->fp = here.fp;
    m->instance = here.instance;
    GW_WRITE(m->outside, outside);
    m->top = top;
    if (wish == GWWatching_failed) return GWTrap_hostError;
    if (wish == GWWatching_goesOn) gw_machine_watch(m);
    return GW_READ(m->interrupted) ? GWTrap_interrupted : GWTrap_none;
}

// Whether a call from the host finds no room for its frame, or the execution is to end.
static bool is_refused(GWMachine *m, const uint64_t *slots) {
    if (slots <= GW_READ(m->stack_limit)) return false;
    return GW_READ(m->interrupted) || slots > stack_end(m);
}

// --- Calls ---

const uint32_t *gw_resolve(GWMachine *m, GWFunction *f, bool fresh) {
    const GWCodeEntry *entry = f->entry;
    GWCode *code = f->instance->code;
    if (__atomic_load_n(&entry->general, __ATOMIC_ACQUIRE) == 0) {
        bool outside = m->outside;
        GW_WRITE(m->outside, true);
        GWTrap trap = code->lower(code->context, m->lowering_observer, f->index);
        GW_WRITE(m->outside, outside);
        if (trap != GWTrap_none) {
            m->trap = trap;
            m->unresolved = f;
            return NULL;
        }
    }
    return code->arena + (fresh ? entry->fresh : entry->general);
}

// Calls the host: from the loop or from the host itself.
static GWTrap call_host(GWMachine *m, GWFunction *f, uint64_t *slots) {
    if ((uintptr_t)__builtin_frame_address(0) < m->c_stack_limit) return GWTrap_callStackExhausted;
    bool outside = m->outside;
    uint64_t *top = m->top;
    m->top = slots + f->slots + GW_FRAME_HEADER;
    GW_WRITE(m->outside, true);
    // Calls of guests that failed within have left their state for the stack trace, and the host function may have gone
    // on.
    GWActivation here = {m->outer, m->pc, m->fp, m->instance};
    bool succeeded = gw_host_call(f->host, slots);
    m->pc = here.pc;
    m->fp = here.fp;
    m->instance = here.instance;
    GW_WRITE(m->outside, outside);
    m->top = top;
    if (!succeeded) return GWTrap_hostError;
    return GW_READ(m->interrupted) ? GWTrap_interrupted : GWTrap_none;
}

GWTrap gw_call_out(GWMachine *m, GWFunction *f, uint64_t *slots) {
    if (f->host) return call_host(m, f, slots);
    uint64_t *top = m->top;
    m->top = slots;
    GWTrap trap = gw_call(m, f);
    m->top = top;
    return trap;
}

GWTrap gw_call(GWMachine *m, GWFunction *f) {
    if (m->depth == 0) m->c_stack_limit = c_stack_limit();
    if ((uintptr_t)__builtin_frame_address(0) < m->c_stack_limit) return GWTrap_callStackExhausted;
    uint64_t *slots = m->top;
    if (is_refused(m, slots)) return GW_READ(m->interrupted) ? GWTrap_interrupted : GWTrap_callStackExhausted;
    if (f->host) return call_host(m, f, slots);

    GWInstance *inst = f->instance;
    const uint32_t *code = gw_resolve(m, f, false);
    if (!code) return m->trap;
    bool checked = inst->code->checked;
    slots[-1] = (uint64_t)(uintptr_t)inst->code->arena;
    slots[-2] = (uint64_t)(uintptr_t)(inst->code->arena + GW_CALL_CELLS);
    slots[-3] = (uint64_t)(uintptr_t)slots;

    GWActivation outer = {m->outer, m->pc, m->fp, m->instance};
    m->outer = m->depth ? &outer : NULL;
    if (m->depth == 0) {
        lock(m);
        m->thread = (uintptr_t)pthread_self();
        GW_WRITE(m->depth, 1);
        unlock(m);
    } else {
        GW_WRITE(m->depth, m->depth + 1);
    }
    GWMachine *running = gw_running;
    gw_running = m;
    bool outside = m->outside;
    GW_WRITE(m->outside, false);
    // From here on signals come; an interruption that came before, while the function was lowered, sent none.
    GWTrap trap = GWTrap_interrupted;
    if (!GW_READ(m->interrupted)) trap = loops[checked](m, inst, code, slots);
    GW_WRITE(m->outside, outside);
    gw_running = running;
    if (m->depth == 1) {
        lock(m);
        GW_WRITE(m->depth, 0);
        unlock(m);
    } else {
        GW_WRITE(m->depth, m->depth - 1);
    }
    m->outer = outer.previous;
    if (trap == GWTrap_none) {
        // What failed keeps its state for the stack trace.
        m->pc = outer.pc;
        m->fp = outer.fp;
        m->instance = outer.instance;
    }
    return trap;
}

// --- Stack traces ---

size_t gw_backtrace(const GWMachine *m, GWFrame *frames, size_t capacity) {
    const GWInstance *inst = m->instance;
    const uint32_t *pc = m->pc;
    const uint64_t *fp = m->fp;
    size_t count = 0;
    if (!inst || !inst->code) return 0;
    const GWCode *code = inst->code;
    // A frame at an arbitrary moment of an interruption may be half made: believe nothing unchecked.
    while (count < capacity && pc >= code->arena + GW_EXIT_CELLS && pc < code->arena + code->capacity &&
           fp >= m->stack + GW_FRAME_HEADER && fp < m->stack + m->stack_size / sizeof *fp) {
        frames[count++] = (GWFrame){m->instance, (uint32_t)(pc - code->arena)};
        pc = (const uint32_t *)(uintptr_t)fp[-1];
        fp = (const uint64_t *)(uintptr_t)fp[-3];
    }
    return count;
}
