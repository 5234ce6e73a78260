// Goroutines' stacks: a return address, below it (at higher addresses) the caller's part of the stack, whose size Go's
// tables give for each place that can be returned to, then the next return address (runtime.unwinder).
#include "gw_go_stack.h"

#include <string.h>

/// The number of the first function of a module in addresses of code (cmd/link/internal/wasm, funcValueOffset).
enum { first_function = 0x1000 };
/// The bytes at the end of a stack in which its outermost return address lies.
enum { outermost_room = 512 };
/// How many sizes a function's part of the stack has at most: before and behind its prologue, and around calls.
enum { most_sizes = 16 };
/// How many steps a table of values has at most.
enum { most_steps = 1 << 16 };

typedef struct {
    const GWGoStacks *stacks;
    GWGoMemory memory;
    /// The goroutine that the walk began on, and the bounds of the stack that it is on.
    uint64_t g, low, high;
    bool has_switched;
} Walk;

static bool read(const Walk *w, uint64_t address, uint64_t *value) {
    if (w->memory.size < 8 || address > w->memory.size - 8) return false;
    memcpy(value, w->memory.base + address, 8);
    return true;
}

GWGoFunction gw_go_function(const GWGoStacks *s, uint32_t function) {
    uint32_t index = function - s->import_count;
    if (function < s->import_count || index >= s->function_count) return (GWGoFunction){0};
    return s->functions[index];
}

// --- Tables ---

static bool varint(const GWGoStacks *s, uint64_t *place, uint32_t *value) {
    *value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        if (*place >= s->tables_size) return false;
        uint8_t byte = s->tables[(*place)++];
        *value |= (uint32_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

/// A table of values by block, as far as it has been read.
typedef struct {
    uint64_t place;
    int64_t value;
    /// The first block that the value is not for.
    uint64_t end;
    bool has_begun;
} Values;

static bool next(const GWGoStacks *s, Values *values) {
    uint32_t difference, blocks;
    if (!varint(s, &values->place, &difference) || (difference == 0 && values->has_begun)) return false;
    if (!varint(s, &values->place, &blocks)) return false;
    values->has_begun = true;
    values->value += difference & 1 ? -(int64_t)(difference >> 1) - 1 : (int64_t)(difference >> 1);
    values->end += blocks;
    return true;
}

static bool is_size(int64_t bytes) { return bytes >= 0 && bytes < INT32_MAX && bytes % 8 == 0; }

/// How many bytes of the stack a function has taken where it returns to a block; -1 where the table does not say.
static int64_t size_at(const GWGoStacks *s, GWGoFrame frame) {
    GWGoSize *known = &s->sizes[(frame.function * 31 + frame.block) % GW_GO_SIZES];
    if (known->function == frame.function && known->block == frame.block) return known->bytes;
    int64_t bytes = -1;
    Values values = {.place = gw_go_function(s, frame.function).sizes, .value = -1};
    for (int step = 0; values.place && step < most_steps && next(s, &values); step++) {
        if (frame.block >= values.end) continue;
        if (is_size(values.value)) bytes = values.value;
        break;
    }
    *known = (GWGoSize){frame.function, frame.block, bytes};
    return bytes;
}

/// The places at which the return address of a function may be that is somewhere in its code.
static size_t candidates(const GWGoStacks *s, uint64_t sp, uint32_t function, uint64_t places[2 * most_sizes + 2]) {
    size_t count = 0;
    places[count++] = sp;
    places[count++] = sp + 8;
    Values values = {.place = gw_go_function(s, function).sizes, .value = -1};
    for (int step = 0; values.place && step < most_steps && count < 2 * most_sizes && next(s, &values); step++) {
        if (!is_size(values.value)) continue;
        // Behind the return address of a call that it is about to make, too.
        for (int64_t pushed = 0; pushed <= 8; pushed += 8) {
            uint64_t place = sp + (uint64_t)(values.value + pushed);
            bool is_new = true;
            for (size_t i = 0; i < count; i++) is_new &= places[i] != place;
            if (is_new) places[count++] = place;
        }
    }
    return count;
}

// --- Steps ---

static bool find_frame(const GWGoStacks *s, uint64_t pc, GWGoFrame *frame) {
    uint64_t number = pc >> 16;
    if (number < first_function || number - first_function >= s->function_count) return false;
    *frame = (GWGoFrame){(uint32_t)(number - first_function) + s->import_count, (uint32_t)(pc & 0xFFFF)};
    return true;
}

/// Goes over to the stack of the goroutine that another one works for; returns where its return address is.
static uint64_t switch_stacks(Walk *w) {
    const GWGoStacks *s = w->stacks;
    uint64_t thread, current, sp;
    if (w->has_switched || !read(w, w->g + s->thread, &thread) || !read(w, thread + s->current, &current)) return 0;
    if (current == 0 || current == w->g || !read(w, current + s->saved_sp, &sp)) return 0;
    if (!read(w, current + s->stack_low, &w->low) || !read(w, current + s->stack_high, &w->high)) return 0;
    w->has_switched = true;
    return sp;
}

/// Follows return addresses, the first of which is at a place, to the end; SIZE_MAX where they lead elsewhere.
static size_t follow(Walk w, uint64_t place, GWGoFrame *frames, size_t capacity, bool *is_cut) {
    const GWGoStacks *s = w.stacks;
    size_t count = 0;
    *is_cut = false;
    while (count < capacity) {
        uint64_t pc;
        GWGoFrame frame;
        if (place % 8 || place < w.low || w.high < 8 || place > w.high - 8 || !read(&w, place, &pc)) return SIZE_MAX;
        if (!find_frame(s, pc, &frame)) return SIZE_MAX;
        if (frame.function == s->systemstack) {
            // It pretends to have been called by the beginning of `mstart`; its caller is on the goroutine's stack.
            frames[count++] = frame;
            if (!read(&w, place + 8, &pc) || !find_frame(s, pc, &frame)) return SIZE_MAX;
            if (frame.function != s->mstart || frame.block != 0 || !(place = switch_stacks(&w))) return SIZE_MAX;
            continue;
        }
        switch (gw_go_function(s, frame.function).kind) {
        case GWGo_outermost: return w.high - place <= outermost_room ? count : SIZE_MAX;
        case GWGo_switcher:
            frames[count++] = frame;
            *is_cut = true;
            return count;
        case GWGo_grower:
            frames[count++] = frame;
            // The function that wants more of the stack has taken nothing yet; morestack has noted it as what to go on
            // with, and where it is.
            if (!(place = switch_stacks(&w))) return SIZE_MAX;
            continue;
        case GWGo_ordinary: break;
        default: return SIZE_MAX;
        }
        int64_t size = size_at(s, frame);
        // Nothing is returned to at the beginning of a function.
        if (frame.block == 0 || size < 0) return SIZE_MAX;
        frames[count++] = frame;
        place += 8 + (uint64_t)size;
    }
    return SIZE_MAX;
}

size_t gw_go_callers(
    const GWGoStacks *s, GWGoMemory memory, uint64_t sp, uint64_t g, uint32_t function, GWGoFrame *frames,
    GWGoFrame *scratch, size_t capacity, GWGoCheck *check, const void *context, bool *is_cut) {
    Walk w = {.stacks = s, .memory = memory, .g = g};
    // Sums with what the guest says stay far from the end of 64 bits.
    if (g >= memory.size || sp >= memory.size) return SIZE_MAX;
    if (!read(&w, g + s->stack_low, &w.low) || !read(&w, g + s->stack_high, &w.high)) return SIZE_MAX;
    if (gw_go_function(s, function).kind != GWGo_ordinary) return SIZE_MAX;
    uint64_t places[2 * most_sizes + 2];
    size_t found = SIZE_MAX;
    size_t count = candidates(s, sp, function, places);
    for (size_t i = 0; i < count; i++) {
        bool cut;
        GWGoFrame *room = found == SIZE_MAX ? frames : scratch;
        size_t length = follow(w, places[i], room, capacity, &cut);
        if (length == SIZE_MAX || (check && !check(context, room, length, cut))) continue;
        if (found != SIZE_MAX) return SIZE_MAX;
        found = length;
        *is_cut = cut;
    }
    // Where it has just returned, the address that it returned to lies below. So does that of what it has called itself
    // before, which is its own.
    bool cut;
    size_t length = follow(w, sp - 8, scratch, capacity, &cut);
    if (length != SIZE_MAX && length > 0 && scratch[0].function != function
        && (!check || check(context, scratch, length, cut))) {
        if (found != SIZE_MAX) return SIZE_MAX;
        memcpy(frames, scratch, length * sizeof *frames);
        found = length;
        *is_cut = cut;
    }
    return found;
}
