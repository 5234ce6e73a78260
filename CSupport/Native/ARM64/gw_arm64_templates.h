// What all templates of arm64 use: addresses, sources, comparisons.
#ifndef GW_ARM64_TEMPLATES_H
#define GW_ARM64_TEMPLATES_H

#include "gw_native_compiler.h"

static inline gw_arm64_memory slot_memory(uint32_t slot) { return gw_arm64_at(FRAME, (int64_t)slot * 8); }
static inline uintptr_t address_of(const compiler *c, uint32_t offset) { return (uintptr_t)c->native->run + offset; }

// Jumps where a register is 0, or where it is not.
static inline void jump_if_zero(compiler *c, bool is_zero, bool wide, int r, uint32_t cell) {
    fix(c, gw_jump_zero(X, is_zero, wide, r, c->is_far), cell, NULL);
}
static inline void trap_if_zero(compiler *c, bool wide, int r, GWTrap trap) {
    uint8_t *jump = gw_jump_zero(X, true, wide, r, c->is_far);
    add_outline(c, (outline){jump, c->i->cell, outline_trap, trap, NULL});
}

// The register global has changed, or linear memory has.
static inline void sum_stack(gw_arm64 *x) { gw_arm64_op(x, A_ADD, true, STACK, MEMORY, SP); }

// --- Addresses ---

// The low half of a register, and an offset of 32 bits, without wrapping.
static inline gw_arm64_memory offset_from(compiler *c, int index, uint32_t offset) {
    if (offset == 0) return gw_arm64_indexed(MEMORY, index, true, false);
    gw_arm64_add_word(X, ADDRESS, MEMORY, index);
    return gw_arm64_at(ADDRESS, offset);
}
static inline gw_arm64_memory stack_word(uint32_t displacement) { return gw_arm64_at(STACK, displacement); }
static inline gw_arm64_memory wrapped_word(compiler *c, uint32_t displacement) {
    gw_arm64_add_number(X, false, ADDRESS, SP, (int32_t)displacement);
    return gw_arm64_indexed(MEMORY, ADDRESS, false, false);
}
static inline gw_arm64_memory slot_word(compiler *c, uint32_t slot, uint32_t offset) {
    return offset_from(c, use(c, slot), offset);
}
static inline gw_arm64_memory sum_word(compiler *c, uint32_t slot, uint32_t summand) {
    int r = use(c, slot);
    if (summand == 0) return gw_arm64_indexed(MEMORY, r, true, false);
    gw_arm64_add_number(X, false, ADDRESS, r, (int32_t)summand);
    return gw_arm64_indexed(MEMORY, ADDRESS, false, false);
}
// a + (b << shift), of 32 or 64 bits.
static inline void add_shifted(compiler *c, bool wide, int to, uint32_t a, uint32_t b, uint32_t shift) {
    int left = use(c, a), right = use(c, b);
    gw_arm64_op_shifted(X, A_ADD, wide, to, left, right, shift & (wide ? 63 : 31));
}

// The address of a load or store whose operands begin with the one numbered `first`.
static inline gw_arm64_memory address(compiler *c, GWMode mode, int first) {
    switch (mode) {
    case GWMode_r: return slot_word(c, OPERAND(first), OPERAND(first + 1));
    case GWMode_k: return sum_word(c, OPERAND(first), OPERAND(first + 1));
    case GWMode_s: return stack_word(OPERAND(first));
    case GWMode_t: return wrapped_word(c, OPERAND(first));
    case GWMode_a: return gw_arm64_at(MEMORY, OPERAND(first));
    case GWMode_x:
        add_shifted(c, false, ADDRESS, OPERAND(first), OPERAND(first + 1), OPERAND(first + 2));
        return gw_arm64_indexed(MEMORY, ADDRESS, false, false);
    case GWMode_m:
        gw_arm64_access(X, A_LDR32, ADDRESS, stack_word(OPERAND(first)));
        return offset_from(c, ADDRESS, OPERAND(first + 1));
    default: c->failed = true; return gw_arm64_at(MEMORY, 0);
    }
}

// --- Sources ---

// A source of an operation: a register, or a number.
typedef struct source {
    bool is_number;
    int reg;
    int32_t number;
} source;

static inline source source_of(compiler *c, bool wide, GWKind kind, uint32_t operand, int scratch) {
    GWARM64Access load = wide ? A_LDR64 : A_LDR32;
    switch (kind) {
    case GWKind_r: return (source){false, use(c, operand), 0};
    case GWKind_i: return (source){true, 0, (int32_t)operand};
    case GWKind_s: gw_arm64_access(X, load, scratch, stack_word(operand)); break;
    case GWKind_t: gw_arm64_access(X, load, scratch, wrapped_word(c, operand)); break;
    default: c->failed = true;
    }
    return (source){false, scratch, 0};
}
// A register with a source: numbers are put into `scratch`.
static inline int in_register(compiler *c, bool wide, source s, int scratch) {
    if (!s.is_number) return s.reg;
    if (s.number == 0) return ZERO;
    gw_arm64_constant(X, scratch, wide ? (uint64_t)(int64_t)s.number : (uint32_t)s.number);
    return scratch;
}

// The register for the result of a binary operation; results that go to memory are made in a scratch one.
static inline int begin_result(compiler *c) {
    return c->info->destination == GWKind_r ? take(c, &c->integers) : T0;
}
static inline void end_result(compiler *c, bool wide, int r) {
    GWARM64Access store = wide ? A_STR64 : A_STR32;
    switch (c->info->destination) {
    case GWKind_r: (wide ? define : define_short)(c, OPERAND(0), r); break;
    case GWKind_s: gw_arm64_access(X, store, r, stack_word(OPERAND(0))); break;
    case GWKind_t: gw_arm64_access(X, store, r, wrapped_word(c, OPERAND(0))); break;
    default: c->failed = true;
    }
}

// Compares, and leaves the flags.
static inline void compare(compiler *c, bool wide, source a, source b) {
    int left = in_register(c, wide, a, T0);
    // (The register that is always 0 is the stack pointer to a comparison with a number.)
    if (b.is_number && left != ZERO) gw_arm64_compare_number(X, wide, left, b.number);
    else gw_arm64_op(X, A_SUBS, wide, ZERO, left, in_register(c, wide, b, T1));
}

static inline void constant(compiler *c, uint32_t d, uint64_t number) {
    int r = take(c, &c->integers);
    gw_arm64_constant(X, r, number);
    (number <= UINT32_MAX ? define_short : define)(c, d, r);
}

#endif
