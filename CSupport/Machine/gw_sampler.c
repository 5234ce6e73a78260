// The sampling profiler: a signal looks where the thread is and enters its stack into a tree.
//
// Between two instructions of the machine the loop's state is in registers, in the same ones at each handler; the place
// `registers` of the loop says in which. What is found there is used only if it can be right: `pc` inside the code,
// `fp` inside the frame stack. Of Go's goroutines the machine knows the callers only since they were resumed last; the
// others are looked for on Go's stack in linear memory (gw_go_stack.h). Nothing here allocates, locks, or writes to
// what the loop uses, and the loop does nothing for it.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "gw_sampler.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#if defined(__APPLE__)
// The other header is for functions that the system wants nobody to use.
#include <sys/ucontext.h>
#else
#include <ucontext.h>
#endif

#include "gw_interpreter.h"
#include "gw_native.h"
#include "gw_opcodes.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

// Address space, committed where it is written.
enum { node_capacity = 1 << 22, slot_capacity = 1 << 23, deepest = 8192 };

static GWSampleNode *nodes;
static uint32_t *slots;
static volatile uint32_t node_count, lost;
static const GWMachine *volatile sampled;
/// Whether somebody has started the sampler, and not yet given it back.
static int taken;
/// Whether a thread is in `on_sample`.
static volatile int busy;
static const GWCode *codes[GW_SAMPLER_CODES];
/// By code: the only instance, if Go's stack is to be walked in it, and how.
static const GWInstance *instances[GW_SAMPLER_CODES];
static const GWGoStacks *volatile go_stacks[GW_SAMPLER_CODES];
static volatile int code_count;
static timer_t timer;

// --- Where the loop keeps its state ---

/// Indices among the registers of a signal's context, by loop; -1 where a loop keeps no register for it.
static struct { int pc, fp, sp; } homes[2];

static int register_index(const char *name, size_t length) {
#if defined(__x86_64__)
    static const struct { const char *name; int index; } known[] = {
        {"%rax", REG_RAX}, {"%rbx", REG_RBX}, {"%rcx", REG_RCX}, {"%rdx", REG_RDX}, {"%rsi", REG_RSI},
        {"%rdi", REG_RDI}, {"%rbp", REG_RBP}, {"%r8", REG_R8}, {"%r9", REG_R9}, {"%r10", REG_R10},
        {"%r11", REG_R11}, {"%r12", REG_R12}, {"%r13", REG_R13}, {"%r14", REG_R14}, {"%r15", REG_R15},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == length && !memcmp(known[i].name, name, length)) return known[i].index;
    return -1;
#else
    // x0 to x28, fp and lr.
    if (length < 2 || name[0] != 'x') return -1;
    int index = 0;
    for (size_t i = 1; i < length; i++) index = index * 10 + (name[i] - '0');
    return index <= 30 ? index : -1;
#endif
}

static void find_homes(void) {
    for (int checked = 0; checked < 2; checked++) {
        // pc, fp, mem, sp.
        const char *names = gw_loop_code(checked).homes;
        int found[4];
        for (int i = 0; i < 4; i++) {
            size_t length = strcspn(names, " ");
            found[i] = register_index(names, length);
            names += length + (names[length] == ' ');
        }
        homes[checked].pc = found[0];
        homes[checked].fp = found[1];
        homes[checked].sp = found[3];
    }
}

static uint64_t home(void *context, int index) {
    ucontext_t *u = context;
#if defined(__x86_64__)
    return index < 0 ? 0 : (uint64_t)u->uc_mcontext.gregs[index];
#else
    return index < 0 ? 0 : (uint64_t)u->uc_mcontext.regs[index];
#endif
}

// --- The tree ---

static uint64_t bits(GWSamplePlace place) {
    return place.cell | (uint64_t)place.block << 32 | (uint64_t)place.code << 48 | (uint64_t)place.kind << 56;
}

/// The node of a place below a caller, made if it is new; 0 where there is no room.
static uint32_t node(uint32_t caller, GWSamplePlace place) {
    uint64_t hash = (bits(place) ^ (uint64_t)caller * 0xD6E8FEB86659FD93) * 0x9E3779B97F4A7C15;
    for (uint32_t i = (uint32_t)(hash >> 41), tries = 0; tries < 64; i++, tries++) {
        uint32_t *slot = &slots[i % slot_capacity];
        if (!*slot) {
            if (node_count + 1 >= node_capacity) return 0;
            uint32_t new = ++node_count;
            nodes[new] = (GWSampleNode){caller, 0, place};
            return *slot = new;
        }
        if (nodes[*slot].caller == caller && bits(nodes[*slot].place) == bits(place)) return *slot;
    }
    return 0;
}

// --- The signal ---

static GWSamplePlace stack[deepest];

static bool find_code(uint64_t pc, GWSamplePlace *place) {
    for (int i = 0; i < code_count; i++) {
        uint64_t arena = (uint64_t)(uintptr_t)codes[i]->arena;
        uint64_t offset = pc - arena;
        if (offset < GW_EXIT_CELLS * sizeof(uint32_t) || offset >= codes[i]->capacity * sizeof(uint32_t)) continue;
        *place = (GWSamplePlace){
            .cell = (uint32_t)((pc - arena) / sizeof(uint32_t)), .code = (uint8_t)i, .kind = GWSample_guest};
        return true;
    }
    return false;
}

/// Records a run of frames, innermost first; returns how many there are then.
static size_t walk(const GWMachine *m, uint64_t pc, uint64_t fp, uint8_t innermost, size_t count) {
    uint64_t low = (uint64_t)(uintptr_t)(m->stack + GW_FRAME_HEADER);
    uint64_t high = (uint64_t)(uintptr_t)m->stack + m->stack_size;
    for (bool first = true; count < deepest; first = false) {
        GWSamplePlace place;
        if (fp < low || fp >= high || fp % 8 || !find_code(pc, &place)) break;
        if (first) place.kind = innermost;
        stack[count++] = place;
        const uint64_t *frame = (const uint64_t *)(uintptr_t)fp;
        pc = frame[-1];
        // Callers' frames lie below.
        if (frame[-3] >= fp) break;
        fp = frame[-3];
    }
    return count;
}

// --- Go's stack ---

enum { most_callers = 2048, known_cells = 8192 };
static GWGoFrame callers[most_callers], scratch[most_callers];
/// Functions that places were found to be in, by code and cell; no function has the index UINT32_MAX.
static struct { uint32_t cell, function, code; } known[known_cells];

/// The function that a cell belongs to: the one that begins last before it.
static uint32_t function_at(const GWSamplePlace *place) {
    uint32_t slot = (place->cell * 31 + place->code) % known_cells;
    if (known[slot].cell == place->cell && known[slot].code == place->code) return known[slot].function;
    const GWInstance *instance = instances[place->code];
    uint32_t found = UINT32_MAX, start = 0;
    for (uint32_t i = 0; i < instance->function_count; i++) {
        uint32_t entry = codes[place->code]->entries[instance->import_count + i].general;
        if (entry <= place->cell && entry > start) {
            start = entry;
            found = instance->import_count + i;
        }
    }
    known[slot].cell = place->cell;
    known[slot].code = place->code;
    known[slot].function = found;
    return found;
}

/// Frames of the machine's: those of the stack from `from` to `end`.
typedef struct {
    const GWGoStacks *stacks;
    size_t from, end;
} Frames;

/// Whether callers on Go's stack are those that the machine knows, as far as these reach: to the function that the
/// goroutine was resumed by.
static bool agree(const void *context, const GWGoFrame *found, size_t count, bool is_cut) {
    const Frames *f = context;
    uint8_t code = stack[f->from - 1].code;
    size_t next = 0;
    for (size_t i = f->from; i < f->end; i++) {
        if (stack[i].code != code) return false;
        uint32_t index = function_at(&stack[i]);
        GWGoFunction function = gw_go_function(f->stacks, index);
        if (next < count && found[next].function == index) {
            next++;
            if (next == count && is_cut) return true;
            continue;
        }
        if (function.may_jump) continue;
        return function.kind == GWGo_other;
    }
    return false;
}

/// Replaces the frames of the innermost execution, the first `count` of the stack, by what is on Go's stack, from the
/// innermost function of Go's on; returns how many there are then, or 0 where that cannot be told for certain.
static size_t walk_go(size_t count, const uint64_t *sp) {
    const GWGoStacks *s = go_stacks[stack[0].code];
    const GWInstance *instance = instances[stack[0].code];
    if (!s || !instance->memory || instance->sp_global == UINT32_MAX) return 0;
    // A memory that may move may be about to, outside of the loop.
    if (!sp && !instance->memory->guarded) return 0;
    size_t innermost = 0;
    while (gw_go_function(s, function_at(&stack[innermost])).kind == GWGo_helper) {
        if (++innermost >= count || stack[innermost].code != stack[0].code) return 0;
    }
    GWGoMemory memory = {instance->memory->base, instance->memory->size};
    bool is_cut;
    Frames known_frames = {s, innermost + 1, count};
    size_t found = gw_go_callers(
        s, memory, (uint32_t)(sp ? *sp : instance->globals[instance->sp_global]),
        instance->globals[s->goroutine_cell], function_at(&stack[innermost]), callers, scratch, most_callers,
        agree, &known_frames, &is_cut);
    if (found == SIZE_MAX || innermost + 1 + found > deepest) return 0;
    for (size_t i = 0; i < found; i++)
        stack[innermost + 1 + i] = (GWSamplePlace){
            callers[i].function, (uint16_t)callers[i].block, stack[0].code, GWSample_goCaller};
    return innermost + 1 + found;
}

/// Records where the machine is; returns how many places of the stack that takes.
static size_t record(const GWMachine *m, void *context) {
    if (m->depth == 0) {
        stack[0] = (GWSamplePlace){.kind = GWSample_outside};
        return 1;
    }
    uint64_t pc, fp, sp;
    bool has_sp = true;
    size_t count = 0;
    uint8_t lost_place = GWSample_unknown;
    if (gw_running == m && gw_native_state(context, &pc, &fp, &sp)) {
        count = walk(m, pc, fp, GWSample_native, 0);
    } else if (gw_running == m && gw_signals_in_handler(context)) {
        for (int i = 0; i < 2 && count == 0; i++) {
            count = walk(m, home(context, homes[i].pc), home(context, homes[i].fp), GWSample_guest, 0);
            sp = home(context, homes[i].sp);
        }
    } else {
        // The loop has put its state where it belongs before it called what runs now.
        has_sp = false;
        lost_place = GWSample_outside;
        count = walk(
            m, (uint64_t)(uintptr_t)m->pc, (uint64_t)(uintptr_t)m->fp, m->outside ? GWSample_host : GWSample_engine, 0);
    }
    if (count == 0) {
        stack[count++] = (GWSamplePlace){.kind = lost_place};
    } else {
        size_t found = walk_go(count, has_sp ? &sp : NULL);
        if (found) return found;
    }
    for (const GWActivation *a = m->outer; a && count < deepest; a = a->previous)
        count = walk(m, (uint64_t)(uintptr_t)a->pc, (uint64_t)(uintptr_t)a->fp, GWSample_host, count);
    if (count == deepest) stack[count - 1] = (GWSamplePlace){.kind = GWSample_cut};
    return count;
}

static void on_sample(int number, siginfo_t *info, void *context) {
    (void)number;
    if (info->si_code != SI_TIMER) return;
    __atomic_store_n(&busy, 1, __ATOMIC_SEQ_CST);
    const GWMachine *m = sampled;
    if (!m) {
        busy = 0;
        return;
    }
    int error = errno;
    uint32_t periods = 1 + (uint32_t)(info->si_overrun > 0 ? info->si_overrun : 0);
    size_t count = record(m, context);
    uint32_t at = 0;
    while (count > 0) {
        at = node(at, stack[--count]);
        if (!at) break;
    }
    if (at) nodes[at].periods += periods;
    else lost += periods;
    errno = error;
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

// --- Starting and stopping ---

static void *reserve(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static int start(const GWMachine *machine, uint64_t nanoseconds) {
    find_homes();
    if (!nodes) nodes = reserve(node_capacity * sizeof *nodes);
    if (!slots) slots = reserve(slot_capacity * sizeof *slots);
    if (!nodes || !slots) return ENOMEM;
    // What an earlier run left.
    memset(slots, 0, node_count ? slot_capacity * sizeof *slots : 0);
    node_count = lost = 0;
    code_count = 0;
    // Cell 0 is in no function.
    memset(known, 0, sizeof known);
    struct sigaction action = {.sa_sigaction = on_sample, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGPROF, &action, NULL)) return errno;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
#ifdef sigev_notify_thread_id
    event.sigev_notify_thread_id = gettid();
#else
    event._sigev_un._tid = gettid();
#endif
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer)) return errno;
    sampled = machine;
    struct timespec period = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    struct itimerspec times = {period, period};
    timer_settime(timer, 0, &times, NULL);
    return 0;
}

int gw_sampler_start(const GWMachine *machine, uint64_t nanoseconds) {
    if (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE)) return EBUSY;
    int failure = start(machine, nanoseconds);
    if (failure) gw_sampler_release();
    return failure;
}

int gw_sampler_add_code(const GWCode *code, const GWInstance *instance, const GWGoStacks *stacks) {
    for (int i = 0; i < code_count; i++) {
        if (codes[i] != code) continue;
        // Which of the instances a place is in is not known.
        go_stacks[i] = NULL;
        return i;
    }
    if (code_count == GW_SAMPLER_CODES) return -1;
    codes[code_count] = code;
    instances[code_count] = instance;
    go_stacks[code_count] = stacks;
    return code_count++;
}

GWSamples gw_sampler_stop(void) {
    if (sampled) {
        __atomic_store_n(&sampled, NULL, __ATOMIC_SEQ_CST);
        // Another thread may be taking a sample; this one is not.
        while (__atomic_load_n(&busy, __ATOMIC_ACQUIRE)) sched_yield();
        timer_delete(timer);
    }
    return (GWSamples){nodes, node_count, lost};
}

void gw_sampler_release(void) { __atomic_store_n(&taken, 0, __ATOMIC_RELEASE); }

#else

int gw_sampler_start(const GWMachine *machine, uint64_t nanoseconds) {
    (void)machine, (void)nanoseconds;
    return ENOTSUP;
}
int gw_sampler_add_code(const GWCode *code, const GWInstance *instance, const GWGoStacks *stacks) {
    (void)code, (void)instance, (void)stacks;
    return -1;
}
GWSamples gw_sampler_stop(void) { return (GWSamples){0}; }
void gw_sampler_release(void) {}

#endif
