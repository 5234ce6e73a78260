// Makes machine code of bytecode, a function at a time: what does not depend on the processor. What does is an
// assembler and the templates that are written with it, in a folder of their own for each processor (X86, ARM64); which
// registers there are, and for what, stands at the top of each folder's gw_..._target.h.
//
// REGISTERS. What every instruction needs has a register of its own: the first byte of linear memory, the register
// global, the instance's globals, the frame, the machine. Some registers are scratch within an instruction. The others
// hold slots within an extended block: from an instruction that others lead to up to the next such one. There, at
// calls, and wherever the loop may take over, the slots that are live lie in the frame, as the loop has them.
// (Registers within blocks: 1.25 times faster than every slot in memory, on floating-point arithmetic 2.4 times.)
//
// EXACTNESS. Accesses to linear memory, the register global and other globals happen in the guest's order, so that a
// fault, a trap or an interruption finds them as the loop would leave them. Slots of the frame are not looked at after
// these, so a value that is not needed any more is never stored. The signal handlers find out at which cell a fault or
// interruption happened by the address (gw_native_find).
//
// CALLS. Frames are those of the loop, header included; nothing is kept on the C stack. A call jumps through the table
// of entries (whose words lead to code or to a stub that goes on in the loop), and a return through the map from cells
// to machine code (a 0 leads to the stub at offset 0, which goes on in the loop). So the tiers call each other however
// they like, and no code is ever patched.
//
// WHAT HAS NO TEMPLATE goes on in the loop's handler and comes back at the next instruction.
#ifndef GW_NATIVE_COMPILER_H
#define GW_NATIVE_COMPILER_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "gw_decoder.h"
#include "gw_interpreter.h"
#include "gw_native_analysis.h"
#include "gw_native_internal.h"
#include "gw_native_target.h"

#define RETURN_BYTES ((int32_t)(GW_CALL_CELLS * sizeof(uint32_t)))

// --- What the compiler keeps ---

typedef struct fixup {
    uint8_t *at;
    uint32_t cell;
    // The table whose distances of 32 bits count from its first byte; null for a jump.
    uint8_t *table;
} fixup;

// Code behind the function's: what is rarely executed.
typedef struct outline {
    uint8_t *jump;
    uint32_t cell;
    enum { outline_trap, outline_found_trap, outline_other } kind;
    GWTrap trap;
    gw_helper *function;
} outline;

// The slots that a kind of registers holds.
typedef struct bank {
    // By register: the slot, -1 where there is none; by slot: the register, -1.
    int32_t slots[GW_REGISTER_COUNT];
    int8_t *of;
    // Registers, a bit each: those whose slot's value is not in the frame yet; those that the instruction at hand uses.
    uint32_t dirty, locked;
    uint32_t allowed;
    // When each was used last.
    uint32_t used[GW_REGISTER_COUNT];
} bank;

typedef struct compiler {
    gw_analysis a;
    GWNative *native;
    gw_assembler x;
    const uint8_t *limit;
    bank integers, floats;
    uint32_t clock;
    // Integer registers whose high half is 0.
    uint32_t short_values;
    // The instruction at hand.
    const gw_instruction *i;
    const GWOpInfo *info;
    const uint32_t *pc;
    const gw_effect *effects;
    int effect_count;
    // By cell from the function's first: the offset of its code, 0 where there is none.
    uint32_t *offsets;
    gw_native_place *places;
    uint32_t place_count, place_capacity;
    fixup *fixups;
    uint32_t fixup_count, fixup_capacity;
    outline *outlines;
    uint32_t outline_count, outline_capacity;
    gw_native_entry *entries;
    uint32_t entry_count;
    // Whether the code so far runs on into what is written next.
    bool goes_on;
    bool failed;
    // The slot of the vector that the first vector register holds as well; -1 for none.
    int32_t vector;
    // Whether conditional jumps are written so that they reach everything; and whether one did not.
    bool is_far, is_beyond;
} compiler;

#define X (&c->x)
#define OPERAND(index) gw_operand(c->info, c->pc, index)
#define FIELD(type, field) ((int32_t)offsetof(type, field))

#define GROW(c, array, count, capacity) \
    do { \
        if ((c)->count == (c)->capacity) { \
            (c)->capacity = (c)->capacity ? (c)->capacity * 2 : 64; \
            void *grown_ = realloc((c)->array, (c)->capacity * sizeof *(c)->array); \
            if (!grown_) { \
                (c)->failed = true; \
                (c)->count = 0; \
            } else { \
                (c)->array = grown_; \
            } \
        } \
    } while (0)

static inline uint32_t offset_here(const compiler *c) {
    return (uint32_t)(gw_here(&c->x) - (uintptr_t)c->native->run);
}

static inline void note_place(compiler *c, uint32_t cell) {
    GROW(c, places, place_count, place_capacity);
    if (!c->failed) c->places[c->place_count++] = (gw_native_place){.offset = offset_here(c), .cell = cell};
}
/// Says that the frame has changed before the instruction at hand is over.
static inline void note_transit(compiler *c, gw_native_transit transit) {
    note_place(c, c->i->cell);
    if (!c->failed) c->places[c->place_count - 1].transit = transit;
}

// --- Slots in registers ---

static inline bool is_float(const compiler *c, const bank *b) { return b == &c->floats; }

static inline void write_slot(compiler *c, bank *b, int r) {
    uint32_t slot = (uint32_t)b->slots[r];
    gw_store_slot(X, is_float(c, b), r, slot);
    b->dirty &= ~(1u << r);
}

// Lets a register hold nothing; its value is lost.
static inline void drop(bank *b, int r) {
    if (b->slots[r] >= 0) b->of[b->slots[r]] = -1;
    b->slots[r] = -1;
    b->dirty &= ~(1u << r);
}

static inline void evict(compiler *c, bank *b, int r) {
    if (b->slots[r] < 0) return;
    if (b->dirty >> r & 1) {
        bank *other = is_float(c, b) ? &c->integers : &c->floats;
        int copy = other->of[b->slots[r]];
        if (copy >= 0) other->dirty |= 1u << copy;
        else write_slot(c, b, r);
    }
    drop(b, r);
}

// A register that holds nothing, for the instruction at hand.
static inline int take(compiler *c, bank *b) {
    int best = -1;
    uint32_t best_cost = UINT32_MAX;
    for (uint32_t free = b->allowed & ~b->locked; free; free &= free - 1) {
        int r = __builtin_ctz(free);
        // One that holds nothing, then one whose slot is in the frame, then any; of equals the one used longest ago.
        uint32_t cost = b->slots[r] < 0 ? 0 : b->used[r] + (b->dirty >> r & 1 ? UINT32_C(1) << 30 : 1);
        if (cost < best_cost) best = r, best_cost = cost;
    }
    if (best < 0) {
        // There are more registers than operands.
        c->failed = true;
        return __builtin_ctz(b->allowed);
    }
    evict(c, b, best);
    b->locked |= 1u << best;
    b->used[best] = ++c->clock;
    if (!is_float(c, b)) c->short_values &= ~(1u << best);
    return best;
}

static inline void hold(compiler *c, bank *b, int r) {
    b->locked |= 1u << r;
    b->used[r] = ++c->clock;
}

// Lets a register that holds nothing hold a slot's value, which is in the frame or in a register of the other bank.
static inline void attach(bank *b, int r, uint32_t slot) {
    b->slots[r] = (int32_t)slot;
    b->of[slot] = (int8_t)r;
}

// A register with a slot's value, not to be changed.
static inline int use(compiler *c, uint32_t slot) {
    int r = c->integers.of[slot];
    if (r >= 0) {
        hold(c, &c->integers, r);
        return r;
    }
    r = take(c, &c->integers);
    int other = c->floats.of[slot];
    if (other >= 0) gw_copy_to_integer(X, r, other);
    else gw_load_slot(X, false, r, slot);
    attach(&c->integers, r, slot);
    return r;
}
static inline int use_float(compiler *c, uint32_t slot) {
    int r = c->floats.of[slot];
    if (r >= 0) {
        hold(c, &c->floats, r);
        return r;
    }
    r = take(c, &c->floats);
    int other = c->integers.of[slot];
    if (other >= 0) gw_copy_to_float(X, r, other);
    else gw_load_slot(X, true, r, slot);
    attach(&c->floats, r, slot);
    return r;
}

// What the instruction at hand does with a slot. It may do that twice: of two uses the first one counts, after which
// the value is still needed; of two definitions the last one, as nobody reads what the first one (of two loads) leaves.
static inline const gw_effect *effect_on(const compiler *c, uint32_t slot, gw_effect_kind kind) {
    const gw_effect *found = NULL;
    for (int k = 0; k < c->effect_count; k++) {
        const gw_effect *e = &c->effects[k];
        if (e->kind == kind && e->count == 1 && e->slot == slot && (!found || kind == gw_effect_define)) found = e;
    }
    return found;
}
// Whether the instruction at hand is the last one to need a slot's value.
static inline bool is_last(const compiler *c, uint32_t slot) {
    const gw_effect *e = effect_on(c, slot, gw_effect_use);
    return e && e->is_last;
}
// Whether the value that it defines is next used as a floating-point number.
static inline bool becomes_float(const compiler *c, uint32_t slot) {
    const gw_effect *e = effect_on(c, slot, gw_effect_define);
    return e && e->is_float;
}

// Lets a slot have a new value, in a register that is the instruction's own.
static inline void define_in(compiler *c, bank *b, uint32_t slot, int r) {
    if (c->vector >= 0 && slot - (uint32_t)c->vector < 2) c->vector = -1;
    for (int k = 0; k < 2; k++) {
        bank *each = k ? &c->floats : &c->integers;
        int old = each->of[slot];
        if (old >= 0 && (each != b || old != r)) drop(each, old);
    }
    if (b->slots[r] >= 0 && b->slots[r] != (int32_t)slot) drop(b, r);
    const gw_effect *e = effect_on(c, slot, gw_effect_define);
    if (e && e->is_last) {
        // Nobody reads it.
        if (b->slots[r] >= 0) drop(b, r);
        return;
    }
    attach(b, r, slot);
    b->dirty |= 1u << r;
    hold(c, b, r);
}
static inline void define(compiler *c, uint32_t slot, int r) {
    c->short_values &= ~(1u << r);
    define_in(c, &c->integers, slot, r);
}
// The same for a value whose high half is 0.
static inline void define_short(compiler *c, uint32_t slot, int r) {
    define_in(c, &c->integers, slot, r);
    c->short_values |= 1u << r;
}
static inline void define_float(compiler *c, uint32_t slot, int r) { define_in(c, &c->floats, slot, r); }

// A register in which the first source becomes the result: that source's own where it is not needed any more, or
// another one with its value.
static inline int begin_with(compiler *c, bank *b, uint32_t source, uint32_t result) {
    int r = b->of[source];
    if (r >= 0 && !(b->locked >> r & 1) && (source == result || is_last(c, source))) {
        // Its value is lost: a copy in the other bank that relied on it is complete.
        bank *other = is_float(c, b) ? &c->integers : &c->floats;
        if (other->of[source] >= 0 && b->dirty >> r & 1) other->dirty |= 1u << other->of[source];
        drop(b, r);
        hold(c, b, r);
        return r;
    }
    int from = r;
    if (from >= 0) hold(c, b, from);
    r = take(c, b);
    bank *other = is_float(c, b) ? &c->integers : &c->floats;
    if (from >= 0) gw_copy(X, is_float(c, b), r, from);
    else if (other->of[source] >= 0) (is_float(c, b) ? gw_copy_to_float : gw_copy_to_integer)(X, r, other->of[source]);
    else gw_load_slot(X, is_float(c, b), r, source);
    return r;
}

// Writes what is in registers only and live at a cell to the frame.
static inline void flush_live(compiler *c, uint32_t cell) {
    for (int k = 0; k < 2; k++) {
        bank *b = k ? &c->floats : &c->integers;
        for (uint32_t dirty = b->dirty; dirty; dirty &= dirty - 1) {
            int r = __builtin_ctz(dirty);
            if (gw_is_live_at(&c->a, cell, (uint32_t)b->slots[r])) write_slot(c, b, r);
        }
    }
}
// The same for all that is.
static inline void flush_all(compiler *c) {
    for (int k = 0; k < 2; k++) {
        bank *b = k ? &c->floats : &c->integers;
        for (uint32_t dirty = b->dirty; dirty; dirty &= dirty - 1) write_slot(c, b, __builtin_ctz(dirty));
    }
}
// Stores the arguments of a call and what is needed behind it.
static inline void flush_call(compiler *c) {
    uint32_t base = c->pc[GW_CALL_BASE] & 0xFFFF;
    uint32_t next = c->i->cell + GW_CALL_CELLS, zero = c->i->cell + c->pc[GW_CALL_ZERO];
    for (int k = 0; k < 2; k++) {
        bank *b = k ? &c->floats : &c->integers;
        for (uint32_t dirty = b->dirty; dirty; dirty &= dirty - 1) {
            int r = __builtin_ctz(dirty);
            uint32_t slot = (uint32_t)b->slots[r];
            bool is_needed = false;
            for (int e = 0; e < c->effect_count; e++)
                is_needed |= c->effects[e].kind == gw_effect_use && slot - c->effects[e].slot < c->effects[e].count;
            if (slot + GW_FRAME_HEADER < base)
                is_needed |= gw_is_live_at(&c->a, next, slot) || gw_is_live_at(&c->a, zero, slot);
            if (is_needed) write_slot(c, b, r);
        }
    }
}
static inline void forget_all(compiler *c) {
    c->vector = -1;
    for (int k = 0; k < 2; k++) {
        bank *b = k ? &c->floats : &c->integers;
        for (uint32_t held = b->allowed; held; held &= held - 1) drop(b, __builtin_ctz(held));
    }
}

// --- Places in the code ---

static inline void fix(compiler *c, uint8_t *at, uint32_t cell, uint8_t *table) {
    GROW(c, fixups, fixup_count, fixup_capacity);
    if (!c->failed) c->fixups[c->fixup_count++] = (fixup){at, cell, table};
}
static inline void jump_to(compiler *c, uint32_t cell) { fix(c, gw_jump(X), cell, NULL); }
static inline void jump_if(compiler *c, gw_condition condition, uint32_t cell) {
    fix(c, gw_jump_if(X, condition, c->is_far), cell, NULL);
}
static inline uintptr_t stub(const compiler *c, uint32_t offset) { return (uintptr_t)c->native->run + offset; }

static inline void add_outline(compiler *c, outline o) {
    GROW(c, outlines, outline_count, outline_capacity);
    if (!c->failed) c->outlines[c->outline_count++] = o;
}
// Ends with a trap where a condition holds.
static inline void trap_if(compiler *c, gw_condition condition, GWTrap trap) {
    add_outline(c, (outline){gw_jump_if(X, condition, c->is_far), c->i->cell, outline_trap, trap, NULL});
}

// The numbers of the sources among the operands: the destination comes first, whatever it is.
enum { FIRST_SOURCE = 1, SECOND_SOURCE = 2 };

// --- C functions for what has no template, of the same rows as the handlers (gw_native_functions.c) ---

/// By instruction; null for those that there is none for: of numbers, with the trap if there is one; of vectors, which
/// lie in the frame; and the functions of gw_helpers.c.
typedef uint64_t gw_numeric_function(uint64_t a, uint64_t b, GWTrap *trap);
typedef void gw_vector_function(uint64_t *fp, const uint32_t *pc);
extern gw_numeric_function *const gw_native_numerics[GWOp_count];
extern gw_vector_function *const gw_native_vectors[GWOp_count];
extern gw_helper *const gw_native_helpers[GWOp_count];

// --- What the templates of each processor say for the compiler ---

/// Loads what the stubs expect: the instruction at a cell, a trap's number, the one that the machine has found, and a
/// gw_helper function.
void gw_native_load_pc(compiler *c, uint32_t cell);
void gw_native_load_trap(compiler *c, GWTrap trap);
void gw_native_load_found_trap(compiler *c);
void gw_native_load_function(compiler *c, gw_helper *function);
/// Goes on at an offset of the machine code, or calls a stub there.
void gw_native_go_to(compiler *c, uint32_t offset);
void gw_native_call_stub(compiler *c, uint32_t offset);

/// Has a gw_helper function do the instruction at hand, and goes on behind it.
static inline void call_helper(compiler *c, gw_helper *function) {
    gw_native_load_pc(c, c->i->cell);
    gw_native_load_function(c, function);
    gw_native_call_stub(c, c->native->stubs.helper);
}

// --- Templates: each writes the instruction at hand; those that return something say whether there is one ---

bool gw_native_binary(compiler *c);
bool gw_native_unary(compiler *c);
/// The same by a C function.
void gw_native_call_numeric(compiler *c, gw_numeric_function *function);
/// A jump where a comparison holds, or where one does not.
void gw_native_branch(compiler *c, bool holds);
void gw_native_load(compiler *c);
void gw_native_store(compiler *c);
void gw_native_move(compiler *c, uint32_t d, uint32_t from);
/// One slot's value, or several constants.
bool gw_native_constant(compiler *c);
/// The register global and other globals.
bool gw_native_global(compiler *c);
/// Sums that are addresses.
bool gw_native_address(compiler *c);
/// Two words of Go's stack.
bool gw_native_words(compiler *c);
/// Jumps that are no comparisons.
bool gw_native_jump(compiler *c);
void gw_native_call(compiler *c);
void gw_native_return(compiler *c);
bool gw_native_vector(compiler *c);
/// The same by a C function, which reads the instruction's operands itself; no register holds a slot.
void gw_native_call_vector(compiler *c, gw_vector_function *function);


#endif
