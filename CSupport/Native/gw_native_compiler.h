// Makes x86-64 machine code of bytecode, a function at a time.
//
// REGISTERS. What every instruction needs has a register of its own:
//
//     r15  the first byte of linear memory
//     r14  the register global, zero-extended
//     r13  the instance's globals
//     r12  the frame: slot n is [r12 + 8 n]
//     rbp  the machine
//
// rax, rcx and rdx are scratch within an instruction. The others, and xmm2 to xmm15, hold slots within an extended
// block: from an instruction that others lead to up to the next such one. There, at calls, and wherever the loop may
// take over, the slots that are live lie in the frame, as the loop has them. (Registers within blocks: 1.25 times
// faster than every slot in memory, on floating-point arithmetic 2.4 times.)
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
#include "gw_x86.h"

enum { MEMORY = R15, SP = R14, GLOBALS = R13, FRAME = R12, MACHINE = RBP };
// The registers that hold slots.
#define INTEGERS ((1u << RBX) | (1u << RSI) | (1u << RDI) | (1u << R8) | (1u << R9) | (1u << R10) | (1u << R11))
#define FLOATS 0xFFFCu
#define RETURN_BYTES ((int32_t)(GW_CALL_CELLS * sizeof(uint32_t)))

// --- What the compiler keeps ---

typedef struct fixup {
    uint8_t *at;
    uint32_t cell;
    // The table whose distances count from its first byte; null for a jump.
    uint8_t *table;
} fixup;

// Code behind the function's: what is rarely executed.
typedef struct outline {
    uint8_t *jump;
    uint32_t cell;
    enum { outline_trap, outline_found_trap, outline_other } kind;
    GWTrap trap;
    gw_outside *function;
} outline;

// The slots that a kind of registers holds.
typedef struct bank {
    // By register: the slot, -1 where there is none; by slot: the register, -1.
    int32_t slots[16];
    int8_t *of;
    // Registers, a bit each: those whose slot's value is not in the frame yet; those that the instruction at hand uses.
    uint32_t dirty, locked;
    uint32_t allowed;
    // When each was used last.
    uint32_t used[16];
} bank;

typedef struct compiler {
    gw_analysis a;
    GWNative *native;
    gw_x86 x;
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
    // The slot of the vector that xmm0 holds as well; -1 for none.
    int32_t vector;
} compiler;

/// What the processor has, found out when the stubs are written; each has a portable form beside it.
extern struct gw_native_processor {
    bool popcnt, lzcnt, sse41;
} gw_native_processor;

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
    return (uint32_t)(gw_x86_here(&c->x) - (uintptr_t)c->native->run);
}

static inline void note_place(compiler *c, uint32_t cell) {
    GROW(c, places, place_count, place_capacity);
    if (!c->failed) c->places[c->place_count++] = (gw_native_place){offset_here(c), cell};
}

// --- Slots in registers ---

static inline gw_x86_memory slot_memory(uint32_t slot) { return gw_x86_at(FRAME, (int32_t)(slot * 8)); }

static inline bool is_float(const compiler *c, const bank *b) { return b == &c->floats; }

static inline void write_slot(compiler *c, bank *b, int r) {
    uint32_t slot = (uint32_t)b->slots[r];
    if (is_float(c, b)) gw_x86_memory_op(X, 0xF2, false, 0x0F11, r, slot_memory(slot), false);
    else gw_x86_store(X, true, r, slot_memory(slot));
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
    if (other >= 0) gw_x86_register_op(X, 0x66, true, 0x0F7E, other, r, false);
    else gw_x86_load(X, true, r, slot_memory(slot));
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
    if (other >= 0) gw_x86_register_op(X, 0x66, true, 0x0F6E, r, other, false);
    else gw_x86_memory_op(X, 0xF2, false, 0x0F10, r, slot_memory(slot), false);
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
    if (is_float(c, b)) {
        if (from >= 0) gw_x86_register_op(X, 0, false, 0x0F28, r, from, false);
        else if (c->integers.of[source] >= 0)
            gw_x86_register_op(X, 0x66, true, 0x0F6E, r, c->integers.of[source], false);
        else gw_x86_memory_op(X, 0xF2, false, 0x0F10, r, slot_memory(source), false);
    } else {
        if (from >= 0) gw_x86_move(X, true, r, from);
        else if (c->floats.of[source] >= 0)
            gw_x86_register_op(X, 0x66, true, 0x0F7E, c->floats.of[source], r, false);
        else gw_x86_load(X, true, r, slot_memory(source));
    }
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
static inline void jump_to(compiler *c, uint32_t cell) { fix(c, gw_x86_jump(X), cell, NULL); }
static inline void jump_if(compiler *c, GWX86Condition condition, uint32_t cell) {
    fix(c, gw_x86_jump_if(X, condition), cell, NULL);
}
static inline uintptr_t stub(const compiler *c, uint32_t offset) { return (uintptr_t)c->native->run + offset; }

static inline void add_outline(compiler *c, outline o) {
    GROW(c, outlines, outline_count, outline_capacity);
    if (!c->failed) c->outlines[c->outline_count++] = o;
}
// Ends with a trap where a condition holds.
static inline void trap_if(compiler *c, GWX86Condition condition, GWTrap trap) {
    add_outline(c, (outline){gw_x86_jump_if(X, condition), c->i->cell, outline_trap, trap, NULL});
}
static inline void load_pc(compiler *c, uint32_t cell) {
    gw_x86_address(X, true, RAX, gw_x86_absolute((uintptr_t)(c->a.arena + cell)));
}

// Has a gw_outside function do the instruction, and goes on behind it.
static inline void call_outside(compiler *c, gw_outside *function) {
    load_pc(c, c->i->cell);
    gw_x86_constant(X, RCX, (uint64_t)(uintptr_t)function);
    gw_x86_call_to(X, stub(c, c->native->stubs.outside));
}

// --- Addresses ---

// base + an offset of 32 bits, without wrapping; `index` is a register whose high half is 0.
static inline gw_x86_memory offset_from(compiler *c, int index, uint32_t offset) {
    if (offset <= INT32_MAX) return gw_x86_indexed(MEMORY, index, 0, (int32_t)offset);
    gw_x86_constant(X, RCX, offset);
    gw_x86_register_op(X, 0, true, 0x03, RCX, index, false);
    return gw_x86_indexed(MEMORY, RCX, 0, 0);
}
static inline gw_x86_memory stack_word(compiler *c, uint32_t displacement) { return offset_from(c, SP, displacement); }
static inline gw_x86_memory wrapped_word(compiler *c, int scratch, uint32_t displacement) {
    gw_x86_address(X, false, scratch, gw_x86_at(SP, (int32_t)displacement));
    return gw_x86_indexed(MEMORY, scratch, 0, 0);
}
static inline gw_x86_memory slot_word(compiler *c, uint32_t slot, uint32_t offset) {
    int r = c->integers.of[slot];
    if (r >= 0) {
        hold(c, &c->integers, r);
        if (c->short_values >> r & 1) return offset_from(c, r, offset);
        gw_x86_move(X, false, RAX, r);
    } else if (is_last(c, slot) && c->floats.of[slot] < 0) {
        gw_x86_load(X, false, RAX, slot_memory(slot));
    } else {
        gw_x86_move(X, false, RAX, use(c, slot));
    }
    return offset_from(c, RAX, offset);
}
static inline gw_x86_memory sum_word(compiler *c, uint32_t slot, uint32_t summand) {
    gw_x86_address(X, false, RAX, gw_x86_at(use(c, slot), (int32_t)summand));
    return gw_x86_indexed(MEMORY, RAX, 0, 0);
}
// a + (b << shift), of 32 or 64 bits.
static inline void add_shifted(compiler *c, bool wide, int to, uint32_t a, uint32_t b, uint32_t shift) {
    shift &= wide ? 63 : 31;
    int left = use(c, a), right = use(c, b);
    if (shift <= 3) return gw_x86_address(X, wide, to, gw_x86_indexed(left, right, (int)shift, 0));
    gw_x86_move(X, true, to, right);
    gw_x86_register_op(X, 0, wide, 0xC1, 4, to, false);
    gw_x86_byte(X, shift);
    gw_x86_register_op(X, 0, wide, 0x03, to, left, false);
}
static inline gw_x86_memory fixed_word(compiler *c, uint32_t address) {
    if (address <= INT32_MAX) return gw_x86_at(MEMORY, (int32_t)address);
    gw_x86_constant(X, RAX, address);
    return gw_x86_indexed(MEMORY, RAX, 0, 0);
}

// The address of a load or store whose operands begin with the one numbered `first`.
static inline gw_x86_memory address(compiler *c, GWMode mode, int first) {
    switch (mode) {
    case GWMode_r: return slot_word(c, OPERAND(first), OPERAND(first + 1));
    case GWMode_k: return sum_word(c, OPERAND(first), OPERAND(first + 1));
    case GWMode_s: return stack_word(c, OPERAND(first));
    case GWMode_t: return wrapped_word(c, RAX, OPERAND(first));
    case GWMode_a: return fixed_word(c, OPERAND(first));
    case GWMode_x:
        add_shifted(c, false, RAX, OPERAND(first), OPERAND(first + 1), OPERAND(first + 2));
        return gw_x86_indexed(MEMORY, RAX, 0, 0);
    case GWMode_m:
        gw_x86_load(X, false, RAX, stack_word(c, OPERAND(first)));
        return offset_from(c, RAX, OPERAND(first + 1));
    default: c->failed = true; return gw_x86_at(MEMORY, 0);
    }
}

// --- Sources ---

// A source of an operation: a register, memory, or a number.
typedef struct source {
    enum { source_register, source_memory, source_number } kind;
    int reg;
    gw_x86_memory memory;
    int32_t number;
} source;

static inline source slot_source(compiler *c, uint32_t slot) {
    if (c->integers.of[slot] < 0 && c->floats.of[slot] < 0 && is_last(c, slot))
        return (source){source_memory, 0, slot_memory(slot), 0};
    return (source){source_register, use(c, slot), {0}, 0};
}
static inline source source_of(compiler *c, GWKind kind, uint32_t operand, int scratch) {
    switch (kind) {
    case GWKind_r: return slot_source(c, operand);
    case GWKind_i: return (source){source_number, 0, {0}, (int32_t)operand};
    case GWKind_s: return (source){source_memory, 0, stack_word(c, operand), 0};
    case GWKind_t: return (source){source_memory, 0, wrapped_word(c, scratch, operand), 0};
    default: c->failed = true; return (source){source_number, 0, {0}, 0};
    }
}
static inline void apply(compiler *c, bool wide, GWX86Arithmetic op, int to, source s) {
    if (s.kind == source_register) gw_x86_register_op(X, 0, wide, gw_x86_arithmetic(op), to, s.reg, false);
    else if (s.kind == source_memory) gw_x86_memory_op(X, 0, wide, gw_x86_arithmetic(op), to, s.memory, false);
    else gw_x86_immediate(X, wide, op, to, s.number);
}
static inline void load_source(compiler *c, bool wide, int to, source s) {
    if (s.kind == source_register) gw_x86_move(X, wide, to, s.reg);
    else if (s.kind == source_memory) gw_x86_load(X, wide, to, s.memory);
    else gw_x86_constant(X, to, wide ? (uint64_t)(int64_t)s.number : (uint32_t)s.number);
}

// The numbers of the sources among the operands: the destination comes first, whatever it is.
enum { FIRST_SOURCE = 1, SECOND_SOURCE = 2 };

// The register in which a binary operation is done, with its first source. (Results that go to memory are made in rdx.)
static inline int begin_binary(compiler *c, bool wide) {
    GWKind first = c->info->first;
    if (c->info->destination == GWKind_r) {
        if (first == GWKind_r) return begin_with(c, &c->integers, OPERAND(FIRST_SOURCE), OPERAND(0));
        int r = take(c, &c->integers);
        load_source(c, wide, r, source_of(c, first, OPERAND(FIRST_SOURCE), RAX));
        return r;
    }
    load_source(c, wide, RDX, source_of(c, first, OPERAND(FIRST_SOURCE), RAX));
    return RDX;
}
static inline void end_binary(compiler *c, bool wide, int r) {
    switch (c->info->destination) {
    case GWKind_r: (wide ? define : define_short)(c, OPERAND(0), r); break;
    case GWKind_s: gw_x86_store(X, true, r, stack_word(c, OPERAND(0))); break;
    case GWKind_t: gw_x86_store(X, true, r, wrapped_word(c, RAX, OPERAND(0))); break;
    default: c->failed = true;
    }
}

// Compares, and leaves the flags.
static inline void compare(compiler *c, bool wide, source a, source b) {
    if (a.kind == source_register) {
        if (b.kind == source_number && b.number == 0) gw_x86_test(X, wide, a.reg);
        else apply(c, wide, X_CMP, a.reg, b);
    } else if (b.kind == source_number) {
        gw_x86_memory_immediate(X, wide, X_CMP, a.memory, b.number);
    } else if (b.kind == source_register) {
        gw_x86_memory_op(X, 0, wide, 0x39, b.reg, a.memory, false);
    } else {
        gw_x86_load(X, wide, RDX, a.memory);
        apply(c, wide, X_CMP, RDX, b);
    }
}

static inline void constant(compiler *c, uint32_t d, uint64_t number) {
    int r = take(c, &c->integers);
    gw_x86_constant(X, r, number);
    (number <= UINT32_MAX ? define_short : define)(c, d, r);
}

// --- Templates: each writes the instruction at hand, and returns whether there is one for it ---

bool gw_native_binary(compiler *c);
bool gw_native_unary(compiler *c);
/// A jump where a comparison holds, or where one does not.
bool gw_native_branch(compiler *c, bool holds);
bool gw_native_load(compiler *c);
bool gw_native_store(compiler *c);
/// Moves, constants, globals, sums that are addresses, two words of Go's stack.
bool gw_native_data(compiler *c);
/// Jumps of other kinds, calls and returns.
bool gw_native_control(compiler *c);
bool gw_native_vector(compiler *c);
/// Has the C function of an instruction that calls out for the loop do it.
bool gw_native_outside(compiler *c);

#endif
