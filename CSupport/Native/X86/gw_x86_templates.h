// What all templates of x86-64 use: addresses, sources, comparisons.
#ifndef GW_X86_TEMPLATES_H
#define GW_X86_TEMPLATES_H

#include "gw_native_compiler.h"

/// What the processor has, found out when the stubs are written; each has a portable form beside it.
extern struct gw_native_processor {
    bool popcnt, lzcnt, sse41;
} gw_native_processor;

static inline gw_x86_memory slot_memory(uint32_t slot) { return gw_x86_at(FRAME, (int32_t)(slot * 8)); }

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

#endif
