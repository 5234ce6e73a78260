// Linear memories: reserved address space with guard pages where it can be had, plain memory where not.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "gw_interpreter.h"

// A 32-bit address plus a 32-bit offset plus the largest access stays below this.
#define GUARDED_SIZE ((UINT64_C(8) << 30) + GW_PAGE_SIZE)

static void *reserve(uint64_t size) {
    void *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

static bool can_guard;

static void try_to_guard(void) {
    void *base = reserve(GUARDED_SIZE);
    if (base) munmap(base, GUARDED_SIZE);
    can_guard = base != NULL;
}

bool gw_memory_can_guard(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, try_to_guard);
    return can_guard;
}

static bool commit(uint8_t *from, uint64_t size) {
    return size == 0 || mprotect(from, size, PROT_READ | PROT_WRITE) == 0;
}

bool gw_memory_create(GWMemory *memory, uint32_t pages, uint32_t maximum_pages, bool guarded) {
    uint64_t size = (uint64_t)pages * GW_PAGE_SIZE;
    *memory = (GWMemory){.maximum_pages = maximum_pages, .size = size, .limit = UINT64_MAX};
    if (guarded && (memory->base = reserve(GUARDED_SIZE))) {
        memory->reserved = GUARDED_SIZE;
        memory->guarded = true;
        if (!gw_signals_add(memory->base, GUARDED_SIZE)) {
            munmap(memory->base, GUARDED_SIZE);
            return false;
        }
    } else if (guarded) {
        return false;
    } else {
        // One page at least, so that `base` is an address even for an empty memory.
        memory->reserved = size ? size : GW_PAGE_SIZE;
        if (!(memory->base = reserve(memory->reserved))) return false;
    }
    if (commit(memory->base, size)) {
#ifdef MADV_HUGEPAGE
        // Heaps are used from end to end: fewer page faults, and fewer misses of the TLB. Sorting and a map: -3 %.
        madvise(memory->base, memory->reserved, MADV_HUGEPAGE);
#endif
        return true;
    }
    gw_memory_destroy(memory);
    return false;
}

void gw_memory_destroy(GWMemory *memory) {
    if (!memory->base) return;
    if (memory->guarded) gw_signals_remove(memory->base);
    munmap(memory->base, memory->reserved);
    memory->base = NULL;
}

// Makes an unguarded memory larger, which may lie elsewhere then. What is left has to do for the host.
static bool move(GWMemory *memory, uint64_t size) {
#ifdef __linux__
    // The pages themselves go elsewhere, so that no address space is needed for both. An empty memory has none yet.
    if (memory->size == memory->reserved) {
        if (!gw_account_system_grants(memory->account, size - memory->size)) return false;
        void *base = mremap(memory->base, memory->size, size, MREMAP_MAYMOVE);
        if (base == MAP_FAILED) return false;
        memory->base = base;
        memory->reserved = size;
        return true;
    }
#endif
    uint8_t *base = gw_account_system_grants(memory->account, size) ? reserve(size) : NULL;
    if (!base) return false;
    if (!commit(base, size)) {
        munmap(base, size);
        return false;
    }
    memcpy(base, memory->base, memory->size);
    munmap(memory->base, memory->reserved);
    memory->base = base;
    memory->reserved = size;
    return true;
}

uint32_t gw_memory_grow(GWMemory *memory, uint32_t pages) {
    uint32_t old = (uint32_t)(memory->size / GW_PAGE_SIZE);
    if ((uint64_t)old + pages > memory->maximum_pages) return UINT32_MAX;
    uint64_t added = (uint64_t)pages * GW_PAGE_SIZE, size = memory->size + added;
    GWAccount *account = memory->account;
    if (size > memory->limit || (account && account->kept > memory->limit - size)) {
        memory->is_limited = true;
        return UINT32_MAX;
    }
    if (size > memory->reserved) {
        if (!move(memory, size)) return UINT32_MAX;
    } else if (!commit(memory->base + memory->size, added)) {
        return UINT32_MAX;
    }
    uint64_t old_size = memory->size;
    memory->size = size;
    if (account) account->memory += added;
    if (memory->on_growth) memory->on_growth(memory->growth_context, memory, old_size);
    return old;
}

bool gw_memory_init(GWMemory *memory, const GWSegment *segment, uint32_t to, uint32_t from, uint32_t count) {
    if ((uint64_t)from + count > segment->size || (uint64_t)to + count > memory->size) return false;
    if (count) memcpy(memory->base + to, (const uint8_t *)segment->bytes + from, count);
    return true;
}
