// The meaning of the vector instructions (WebAssembly 2.0, section 4.3.6), a function each, in the vector extensions of
// clang and gcc: the compiler makes SSE2 of them, or NEON. Not for Swift.
#ifndef GW_VECTOR_H
#define GW_VECTOR_H

#include "gw_numeric.h"

// Lanes are in memory order, so the machine must be little-endian, as it must be elsewhere.
typedef int8_t gw_i8x16 __attribute__((vector_size(16)));
typedef uint8_t gw_u8x16 __attribute__((vector_size(16)));
typedef int16_t gw_i16x8 __attribute__((vector_size(16)));
typedef uint16_t gw_u16x8 __attribute__((vector_size(16)));
typedef int32_t gw_i32x4 __attribute__((vector_size(16)));
typedef uint32_t gw_u32x4 __attribute__((vector_size(16)));
typedef int64_t gw_i64x2 __attribute__((vector_size(16)));
typedef uint64_t gw_u64x2 __attribute__((vector_size(16)));
typedef float gw_f32x4 __attribute__((vector_size(16)));
typedef double gw_f64x2 __attribute__((vector_size(16)));
/// A vector of any shape.
typedef gw_u8x16 gw_v128;

// What is only half as wide, or twice.
typedef int8_t gw_i8x8 __attribute__((vector_size(8)));
typedef uint8_t gw_u8x8 __attribute__((vector_size(8)));
typedef int16_t gw_i16x4 __attribute__((vector_size(8)));
typedef uint16_t gw_u16x4 __attribute__((vector_size(8)));
typedef int32_t gw_i32x2 __attribute__((vector_size(8)));
typedef uint32_t gw_u32x2 __attribute__((vector_size(8)));
typedef float gw_f32x2 __attribute__((vector_size(8)));
typedef int16_t gw_i16x16 __attribute__((vector_size(32)));
typedef uint16_t gw_u16x16 __attribute__((vector_size(32)));
typedef int32_t gw_i32x8 __attribute__((vector_size(32)));
typedef uint32_t gw_u32x8 __attribute__((vector_size(32)));

// A bit a lane.
#define GW_BITS(N) \
    typedef _Bool gw_b##N __attribute__((ext_vector_type(N)));
GW_BITS(16)
GW_BITS(8)
GW_BITS(4)
GW_BITS(2)
#undef GW_BITS

/// The functions of the rows GW_VECTOR_CALLED, by code: they read vectors at `a` and `b` and write one to `result`.
typedef void (*GWVectorFunction)(uint64_t *result, const uint64_t *a, const uint64_t *b);
extern GWVectorFunction gw_vector_functions[256];
/// i8x16.shuffle: the lanes of a and b, 32 in all, that `lanes` names.
extern gw_v128 (*gw_vector_shuffle)(gw_v128 a, gw_v128 b, gw_v128 lanes);

// Inlined into the loop, but not where nothing is optimised: there every variable of theirs would lie in the loop's
// frame, and calls of guests by hosts by guests would soon use up the C stack.
#ifdef __OPTIMIZE__
#define GW_VECTOR GW_NUMERIC
#else
#define GW_VECTOR static inline __attribute__((unused))
#endif
#define GW_V128 GW_VECTOR gw_v128

/// A vector in two slots, which are aligned to 8 bytes only.
GW_V128 gw_v128_read(const void *slots) {
    gw_v128 v;
    memcpy(&v, slots, sizeof v);
    return v;
}
GW_VECTOR void gw_v128_write(uint64_t *slots, gw_v128 v) { memcpy(slots, &v, sizeof v); }

// What the handlers of an operation do, apart from finding the operands.
GW_VECTOR void gw_v128_binary(
    uint64_t *result, const uint64_t *a, const uint64_t *b, gw_v128 (*function)(gw_v128, gw_v128)) {
    gw_v128_write(result, function(gw_v128_read(a), gw_v128_read(b)));
}
GW_VECTOR void gw_v128_unary(uint64_t *result, const uint64_t *a, gw_v128 (*function)(gw_v128)) {
    gw_v128_write(result, function(gw_v128_read(a)));
}
GW_VECTOR void gw_v128_shift(
    uint64_t *result, const uint64_t *a, uint32_t count, gw_v128 (*function)(gw_v128, uint32_t)) {
    gw_v128_write(result, function(gw_v128_read(a), count));
}
GW_VECTOR uint32_t gw_v128_test(const uint64_t *a, uint32_t (*function)(gw_v128)) {
    return function(gw_v128_read(a));
}

// --- Bits ---

GW_V128 gw_v128_not(gw_v128 a) { return ~a; }
GW_V128 gw_v128_and(gw_v128 a, gw_v128 b) { return a & b; }
GW_V128 gw_v128_andnot(gw_v128 a, gw_v128 b) { return a & ~b; }
GW_V128 gw_v128_or(gw_v128 a, gw_v128 b) { return a | b; }
GW_V128 gw_v128_xor(gw_v128 a, gw_v128 b) { return a ^ b; }
GW_V128 gw_v128_bitselect(gw_v128 a, gw_v128 b, gw_v128 mask) { return (a & mask) | (b & ~mask); }
GW_VECTOR uint32_t gw_v128_any_true(gw_v128 a) { return __builtin_reduce_or((gw_u64x2)a) != 0; }

// --- Integers ---

// S is the shape, B the bits of a lane, N the number of lanes. Unsigned lanes wrap.
#define GW_INTEGER_LANES(S, B, N) \
    GW_V128 gw_##S##_add(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_u##B##x##N)a + (gw_u##B##x##N)b); } \
    GW_V128 gw_##S##_sub(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_u##B##x##N)a - (gw_u##B##x##N)b); } \
    GW_V128 gw_##S##_neg(gw_v128 a) { return (gw_v128)(-(gw_u##B##x##N)a); } \
    GW_V128 gw_##S##_abs(gw_v128 a) { return (gw_v128)__builtin_elementwise_abs((gw_i##B##x##N)a); } \
    GW_V128 gw_##S##_eq(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_i##B##x##N)a == (gw_i##B##x##N)b); } \
    GW_V128 gw_##S##_ne(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_i##B##x##N)a != (gw_i##B##x##N)b); } \
    GW_V128 gw_##S##_lt_s(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_i##B##x##N)a < (gw_i##B##x##N)b); } \
    GW_V128 gw_##S##_gt_s(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_i##B##x##N)a > (gw_i##B##x##N)b); } \
    GW_V128 gw_##S##_le_s(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_i##B##x##N)a <= (gw_i##B##x##N)b); } \
    GW_V128 gw_##S##_ge_s(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_i##B##x##N)a >= (gw_i##B##x##N)b); } \
    GW_V128 gw_##S##_lt_u(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_u##B##x##N)a < (gw_u##B##x##N)b); } \
    GW_V128 gw_##S##_gt_u(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_u##B##x##N)a > (gw_u##B##x##N)b); } \
    GW_V128 gw_##S##_le_u(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_u##B##x##N)a <= (gw_u##B##x##N)b); } \
    GW_V128 gw_##S##_ge_u(gw_v128 a, gw_v128 b) { return (gw_v128)((gw_u##B##x##N)a >= (gw_u##B##x##N)b); } \
    GW_V128 gw_##S##_min_s(gw_v128 a, gw_v128 b) { \
        return (gw_v128)__builtin_elementwise_min((gw_i##B##x##N)a, (gw_i##B##x##N)b); \
    } \
    GW_V128 gw_##S##_max_s(gw_v128 a, gw_v128 b) { \
        return (gw_v128)__builtin_elementwise_max((gw_i##B##x##N)a, (gw_i##B##x##N)b); \
    } \
    GW_V128 gw_##S##_min_u(gw_v128 a, gw_v128 b) { \
        return (gw_v128)__builtin_elementwise_min((gw_u##B##x##N)a, (gw_u##B##x##N)b); \
    } \
    GW_V128 gw_##S##_max_u(gw_v128 a, gw_v128 b) { \
        return (gw_v128)__builtin_elementwise_max((gw_u##B##x##N)a, (gw_u##B##x##N)b); \
    } \
    GW_V128 gw_##S##_shl(gw_v128 a, uint32_t b) { return (gw_v128)((gw_u##B##x##N)a << (uint##B##_t)(b & (B - 1))); } \
    GW_V128 gw_##S##_shr_u(gw_v128 a, uint32_t b) { \
        return (gw_v128)((gw_u##B##x##N)a >> (uint##B##_t)(b & (B - 1))); \
    } \
    GW_V128 gw_##S##_shr_s(gw_v128 a, uint32_t b) { return (gw_v128)((gw_i##B##x##N)a >> (int##B##_t)(b & (B - 1))); } \
    GW_VECTOR uint32_t gw_##S##_all_true(gw_v128 a) { \
        return __builtin_reduce_or((gw_i##B##x##N)((gw_i##B##x##N)a == 0)) == 0; \
    } \
    GW_VECTOR uint32_t gw_##S##_bitmask(gw_v128 a) { \
        union { gw_b##N lanes; uint32_t bits; } mask = {.bits = 0}; \
        mask.lanes = __builtin_convertvector((gw_i##B##x##N)a < 0, gw_b##N); \
        return mask.bits & ((1U << N) - 1); \
    }
GW_INTEGER_LANES(i8x16, 8, 16)
GW_INTEGER_LANES(i16x8, 16, 8)
GW_INTEGER_LANES(i32x4, 32, 4)
GW_INTEGER_LANES(i64x2, 64, 2)
#undef GW_INTEGER_LANES

#define GW_PRODUCT(S, T) \
    GW_V128 gw_##S##_mul(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a * (T)b); }
GW_PRODUCT(i16x8, gw_u16x8)
GW_PRODUCT(i32x4, gw_u32x4)
GW_PRODUCT(i64x2, gw_u64x2)
#undef GW_PRODUCT

// Lanes of 8 and 16 bits. W is the vector with lanes twice as wide.
#define GW_NARROW_LANES(S, I, U, W) \
    GW_V128 gw_##S##_add_sat_s(gw_v128 a, gw_v128 b) { return (gw_v128)__builtin_elementwise_add_sat((I)a, (I)b); } \
    GW_V128 gw_##S##_add_sat_u(gw_v128 a, gw_v128 b) { return (gw_v128)__builtin_elementwise_add_sat((U)a, (U)b); } \
    GW_V128 gw_##S##_sub_sat_s(gw_v128 a, gw_v128 b) { return (gw_v128)__builtin_elementwise_sub_sat((I)a, (I)b); } \
    GW_V128 gw_##S##_sub_sat_u(gw_v128 a, gw_v128 b) { return (gw_v128)__builtin_elementwise_sub_sat((U)a, (U)b); } \
    GW_V128 gw_##S##_avgr_u(gw_v128 a, gw_v128 b) { \
        W sum = __builtin_convertvector((U)a, W) + __builtin_convertvector((U)b, W) + 1; \
        return (gw_v128)__builtin_convertvector(sum >> 1, U); \
    }
GW_NARROW_LANES(i8x16, gw_i8x16, gw_u8x16, gw_u16x16)
GW_NARROW_LANES(i16x8, gw_i16x8, gw_u16x8, gw_u32x8)
#undef GW_NARROW_LANES

// --- Between widths ---

#define GW_LOW16 0, 1, 2, 3, 4, 5, 6, 7
#define GW_HIGH16 8, 9, 10, 11, 12, 13, 14, 15
#define GW_EVEN16 0, 2, 4, 6, 8, 10, 12, 14
#define GW_ODD16 1, 3, 5, 7, 9, 11, 13, 15
#define GW_LOW8 0, 1, 2, 3
#define GW_HIGH8 4, 5, 6, 7
#define GW_EVEN8 0, 2, 4, 6
#define GW_ODD8 1, 3, 5, 7
#define GW_LOW4 0, 1
#define GW_HIGH4 2, 3
#define GW_LANES_OF(T, v, ...) __builtin_shufflevector((T)(v), (T)(v), __VA_ARGS__)
/// Half of the lanes of v, of the type T, as lanes of the type W.
#define GW_WIDEN(W, T, v, ...) __builtin_convertvector(GW_LANES_OF(T, v, __VA_ARGS__), W)

// D is the shape with lanes twice as wide as those of S; N the number of lanes of S.
#define GW_WIDENING(D, DB, DN, S, SB, N) \
    GW_V128 gw_##D##_extend_low_##S##_s(gw_v128 a) { \
        return (gw_v128)GW_WIDEN(gw_i##DB##x##DN, gw_i##SB##x##N, a, GW_LOW##N); \
    } \
    GW_V128 gw_##D##_extend_high_##S##_s(gw_v128 a) { \
        return (gw_v128)GW_WIDEN(gw_i##DB##x##DN, gw_i##SB##x##N, a, GW_HIGH##N); \
    } \
    GW_V128 gw_##D##_extend_low_##S##_u(gw_v128 a) { \
        return (gw_v128)GW_WIDEN(gw_u##DB##x##DN, gw_u##SB##x##N, a, GW_LOW##N); \
    } \
    GW_V128 gw_##D##_extend_high_##S##_u(gw_v128 a) { \
        return (gw_v128)GW_WIDEN(gw_u##DB##x##DN, gw_u##SB##x##N, a, GW_HIGH##N); \
    } \
    /* The product of two lanes fits a lane of twice the width. */ \
    GW_V128 gw_##D##_extmul_low_##S##_s(gw_v128 a, gw_v128 b) { \
        return (gw_v128)(GW_WIDEN(gw_i##DB##x##DN, gw_i##SB##x##N, a, GW_LOW##N) * \
                         GW_WIDEN(gw_i##DB##x##DN, gw_i##SB##x##N, b, GW_LOW##N)); \
    } \
    GW_V128 gw_##D##_extmul_high_##S##_s(gw_v128 a, gw_v128 b) { \
        return (gw_v128)(GW_WIDEN(gw_i##DB##x##DN, gw_i##SB##x##N, a, GW_HIGH##N) * \
                         GW_WIDEN(gw_i##DB##x##DN, gw_i##SB##x##N, b, GW_HIGH##N)); \
    } \
    GW_V128 gw_##D##_extmul_low_##S##_u(gw_v128 a, gw_v128 b) { \
        return (gw_v128)(GW_WIDEN(gw_u##DB##x##DN, gw_u##SB##x##N, a, GW_LOW##N) * \
                         GW_WIDEN(gw_u##DB##x##DN, gw_u##SB##x##N, b, GW_LOW##N)); \
    } \
    GW_V128 gw_##D##_extmul_high_##S##_u(gw_v128 a, gw_v128 b) { \
        return (gw_v128)(GW_WIDEN(gw_u##DB##x##DN, gw_u##SB##x##N, a, GW_HIGH##N) * \
                         GW_WIDEN(gw_u##DB##x##DN, gw_u##SB##x##N, b, GW_HIGH##N)); \
    }
GW_WIDENING(i16x8, 16, 8, i8x16, 8, 16)
GW_WIDENING(i32x4, 32, 4, i16x8, 16, 8)
GW_WIDENING(i64x2, 64, 2, i32x4, 32, 4)
#undef GW_WIDENING

#define GW_PAIRWISE(D, DB, DN, S, SB, N) \
    GW_V128 gw_##D##_extadd_pairwise_##S##_s(gw_v128 a) { \
        return (gw_v128)(GW_WIDEN(gw_i##DB##x##DN, gw_i##SB##x##N, a, GW_EVEN##N) + \
                         GW_WIDEN(gw_i##DB##x##DN, gw_i##SB##x##N, a, GW_ODD##N)); \
    } \
    GW_V128 gw_##D##_extadd_pairwise_##S##_u(gw_v128 a) { \
        return (gw_v128)(GW_WIDEN(gw_u##DB##x##DN, gw_u##SB##x##N, a, GW_EVEN##N) + \
                         GW_WIDEN(gw_u##DB##x##DN, gw_u##SB##x##N, a, GW_ODD##N)); \
    }
GW_PAIRWISE(i16x8, 16, 8, i8x16, 8, 16)
GW_PAIRWISE(i32x4, 32, 4, i16x8, 16, 8)
#undef GW_PAIRWISE

GW_V128 gw_i32x4_dot_i16x8_s(gw_v128 a, gw_v128 b) {
    // Only the two products of the smallest number with itself exceed 2^31 - 1 together, and they wrap.
    gw_i32x4 even = GW_WIDEN(gw_i32x4, gw_i16x8, a, GW_EVEN8) * GW_WIDEN(gw_i32x4, gw_i16x8, b, GW_EVEN8);
    gw_i32x4 odd = GW_WIDEN(gw_i32x4, gw_i16x8, a, GW_ODD8) * GW_WIDEN(gw_i32x4, gw_i16x8, b, GW_ODD8);
    return (gw_v128)((gw_u32x4)even + (gw_u32x4)odd);
}

// Lanes of a then of b, of the type W, saturated to half their width: N lanes of the type H are a half.
#define GW_SATURATE(W, H, v, LOWEST, HIGHEST) \
    __builtin_convertvector( \
        __builtin_elementwise_min(__builtin_elementwise_max((W)(v), (W){} + (LOWEST)), (W){} + (HIGHEST)), H)
GW_V128 gw_i8x16_narrow_i16x8_s(gw_v128 a, gw_v128 b) {
    return (gw_v128)__builtin_shufflevector(
        GW_SATURATE(gw_i16x8, gw_i8x8, a, -128, 127), GW_SATURATE(gw_i16x8, gw_i8x8, b, -128, 127),
        GW_LOW16, GW_HIGH16);
}
GW_V128 gw_i8x16_narrow_i16x8_u(gw_v128 a, gw_v128 b) {
    return (gw_v128)__builtin_shufflevector(
        GW_SATURATE(gw_i16x8, gw_u8x8, a, 0, 255), GW_SATURATE(gw_i16x8, gw_u8x8, b, 0, 255), GW_LOW16, GW_HIGH16);
}
GW_V128 gw_i16x8_narrow_i32x4_s(gw_v128 a, gw_v128 b) {
    return (gw_v128)__builtin_shufflevector(
        GW_SATURATE(gw_i32x4, gw_i16x4, a, -32768, 32767), GW_SATURATE(gw_i32x4, gw_i16x4, b, -32768, 32767), GW_LOW16);
}
GW_V128 gw_i16x8_narrow_i32x4_u(gw_v128 a, gw_v128 b) {
    return (gw_v128)__builtin_shufflevector(
        GW_SATURATE(gw_i32x4, gw_u16x4, a, 0, 65535), GW_SATURATE(gw_i32x4, gw_u16x4, b, 0, 65535), GW_LOW16);
}

// --- Loads ---

#define GW_EXTENDING_LOAD(name, T, W) \
    GW_V128 gw_v128_##name(uint64_t bits) { return (gw_v128)__builtin_convertvector((T)bits, W); }
GW_EXTENDING_LOAD(load8x8_s, gw_i8x8, gw_i16x8)
GW_EXTENDING_LOAD(load8x8_u, gw_u8x8, gw_u16x8)
GW_EXTENDING_LOAD(load16x4_s, gw_i16x4, gw_i32x4)
GW_EXTENDING_LOAD(load16x4_u, gw_u16x4, gw_u32x4)
GW_EXTENDING_LOAD(load32x2_s, gw_i32x2, gw_i64x2)
GW_EXTENDING_LOAD(load32x2_u, gw_u32x2, gw_u64x2)
#undef GW_EXTENDING_LOAD
GW_V128 gw_v128_load8_splat(uint8_t a) { return (gw_v128)((gw_u8x16){} + a); }
GW_V128 gw_v128_load16_splat(uint16_t a) { return (gw_v128)((gw_u16x8){} + a); }
GW_V128 gw_v128_load32_splat(uint32_t a) { return (gw_v128)((gw_u32x4){} + a); }
GW_V128 gw_v128_load64_splat(uint64_t a) { return (gw_v128)((gw_u64x2){} + a); }
GW_V128 gw_v128_load32_zero(uint32_t a) { return (gw_v128)(gw_u32x4){a}; }
GW_V128 gw_v128_load64_zero(uint64_t a) { return (gw_v128)(gw_u64x2){a}; }

// --- Floating point ---

#define GW_FLOAT_LANES(S, T, U, SIGN) \
    GW_V128 gw_##S##_eq(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a == (T)b); } \
    GW_V128 gw_##S##_ne(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a != (T)b); } \
    GW_V128 gw_##S##_lt(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a < (T)b); } \
    GW_V128 gw_##S##_gt(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a > (T)b); } \
    GW_V128 gw_##S##_le(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a <= (T)b); } \
    GW_V128 gw_##S##_ge(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a >= (T)b); } \
    GW_V128 gw_##S##_add(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a + (T)b); } \
    GW_V128 gw_##S##_sub(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a - (T)b); } \
    GW_V128 gw_##S##_mul(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a * (T)b); } \
    GW_V128 gw_##S##_div(gw_v128 a, gw_v128 b) { return (gw_v128)((T)a / (T)b); } \
    GW_V128 gw_##S##_sqrt(gw_v128 a) { return (gw_v128)__builtin_elementwise_sqrt((T)a); } \
    /* On the bits: these two keep a NaN's payload and never quiet it. */ \
    GW_V128 gw_##S##_abs(gw_v128 a) { return (gw_v128)((U)a & ~((U){} + (SIGN))); } \
    GW_V128 gw_##S##_neg(gw_v128 a) { return (gw_v128)((U)a ^ ((U){} + (SIGN))); } \
    /* The bits of one operand or the other, NaN and zero included, as the comparison says. */ \
    GW_V128 gw_##S##_pmin(gw_v128 a, gw_v128 b) { \
        return gw_v128_bitselect(b, a, (gw_v128)((T)b < (T)a)); \
    } \
    GW_V128 gw_##S##_pmax(gw_v128 a, gw_v128 b) { \
        return gw_v128_bitselect(b, a, (gw_v128)((T)a < (T)b)); \
    } \
    /* Equal operands differ in the sign of zero at most; the sum of a NaN and anything is a quiet NaN. */ \
    GW_V128 gw_##S##_min(gw_v128 a, gw_v128 b) { \
        gw_v128 less = gw_v128_bitselect(a, b, (gw_v128)((T)a < (T)b)); \
        gw_v128 equal = gw_v128_bitselect(a | b, less, (gw_v128)((T)a == (T)b)); \
        gw_v128 nan = (gw_v128)((T)a != (T)a) | (gw_v128)((T)b != (T)b); \
        return gw_v128_bitselect((gw_v128)((T)a + (T)b), equal, nan); \
    } \
    GW_V128 gw_##S##_max(gw_v128 a, gw_v128 b) { \
        gw_v128 greater = gw_v128_bitselect(a, b, (gw_v128)((T)a > (T)b)); \
        gw_v128 equal = gw_v128_bitselect(a & b, greater, (gw_v128)((T)a == (T)b)); \
        gw_v128 nan = (gw_v128)((T)a != (T)a) | (gw_v128)((T)b != (T)b); \
        return gw_v128_bitselect((gw_v128)((T)a + (T)b), equal, nan); \
    }
GW_FLOAT_LANES(f32x4, gw_f32x4, gw_u32x4, UINT32_C(1) << 31)
GW_FLOAT_LANES(f64x2, gw_f64x2, gw_u64x2, UINT64_C(1) << 63)
#undef GW_FLOAT_LANES

// --- Conversions ---

GW_V128 gw_f32x4_convert_i32x4_s(gw_v128 a) { return (gw_v128)__builtin_convertvector((gw_i32x4)a, gw_f32x4); }
GW_V128 gw_f32x4_convert_i32x4_u(gw_v128 a) { return (gw_v128)__builtin_convertvector((gw_u32x4)a, gw_f32x4); }
GW_V128 gw_f64x2_convert_low_i32x4_s(gw_v128 a) { return (gw_v128)GW_WIDEN(gw_f64x2, gw_i32x4, a, GW_LOW4); }
GW_V128 gw_f64x2_convert_low_i32x4_u(gw_v128 a) { return (gw_v128)GW_WIDEN(gw_f64x2, gw_u32x4, a, GW_LOW4); }
GW_V128 gw_f64x2_promote_low_f32x4(gw_v128 a) { return (gw_v128)GW_WIDEN(gw_f64x2, gw_f32x4, a, GW_LOW4); }
GW_V128 gw_f32x4_demote_f64x2_zero(gw_v128 a) {
    gw_f32x2 low = __builtin_convertvector((gw_f64x2)a, gw_f32x2);
    return (gw_v128)__builtin_shufflevector(low, (gw_f32x2){}, 0, 1, 2, 3);
}

#endif
