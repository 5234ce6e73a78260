// Memory for machine code, and its publication to threads that run.
//
// W^X. The code lies in a memory object (memfd_create) that is mapped twice: to be run, never writable, and at another
// address to be written, never executable. (mprotect there and back costs 8.5 microseconds a page, this 3.3 for the
// first write of a page.) No instruction is changed once it may run: functions are appended, and what leads to them are
// words in tables, each stored at once.
//
// WHERE. One reservation of address space holds, in this order: the handlers that were replaced, the map from cells to
// machine code, the entries of functions, the code, the arena. So machine code reaches all that it needs with
// displacements of 32 bits; the loop need not be near.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "gw_native_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <libkern/OSCacheControl.h>
#elif defined(__aarch64__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

#include "gw_decoder.h"
#include "gw_interpreter.h"

/// The machine code of a module has at most so many bytes; what does not fit stays in the loop.
#define CAPACITY (UINT64_C(64) << 20)
/// Everything lies within this many bytes, so that displacements have 32 bits.
#define REACH (UINT64_C(0x7FF00000))

bool gw_native_is_possible(void) {
#if GW_NATIVE_TARGET && (defined(__linux__) || defined(__APPLE__))
    return true;
#else
    return false;
#endif
}

static uint64_t pages(uint64_t bytes) { return (bytes + 0xFFFF) & ~UINT64_C(0xFFFF); }

// --- Which code is where, for signal handlers ---

typedef struct node {
    struct node *next;
    GWNative *_Atomic native;
} node;

// Nodes are never freed, so that handlers can walk the list at any moment; they are used again.
static _Atomic(node *) nodes;
static volatile int nodes_lock;

static bool announce(GWNative *native) {
    while (__atomic_exchange_n(&nodes_lock, 1, __ATOMIC_ACQUIRE)) {
    }
    node *n = nodes;
    while (n && n->native) n = n->next;
    if (!n && (n = calloc(1, sizeof *n))) {
        n->next = nodes;
        nodes = n;
    }
    if (n) n->native = native;
    __atomic_store_n(&nodes_lock, 0, __ATOMIC_RELEASE);
    return n != NULL;
}

static void withdraw(GWNative *native) {
    for (node *n = nodes; n; n = n->next)
        if (n->native == native) n->native = NULL;
}

static gw_native_place place_at(const gw_native_function *f, uint32_t offset) {
    uint32_t low = 0, high = f->place_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (f->places[middle].offset <= offset) low = middle + 1;
        else high = middle;
    }
    return low ? f->places[low - 1] : (gw_native_place){0};
}

const GWNative *gw_native_find(uintptr_t address, gw_native_place *place) {
    for (node *n = nodes; n; n = n->next) {
        const GWNative *native = n->native;
        if (!native || address - (uintptr_t)native->run >= native->capacity) continue;
        uint32_t offset = (uint32_t)(address - (uintptr_t)native->run);
        uint32_t low = 0, high = __atomic_load_n(&native->count, __ATOMIC_ACQUIRE);
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (native->functions[middle].end <= offset) low = middle + 1;
            else high = middle;
        }
        if (low == native->count || offset < native->functions[low].begin) return NULL;
        *place = place_at(&native->functions[low], offset);
        return native;
    }
    return NULL;
}

// --- Creation ---

// Large pages begin at an address that they divide: the arena is of such where the system has any.
#define LARGE_PAGE (UINT64_C(2) << 20)

GWNative *gw_native_create(uint64_t arena_bytes, uint32_t function_count, GWNativeOptions options) {
    // Where address space is scarce there are no guard pages, and what there is of it is needed for other things.
    if (!gw_native_is_possible() || arena_bytes > REACH || !gw_memory_can_guard()) return NULL;
    uint64_t arena = (arena_bytes + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    uint64_t entries = pages(function_count * sizeof(uintptr_t));
    uint64_t capacity = options.capacity && options.capacity < CAPACITY ? pages(options.capacity) : CAPACITY;
    // In front of the arena: what replaced handlers were, the map, two tables of entries, the code.
    uint64_t front = (2 * arena + 2 * entries + capacity + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    if (arena + 2 * entries + capacity + LARGE_PAGE > REACH) return NULL;
    uint64_t size = front + arena + LARGE_PAGE;
    uint8_t *reserved = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return NULL;
    uint8_t *at = (uint8_t *)(((uintptr_t)reserved + front + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1));
    GWNative *native = mprotect(at, arena, PROT_READ | PROT_WRITE) == 0 ? calloc(1, sizeof *native) : NULL;
    if (!native) {
        munmap(reserved, size);
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    madvise(at, arena, MADV_HUGEPAGE);
#endif
    uint8_t *run = at - capacity, *fresh = run - entries, *general = fresh - entries, *map = general - arena;
    *native = (GWNative){
        .options = options,
        .function_count = function_count,
        .arena = (uint32_t *)(void *)at,
        .reserved = reserved,
        .reserved_size = size,
        .originals = (uint32_t *)(void *)(map - arena),
        .map = (uint32_t *)(void *)map,
        .entries = {(uintptr_t *)(void *)general, (uintptr_t *)(void *)fresh},
        .run = run,
        .capacity = (uint32_t)capacity,
    };
    return native;
}

uint32_t *gw_native_arena(const GWNative *native) { return native->arena; }

void gw_native_destroy(GWNative *native) {
    withdraw(native);
    for (uint32_t i = 0; i < native->count; i++) free((void *)(uintptr_t)native->functions[i].places);
    free(native->functions);
    free(native->numbers);
    if (native->write && native->write != native->run) munmap(native->write, native->capacity);
    munmap(native->reserved, native->reserved_size);
    free(native);
}

// --- Memory for code ---

static bool map_code(GWNative *native) {
#if defined(__APPLE__)
    // Untried. MAP_JIT gives pages that a thread may either write or run (see gw_native_compile), at one address.
    void *run = mmap(
        native->run, native->capacity, PROT_READ | PROT_WRITE | PROT_EXEC,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_JIT | MAP_FIXED, -1, 0);
    if (run == MAP_FAILED) return false;
    native->write = native->run;
    return true;
#else
    // The size of a memory object counts against the limit of a file's size, beyond which the process gets a signal.
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur < native->capacity) return false;
#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif
    int file = memfd_create("gowasm-fast", MFD_CLOEXEC | MFD_EXEC);
    // Kernels before 6.3 do not know the flag.
    if (file < 0) file = memfd_create("gowasm-fast", MFD_CLOEXEC);
    if (file < 0) return false;
    bool is_mapped = false;
    if (ftruncate(file, native->capacity) == 0) {
        void *write = mmap(NULL, native->capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
        if (write != MAP_FAILED) {
            native->write = write;
            int flags = MAP_SHARED | MAP_FIXED;
            is_mapped = mmap(native->run, native->capacity, PROT_READ | PROT_EXEC, flags, file, 0) != MAP_FAILED;
        }
    }
    close(file);
    if (!is_mapped && native->write) {
        munmap(native->write, native->capacity);
        native->write = NULL;
    }
    return is_mapped;
#endif
}

// --- Caches of instructions ---

// x86-64 keeps its caches of instructions in step with memory. arm64 does not (Arm Architecture Reference Manual,
// B2.4.4): what was written has to go to where instructions are fetched from, what was fetched of the same addresses
// has to be forgotten, and other threads, which may have fetched ahead, have to begin anew. The first two by addresses
// that the code runs at, which its cache may go by.
static void prepare_fetching(void) {
#if defined(__aarch64__) && !defined(__APPLE__)
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
#endif
}
static void let_fetch(const GWNative *native, uint32_t begin, uint32_t end) {
    char *first = (char *)native->run + begin, *last = (char *)native->run + end;
#if defined(__APPLE__)
    // Untried.
    sys_icache_invalidate(first, (size_t)(last - first));
#elif defined(__aarch64__)
    __builtin___clear_cache(first, last);
    // Kernels before 4.16 do not know it. There, a thread begins anew when it comes back from the system next.
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
#else
    (void)first, (void)last;
#endif
}

bool gw_native_begin(GWNative *native) {
    if (native->is_tried) return native->is_ready && native->owner == getpid();
    native->is_tried = true;
    native->owner = getpid();
    native->functions = calloc(native->function_count, sizeof *native->functions);
    native->numbers = calloc(native->function_count, sizeof *native->numbers);
    uint64_t tables = (uint64_t)(native->run - (uint8_t *)native->originals);
    if (!native->functions || !native->numbers || !map_code(native) ||
        mprotect(native->originals, tables, PROT_READ | PROT_WRITE) != 0 || !announce(native)) {
        native->statistics.is_refused = true;
        return false;
    }
    prepare_fetching();
    gw_native_write_stubs(native);
    native->used = native->stubs.end;
    let_fetch(native, 0, native->used);
    for (int fresh = 0; fresh < 2; fresh++)
        for (uint32_t i = 0; i < native->function_count; i++)
            native->entries[fresh][i] = (uintptr_t)native->run + native->stubs.callee;
    return native->is_ready = true;
}

// --- Publication ---

void gw_native_publish(
    GWNative *native, gw_native_function function, const gw_native_entry *entries, uint32_t entry_count,
    uint32_t general, uint32_t fresh) {
    uint32_t number = native->count;
    let_fetch(native, function.begin, function.end);
    native->functions[number] = function;
    native->numbers[function.index] = number + 1;
    native->used = function.end;
    // Handlers of signals find the function before any thread can be in it.
    __atomic_store_n(&native->count, number + 1, __ATOMIC_RELEASE);
    uint32_t *arena = native->arena;
    for (uint32_t i = 0; i < entry_count; i++) gw_publish(&native->map[entries[i].cell], entries[i].offset);
    uintptr_t base = (uintptr_t)native->run;
    if (general) __atomic_store_n(&native->entries[0][function.index], base + general, __ATOMIC_RELEASE);
    if (fresh) __atomic_store_n(&native->entries[1][function.index], base + fresh, __ATOMIC_RELEASE);
    uint32_t handler = (uint32_t)gw_handlers(native->code->checked)[GWOp_native];
    for (uint32_t i = 0; i < entry_count; i++) {
        uint32_t cell = entries[i].cell;
        native->originals[cell] = __atomic_load_n(&arena[cell], __ATOMIC_RELAXED);
        gw_publish(&arena[cell], handler);
    }
}

// --- Looking at it ---

GWNativeStatistics gw_native_statistics(const GWCode *code) {
    const GWNative *native = code->native;
    if (!native) return (GWNativeStatistics){0};
    const GWNativeStatistics *s = &native->statistics;
    // Threads that run count entries; the rest changes while functions are compiled only.
    return (GWNativeStatistics){
        .functions = s->functions, .refused = s->refused, .bytes = s->bytes, .instructions = s->instructions,
        .nanoseconds = s->nanoseconds, .entries = GW_READ(s->entries), .is_refused = s->is_refused,
    };
}

static const gw_native_function *find_function(const GWCode *code, uint32_t function) {
    const GWNative *native = code->native;
    if (!native || !native->is_ready || function >= native->function_count || !native->numbers[function]) return NULL;
    return &native->functions[native->numbers[function] - 1];
}

const uint8_t *gw_native_code(const GWCode *code, uint32_t function, uint64_t *size) {
    const gw_native_function *f = find_function(code, function);
    if (!f) return NULL;
    *size = f->end - f->begin;
    return code->native->run + f->begin;
}

uint32_t gw_native_cell(const GWCode *code, uint32_t function, uint64_t offset, uint64_t *next) {
    const gw_native_function *f = find_function(code, function);
    if (!f) return 0;
    uint32_t at = f->begin + (uint32_t)offset, end = f->end;
    for (uint32_t i = 0; i < f->place_count; i++)
        if (f->places[i].offset > at) {
            end = f->places[i].offset;
            break;
        }
    *next = end - f->begin;
    return place_at(f, at).cell;
}

uint32_t gw_native_handler(const GWCode *code, const uint32_t *cell, uint32_t value) {
    return value == (uint32_t)gw_handlers(code->checked)[GWOp_native] ? code->native->originals[cell - code->arena]
                                                                      : value;
}

void gw_native_original(const GWCode *code, uint32_t first, uint32_t count, uint32_t *cells) {
    memcpy(cells, code->arena + first, count * sizeof *cells);
    const GWNative *native = code->native;
    if (!native || !native->is_ready) return;
    uint32_t handler = (uint32_t)gw_handlers(code->checked)[GWOp_native];
    // Only an instruction's first cell has an entry; operands that look like the handler have none.
    for (uint32_t i = 0; i < count; i++)
        if (cells[i] == handler && native->originals[first + i]) cells[i] = native->originals[first + i];
}
