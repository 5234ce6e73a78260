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
#include "gw_native_internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gw_decoder.h"
#include "gw_interpreter.h"
#include "gw_native_analysis.h"
#include "gw_numeric.h"

#if defined(__x86_64__)
#include <cpuid.h>

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
    gw_effect effects[GW_MOST_EFFECTS];
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
    // Whether the code so far runs on into what is written next; and whether the instruction at hand begins a block in
    // which the loop may come over.
    bool goes_on, is_resumed;
    bool failed;
} compiler;

// What the processor has; each has a portable form beside it.
static bool has_popcnt, has_lzcnt, has_sse41;

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

static uint32_t offset_here(const compiler *c) { return (uint32_t)(gw_x86_here(&c->x) - (uintptr_t)c->native->run); }

static void note_place(compiler *c, uint32_t cell) {
    GROW(c, places, place_count, place_capacity);
    if (!c->failed) c->places[c->place_count++] = (gw_native_place){offset_here(c), cell};
}

// --- Slots in registers ---

static gw_x86_memory slot_memory(uint32_t slot) { return gw_x86_at(FRAME, (int32_t)(slot * 8)); }

static bool is_float(const compiler *c, const bank *b) { return b == &c->floats; }

static void write_slot(compiler *c, bank *b, int r) {
    uint32_t slot = (uint32_t)b->slots[r];
    if (is_float(c, b)) gw_x86_memory_op(X, 0xF2, false, 0x0F11, r, slot_memory(slot), false);
    else gw_x86_store(X, true, r, slot_memory(slot));
    b->dirty &= ~(1u << r);
}

// Lets a register hold nothing; its value is lost.
static void drop(bank *b, int r) {
    if (b->slots[r] >= 0) b->of[b->slots[r]] = -1;
    b->slots[r] = -1;
    b->dirty &= ~(1u << r);
}

static void evict(compiler *c, bank *b, int r) {
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
static int take(compiler *c, bank *b) {
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

static void hold(compiler *c, bank *b, int r) {
    b->locked |= 1u << r;
    b->used[r] = ++c->clock;
}

// Lets a register that holds nothing hold a slot's value, which is in the frame or in a register of the other bank.
static void attach(bank *b, int r, uint32_t slot) {
    b->slots[r] = (int32_t)slot;
    b->of[slot] = (int8_t)r;
}

// A register with a slot's value, not to be changed.
static int use(compiler *c, uint32_t slot) {
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
static int use_float(compiler *c, uint32_t slot) {
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

static bool effect_bit(const compiler *c, uint32_t slot, gw_effect_kind kind, bool floating) {
    for (int k = 0; k < c->effect_count; k++)
        if (c->effects[k].kind == kind && c->effects[k].count == 1 && c->effects[k].slot == slot)
            return (floating ? c->i->floating : c->i->last) >> k & 1;
    return false;
}
// Whether the instruction at hand is the last one to need a slot's value.
static bool is_last(const compiler *c, uint32_t slot) { return effect_bit(c, slot, gw_effect_use, false); }
// Whether the value that it defines is next used as a floating-point number.
static bool becomes_float(const compiler *c, uint32_t slot) { return effect_bit(c, slot, gw_effect_define, true); }

// Lets a slot have a new value, in a register that is the instruction's own.
static void define_in(compiler *c, bank *b, uint32_t slot, int r) {
    for (int k = 0; k < 2; k++) {
        bank *each = k ? &c->floats : &c->integers;
        int old = each->of[slot];
        if (old >= 0 && (each != b || old != r)) drop(each, old);
    }
    if (b->slots[r] >= 0 && b->slots[r] != (int32_t)slot) drop(b, r);
    if (effect_bit(c, slot, gw_effect_define, false)) {
        // Nobody reads it.
        if (b->slots[r] >= 0) drop(b, r);
        return;
    }
    attach(b, r, slot);
    b->dirty |= 1u << r;
    hold(c, b, r);
}
static void define(compiler *c, uint32_t slot, int r) {
    c->short_values &= ~(1u << r);
    define_in(c, &c->integers, slot, r);
}
// The same for a value whose high half is 0.
static void define_short(compiler *c, uint32_t slot, int r) {
    define_in(c, &c->integers, slot, r);
    c->short_values |= 1u << r;
}
static void define_float(compiler *c, uint32_t slot, int r) { define_in(c, &c->floats, slot, r); }

// A register in which the first source becomes the result: that source's own where it is not needed any more, or
// another one with its value.
static int begin_with(compiler *c, bank *b, uint32_t source, uint32_t result) {
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
static void flush_live(compiler *c, uint32_t cell) {
    for (int k = 0; k < 2; k++) {
        bank *b = k ? &c->floats : &c->integers;
        for (uint32_t dirty = b->dirty; dirty; dirty &= dirty - 1) {
            int r = __builtin_ctz(dirty);
            if (gw_is_live_at(&c->a, cell, (uint32_t)b->slots[r])) write_slot(c, b, r);
        }
    }
}
// The same for all that is.
static void flush_all(compiler *c) {
    for (int k = 0; k < 2; k++) {
        bank *b = k ? &c->floats : &c->integers;
        for (uint32_t dirty = b->dirty; dirty; dirty &= dirty - 1) write_slot(c, b, __builtin_ctz(dirty));
    }
}
static void forget_all(compiler *c) {
    for (int k = 0; k < 2; k++) {
        bank *b = k ? &c->floats : &c->integers;
        for (uint32_t held = b->allowed; held; held &= held - 1) drop(b, __builtin_ctz(held));
    }
}

// --- Places in the code ---

static void fix(compiler *c, uint8_t *at, uint32_t cell, uint8_t *table) {
    GROW(c, fixups, fixup_count, fixup_capacity);
    if (!c->failed) c->fixups[c->fixup_count++] = (fixup){at, cell, table};
}
static void jump_to(compiler *c, uint32_t cell) { fix(c, gw_x86_jump(X), cell, NULL); }
static void jump_if(compiler *c, GWX86Condition condition, uint32_t cell) {
    fix(c, gw_x86_jump_if(X, condition), cell, NULL);
}
static uintptr_t stub(const compiler *c, uint32_t offset) { return (uintptr_t)c->native->run + offset; }

static void add_outline(compiler *c, outline o) {
    GROW(c, outlines, outline_count, outline_capacity);
    if (!c->failed) c->outlines[c->outline_count++] = o;
}
// Ends with a trap where a condition holds.
static void trap_if(compiler *c, GWX86Condition condition, GWTrap trap) {
    add_outline(c, (outline){gw_x86_jump_if(X, condition), c->i->cell, outline_trap, trap, NULL});
}
static void load_pc(compiler *c, uint32_t cell) {
    gw_x86_address(X, true, RAX, gw_x86_absolute((uintptr_t)(c->a.arena + cell)));
}

// --- Addresses ---

// base + an offset of 32 bits, without wrapping; `index` is a register whose high half is 0.
static gw_x86_memory offset_from(compiler *c, int index, uint32_t offset) {
    if (offset <= INT32_MAX) return gw_x86_indexed(MEMORY, index, 0, (int32_t)offset);
    gw_x86_constant(X, RCX, offset);
    gw_x86_register_op(X, 0, true, 0x03, RCX, index, false);
    return gw_x86_indexed(MEMORY, RCX, 0, 0);
}
static gw_x86_memory stack_word(compiler *c, uint32_t displacement) { return offset_from(c, SP, displacement); }
static gw_x86_memory wrapped_word(compiler *c, int scratch, uint32_t displacement) {
    gw_x86_address(X, false, scratch, gw_x86_at(SP, (int32_t)displacement));
    return gw_x86_indexed(MEMORY, scratch, 0, 0);
}
static gw_x86_memory slot_word(compiler *c, uint32_t slot, uint32_t offset) {
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
static gw_x86_memory sum_word(compiler *c, uint32_t slot, uint32_t summand) {
    gw_x86_address(X, false, RAX, gw_x86_at(use(c, slot), (int32_t)summand));
    return gw_x86_indexed(MEMORY, RAX, 0, 0);
}
// a + (b << shift), of 32 or 64 bits.
static void add_shifted(compiler *c, bool wide, int to, uint32_t a, uint32_t b, uint32_t shift) {
    shift &= wide ? 63 : 31;
    int left = use(c, a), right = use(c, b);
    if (shift <= 3) return gw_x86_address(X, wide, to, gw_x86_indexed(left, right, (int)shift, 0));
    gw_x86_move(X, true, to, right);
    gw_x86_register_op(X, 0, wide, 0xC1, 4, to, false);
    gw_x86_byte(X, shift);
    gw_x86_register_op(X, 0, wide, 0x03, to, left, false);
}
static gw_x86_memory fixed_word(compiler *c, uint32_t address) {
    if (address <= INT32_MAX) return gw_x86_at(MEMORY, (int32_t)address);
    gw_x86_constant(X, RAX, address);
    return gw_x86_indexed(MEMORY, RAX, 0, 0);
}

// The address of a load or store whose operands begin with the one numbered `first`.
static gw_x86_memory address(compiler *c, GWMode mode, int first) {
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

static source slot_source(compiler *c, uint32_t slot) {
    if (c->integers.of[slot] < 0 && c->floats.of[slot] < 0 && is_last(c, slot))
        return (source){source_memory, 0, slot_memory(slot), 0};
    return (source){source_register, use(c, slot), {0}, 0};
}
static source source_of(compiler *c, GWKind kind, uint32_t operand, int scratch) {
    switch (kind) {
    case GWKind_r: return slot_source(c, operand);
    case GWKind_i: return (source){source_number, 0, {0}, (int32_t)operand};
    case GWKind_s: return (source){source_memory, 0, stack_word(c, operand), 0};
    case GWKind_t: return (source){source_memory, 0, wrapped_word(c, scratch, operand), 0};
    default: c->failed = true; return (source){source_number, 0, {0}, 0};
    }
}
static void apply(compiler *c, bool wide, GWX86Arithmetic op, int to, source s) {
    if (s.kind == source_register) gw_x86_register_op(X, 0, wide, gw_x86_arithmetic(op), to, s.reg, false);
    else if (s.kind == source_memory) gw_x86_memory_op(X, 0, wide, gw_x86_arithmetic(op), to, s.memory, false);
    else gw_x86_immediate(X, wide, op, to, s.number);
}
static void load_source(compiler *c, bool wide, int to, source s) {
    if (s.kind == source_register) gw_x86_move(X, wide, to, s.reg);
    else if (s.kind == source_memory) gw_x86_load(X, wide, to, s.memory);
    else gw_x86_constant(X, to, wide ? (uint64_t)(int64_t)s.number : (uint32_t)s.number);
}

// The numbers of the sources among the operands: the destination comes first, whatever it is.
enum { FIRST_SOURCE = 1, SECOND_SOURCE = 2 };

// The register in which a binary operation is done, with its first source. (Results that go to memory are made in rdx.)
static int begin_binary(compiler *c, bool wide) {
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
static void end_binary(compiler *c, bool wide, int r) {
    switch (c->info->destination) {
    case GWKind_r: (wide ? define : define_short)(c, OPERAND(0), r); break;
    case GWKind_s: gw_x86_store(X, true, r, stack_word(c, OPERAND(0))); break;
    case GWKind_t: gw_x86_store(X, true, r, wrapped_word(c, RAX, OPERAND(0))); break;
    default: c->failed = true;
    }
}

// --- Binary operations ---

static void arithmetic(compiler *c, bool wide, GWX86Arithmetic op) {
    const GWOpInfo *info = c->info;
    uint32_t a = OPERAND(FIRST_SOURCE), b = OPERAND(SECOND_SOURCE);
    if (info->destination == GWKind_s && info->first == GWKind_s && OPERAND(0) == a &&
        (info->second == GWKind_i || info->second == GWKind_r)) {
        // On a stack word in its place.
        if (info->second == GWKind_i) return gw_x86_memory_immediate(X, wide, op, stack_word(c, a), (int32_t)b);
        int r = use(c, b);
        return gw_x86_memory_op(X, 0, wide, (unsigned)op << 3 | 1, r, stack_word(c, a), false);
    }
    if (info->destination == GWKind_r && info->first == GWKind_r && op == X_ADD) {
        // A sum in a third register leaves both sources.
        uint32_t d = OPERAND(0);
        int left = c->integers.of[a];
        if (left >= 0 && a != d && !is_last(c, a)) {
            if (info->second == GWKind_i) {
                hold(c, &c->integers, left);
                int r = take(c, &c->integers);
                gw_x86_address(X, wide, r, gw_x86_at(left, (int32_t)b));
                return end_binary(c, wide, r);
            }
            if (info->second == GWKind_r && c->integers.of[b] >= 0 && !is_last(c, b)) {
                hold(c, &c->integers, left);
                int right = use(c, b), r = take(c, &c->integers);
                gw_x86_address(X, wide, r, gw_x86_indexed(left, right, 0, 0));
                return end_binary(c, wide, r);
            }
        }
    }
    if ((info->facts & GWFact_commutes) && info->destination == GWKind_r && info->first == GWKind_r &&
        info->second == GWKind_r && a != b) {
        // Begin with the source that can be given up.
        int left = c->integers.of[a], right = c->integers.of[b];
        bool gives_left = left >= 0 && (a == OPERAND(0) || is_last(c, a));
        if (!gives_left && right >= 0 && (b == OPERAND(0) || is_last(c, b))) {
            source s = slot_source(c, a);
            int r = begin_with(c, &c->integers, b, OPERAND(0));
            apply(c, wide, op, r, s);
            return end_binary(c, wide, r);
        }
    }
    // The second source is held first, where it is a slot: the first one's register may be given up.
    bool is_slot = info->second == GWKind_r;
    bool is_same = is_slot && info->first == GWKind_r && a == b;
    source s = {0};
    if (is_slot && !is_same) s = slot_source(c, b);
    int r = begin_binary(c, wide);
    if (is_same) s = (source){source_register, r, {0}, 0};
    else if (!is_slot) s = source_of(c, info->second, b, RAX);
    apply(c, wide, op, r, s);
    end_binary(c, wide, r);
}

static void multiply(compiler *c, bool wide) {
    const GWOpInfo *info = c->info;
    uint32_t a = OPERAND(FIRST_SOURCE), b = OPERAND(SECOND_SOURCE);
    if (info->second == GWKind_i) {
        source s = source_of(c, info->first, a, RAX);
        int r = info->destination == GWKind_r ? take(c, &c->integers) : RDX;
        bool is_short = gw_x86_fits8((int32_t)b);
        unsigned opcode = is_short ? 0x6B : 0x69;
        if (s.kind == source_register) gw_x86_register_op(X, 0, wide, opcode, r, s.reg, false);
        else gw_x86_memory_op(X, 0, wide, opcode, r, s.memory, false);
        if (is_short) gw_x86_byte(X, b & 0xFF);
        else gw_x86_word32(X, b);
        return end_binary(c, wide, r);
    }
    bool is_slot = info->second == GWKind_r;
    bool is_same = is_slot && info->first == GWKind_r && a == b;
    source s = {0};
    if (is_slot && !is_same) s = slot_source(c, b);
    int r = begin_binary(c, wide);
    if (is_same) s = (source){source_register, r, {0}, 0};
    else if (!is_slot) s = source_of(c, info->second, b, RAX);
    if (s.kind == source_register) gw_x86_register_op(X, 0, wide, 0x0FAF, r, s.reg, false);
    else gw_x86_memory_op(X, 0, wide, 0x0FAF, r, s.memory, false);
    end_binary(c, wide, r);
}

// Shifts and rotations, by the digits of opcode D3. The count is taken modulo the width by the processor, too.
typedef enum shift_kind { shift_rol = 0, shift_ror = 1, shift_shl = 4, shift_shr = 5, shift_sar = 7 } shift_kind;
static void shift(compiler *c, bool wide, shift_kind kind) {
    const GWOpInfo *info = c->info;
    uint32_t b = OPERAND(SECOND_SOURCE);
    if (info->second == GWKind_i) {
        int r = begin_binary(c, wide);
        uint32_t count = b & (wide ? 63 : 31);
        gw_x86_register_op(X, 0, wide, 0xC1, kind, r, false);
        gw_x86_byte(X, count);
        return end_binary(c, wide, r);
    }
    // Stack words as counts: by way of rcx, before the first source's address may need it.
    load_source(c, true, RCX, source_of(c, info->second, b, RCX));
    int r;
    if (info->destination != GWKind_r || info->first != GWKind_r) {
        // Addresses of more than 31 bits use rcx as well; the count waits in a register then.
        int count = take(c, &c->integers);
        gw_x86_move(X, true, count, RCX);
        r = begin_binary(c, wide);
        gw_x86_move(X, true, RCX, count);
    } else {
        r = begin_binary(c, wide);
    }
    gw_x86_register_op(X, 0, wide, 0xD3, kind, r, false);
    end_binary(c, wide, r);
}

static void divide(compiler *c, bool wide, bool is_signed, bool remainder) {
    uint32_t d = OPERAND(0), a = OPERAND(1), b = OPERAND(2);
    load_source(c, wide, RCX, slot_source(c, b));
    load_source(c, wide, RAX, slot_source(c, a));
    gw_x86_test(X, wide, RCX);
    trap_if(c, CC_E, GWTrap_integerDivideByZero);
    uint8_t *done = NULL;
    if (is_signed) {
        // The smallest number divided by -1 overflows, and the processor faults.
        gw_x86_immediate(X, wide, X_CMP, RCX, -1);
        uint8_t *other = gw_x86_short_jump_if(X, CC_NE);
        if (remainder) {
            gw_x86_clear(X, RDX);
        } else {
            gw_x86_register_op(X, 0, wide, 0xF7, 3, RAX, false);
            trap_if(c, CC_O, GWTrap_integerOverflow);
        }
        done = gw_x86_short_jump(X);
        gw_x86_bind_short(X, other);
        if (wide) gw_x86_byte(X, 0x48);
        gw_x86_byte(X, 0x99);
    } else {
        gw_x86_clear(X, RDX);
    }
    gw_x86_register_op(X, 0, wide, 0xF7, is_signed ? 7 : 6, RCX, false);
    if (done) gw_x86_bind_short(X, done);
    int r = take(c, &c->integers);
    gw_x86_move(X, wide, r, remainder ? RDX : RAX);
    (wide ? define : define_short)(c, d, r);
}

// --- Comparisons ---

// The condition under which an integer comparison holds; false for others.
static bool condition_of(GWWasmOpcode op, bool *wide, GWX86Condition *condition) {
#define CONDITION(name, cc) \
    case GWWasmOpcode_i64##name: *wide = true; *condition = cc; return true; \
    case GWWasmOpcode_i32##name: *wide = false; *condition = cc; return true;
    switch (op) {
        CONDITION(Eq, CC_E)
        CONDITION(Ne, CC_NE)
        CONDITION(LtS, CC_L)
        CONDITION(LtU, CC_B)
        CONDITION(GtS, CC_G)
        CONDITION(GtU, CC_A)
        CONDITION(LeS, CC_LE)
        CONDITION(LeU, CC_BE)
        CONDITION(GeS, CC_GE)
        CONDITION(GeU, CC_AE)
    default: return false;
    }
}

// Compares, and leaves the flags.
static void compare(compiler *c, bool wide, source a, source b) {
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

static void compare_to_slot(compiler *c, bool wide, GWX86Condition condition) {
    int r = take(c, &c->integers);
    source a = source_of(c, c->info->first, OPERAND(1), RAX);
    source b = source_of(c, c->info->second, OPERAND(2), RCX);
    compare(c, wide, a, b);
    gw_x86_set(X, condition, r);
    define_short(c, OPERAND(0), r);
}

static void branch(compiler *c) {
    bool wide;
    GWX86Condition condition;
    if (!condition_of(c->info->wasm, &wide, &condition)) {
        c->failed = true;
        return;
    }
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    int next = 1;
    source a;
    if (c->info->first == GWKind_m) {
        // r o, then the other one: an immediate behind the offset, a slot before it (the letters are roij and rorj).
        a = (source){source_memory, 0, slot_word(c, OPERAND(0), OPERAND(1)), 0};
        next = 2;
    } else {
        a = source_of(c, c->info->first, OPERAND(0), RAX);
    }
    // (A slot beside a memory operand is taken to a register: two memory operands would both need rax.)
    bool is_beside_memory = c->info->first == GWKind_m && c->info->second == GWKind_r;
    source b = is_beside_memory ? (source){source_register, use(c, OPERAND(next)), {0}, 0}
                                : source_of(c, c->info->second, OPERAND(next), RCX);
    compare(c, wide, a, b);
    jump_if(c, condition, target);
}

// --- Loads and stores ---

// Loads what a row loads into a register.
static void load_value(compiler *c, int r, gw_x86_memory m) {
    switch (c->info->wasm) {
    case GWWasmOpcode_i64Load: gw_x86_load(X, true, r, m); break;
    case GWWasmOpcode_i64Load32U: gw_x86_load(X, false, r, m); break;
    case GWWasmOpcode_i64Load32S: gw_x86_memory_op(X, 0, true, 0x63, r, m, false); break;
    case GWWasmOpcode_i64Load8U: gw_x86_memory_op(X, 0, false, 0x0FB6, r, m, false); break;
    case GWWasmOpcode_i64Load16U: gw_x86_memory_op(X, 0, false, 0x0FB7, r, m, false); break;
    case GWWasmOpcode_i64Load8S: gw_x86_memory_op(X, 0, true, 0x0FBE, r, m, false); break;
    case GWWasmOpcode_i64Load16S: gw_x86_memory_op(X, 0, true, 0x0FBF, r, m, false); break;
    case GWWasmOpcode_i32Load8S: gw_x86_memory_op(X, 0, false, 0x0FBE, r, m, false); break;
    case GWWasmOpcode_i32Load16S: gw_x86_memory_op(X, 0, false, 0x0FBF, r, m, false); break;
    default: c->failed = true;
    }
}
static bool is_short_load(GWWasmOpcode op) {
    return op == GWWasmOpcode_i64Load32U || op == GWWasmOpcode_i64Load8U || op == GWWasmOpcode_i64Load16U ||
           op == GWWasmOpcode_i32Load8S || op == GWWasmOpcode_i32Load16S;
}

static void load(compiler *c) {
    uint32_t d = OPERAND(0);
    gw_x86_memory m = address(c, c->info->mode, 1);
    bool is_whole = c->info->wasm == GWWasmOpcode_i64Load, is_half = c->info->wasm == GWWasmOpcode_i64Load32U;
    if ((is_whole || is_half) && becomes_float(c, d)) {
        int r = take(c, &c->floats);
        gw_x86_memory_op(X, is_whole ? 0xF2 : 0xF3, false, 0x0F10, r, m, false);
        return define_float(c, d, r);
    }
    int r = take(c, &c->integers);
    load_value(c, r, m);
    (is_short_load(c->info->wasm) ? define_short : define)(c, d, r);
}

static void store_register(compiler *c, GWWasmOpcode op, int r, gw_x86_memory m) {
    switch (op) {
    case GWWasmOpcode_i64Store: gw_x86_store(X, true, r, m); break;
    case GWWasmOpcode_i64Store32: gw_x86_store(X, false, r, m); break;
    case GWWasmOpcode_i64Store16: gw_x86_memory_op(X, 0x66, false, 0x89, r, m, false); break;
    case GWWasmOpcode_i64Store8: gw_x86_memory_op(X, 0, false, 0x88, r, m, true); break;
    default: c->failed = true;
    }
}

static void store(compiler *c) {
    GWWasmOpcode op = c->info->wasm;
    // The value is the last operand.
    int last = (int)strlen(c->info->operands) - 1;
    uint32_t value = OPERAND(last);
    switch (c->info->first) {
    case GWKind_r: {
        int x = c->floats.of[value];
        bool is_float_value = x >= 0 && (op == GWWasmOpcode_i64Store || op == GWWasmOpcode_i64Store32);
        if (is_float_value) {
            hold(c, &c->floats, x);
            gw_x86_memory m = address(c, c->info->mode, 0);
            return gw_x86_memory_op(X, op == GWWasmOpcode_i64Store ? 0xF2 : 0xF3, false, 0x0F11, x, m, false);
        }
        int r;
        if (c->integers.of[value] < 0 && c->floats.of[value] < 0 && is_last(c, value)) {
            r = RDX;
            gw_x86_load(X, true, r, slot_memory(value));
        } else {
            r = use(c, value);
        }
        return store_register(c, op, r, address(c, c->info->mode, 0));
    }
    case GWKind_i: {
        gw_x86_memory m = address(c, c->info->mode, 0);
        switch (op) {
        case GWWasmOpcode_i64Store:
        case GWWasmOpcode_i64Store32:
            gw_x86_memory_op(X, 0, op == GWWasmOpcode_i64Store, 0xC7, 0, m, false);
            return gw_x86_word32(X, value);
        case GWWasmOpcode_i64Store16:
            gw_x86_memory_op(X, 0x66, false, 0xC7, 0, m, false);
            gw_x86_byte(X, value & 0xFF);
            return gw_x86_byte(X, value >> 8 & 0xFF);
        default:
            gw_x86_memory_op(X, 0, false, 0xC6, 0, m, false);
            return gw_x86_byte(X, value & 0xFF);
        }
    }
    case GWKind_s:
    case GWKind_t:
        load_source(c, true, RDX, source_of(c, c->info->first, value, RAX));
        return store_register(c, op, RDX, address(c, c->info->mode, 0));
    default: c->failed = true;
    }
}

// --- Floating point ---

static int float_source_prefix(GWWasmOpcode op) {
    const GWWasmOpcodeInfo *wasm = op < 0x100 ? &gw_wasm_opcodes()[op] : &gw_wasm_opcodes_fc()[op & 0xFF];
    return wasm->operands[0] == 0x7D ? 0xF3 : 0xF2;
}

// An operation of a register and a slot, in a register or in the frame.
static void float_apply(compiler *c, unsigned prefix, unsigned opcode, int to, uint32_t slot) {
    if (c->floats.of[slot] < 0 && c->integers.of[slot] < 0 && is_last(c, slot))
        gw_x86_memory_op(X, prefix, false, opcode, to, slot_memory(slot), false);
    else gw_x86_register_op(X, prefix, false, opcode, to, use_float(c, slot), false);
}

static unsigned float_opcode(GWWasmOpcode op) {
    switch (op) {
    case GWWasmOpcode_f32Add:
    case GWWasmOpcode_f64Add: return 0x0F58;
    case GWWasmOpcode_f32Sub:
    case GWWasmOpcode_f64Sub: return 0x0F5C;
    case GWWasmOpcode_f32Mul:
    case GWWasmOpcode_f64Mul: return 0x0F59;
    case GWWasmOpcode_f32Div:
    case GWWasmOpcode_f64Div: return 0x0F5E;
    default: return 0;
    }
}

// (Not commuted: which NaN comes out depends on the order.)
static void float_binary(compiler *c) {
    unsigned prefix = (unsigned)float_source_prefix(c->info->wasm), opcode = float_opcode(c->info->wasm);
    uint32_t d = OPERAND(0), a = OPERAND(1), b = OPERAND(2);
    if (a == b) {
        int from = use_float(c, a), r = take(c, &c->floats);
        gw_x86_register_op(X, 0, false, 0x0F28, r, from, false);
        gw_x86_register_op(X, prefix, false, opcode, r, r, false);
        return define_float(c, d, r);
    }
    // The second is held before the first one's register is given up.
    bool in_frame = c->floats.of[b] < 0 && c->integers.of[b] < 0 && is_last(c, b);
    int right = in_frame ? -1 : use_float(c, b);
    int r = begin_with(c, &c->floats, a, d);
    if (in_frame) gw_x86_memory_op(X, prefix, false, opcode, r, slot_memory(b), false);
    else gw_x86_register_op(X, prefix, false, opcode, r, right, false);
    define_float(c, d, r);
}

// An operation with one operand in memory: drro, drrk; the slot of the address is where the memory operand stands.
static void float_memory(compiler *c) {
    unsigned opcode = float_opcode(c->info->wasm);
    bool is_second = c->info->second != GWKind_r;
    GWKind kind = is_second ? c->info->second : c->info->first;
    uint32_t d = OPERAND(0), base = OPERAND(is_second ? 2 : 1), other = OPERAND(is_second ? 1 : 2), number = OPERAND(3);
    if (is_second) {
        // The address first: its slot may be the one whose register is given up.
        int index = use(c, base);
        int r = begin_with(c, &c->floats, other, d);
        (void)index;
        gw_x86_memory m = kind == GWKind_m ? slot_word(c, base, number) : sum_word(c, base, number);
        gw_x86_memory_op(X, 0xF2, false, opcode, r, m, false);
        return define_float(c, d, r);
    }
    int right = use_float(c, other), r = take(c, &c->floats);
    gw_x86_memory m = kind == GWKind_m ? slot_word(c, base, number) : sum_word(c, base, number);
    gw_x86_memory_op(X, 0xF2, false, 0x0F10, r, m, false);
    gw_x86_register_op(X, 0xF2, false, opcode, r, right, false);
    define_float(c, d, r);
}

// Compares two floating-point slots. Returns the condition under which `op` holds, for all but equality, whose flags
// need the one for NaN as well.
static GWX86Condition float_compare(compiler *c, GWWasmOpcode op, uint32_t a, uint32_t b) {
    unsigned prefix = float_source_prefix(op) == 0xF2 ? 0x66 : 0;
    switch (op) {
    case GWWasmOpcode_f64Lt:
    case GWWasmOpcode_f64Le:
    case GWWasmOpcode_f32Lt:
    case GWWasmOpcode_f32Le: {
        // "Less" as "greater" the other way round, which is false for NaN.
        uint32_t t = a;
        a = b;
        b = t;
        break;
    }
    default: break;
    }
    int left = use_float(c, a);
    float_apply(c, prefix, 0x0F2E, left, b);
    switch (op) {
    case GWWasmOpcode_f64Lt:
    case GWWasmOpcode_f32Lt:
    case GWWasmOpcode_f64Gt:
    case GWWasmOpcode_f32Gt: return CC_A;
    case GWWasmOpcode_f64Le:
    case GWWasmOpcode_f32Le:
    case GWWasmOpcode_f64Ge:
    case GWWasmOpcode_f32Ge: return CC_AE;
    case GWWasmOpcode_f64Ne:
    case GWWasmOpcode_f32Ne: return CC_NE;
    default: return CC_E;
    }
}

static bool is_float_comparison(GWWasmOpcode op) {
    return (op >= GWWasmOpcode_f32Eq && op <= GWWasmOpcode_f32Ge) ||
           (op >= GWWasmOpcode_f64Eq && op <= GWWasmOpcode_f64Ge);
}

static void float_compare_to_slot(compiler *c) {
    GWX86Condition condition = float_compare(c, c->info->wasm, OPERAND(1), OPERAND(2));
    int r = take(c, &c->integers);
    gw_x86_set(X, condition, r);
    if (condition == CC_E || condition == CC_NE) {
        // Unordered: equal is false, and not equal is true. (The moves of gw_x86_set keep the flags.)
        gw_x86_constant(X, RAX, condition == CC_NE);
        gw_x86_register_op(X, 0, false, 0x0F40u | CC_P, r, RAX, false);
    }
    define_short(c, OPERAND(0), r);
}

static void float_branch(compiler *c, bool holds) {
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    GWX86Condition condition = float_compare(c, c->info->wasm, OPERAND(0), OPERAND(1));
    if (condition == CC_E || condition == CC_NE) {
        if ((condition == CC_E) == holds) {
            // Jump where they are equal.
            uint8_t *unordered = gw_x86_short_jump_if(X, CC_P);
            jump_if(c, CC_E, target);
            gw_x86_bind_short(X, unordered);
        } else {
            jump_if(c, CC_P, target);
            jump_if(c, CC_NE, target);
        }
        return;
    }
    jump_if(c, holds ? condition : condition ^ 1, target);
}

// --- Operations by C functions, made of the same rows as the handlers ---

typedef uint64_t numeric(uint64_t a, uint64_t b, GWTrap *trap);
#define AS_double(bits) ({ uint64_t b_ = (bits); double v_; memcpy(&v_, &b_, 8); v_; })
#define AS_float(bits) ({ uint32_t b_ = (uint32_t)(bits); float v_; memcpy(&v_, &b_, 4); v_; })
#define AS_uint32_t(bits) ((uint32_t)(bits))
#define AS_uint64_t(bits) (bits)
#define BITS_double(value) ({ double v_ = (value); uint64_t b_; memcpy(&b_, &v_, 8); b_; })
#define BITS_float(value) ({ float v_ = (value); uint32_t b_; memcpy(&b_, &v_, 4); (uint64_t)b_; })
#define BITS_uint32_t(value) ((uint64_t)(value))
#define BITS_uint64_t(value) (value)
#define NUMERIC(name) static uint64_t numeric_##name(uint64_t a, uint64_t b, GWTrap *trap)
#define GW_BINARY(name, text, T, R, fn) \
    NUMERIC(name) { \
        (void)trap; \
        return BITS_##R(fn(AS_##T(a), AS_##T(b))); \
    }
#define GW_UNARY(name, text, T, R, fn) \
    NUMERIC(name) { \
        (void)b, (void)trap; \
        return BITS_##R(fn(AS_##T(a))); \
    }
#define GW_TRUNC(name, text, T, fn) \
    NUMERIC(name) { \
        (void)b; \
        return fn(AS_##T(a), trap); \
    }
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
static numeric *const numerics[GWOp_count] = {
#define GW_BINARY(name, ...) [GWOp_##name##_rrr] = numeric_##name,
#define GW_UNARY(name, ...) [GWOp_##name] = numeric_##name,
#define GW_TRUNC(name, ...) [GWOp_##name] = numeric_##name,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};

static void call_numeric(compiler *c, numeric *function) {
    uint32_t d = OPERAND(0), a = OPERAND(1);
    bool is_binary = c->info->family == GWFamily_binary;
    uint32_t b = is_binary ? OPERAND(2) : a;
    // C functions keep few registers.
    flush_all(c);
    forget_all(c);
    gw_x86_load(X, true, RDI, slot_memory(a));
    if (is_binary) gw_x86_load(X, true, RSI, slot_memory(b));
    gw_x86_address(X, true, RDX, gw_x86_at(MACHINE, FIELD(GWMachine, trap)));
    bool may_trap = c->info->facts & GWFact_mayTrap;
    if (may_trap) {
        gw_x86_memory_op(X, 0, false, 0xC6, 0, gw_x86_at(MACHINE, FIELD(GWMachine, trap)), false);
        gw_x86_byte(X, GWTrap_none);
    }
    gw_x86_constant(X, RAX, (uint64_t)(uintptr_t)function);
    gw_x86_register_op(X, 0, false, 0xFF, 2, RAX, false);
    if (may_trap) {
        gw_x86_memory_op(X, 0, false, 0x80, X_CMP, gw_x86_at(MACHINE, FIELD(GWMachine, trap)), false);
        gw_x86_byte(X, GWTrap_none);
        add_outline(c, (outline){gw_x86_jump_if(X, CC_NE), c->i->cell, outline_found_trap, GWTrap_none, NULL});
    }
    int r = take(c, &c->integers);
    gw_x86_move(X, true, r, RAX);
    define(c, d, r);
}

// --- Unary operations ---

static void extend(compiler *c, bool wide, unsigned opcode, bool bytes) {
    source s = slot_source(c, OPERAND(1));
    int r = take(c, &c->integers);
    if (s.kind == source_register) gw_x86_register_op(X, 0, wide, opcode, r, s.reg, bytes);
    else gw_x86_memory_op(X, 0, wide, opcode, r, s.memory, false);
    (wide ? define : define_short)(c, OPERAND(0), r);
}

// The number of leading or trailing zeros, which the processor of 1985 leaves open for 0.
static void count_zeros(compiler *c, bool wide, bool leading) {
    source s = slot_source(c, OPERAND(1));
    int r = take(c, &c->integers);
    uint32_t width = wide ? 64 : 32;
    // lzcnt and tzcnt (0F BD and 0F BC behind F3) are bsr and bsf to a processor that does not know them.
    unsigned prefix = has_lzcnt ? 0xF3 : 0, opcode = leading ? 0x0FBD : 0x0FBC;
    if (s.kind == source_register) gw_x86_register_op(X, prefix, wide, opcode, r, s.reg, false);
    else gw_x86_memory_op(X, prefix, wide, opcode, r, s.memory, false);
    if (!has_lzcnt) {
        gw_x86_constant(X, RAX, leading ? 2 * width - 1 : width);
        gw_x86_register_op(X, 0, wide, 0x0F40u | CC_E, r, RAX, false);
        if (leading) gw_x86_immediate(X, wide, X_XOR, r, (int32_t)width - 1);
    }
    define_short(c, OPERAND(0), r);
}

static void to_float(compiler *c, unsigned prefix, bool wide, bool zero_extends) {
    source s = slot_source(c, OPERAND(1));
    int r = take(c, &c->floats);
    // The instruction leaves the rest of the register, and would wait for it.
    gw_x86_register_op(X, 0, false, 0x0F57, r, r, false);
    if (zero_extends) {
        load_source(c, false, RAX, s);
        s = (source){source_register, RAX, {0}, 0};
    }
    if (s.kind == source_register) gw_x86_register_op(X, prefix, wide, 0x0F2A, r, s.reg, false);
    else gw_x86_memory_op(X, prefix, wide, 0x0F2A, r, s.memory, false);
    define_float(c, OPERAND(0), r);
}

static void float_to_float(compiler *c, unsigned prefix, unsigned opcode, int rounding) {
    int from = use_float(c, OPERAND(1)), r = take(c, &c->floats);
    gw_x86_register_op(X, 0, false, 0x0F57, r, r, false);
    gw_x86_register_op(X, prefix, false, opcode, r, from, false);
    if (rounding >= 0) gw_x86_byte(X, (unsigned)rounding);
    define_float(c, OPERAND(0), r);
}

// The nearest number of 64 bits that there is, and 0 for NaN.
static void saturate(compiler *c, unsigned prefix) {
    int from = use_float(c, OPERAND(1)), r = take(c, &c->integers);
    gw_x86_register_op(X, prefix, true, 0x0F2C, r, from, false);
    // The smallest number stands for all that do not fit: only from it can 1 not be taken.
    gw_x86_immediate(X, true, X_CMP, r, 1);
    uint8_t *fits = gw_x86_short_jump_if(X, CC_NO);
    gw_x86_register_op(X, 0, false, 0x0F57, 0, 0, false);
    gw_x86_register_op(X, prefix == 0xF2 ? 0x66 : 0, false, 0x0F2E, from, 0, false);
    uint8_t *is_negative = gw_x86_short_jump_if(X, CC_B);
    gw_x86_register_op(X, 0, true, 0xF7, 2, r, false);
    gw_x86_bind_short(X, is_negative);
    uint8_t *is_number = gw_x86_short_jump_if(X, CC_NP);
    gw_x86_clear(X, r);
    gw_x86_bind_short(X, is_number);
    gw_x86_bind_short(X, fits);
    define(c, OPERAND(0), r);
}

// On the sign bit: abs, neg. The bits are an integer's, so that a NaN stays what it is.
static void change_sign(compiler *c, bool wide, bool clears) {
    uint32_t d = OPERAND(0), a = OPERAND(1);
    int r = begin_with(c, &c->integers, a, d);
    if (wide) {
        // btr and btc with the number of the bit.
        gw_x86_register_op(X, 0, true, 0x0FBA, clears ? 6 : 7, r, false);
        gw_x86_byte(X, 63);
        define(c, d, r);
    } else {
        gw_x86_immediate(X, false, clears ? X_AND : X_XOR, r, clears ? INT32_MAX : INT32_MIN);
        define_short(c, d, r);
    }
}

static bool unary(compiler *c) {
    switch (c->info->wasm) {
    case GWWasmOpcode_i32WrapI64:
    case GWWasmOpcode_i64ExtendI32U: {
        source s = slot_source(c, OPERAND(1));
        int r = take(c, &c->integers);
        load_source(c, false, r, s);
        define_short(c, OPERAND(0), r);
        return true;
    }
    case GWWasmOpcode_i64ExtendI32S:
    case GWWasmOpcode_i64Extend32S: extend(c, true, 0x63, false); return true;
    case GWWasmOpcode_i64Extend8S: extend(c, true, 0x0FBE, true); return true;
    case GWWasmOpcode_i64Extend16S: extend(c, true, 0x0FBF, false); return true;
    case GWWasmOpcode_i32Extend8S: extend(c, false, 0x0FBE, true); return true;
    case GWWasmOpcode_i32Extend16S: extend(c, false, 0x0FBF, false); return true;
    case GWWasmOpcode_i64Clz: count_zeros(c, true, true); return true;
    case GWWasmOpcode_i64Ctz: count_zeros(c, true, false); return true;
    case GWWasmOpcode_i32Clz: count_zeros(c, false, true); return true;
    case GWWasmOpcode_i32Ctz: count_zeros(c, false, false); return true;
    case GWWasmOpcode_i64Popcnt:
    case GWWasmOpcode_i32Popcnt: {
        if (!has_popcnt) return false;
        bool wide = c->info->wasm == GWWasmOpcode_i64Popcnt;
        source s = slot_source(c, OPERAND(1));
        int r = take(c, &c->integers);
        if (s.kind == source_register) gw_x86_register_op(X, 0xF3, wide, 0x0FB8, r, s.reg, false);
        else gw_x86_memory_op(X, 0xF3, wide, 0x0FB8, r, s.memory, false);
        define_short(c, OPERAND(0), r);
        return true;
    }
    case GWWasmOpcode_f64ConvertI64S: to_float(c, 0xF2, true, false); return true;
    case GWWasmOpcode_f64ConvertI32S: to_float(c, 0xF2, false, false); return true;
    case GWWasmOpcode_f64ConvertI32U: to_float(c, 0xF2, true, true); return true;
    case GWWasmOpcode_f32ConvertI64S: to_float(c, 0xF3, true, false); return true;
    case GWWasmOpcode_f32ConvertI32S: to_float(c, 0xF3, false, false); return true;
    case GWWasmOpcode_f32ConvertI32U: to_float(c, 0xF3, true, true); return true;
    case GWWasmOpcode_f64Sqrt: float_to_float(c, 0xF2, 0x0F51, -1); return true;
    case GWWasmOpcode_f32Sqrt: float_to_float(c, 0xF3, 0x0F51, -1); return true;
    case GWWasmOpcode_f64PromoteF32: float_to_float(c, 0xF3, 0x0F5A, -1); return true;
    case GWWasmOpcode_f32DemoteF64: float_to_float(c, 0xF2, 0x0F5A, -1); return true;
    case GWWasmOpcode_f64Abs: change_sign(c, true, true); return true;
    case GWWasmOpcode_f64Neg: change_sign(c, true, false); return true;
    case GWWasmOpcode_f32Abs: change_sign(c, false, true); return true;
    case GWWasmOpcode_f32Neg: change_sign(c, false, false); return true;
    case GWWasmOpcode_i64TruncSatF64S: saturate(c, 0xF2); return true;
    case GWWasmOpcode_i64TruncSatF32S: saturate(c, 0xF3); return true;
    default: break;
    }
    if (!has_sse41) return false;
    // roundsd and roundss; bit 3 of the immediate: no exception for what is inexact.
    switch (c->info->wasm) {
    case GWWasmOpcode_f64Nearest: float_to_float(c, 0x66, 0x0F3A0B, 8); return true;
    case GWWasmOpcode_f64Floor: float_to_float(c, 0x66, 0x0F3A0B, 9); return true;
    case GWWasmOpcode_f64Ceil: float_to_float(c, 0x66, 0x0F3A0B, 10); return true;
    case GWWasmOpcode_f64Trunc: float_to_float(c, 0x66, 0x0F3A0B, 11); return true;
    case GWWasmOpcode_f32Nearest: float_to_float(c, 0x66, 0x0F3A0A, 8); return true;
    case GWWasmOpcode_f32Floor: float_to_float(c, 0x66, 0x0F3A0A, 9); return true;
    case GWWasmOpcode_f32Ceil: float_to_float(c, 0x66, 0x0F3A0A, 10); return true;
    case GWWasmOpcode_f32Trunc: float_to_float(c, 0x66, 0x0F3A0A, 11); return true;
    default: return false;
    }
}

static bool binary(compiler *c) {
#define BOTH(name, action32, action64) \
    case GWWasmOpcode_i32##name: action32; return true; \
    case GWWasmOpcode_i64##name: action64; return true;
#define EACH(name, function, ...) BOTH(name, function(c, false, __VA_ARGS__), function(c, true, __VA_ARGS__))
    if (c->info->first == GWKind_m || c->info->first == GWKind_k || c->info->second == GWKind_m ||
        c->info->second == GWKind_k) {
        float_memory(c);
        return true;
    }
    bool wide;
    GWX86Condition condition;
    if (condition_of(c->info->wasm, &wide, &condition)) {
        compare_to_slot(c, wide, condition);
        return true;
    }
    switch (c->info->wasm) {
        EACH(Add, arithmetic, X_ADD)
        EACH(Sub, arithmetic, X_SUB)
        EACH(And, arithmetic, X_AND)
        EACH(Or, arithmetic, X_OR)
        EACH(Xor, arithmetic, X_XOR)
        EACH(Shl, shift, shift_shl)
        EACH(ShrS, shift, shift_sar)
        EACH(ShrU, shift, shift_shr)
        EACH(Rotl, shift, shift_rol)
        EACH(Rotr, shift, shift_ror)
        EACH(DivS, divide, true, false)
        EACH(DivU, divide, false, false)
        EACH(RemS, divide, true, true)
        EACH(RemU, divide, false, true)
        BOTH(Mul, multiply(c, false), multiply(c, true))
    default: break;
    }
    if (float_opcode(c->info->wasm)) {
        float_binary(c);
        return true;
    }
    if (is_float_comparison(c->info->wasm)) {
        float_compare_to_slot(c);
        return true;
    }
    return false;
}

// --- Moves and constants ---

static void move(compiler *c, uint32_t d, uint32_t from) {
    int x = c->floats.of[from];
    if (x >= 0 || (c->integers.of[from] < 0 && becomes_float(c, d))) {
        int r = begin_with(c, &c->floats, from, d);
        return define_float(c, d, r);
    }
    int r = c->integers.of[from];
    bool is_short = r >= 0 && (c->short_values >> r & 1);
    r = begin_with(c, &c->integers, from, d);
    (is_short ? define_short : define)(c, d, r);
}

static void constant(compiler *c, uint32_t d, uint64_t number) {
    int r = take(c, &c->integers);
    gw_x86_constant(X, r, number);
    (number <= UINT32_MAX ? define_short : define)(c, d, r);
}

static void zero_slots(compiler *c, uint32_t first, uint32_t count) {
    for (uint32_t slot = first; slot < first + count; slot++) {
        if (c->integers.of[slot] >= 0) drop(&c->integers, c->integers.of[slot]);
        if (c->floats.of[slot] >= 0) drop(&c->floats, c->floats.of[slot]);
    }
    if (count <= 8) {
        gw_x86_clear(X, RAX);
        for (uint32_t slot = first; slot < first + count; slot++) gw_x86_store(X, true, RAX, slot_memory(slot));
        return;
    }
    // A loop over them: rdx counts up to rcx.
    gw_x86_clear(X, RAX);
    gw_x86_address(X, true, RDX, slot_memory(first));
    gw_x86_address(X, true, RCX, slot_memory(first + count));
    uint8_t *again = X->at;
    gw_x86_store(X, true, RAX, gw_x86_at(RDX, 0));
    gw_x86_immediate(X, true, X_ADD, RDX, 8);
    gw_x86_register_op(X, 0, true, 0x3B, RDX, RCX, false);
    gw_x86_byte(X, 0x70u | CC_B);
    gw_x86_byte(X, (uint8_t)(again - (X->at + 1)));
}

static void select_value(compiler *c) {
    uint32_t d = OPERAND(0), a = OPERAND(1), b = OPERAND(2), condition = OPERAND(3);
    int test = use(c, condition), right = use(c, b);
    int r = take(c, &c->integers);
    load_source(c, true, r, (source){source_register, use(c, a), {0}, 0});
    gw_x86_test(X, false, test);
    gw_x86_register_op(X, 0, true, 0x0F40u | CC_E, r, right, false);
    define(c, d, r);
}

// --- Jumps, calls, returns ---

static void branch_table(compiler *c) {
    uint32_t count = c->pc[2];
    load_source(c, false, RAX, slot_source(c, OPERAND(0)));
    flush_all(c);
    gw_x86_constant(X, RCX, count);
    gw_x86_register_op(X, 0, false, 0x3B, RAX, RCX, false);
    gw_x86_register_op(X, 0, false, 0x0F40u | CC_A, RAX, RCX, false);
    // lea rcx, [rip + the bytes up to the table]; movsxd rax, [rcx + 4 rax]; add rax, rcx; jmp rax
    uint8_t *load_table = X->at;
    gw_x86_address(X, true, RCX, gw_x86_absolute(gw_x86_here(X)));
    gw_x86_memory_op(X, 0, true, 0x63, RAX, gw_x86_indexed(RCX, RAX, 2, 0), false);
    gw_x86_register_op(X, 0, true, 0x03, RAX, RCX, false);
    gw_x86_register_op(X, 0, false, 0xFF, 4, RAX, false);
    uint8_t *table = X->at;
    gw_x86_bind(load_table + 3, table);
    for (uint32_t k = 0; k <= count; k++) {
        fix(c, X->at, c->i->cell + c->pc[c->info->cells + k], table);
        gw_x86_word32(X, 0);
    }
}

// Go's check of its stack, and where there is room the taking of the frame.
static void stack_check(compiler *c) {
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    gw_x86_load(X, false, RAX, gw_x86_at(GLOBALS, (int32_t)(OPERAND(0) * 8)));
    gw_x86_memory_op(X, 0, false, 0x3B, SP, offset_from(c, RAX, OPERAND(1)), false);
    uint8_t *is_short_of_stack = gw_x86_short_jump_if(X, CC_BE);
    uint32_t frame = c->pc[4];
    if (frame) gw_x86_immediate(X, false, X_SUB, SP, (int32_t)frame);
    jump_to(c, target);
    gw_x86_bind_short(X, is_short_of_stack);
}

// Goes on at the cell in rax, in machine code if there is any.
static void go_on(compiler *c) {
    const GWNative *n = c->native;
    gw_x86_load(X, false, RCX, gw_x86_at(RAX, (int32_t)((intptr_t)n->map - (intptr_t)n->arena)));
    gw_x86_address(X, true, RDX, gw_x86_absolute((uintptr_t)n->run));
    gw_x86_register_op(X, 0, true, 0x03, RCX, RDX, false);
    gw_x86_register_op(X, 0, false, 0xFF, 4, RCX, false);
}
static void leave(compiler *c) {
    gw_x86_load(X, true, RAX, gw_x86_at(FRAME, -8));
    gw_x86_immediate(X, true, X_ADD, RAX, RETURN_BYTES);
    gw_x86_load(X, true, FRAME, gw_x86_at(FRAME, -24));
    go_on(c);
}
static void leave_zero(compiler *c) {
    gw_x86_load(X, true, RAX, gw_x86_at(FRAME, -16));
    gw_x86_load(X, true, FRAME, gw_x86_at(FRAME, -24));
    go_on(c);
}
static void set_result(compiler *c, uint32_t number) {
    // A value of 32 bits in a slot is zero-extended.
    gw_x86_constant(X, RAX, number);
    gw_x86_store(X, true, RAX, slot_memory(0));
}

static void give_back(compiler *c) {
    // What is left in slots, several results, is live.
    switch (c->info->plain) {
    case GWOp_return:
        flush_all(c);
        return leave(c);
    case GWOp_returnSlot: {
        load_source(c, true, RDX, slot_source(c, OPERAND(0)));
        flush_all(c);
        gw_x86_store(X, true, RDX, slot_memory(0));
        return leave(c);
    }
    case GWOp_returnImmediate:
        flush_all(c);
        set_result(c, OPERAND(0));
        if (OPERAND(0)) leave(c);
        else leave_zero(c);
        return;
    case GWOp_returnZeroPop:
        flush_all(c);
        gw_x86_immediate(X, false, X_ADD, SP, (int32_t)OPERAND(0));
        set_result(c, 0);
        return leave_zero(c);
    default: c->failed = true;
    }
}

// Stores the arguments of a call and what is needed behind it.
static void flush_call(compiler *c) {
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

// Has a gw_outside function do the instruction, and goes on behind it.
static void call_outside(compiler *c, gw_outside *function) {
    load_pc(c, c->i->cell);
    gw_x86_constant(X, RCX, (uint64_t)(uintptr_t)function);
    gw_x86_call_to(X, stub(c, c->native->stubs.outside));
}

static void call(compiler *c) {
    const GWOpInfo *info = c->info;
    const uint32_t *pc = c->pc;
    GWNative *n = c->native;
    if (info->plain == GWOp_callImport) {
        flush_call(c);
        forget_all(c);
        return call_outside(c, gw_outside_callImport);
    }
    bool is_indirect = info->family == GWFamily_callIndirect;
    int zero = info->plain != GWOp_call && info->plain != GWOp_callIndirect;
    uint32_t base = pc[GW_CALL_BASE] & 0xFFFF;
    if (is_indirect) load_source(c, false, RAX, slot_source(c, pc[GW_CALL_FUNCTION] & 0xFFFF));
    flush_call(c);
    forget_all(c);
    if (info->facts & GWFact_pushes) {
        gw_x86_immediate(X, false, X_SUB, SP, GW_PUSH_SIZE);
        gw_x86_memory_op(X, 0, true, 0xC7, 0, gw_x86_indexed(MEMORY, SP, 0, 0), false);
        gw_x86_word32(X, pc[GW_CALL_IMMEDIATE]);
    }
    if (is_indirect) {
        gw_x86_load(X, true, RDX, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
        gw_x86_load(X, true, RCX, gw_x86_at(RDX, FIELD(GWInstance, tables)));
        gw_x86_load(X, true, RCX, gw_x86_at(RCX, (int32_t)(pc[GW_CALL_FUNCTION] >> 16) * 8));
        gw_x86_memory_op(X, 0, false, 0x3B, RAX, gw_x86_at(RCX, FIELD(GWTable, count)), false);
        trap_if(c, CC_AE, GWTrap_undefinedElement);
        gw_x86_load(X, true, RCX, gw_x86_at(RCX, FIELD(GWTable, elements)));
        gw_x86_load(X, true, RCX, gw_x86_indexed(RCX, RAX, 3, 0));
        gw_x86_test(X, true, RCX);
        trap_if(c, CC_E, GWTrap_uninitializedElement);
        gw_x86_memory_immediate(
            X, false, X_CMP, gw_x86_at(RCX, FIELD(GWFunction, type)), (int32_t)pc[GW_CALL_TARGET]);
        trap_if(c, CC_NE, GWTrap_indirectCallTypeMismatch);
        gw_x86_memory_op(X, 0, true, 0x3B, RDX, gw_x86_at(RCX, FIELD(GWFunction, instance)), false);
        gw_outside *other = zero ? gw_outside_callOtherZero : gw_outside_callOther;
        add_outline(c, (outline){gw_x86_jump_if(X, CC_NE), c->i->cell, outline_other, GWTrap_none, other});
        gw_x86_load(X, false, RBX, gw_x86_at(RCX, FIELD(GWFunction, index)));
    }
    // The header: the call, where the result 0 goes on, the caller's frame.
    load_pc(c, c->i->cell);
    gw_x86_address(X, true, RDX, slot_memory(base));
    gw_x86_address(X, true, RCX, gw_x86_at(RAX, (int32_t)(pc[GW_CALL_ZERO] * sizeof(uint32_t))));
    gw_x86_store(X, true, RAX, gw_x86_at(RDX, -8));
    gw_x86_store(X, true, RCX, gw_x86_at(RDX, -16));
    gw_x86_store(X, true, FRAME, gw_x86_at(RDX, -24));
    gw_x86_move(X, true, FRAME, RDX);
    gw_x86_memory_op(X, 0, true, 0x3B, FRAME, gw_x86_at(MACHINE, FIELD(GWMachine, stack_limit)), false);
    gw_x86_bind(gw_x86_jump_if(X, CC_A), (uint8_t *)(stub(c, n->stubs.limit) - (uintptr_t)X->distance));
    if (is_indirect) {
        gw_x86_address(X, true, RCX, gw_x86_absolute((uintptr_t)n->entries[zero]));
        gw_x86_memory_op(X, 0, false, 0xFF, 4, gw_x86_indexed(RCX, RBX, 3, 0), false);
    } else if (pc[GW_CALL_FUNCTION] == c->a.function) {
        const GWCodeEntry *entry = &n->code->entries[c->a.function];
        jump_to(c, zero ? entry->zero : entry->any);
    } else {
        uintptr_t entry = (uintptr_t)&n->entries[zero][pc[GW_CALL_FUNCTION]];
        gw_x86_memory_op(X, 0, false, 0xFF, 4, gw_x86_absolute(entry), false);
    }
}

// --- Jumps of other kinds ---

static bool other_jump(compiler *c) {
    uint32_t target = 0;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    switch (c->info->plain) {
    case GWOp_jump:
        flush_live(c, target);
        jump_to(c, target);
        return true;
    case GWOp_constU32Jump:
        constant(c, OPERAND(0), OPERAND(1));
        flush_live(c, target);
        jump_to(c, target);
        return true;
    case GWOp_branchIf:
    case GWOp_branchUnless: {
        flush_live(c, target);
        source s = slot_source(c, OPERAND(0));
        compare(c, false, s, (source){source_number, 0, {0}, 0});
        jump_if(c, c->info->plain == GWOp_branchIf ? CC_NE : CC_E, target);
        return true;
    }
    case GWOp_branchTable: branch_table(c); return true;
    case GWOp_stackCheck: stack_check(c); return true;
    case GWOp_counter: return true;
    case GWOp_load64_nonzero_r: {
        flush_live(c, target);
        int pointer = use(c, OPERAND(0));
        gw_x86_test(X, true, pointer);
        uint8_t *is_nil = gw_x86_short_jump_if(X, CC_E);
        gw_x86_move(X, false, RAX, pointer);
        gw_x86_load(X, true, RDX, offset_from(c, RAX, OPERAND(2)));
        gw_x86_store(X, true, RDX, slot_memory(OPERAND(1)));
        jump_to(c, target);
        gw_x86_bind_short(X, is_nil);
        return true;
    }
    case GWOp_load64_nonzero_s: {
        flush_live(c, target);
        gw_x86_load(X, true, RAX, stack_word(c, OPERAND(1)));
        gw_x86_test(X, true, RAX);
        uint8_t *is_nil = gw_x86_short_jump_if(X, CC_E);
        gw_x86_move(X, false, RAX, RAX);
        gw_x86_load(X, true, RDX, offset_from(c, RAX, OPERAND(2)));
        gw_x86_store(X, true, RDX, slot_memory(OPERAND(0)));
        jump_to(c, target);
        gw_x86_bind_short(X, is_nil);
        return true;
    }
    case GWOp_nonzero_branch_s:
        flush_live(c, target);
        gw_x86_memory_immediate(X, true, X_CMP, stack_word(c, OPERAND(1)), 0);
        jump_if(c, CC_NE, target);
        return true;
    case GWOp_load64_branch_zero: {
        gw_x86_memory m = slot_word(c, OPERAND(1), OPERAND(2));
        int r = take(c, &c->integers);
        gw_x86_load(X, true, r, m);
        define(c, OPERAND(0), r);
        flush_live(c, target);
        gw_x86_test(X, true, r);
        jump_if(c, CC_E, target);
        return true;
    }
    case GWOp_i64Eq_branch_zero: {
        int r = take(c, &c->integers);
        source a = slot_source(c, OPERAND(1)), b = slot_source(c, OPERAND(2));
        compare(c, true, a, b);
        gw_x86_set(X, CC_E, r);
        define_short(c, OPERAND(0), r);
        flush_live(c, target);
        gw_x86_test(X, false, r);
        jump_if(c, CC_E, target);
        return true;
    }
    default: return false;
    }
}

// --- The rest ---

static gw_x86_memory global_memory(uint32_t index) { return gw_x86_at(GLOBALS, (int32_t)(index * 8)); }

static bool register_or_global(compiler *c) {
    switch (c->info->plain) {
    case GWOp_spGet: {
        int r = take(c, &c->integers);
        gw_x86_move(X, true, r, SP);
        define_short(c, OPERAND(0), r);
        return true;
    }
    case GWOp_spSet: load_source(c, false, SP, slot_source(c, OPERAND(0))); return true;
    case GWOp_spSetImmediate: gw_x86_constant(X, SP, OPERAND(0)); return true;
    case GWOp_spAdd: gw_x86_immediate(X, false, X_ADD, SP, (int32_t)OPERAND(0)); return true;
    case GWOp_globalGet: {
        if (OPERAND(1) > INT32_MAX / 8) return false;
        int r = take(c, &c->integers);
        gw_x86_load(X, true, r, global_memory(OPERAND(1)));
        define(c, OPERAND(0), r);
        return true;
    }
    case GWOp_globalSet:
        if (OPERAND(1) > INT32_MAX / 8) return false;
        gw_x86_store(X, true, use(c, OPERAND(0)), global_memory(OPERAND(1)));
        return true;
    default: return false;
    }
}

static bool address_sum(compiler *c) {
    uint32_t d = OPERAND(0);
    int r;
    switch (c->info->plain) {
    case GWOp_spAddress:
        r = take(c, &c->integers);
        gw_x86_address(X, false, r, gw_x86_at(SP, (int32_t)OPERAND(1)));
        define_short(c, d, r);
        return true;
    case GWOp_spAddress64:
        r = take(c, &c->integers);
        gw_x86_address(X, true, r, gw_x86_at(SP, (int32_t)OPERAND(1)));
        define(c, d, r);
        return true;
    case GWOp_i64AddShifted:
    case GWOp_i32AddShifted: {
        bool wide = c->info->plain == GWOp_i64AddShifted;
        // Both sources are held before a register for the result is looked for.
        use(c, OPERAND(1)), use(c, OPERAND(2));
        r = take(c, &c->integers);
        add_shifted(c, wide, r, OPERAND(1), OPERAND(2), OPERAND(3));
        (wide ? define : define_short)(c, d, r);
        return true;
    }
    default: return false;
    }
}

static bool words(compiler *c) {
    switch (c->info->plain) {
    case GWOp_load64_s2:
        for (int k = 0; k < 2; k++) {
            uint32_t d = OPERAND(2 * k);
            if (becomes_float(c, d)) {
                int x = take(c, &c->floats);
                gw_x86_memory_op(X, 0xF2, false, 0x0F10, x, stack_word(c, OPERAND(2 * k + 1)), false);
                define_float(c, d, x);
            } else {
                int r = take(c, &c->integers);
                gw_x86_load(X, true, r, stack_word(c, OPERAND(2 * k + 1)));
                define(c, d, r);
            }
        }
        return true;
    case GWOp_store64_sr2:
    case GWOp_store64_tr2:
        for (int k = 0; k < 2; k++) {
            uint32_t slot = OPERAND(2 * k + 1), word = OPERAND(2 * k);
            bool is_float_value = c->floats.of[slot] >= 0;
            int r = is_float_value ? use_float(c, slot) : use(c, slot);
            gw_x86_memory m = c->info->plain == GWOp_store64_sr2 ? stack_word(c, word) : wrapped_word(c, RAX, word);
            if (is_float_value) gw_x86_memory_op(X, 0xF2, false, 0x0F11, r, m, false);
            else gw_x86_store(X, true, r, m);
        }
        return true;
    default: return false;
    }
}

static bool move_or_constant(compiler *c) {
    switch (c->info->plain) {
    case GWOp_move: move(c, OPERAND(0), OPERAND(1)); return true;
    case GWOp_constS32: constant(c, OPERAND(0), (uint64_t)(int64_t)(int32_t)OPERAND(1)); return true;
    case GWOp_constU32: constant(c, OPERAND(0), OPERAND(1)); return true;
    case GWOp_const64: constant(c, OPERAND(0), c->pc[2] | (uint64_t)c->pc[3] << 32); return true;
    case GWOp_zeroSlots: zero_slots(c, OPERAND(0), OPERAND(1)); return true;
    case GWOp_select: select_value(c); return true;
    case GWOp_memorySize: {
        int r = take(c, &c->integers);
        gw_x86_load(X, true, r, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
        gw_x86_load(X, true, r, gw_x86_at(r, FIELD(GWInstance, memory)));
        gw_x86_load(X, true, r, gw_x86_at(r, FIELD(GWMemory, size)));
        gw_x86_register_op(X, 0, true, 0xC1, 5, r, false);
        gw_x86_byte(X, 16);
        define_short(c, OPERAND(0), r);
        return true;
    }
    default: return false;
    }
}

// Two moves, one after the other. The marks of the second's slots would be taken for the first's: they are the same
// slots at times. So both are done as if all values were needed still.
static void move_twice(compiler *c) {
    for (int k = 0; k < 2; k++) {
        uint32_t d = OPERAND(2 * k), from = OPERAND(2 * k + 1);
        c->effect_count = 0;
        move(c, d, from);
    }
}

// The functions of gw_outside.c by instruction: what calls out for the loop is called here, too.
static gw_outside *const outsides[GWOp_count] = {
#define GW_OUTSIDE(name, ...) [GWOp_##name] = gw_outside_##name,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
    [GWOp_i8x16Shuffle] = gw_outside_i8x16Shuffle,
};

// Whether there is a template; if so, writes it.
static bool write_instruction(compiler *c) {
    switch (c->info->family) {
    case GWFamily_binary: return binary(c) || (numerics[c->i->op] && (call_numeric(c, numerics[c->i->op]), true));
    case GWFamily_unary: return unary(c) || (numerics[c->i->op] && (call_numeric(c, numerics[c->i->op]), true));
    case GWFamily_branch:
        if (is_float_comparison(c->info->wasm)) float_branch(c, true);
        else branch(c);
        return true;
    case GWFamily_branchNot: float_branch(c, false); return true;
    case GWFamily_load: load(c); return true;
    case GWFamily_store: store(c); return true;
    case GWFamily_move:
        if (c->info->plain == GWOp_move2) {
            move_twice(c);
            return true;
        }
        return move_or_constant(c);
    case GWFamily_constant:
    case GWFamily_select: return move_or_constant(c);
    case GWFamily_register:
    case GWFamily_global: return register_or_global(c);
    case GWFamily_address: return address_sum(c);
    case GWFamily_words: return words(c);
    case GWFamily_jump: return other_jump(c);
    case GWFamily_call:
    case GWFamily_callIndirect: call(c); return true;
    case GWFamily_return:
        if (c->info->plain == GWOp_exit) return false;
        give_back(c);
        return true;
    case GWFamily_trap:
        if (c->info->plain != GWOp_unreachable) return false;
        add_outline(c, (outline){gw_x86_jump(X), c->i->cell, outline_trap, GWTrap_unreachable, NULL});
        return true;
    default: break;
    }
    if (c->info->plain == GWOp_memorySize) return move_or_constant(c);
    if (outsides[c->i->op]) {
        flush_all(c);
        forget_all(c);
        call_outside(c, outsides[c->i->op]);
        return true;
    }
    return false;
}

// Goes on in the loop at the instruction at hand; the loop may come back at the next one.
static void leave_to_loop(compiler *c) {
    flush_all(c);
    forget_all(c);
    load_pc(c, c->i->cell);
    gw_x86_jump_to(X, (uintptr_t)c->native->run);
}

// --- A function ---

// What one instruction takes at most: 21 registers written to the frame twice, and the longest template.
#define MOST_BYTES 1024

static bool coin(const compiler *c, uint32_t number) {
    uint32_t seed = c->native->options.coin;
    if (!seed) return true;
    uint64_t hash = ((uint64_t)seed << 32 ^ (uint64_t)c->a.function * 0x9E3779B1u ^ number) * 0x9E3779B97F4A7C15;
    return hash >> 40 & 1;
}

// Lets no register hold a slot that the instruction at hand was the last to need, unless it has given it a new value.
static void drop_unless_defined(compiler *c, uint32_t slot) {
    for (int k = 0; k < c->effect_count; k++)
        if (c->effects[k].kind == gw_effect_define && slot - c->effects[k].slot < c->effects[k].count) return;
    if (c->integers.of[slot] >= 0) drop(&c->integers, c->integers.of[slot]);
    if (c->floats.of[slot] >= 0) drop(&c->floats, c->floats.of[slot]);
}

static void write_function(compiler *c) {
    const gw_analysis *a = &c->a;
    bool leads = false;
    c->goes_on = false;
    for (uint32_t index = 0; index < a->count && !c->failed; index++) {
        const gw_instruction *i = &a->instructions[index];
        c->i = i;
        c->info = &gw_op_info()[i->op];
        c->pc = gw_cells(a, i);
        uint64_t most = MOST_BYTES + (i->op == GWOp_branchTable ? 4 * ((uint64_t)c->pc[2] + 1) : 0);
        if (c->x.at + most > c->limit) {
            c->failed = true;
            return;
        }
        if (i->is_leader || leads) {
            if (c->goes_on) flush_live(c, i->cell);
            forget_all(c);
            c->short_values = 0;
            leads = true;
        }
        c->effect_count = gw_effects(a, i, c->effects);
        c->integers.locked = c->floats.locked = 0;
        uint32_t offset = offset_here(c);
        c->offsets[i->cell - a->first] = offset;
        note_place(c, i->cell);
        bool is_entry = leads;
        leads = false;
        if (write_instruction(c)) {
            c->goes_on = !(c->info->facts & GWFact_neverGoesOn);
            // Values that are needed no more make room.
            for (int k = 0; k < c->effect_count; k++)
                if (c->effects[k].kind == gw_effect_use && c->effects[k].count == 1 && i->last >> k & 1)
                    drop_unless_defined(c, c->effects[k].slot);
        } else {
            leave_to_loop(c);
            c->goes_on = false;
            // The loop does it, so it must not come over there.
            is_entry = false;
            leads = true;
        }
        if (!c->goes_on) forget_all(c);
        if (is_entry && coin(c, i->cell)) c->entries[c->entry_count++] = (gw_native_entry){i->cell, offset};
    }
}

static void write_outlines(compiler *c) {
    for (uint32_t k = 0; k < c->outline_count && !c->failed; k++) {
        const outline *o = &c->outlines[k];
        if (c->x.at + MOST_BYTES > c->limit) {
            c->failed = true;
            return;
        }
        gw_x86_bind(o->jump, c->x.at);
        note_place(c, o->cell);
        load_pc(c, o->cell);
        switch (o->kind) {
        case outline_trap:
            gw_x86_constant(X, RCX, o->trap);
            gw_x86_jump_to(X, stub(c, c->native->stubs.trap));
            break;
        case outline_found_trap:
            gw_x86_memory_op(X, 0, false, 0x0FB6, RCX, gw_x86_at(MACHINE, FIELD(GWMachine, trap)), false);
            gw_x86_jump_to(X, stub(c, c->native->stubs.trap));
            break;
        case outline_other:
            gw_x86_constant(X, RCX, (uint64_t)(uintptr_t)o->function);
            gw_x86_call_to(X, stub(c, c->native->stubs.outside));
            gw_x86_jump_to(X, (uintptr_t)c->native->run + c->offsets[o->cell + GW_CALL_CELLS - c->a.first]);
            break;
        }
    }
}

static void write_fixups(compiler *c) {
    for (uint32_t k = 0; k < c->fixup_count; k++) {
        const fixup *f = &c->fixups[k];
        uint32_t offset = c->offsets[f->cell - c->a.first];
        if (!offset) {
            c->failed = true;
            return;
        }
        uint8_t *target = c->native->write + offset;
        int32_t distance = (int32_t)(target - (f->table ? f->table : f->at + 4));
        memcpy(f->at, &distance, sizeof distance);
    }
}

static uint32_t entry_offset(const compiler *c, uint32_t cell) {
    for (uint32_t k = 0; k < c->entry_count; k++)
        if (c->entries[k].cell == cell) return c->entries[k].offset;
    return 0;
}

static bool prepare(compiler *c) {
    c->offsets = calloc(c->a.end - c->a.first, sizeof *c->offsets);
    c->entries = malloc((c->a.count + 1) * sizeof *c->entries);
    int8_t *registers = malloc(2 * (size_t)c->a.slots + 2);
    if (registers) memset(registers, -1, 2 * (size_t)c->a.slots + 2);
    c->integers.of = registers;
    c->floats.of = registers ? registers + c->a.slots + 1 : NULL;
    c->integers.allowed = INTEGERS;
    c->floats.allowed = FLOATS;
    for (int r = 0; r < 16; r++) c->integers.slots[r] = c->floats.slots[r] = -1;
    return c->offsets && c->entries && registers;
}

bool gw_native_emit(
    GWNative *native, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots) {
    compiler compiler = {.native = native}, *c = &compiler;
    bool is_made = false;
    gw_native_place *places = NULL;
    if (gw_analyse(&c->a, native->code, shape, function, first, end, slots) && prepare(c)) {
        uint32_t begin = (native->used + 15) & ~15u;
        c->x = (gw_x86){native->write + begin, (intptr_t)native->run - (intptr_t)native->write};
        c->limit = native->write + native->capacity;
        write_function(c);
        if (!c->failed) write_outlines(c);
        if (!c->failed) write_fixups(c);
        if (!c->failed) places = realloc(c->places, c->place_count * sizeof *places);
        if (places) {
            c->places = NULL;
            const GWCodeEntry *entry = &native->code->entries[function];
            gw_native_function made = {
                .begin = begin, .end = offset_here(c), .index = function, .place_count = c->place_count,
                .places = places,
            };
            native->statistics.functions++;
            native->statistics.bytes += made.end - made.begin;
            native->statistics.instructions += c->a.count;
            gw_native_publish(
                native, made, c->entries, c->entry_count, entry_offset(c, entry->any), entry_offset(c, entry->zero));
            is_made = true;
        }
    }
    free(c->places);
    free(c->fixups);
    free(c->outlines);
    free(c->entries);
    free(c->offsets);
    free(c->integers.of);
    gw_analysis_free(&c->a);
    return is_made;
}

// --- Stubs ---

// (No compiler's name for it is known to all of them.)
static bool supports_lzcnt(void) {
    unsigned a, b, extended = 0, d;
    return __get_cpuid(0x80000001, &a, &b, &extended, &d) && extended >> 5 & 1;
}

// Puts the state into the machine: rax is the instruction. Uses rcx and rdx.
static void save_state(gw_x86 *x) {
    gw_x86_store(x, true, RAX, gw_x86_at(MACHINE, FIELD(GWMachine, pc)));
    gw_x86_store(x, true, FRAME, gw_x86_at(MACHINE, FIELD(GWMachine, fp)));
    gw_x86_load(x, true, RCX, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
    gw_x86_load(x, false, RDX, gw_x86_at(RCX, FIELD(GWInstance, sp_global)));
    gw_x86_immediate(x, false, X_CMP, RDX, -1);
    uint8_t *is_none = gw_x86_short_jump_if(x, CC_E);
    gw_x86_store(x, true, SP, gw_x86_indexed(GLOBALS, RDX, 3, 0));
    gw_x86_bind_short(x, is_none);
}

// Reads memory's first byte and the register global, which may have changed. Uses rcx and rdx.
static void reload_state(gw_x86 *x) {
    gw_x86_load(x, true, RCX, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
    gw_x86_load(x, true, RDX, gw_x86_at(RCX, FIELD(GWInstance, memory)));
    gw_x86_clear(x, MEMORY);
    gw_x86_test(x, true, RDX);
    uint8_t *has_none = gw_x86_short_jump_if(x, CC_E);
    gw_x86_load(x, true, MEMORY, gw_x86_at(RDX, FIELD(GWMemory, base)));
    gw_x86_bind_short(x, has_none);
    gw_x86_load(x, false, RDX, gw_x86_at(RCX, FIELD(GWInstance, sp_global)));
    gw_x86_immediate(x, false, X_CMP, RDX, -1);
    uint8_t *is_none = gw_x86_short_jump_if(x, CC_E);
    gw_x86_load(x, true, SP, gw_x86_indexed(GLOBALS, RDX, 3, 0));
    gw_x86_bind_short(x, is_none);
}

static const int kept[] = {RBX, RBP, R12, R13, R14, R15};
enum { KEPT_COUNT = sizeof kept / sizeof *kept };
static void push_or_pop(gw_x86 *x, unsigned opcode, int r) {
    if (r >= R8) gw_x86_byte(x, 0x41);
    gw_x86_byte(x, opcode | (unsigned)(r & 7));
}
// Returns eax to gw_outside_native. The C stack is aligned to 16 bytes while machine code runs.
static void write_end(gw_x86 *x) {
    gw_x86_immediate(x, true, X_ADD, RSP, 8);
    for (int k = KEPT_COUNT; k-- > 0;) push_or_pop(x, 0x58, kept[k]);
    gw_x86_byte(x, 0xC3);
}
static void write_call(gw_x86 *x, GWTrap (*function)(GWMachine *)) {
    gw_x86_move(x, true, RDI, MACHINE);
    gw_x86_constant(x, RAX, (uint64_t)(uintptr_t)function);
    gw_x86_register_op(x, 0, false, 0xFF, 2, RAX, false);
}

// The callee's header is written, and what a call pushes is pushed: the loop goes on with the callee.
static GWTrap enter_limited(GWMachine *m) {
    return m->interrupted ? GWTrap_interrupted : gw_outside_limitedCall(m);
}

void gw_native_write_stubs(GWNative *native) {
    __builtin_cpu_init();
    has_popcnt = __builtin_cpu_supports("popcnt");
    has_lzcnt = __builtin_cpu_supports("bmi") && supports_lzcnt();
    has_sse41 = __builtin_cpu_supports("sse4.1");
    gw_x86 x_ = {native->write, (intptr_t)native->run - (intptr_t)native->write}, *x = &x_;
#define HERE() ((uint32_t)(x->at - native->write))
    // At offset 0: goes on in the loop at rax.
    save_state(x);
    gw_x86_clear(x, RAX);
    write_end(x);

    native->stubs.enter = HERE();
    for (int k = 0; k < KEPT_COUNT; k++) push_or_pop(x, 0x50, kept[k]);
    gw_x86_immediate(x, true, X_SUB, RSP, 8);
    gw_x86_move(x, true, MACHINE, RDI);
    gw_x86_load(x, true, RCX, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
    gw_x86_load(x, true, GLOBALS, gw_x86_at(RCX, FIELD(GWInstance, globals)));
    gw_x86_load(x, true, FRAME, gw_x86_at(MACHINE, FIELD(GWMachine, fp)));
    gw_x86_clear(x, SP);
    reload_state(x);
    gw_x86_register_op(x, 0, false, 0xFF, 4, RSI, false);

    native->stubs.trap = HERE();
    gw_x86_move(x, true, RBX, RCX);
    save_state(x);
    gw_x86_move(x, true, RAX, RBX);
    write_end(x);

    native->stubs.outside = HERE();
    gw_x86_immediate(x, true, X_SUB, RSP, 8);
    gw_x86_move(x, true, RBX, RCX);
    save_state(x);
    gw_x86_move(x, true, RDI, MACHINE);
    gw_x86_register_op(x, 0, false, 0xFF, 2, RBX, false);
    // A trap is a byte; the rest of the register is anything.
    gw_x86_register_op(x, 0, false, 0x0FB6, RAX, RAX, true);
    gw_x86_test(x, false, RAX);
    uint8_t *fails = gw_x86_short_jump_if(x, CC_NE);
    gw_x86_memory_op(x, 0, false, 0x80, X_CMP, gw_x86_at(MACHINE, FIELD(GWMachine, interrupted)), false);
    gw_x86_byte(x, 0);
    uint8_t *interrupted = gw_x86_short_jump_if(x, CC_NE);
    reload_state(x);
    gw_x86_immediate(x, true, X_ADD, RSP, 8);
    gw_x86_byte(x, 0xC3);
    gw_x86_bind_short(x, interrupted);
    gw_x86_constant(x, RAX, GWTrap_interrupted);
    gw_x86_bind_short(x, fails);
    gw_x86_immediate(x, true, X_ADD, RSP, 16);
    write_end(x);

    for (int k = 0; k < 2; k++) {
        if (k) native->stubs.callee = HERE();
        else native->stubs.limit = HERE();
        gw_x86_load(x, true, RAX, gw_x86_at(FRAME, -8));
        gw_x86_load(x, true, FRAME, gw_x86_at(FRAME, -24));
        save_state(x);
        write_call(x, k ? gw_outside_enterCallee : enter_limited);
        write_end(x);
    }
    native->stubs.end = HERE();
#undef HERE
}

GWTrap gw_outside_native(GWMachine *m) {
    const GWCode *code = m->instance->code;
    GWNative *native = code->native;
    uint32_t target = __atomic_load_n(&native->map[m->pc - code->arena], __ATOMIC_ACQUIRE);
    GW_WRITE(native->statistics.entries, native->statistics.entries + 1);
    typedef GWTrap enter(GWMachine *, const void *);
    return ((enter *)(uintptr_t)(native->run + native->stubs.enter))(m, native->run + target);
}

#else

bool gw_native_emit(
    GWNative *native, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots) {
    (void)native, (void)shape, (void)function, (void)first, (void)end, (void)slots;
    return false;
}
void gw_native_write_stubs(GWNative *native) { (void)native; }
GWTrap gw_outside_native(GWMachine *m) {
    (void)m;
    __builtin_trap();
}

#endif
