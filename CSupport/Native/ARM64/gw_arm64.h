// An assembler for arm64: the encodings that the compiler uses (Arm Architecture Reference Manual for A-profile, part
// C: the A64 instruction set).
//
// Instructions are written at `at`, and belong at `at + distance`: the pages that are written are not those that run
// (see gw_native_memory.c). The buffer's room is looked at once an instruction of bytecode, not here.
#ifndef GW_ARM64_H
#define GW_ARM64_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/// The integer registers, by their numbers in encodings; 31 is the stack pointer or a register that is always 0, by the
/// instruction. Floating-point and vector registers are numbers from 0 to 31, too.
enum {
    X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15, X16, X17, X18, X19, X20, X21, X22, X23, X24,
    X25, X26, X27, X28, X29, X30, ZERO = 31, STACK_POINTER = 31,
};

/// Conditions, by their numbers in encodings: two that differ in the last bit are each other's opposites.
typedef enum GWARM64Condition {
    CC_EQ, CC_NE, CC_HS, CC_LO, CC_MI, CC_PL, CC_VS, CC_VC, CC_HI, CC_LS, CC_GE, CC_LT, CC_GT, CC_LE,
} GWARM64Condition;

/// What is written, and where it goes.
typedef struct gw_arm64 {
    uint8_t *at;
    /// What to add to the address that is written for the one that it runs at.
    intptr_t distance;
} gw_arm64;

static inline void gw_arm64_word(gw_arm64 *x, uint32_t word) {
    memcpy(x->at, &word, sizeof word);
    x->at += sizeof word;
}
/// The address at which what is written next runs.
static inline uintptr_t gw_arm64_here(const gw_arm64 *x) { return (uintptr_t)x->at + (uintptr_t)x->distance; }

/// The register that the functions below use where a number or a displacement fits no encoding.
enum { GW_ARM64_TEMPORARY = X17 };

// --- Register operations, by their encodings with 32 bits ---

typedef enum GWARM64Operation {
    A_AND = 0x0A000000, A_BIC = 0x0A200000, A_ORR = 0x2A000000, A_ORN = 0x2A200000, A_EOR = 0x4A000000,
    A_ANDS = 0x6A000000, A_ADD = 0x0B000000, A_ADDS = 0x2B000000, A_SUB = 0x4B000000, A_SUBS = 0x6B000000,
    A_UDIV = 0x1AC00800, A_SDIV = 0x1AC00C00, A_LSL = 0x1AC02000, A_LSR = 0x1AC02400, A_ASR = 0x1AC02800,
    A_ROR = 0x1AC02C00,
} GWARM64Operation;

static inline uint32_t gw_arm64_wide(bool wide) { return (uint32_t)wide << 31; }
static inline void gw_arm64_op(gw_arm64 *x, GWARM64Operation op, bool wide, int to, int a, int b) {
    gw_arm64_word(x, (uint32_t)op | gw_arm64_wide(wide) | (uint32_t)b << 16 | (uint32_t)a << 5 | (uint32_t)to);
}
/// The same with the second source shifted to the left; for sums and logical operations.
static inline void gw_arm64_op_shifted(
    gw_arm64 *x, GWARM64Operation op, bool wide, int to, int a, int b, unsigned shift) {
    gw_arm64_word(
        x, (uint32_t)op | gw_arm64_wide(wide) | (uint32_t)b << 16 | shift << 10 | (uint32_t)a << 5 | (uint32_t)to);
}
/// a + the low 32 bits of b, zero-extended.
static inline void gw_arm64_add_word(gw_arm64 *x, int to, int a, int b) {
    gw_arm64_word(x, 0x8B204000u | (uint32_t)b << 16 | (uint32_t)a << 5 | (uint32_t)to);
}
/// c + a * b, or c - a * b.
static inline void gw_arm64_multiply(gw_arm64 *x, bool subtracts, bool wide, int to, int a, int b, int c) {
    gw_arm64_word(
        x, (subtracts ? 0x1B008000u : 0x1B000000u) | gw_arm64_wide(wide) | (uint32_t)b << 16 | (uint32_t)c << 10 |
               (uint32_t)a << 5 | (uint32_t)to);
}
/// The number of leading zeros, and the bits the other way round.
static inline void gw_arm64_leading_zeros(gw_arm64 *x, bool wide, int to, int a) {
    gw_arm64_word(x, 0x5AC01000u | gw_arm64_wide(wide) | (uint32_t)a << 5 | (uint32_t)to);
}
static inline void gw_arm64_reverse_bits(gw_arm64 *x, bool wide, int to, int a) {
    gw_arm64_word(x, 0x5AC00000u | gw_arm64_wide(wide) | (uint32_t)a << 5 | (uint32_t)to);
}
/// a where the condition holds, otherwise b.
static inline void gw_arm64_select(gw_arm64 *x, GWARM64Condition condition, int to, int a, int b) {
    gw_arm64_word(
        x, 0x9A800000u | (uint32_t)b << 16 | (uint32_t)condition << 12 | (uint32_t)a << 5 | (uint32_t)to);
}
/// 1 where the condition holds, otherwise 0.
static inline void gw_arm64_set(gw_arm64 *x, GWARM64Condition condition, int to) {
    gw_arm64_word(x, 0x1A9F07E0u | (uint32_t)(condition ^ 1) << 12 | (uint32_t)to);
}
/// Bit fields (SBFM, UBFM): of them are shifts by numbers, and extensions.
static inline void gw_arm64_field(
    gw_arm64 *x, bool is_signed, bool wide, int to, int a, unsigned rotation, unsigned last) {
    gw_arm64_word(
        x, (is_signed ? 0x13000000u : 0x53000000u) | gw_arm64_wide(wide) | (uint32_t)wide << 22 | rotation << 16 |
               last << 10 | (uint32_t)a << 5 | (uint32_t)to);
}
static inline void gw_arm64_shift_left(gw_arm64 *x, bool wide, int to, int a, unsigned count) {
    unsigned width = wide ? 64 : 32;
    gw_arm64_field(x, false, wide, to, a, (width - count) & (width - 1), width - 1 - count);
}
static inline void gw_arm64_shift_right(gw_arm64 *x, bool is_signed, bool wide, int to, int a, unsigned count) {
    gw_arm64_field(x, is_signed, wide, to, a, count, wide ? 63 : 31);
}
static inline void gw_arm64_rotate_right(gw_arm64 *x, bool wide, int to, int a, unsigned count) {
    gw_arm64_word(
        x, 0x13800000u | gw_arm64_wide(wide) | (uint32_t)wide << 22 | (uint32_t)a << 16 | count << 10 |
               (uint32_t)a << 5 | (uint32_t)to);
}
/// A move of 32 bits clears the high half.
static inline void gw_arm64_move(gw_arm64 *x, bool wide, int to, int from) {
    if (to != from || !wide) gw_arm64_op(x, A_ORR, wide, to, ZERO, from);
}

// --- Numbers ---

/// The fields of a number as operand of a logical operation (bits 10 to 22): a run of ones, rotated, in elements of 2
/// to 64 bits, all alike. False for other numbers.
static inline bool gw_arm64_logical_number(uint64_t number, bool wide, uint32_t *fields) {
    if (!wide) number = (uint32_t)number | number << 32;
    if (number == 0 || number == ~UINT64_C(0)) return false;
    unsigned size = 64;
    while (size > 2) {
        uint64_t half = (UINT64_C(1) << size / 2) - 1;
        if ((number & half) != (number >> size / 2 & half)) break;
        size /= 2;
    }
    uint64_t element = ~UINT64_C(0) >> (64 - size);
    unsigned rotation, ones;
#define IS_RUN(n) ((((n) | ((n) - 1)) & (((n) | ((n) - 1)) + 1)) == 0)
    uint64_t n = number & element;
    if (IS_RUN(n)) {
        rotation = (unsigned)__builtin_ctzll(n);
        ones = (unsigned)__builtin_popcountll(n);
    } else {
        // The ones go over the end: the zeros are a run.
        uint64_t zeros = ~n & element;
        if (!IS_RUN(zeros)) return false;
        rotation = (unsigned)(64 - __builtin_clzll(zeros));
        ones = size - (unsigned)__builtin_popcountll(zeros);
    }
#undef IS_RUN
    unsigned pattern = (~(size - 1) << 1 | (ones - 1)) & 0x7F;
    *fields = (pattern >> 6 ^ 1) << 22 | ((size - rotation) & (size - 1)) << 16 | (pattern & 0x3F) << 10;
    return true;
}

/// A constant to a register; leaves the flags as they are.
static inline void gw_arm64_constant(gw_arm64 *x, int to, uint64_t number) {
    uint32_t fields;
    unsigned zeros = 0, ones = 0;
    for (unsigned k = 0; k < 4; k++) {
        zeros += (number >> 16 * k & 0xFFFF) == 0;
        ones += (number >> 16 * k & 0xFFFF) == 0xFFFF;
    }
    if (zeros < 3 && ones < 3 && gw_arm64_logical_number(number, true, &fields))
        return gw_arm64_word(x, 0xB2000000u | fields | ZERO << 5 | (uint32_t)to);
    // What most of the parts are needs no instruction.
    bool inverts = ones > zeros;
    bool is_first = true;
    for (unsigned k = 0; k < 4; k++) {
        uint32_t part = (uint32_t)(number >> 16 * k & 0xFFFF);
        if (part == (inverts ? 0xFFFFu : 0)) continue;
        uint32_t base = !is_first ? 0xF2800000u : inverts ? 0x92800000u : 0xD2800000u;
        if (is_first && inverts) part ^= 0xFFFF;
        gw_arm64_word(x, base | k << 21 | part << 5 | (uint32_t)to);
        is_first = false;
    }
    if (is_first) gw_arm64_word(x, (inverts ? 0x92800000u : 0xD2800000u) | (uint32_t)to);
}

// ADD or SUB (with flags) of a number of 12 bits, shifted by 12 if it is to be.
static inline void gw_arm64_sum_12(
    gw_arm64 *x, bool subtracts, bool sets_flags, bool wide, int to, int a, bool high, uint32_t number) {
    gw_arm64_word(
        x, 0x11000000u | gw_arm64_wide(wide) | (uint32_t)subtracts << 30 | (uint32_t)sets_flags << 29 |
               (uint32_t)high << 22 | number << 10 | (uint32_t)a << 5 | (uint32_t)to);
}
/// a + a number (modulo 2 to the 32nd for 32 bits). `to` and `a` are not the register that is always 0.
static inline void gw_arm64_add_number(gw_arm64 *x, bool wide, int to, int a, int64_t number) {
    if (!wide) number = (int32_t)number;
    uint64_t size = number < 0 ? -(uint64_t)number : (uint64_t)number;
    if (size == 0) return gw_arm64_move(x, wide, to, a);
    if (size >> 24) {
        gw_arm64_constant(x, GW_ARM64_TEMPORARY, (uint64_t)number);
        return gw_arm64_op(x, A_ADD, wide, to, a, GW_ARM64_TEMPORARY);
    }
    if (size >> 12) {
        gw_arm64_sum_12(x, number < 0, false, wide, to, a, true, (uint32_t)(size >> 12));
        a = to;
    }
    if (size & 0xFFF) gw_arm64_sum_12(x, number < 0, false, wide, to, a, false, (uint32_t)(size & 0xFFF));
}
/// Compares with a number.
static inline void gw_arm64_compare_number(gw_arm64 *x, bool wide, int a, int64_t number) {
    if (!wide) number = (int32_t)number;
    uint64_t size = number < 0 ? -(uint64_t)number : (uint64_t)number;
    bool is_high = size >> 12 && !(size & 0xFFF);
    if (size >> 12 && (!is_high || size >> 24)) {
        gw_arm64_constant(x, GW_ARM64_TEMPORARY, wide ? (uint64_t)number : (uint32_t)number);
        return gw_arm64_op(x, A_SUBS, wide, ZERO, a, GW_ARM64_TEMPORARY);
    }
    gw_arm64_sum_12(x, number >= 0, true, wide, ZERO, a, is_high, (uint32_t)(is_high ? size >> 12 : size));
}
/// AND, ORR, EOR (by their encodings with registers) of a number.
static inline void gw_arm64_logical(gw_arm64 *x, GWARM64Operation op, bool wide, int to, int a, uint64_t number) {
    uint32_t fields;
    if (gw_arm64_logical_number(number, wide, &fields))
        return gw_arm64_word(
            x, (((uint32_t)op & 0x60000000u) | 0x12000000u) | gw_arm64_wide(wide) | fields | (uint32_t)a << 5 |
                   (uint32_t)to);
    gw_arm64_constant(x, GW_ARM64_TEMPORARY, wide ? number : (uint32_t)number);
    gw_arm64_op(x, op, wide, to, a, GW_ARM64_TEMPORARY);
}
/// The address `target`, less than 4 GiB from here.
static inline void gw_arm64_address(gw_arm64 *x, int to, uintptr_t target) {
    uint32_t pages = (uint32_t)((target >> 12) - (gw_arm64_here(x) >> 12)) & 0x1FFFFF;
    gw_arm64_word(x, 0x90000000u | (pages & 3) << 29 | pages >> 2 << 5 | (uint32_t)to);
    if (target & 0xFFF) gw_arm64_sum_12(x, false, false, true, to, to, false, target & 0xFFF);
}

// --- Memory ---

/// A memory operand: base + displacement, or base + index; of the index all 64 bits or the low 32, zero-extended,
/// shifted by the size of the access if it is to be.
typedef struct gw_arm64_memory {
    int base, index;
    bool is_word, is_scaled;
    int64_t displacement;
} gw_arm64_memory;

static inline gw_arm64_memory gw_arm64_at(int base, int64_t displacement) {
    return (gw_arm64_memory){base, -1, false, false, displacement};
}
static inline gw_arm64_memory gw_arm64_indexed(int base, int index, bool is_word, bool is_scaled) {
    return (gw_arm64_memory){base, index, is_word, is_scaled, 0};
}

/// Loads and stores, by their encodings (size, kind of register, operation) with a displacement that is not scaled.
typedef enum GWARM64Access {
    A_STR8 = 0x38000000, A_LDR8 = 0x38400000, A_LDRS8_64 = 0x38800000, A_LDRS8_32 = 0x38C00000,
    A_STR16 = 0x78000000, A_LDR16 = 0x78400000, A_LDRS16_64 = 0x78800000, A_LDRS16_32 = 0x78C00000,
    A_STR32 = (int)0xB8000000, A_LDR32 = (int)0xB8400000, A_LDRS32_64 = (int)0xB8800000,
    A_STR64 = (int)0xF8000000, A_LDR64 = (int)0xF8400000,
    // Floating-point and vector registers.
    A_LDR_B = 0x3C400000, A_LDR_H = 0x7C400000,
    A_STR_S = (int)0xBC000000, A_LDR_S = (int)0xBC400000, A_STR_D = (int)0xFC000000, A_LDR_D = (int)0xFC400000,
    A_STR_Q = 0x3C800000, A_LDR_Q = 0x3CC00000,
} GWARM64Access;

/// The bytes of an access are 1 << this.
static inline unsigned gw_arm64_scale(GWARM64Access access) {
    bool is_quad = ((uint32_t)access & 0x04800000u) == 0x04800000u;
    return is_quad ? 4 : (uint32_t)access >> 30;
}
static inline void gw_arm64_access(gw_arm64 *x, GWARM64Access access, int r, gw_arm64_memory m) {
    uint32_t base = (uint32_t)access | (uint32_t)m.base << 5 | (uint32_t)r;
    unsigned scale = gw_arm64_scale(access);
    if (m.index < 0) {
        if (m.displacement >= 0 && (m.displacement & ((1 << scale) - 1)) == 0 && m.displacement >> scale < 4096)
            return gw_arm64_word(x, base | 0x01000000u | (uint32_t)(m.displacement >> scale) << 10);
        if (m.displacement >= -256 && m.displacement < 256)
            return gw_arm64_word(x, base | ((uint32_t)m.displacement & 0x1FF) << 12);
        gw_arm64_constant(x, GW_ARM64_TEMPORARY, (uint64_t)m.displacement);
        m.index = GW_ARM64_TEMPORARY;
    }
    gw_arm64_word(
        x, base | 0x00200800u | (uint32_t)m.index << 16 | (m.is_word ? 2u : 3u) << 13 | (uint32_t)m.is_scaled << 12);
}
/// Two registers of 64 bits to or from neighbouring words: base + a displacement (a multiple of 8, from -512 to 504).
static inline void gw_arm64_pair(gw_arm64 *x, bool loads, int r, int next, int base, int displacement) {
    gw_arm64_word(
        x, 0xA9000000u | (uint32_t)loads << 22 | ((uint32_t)(displacement / 8) & 0x7F) << 15 | (uint32_t)next << 10 |
               (uint32_t)base << 5 | (uint32_t)r);
}

// --- Floating point ---

/// Operations of two numbers and of one, by their encodings with 32 bits.
typedef enum GWARM64FloatOperation {
    A_FADD = 0x1E202800, A_FSUB = 0x1E203800, A_FMUL = 0x1E200800, A_FDIV = 0x1E201800,
    A_FMOV = 0x1E204000, A_FABS = 0x1E20C000, A_FNEG = 0x1E214000, A_FSQRT = 0x1E21C000, A_FRINTN = 0x1E244000,
    A_FRINTP = 0x1E24C000, A_FRINTM = 0x1E254000, A_FRINTZ = 0x1E25C000,
} GWARM64FloatOperation;
static inline uint32_t gw_arm64_double(bool is_double) { return (uint32_t)is_double << 22; }
static inline void gw_arm64_float_binary(gw_arm64 *x, GWARM64FloatOperation op, bool is_double, int to, int a, int b) {
    gw_arm64_word(x, (uint32_t)op | gw_arm64_double(is_double) | (uint32_t)b << 16 | (uint32_t)a << 5 | (uint32_t)to);
}
static inline void gw_arm64_float_unary(gw_arm64 *x, GWARM64FloatOperation op, bool is_double, int to, int a) {
    gw_arm64_word(x, (uint32_t)op | gw_arm64_double(is_double) | (uint32_t)a << 5 | (uint32_t)to);
}
static inline void gw_arm64_float_compare(gw_arm64 *x, bool is_double, int a, int b) {
    gw_arm64_word(x, 0x1E202000u | gw_arm64_double(is_double) | (uint32_t)b << 16 | (uint32_t)a << 5);
}
/// From 32 bits to 64, or the other way round.
static inline void gw_arm64_float_convert(gw_arm64 *x, bool to_double, int to, int a) {
    gw_arm64_word(x, (to_double ? 0x1E22C000u : 0x1E624000u) | (uint32_t)a << 5 | (uint32_t)to);
}
/// From an integer, and to one: towards 0, the nearest one there is, and 0 for NaN.
static inline void gw_arm64_from_integer(gw_arm64 *x, bool is_signed, bool wide, bool is_double, int to, int a) {
    gw_arm64_word(
        x, (is_signed ? 0x1E220000u : 0x1E230000u) | gw_arm64_wide(wide) | gw_arm64_double(is_double) |
               (uint32_t)a << 5 | (uint32_t)to);
}
static inline void gw_arm64_to_integer(gw_arm64 *x, bool is_signed, bool wide, bool is_double, int to, int a) {
    gw_arm64_word(
        x, (is_signed ? 0x1E380000u : 0x1E390000u) | gw_arm64_wide(wide) | gw_arm64_double(is_double) |
               (uint32_t)a << 5 | (uint32_t)to);
}
/// All 64 bits from a register of one kind to one of the other kind.
static inline void gw_arm64_bits_to_float(gw_arm64 *x, int to, int from) {
    gw_arm64_word(x, 0x9E670000u | (uint32_t)from << 5 | (uint32_t)to);
}
static inline void gw_arm64_bits_to_integer(gw_arm64 *x, int to, int from) {
    gw_arm64_word(x, 0x9E660000u | (uint32_t)from << 5 | (uint32_t)to);
}
/// All lanes become a register's low bits: of an integer register, or the lowest lane of a vector register. Lanes have
/// 1 << scale bytes.
static inline void gw_arm64_spread(gw_arm64 *x, unsigned scale, int to, int from) {
    gw_arm64_word(x, 0x4E000C00u | 1u << (16 + scale) | (uint32_t)from << 5 | (uint32_t)to);
}
static inline void gw_arm64_spread_lane(gw_arm64 *x, unsigned scale, int to, int from) {
    gw_arm64_word(x, 0x4E000400u | 1u << (16 + scale) | (uint32_t)from << 5 | (uint32_t)to);
}

// --- Jumps ---

static inline void gw_arm64_jump_register(gw_arm64 *x, int r) { gw_arm64_word(x, 0xD61F0000u | (uint32_t)r << 5); }
static inline void gw_arm64_call_register(gw_arm64 *x, int r) { gw_arm64_word(x, 0xD63F0000u | (uint32_t)r << 5); }
static inline void gw_arm64_return(gw_arm64 *x) { gw_arm64_word(x, 0xD65F03C0u); }
/// To an address less than 128 MiB away.
static inline void gw_arm64_jump_to(gw_arm64 *x, uintptr_t target) {
    gw_arm64_word(x, 0x14000000u | ((uint32_t)((intptr_t)(target - gw_arm64_here(x)) >> 2) & 0x3FFFFFF));
}
static inline void gw_arm64_call_to(gw_arm64 *x, uintptr_t target) {
    gw_arm64_word(x, 0x94000000u | ((uint32_t)((intptr_t)(target - gw_arm64_here(x)) >> 2) & 0x3FFFFFF));
}

// Jumps to places that are not known yet: each returns where it stands.
static inline uint8_t *gw_arm64_jump(gw_arm64 *x) {
    gw_arm64_word(x, 0x14000000u);
    return x->at - 4;
}
static inline uint8_t *gw_arm64_jump_if(gw_arm64 *x, GWARM64Condition condition) {
    gw_arm64_word(x, 0x54000000u | (uint32_t)condition);
    return x->at - 4;
}
/// Where a register is 0, or where it is not.
static inline uint8_t *gw_arm64_jump_zero(gw_arm64 *x, bool is_zero, bool wide, int r) {
    gw_arm64_word(x, (is_zero ? 0x34000000u : 0x35000000u) | gw_arm64_wide(wide) | (uint32_t)r);
    return x->at - 4;
}
/// Lets a jump lead to an address that code is written at; false where it does not reach it: 128 MiB, 1 MiB where
/// there is a condition.
static inline bool gw_arm64_bind(uint8_t *place, const uint8_t *target) {
    uint32_t word;
    memcpy(&word, place, sizeof word);
    intptr_t distance = (target - place) >> 2;
    if (word >> 26 == 5) {
        if (distance < -(1 << 25) || distance >= 1 << 25) return false;
        word |= (uint32_t)distance & 0x3FFFFFF;
    } else {
        if (distance < -(1 << 18) || distance >= 1 << 18) return false;
        word |= ((uint32_t)distance & 0x7FFFF) << 5;
    }
    memcpy(place, &word, sizeof word);
    return true;
}

#endif
