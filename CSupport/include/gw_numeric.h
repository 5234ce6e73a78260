// The meaning of the numeric instructions (WebAssembly 2.0, section 4.3), a function each. The dispatch loop and the
// constant folding of the lowering both call these, so that an edge case is decided once.
#ifndef GW_NUMERIC_H
#define GW_NUMERIC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "gw_traps.h"

// A product and a sum in one expression must not become a fused multiply-add: the specification rounds each.
#pragma STDC FP_CONTRACT OFF

#define GW_NUMERIC static inline __attribute__((always_inline, unused))

// A value that the compiler does not know. A constant that many handlers of the loop need and no instruction can hold
// would be taken for worth a register over all handlers: the compiler sees one function with a single large loop.
#if defined(__x86_64__) || defined(__aarch64__)
#define GW_HIDDEN(value) \
    ({ \
        __typeof__(value) hidden_ = (value); \
        __asm__("" : "+r"(hidden_)); \
        hidden_; \
    })
#else
#define GW_HIDDEN(value) (value)
#endif

// Integers (section 4.3.2). Unsigned types throughout: overflow wraps.
#define GW_INTEGER(N) \
    GW_NUMERIC uint##N##_t gw_i##N##_add(uint##N##_t a, uint##N##_t b) { return a + b; } \
    GW_NUMERIC uint##N##_t gw_i##N##_sub(uint##N##_t a, uint##N##_t b) { return a - b; } \
    GW_NUMERIC uint##N##_t gw_i##N##_mul(uint##N##_t a, uint##N##_t b) { return a * b; } \
    GW_NUMERIC uint##N##_t gw_i##N##_and(uint##N##_t a, uint##N##_t b) { return a & b; } \
    GW_NUMERIC uint##N##_t gw_i##N##_or(uint##N##_t a, uint##N##_t b) { return a | b; } \
    GW_NUMERIC uint##N##_t gw_i##N##_xor(uint##N##_t a, uint##N##_t b) { return a ^ b; } \
    GW_NUMERIC uint##N##_t gw_i##N##_shl(uint##N##_t a, uint##N##_t b) { return a << (b & (N - 1)); } \
    GW_NUMERIC uint##N##_t gw_i##N##_shr_u(uint##N##_t a, uint##N##_t b) { return a >> (b & (N - 1)); } \
    GW_NUMERIC uint##N##_t gw_i##N##_shr_s(uint##N##_t a, uint##N##_t b) { \
        return (uint##N##_t)((int##N##_t)a >> (b & (N - 1))); \
    } \
    GW_NUMERIC uint##N##_t gw_i##N##_rotl(uint##N##_t a, uint##N##_t b) { \
        return (a << (b & (N - 1))) | (a >> (-b & (N - 1))); \
    } \
    GW_NUMERIC uint##N##_t gw_i##N##_rotr(uint##N##_t a, uint##N##_t b) { \
        return (a >> (b & (N - 1))) | (a << (-b & (N - 1))); \
    } \
    GW_NUMERIC uint##N##_t gw_i##N##_div_u(uint##N##_t a, uint##N##_t b, GWTrap *trap) { \
        if (b == 0) return *trap = GWTrap_integerDivideByZero, 0; \
        return a / b; \
    } \
    GW_NUMERIC uint##N##_t gw_i##N##_rem_u(uint##N##_t a, uint##N##_t b, GWTrap *trap) { \
        if (b == 0) return *trap = GWTrap_integerDivideByZero, 0; \
        return a % b; \
    } \
    GW_NUMERIC uint##N##_t gw_i##N##_div_s(uint##N##_t a, uint##N##_t b, GWTrap *trap) { \
        if (b == 0) return *trap = GWTrap_integerDivideByZero, 0; \
        if (a == GW_HIDDEN((uint##N##_t)1 << (N - 1)) && b == (uint##N##_t)-1) \
            return *trap = GWTrap_integerOverflow, 0; \
        return (uint##N##_t)((int##N##_t)a / (int##N##_t)b); \
    } \
    GW_NUMERIC uint##N##_t gw_i##N##_rem_s(uint##N##_t a, uint##N##_t b, GWTrap *trap) { \
        if (b == 0) return *trap = GWTrap_integerDivideByZero, 0; \
        if (b == (uint##N##_t)-1) return 0; \
        return (uint##N##_t)((int##N##_t)a % (int##N##_t)b); \
    } \
    GW_NUMERIC uint##N##_t gw_i##N##_extend8_s(uint##N##_t a) { return (uint##N##_t)(int##N##_t)(int8_t)a; } \
    GW_NUMERIC uint##N##_t gw_i##N##_extend16_s(uint##N##_t a) { return (uint##N##_t)(int##N##_t)(int16_t)a; }
GW_INTEGER(32)
GW_INTEGER(64)
#undef GW_INTEGER

GW_NUMERIC uint32_t gw_i32_clz(uint32_t a) { return a ? (uint32_t)__builtin_clz(a) : 32; }
GW_NUMERIC uint32_t gw_i32_ctz(uint32_t a) { return a ? (uint32_t)__builtin_ctz(a) : 32; }
GW_NUMERIC uint32_t gw_i32_popcnt(uint32_t a) { return (uint32_t)__builtin_popcount(a); }
GW_NUMERIC uint64_t gw_i64_clz(uint64_t a) { return a ? (uint64_t)__builtin_clzll(a) : 64; }
GW_NUMERIC uint64_t gw_i64_ctz(uint64_t a) { return a ? (uint64_t)__builtin_ctzll(a) : 64; }
GW_NUMERIC uint64_t gw_i64_popcnt(uint64_t a) { return (uint64_t)__builtin_popcountll(a); }
GW_NUMERIC uint64_t gw_i64_extend32_s(uint64_t a) { return (uint64_t)(int64_t)(int32_t)a; }
GW_NUMERIC uint64_t gw_i64_extend_i32_s(uint32_t a) { return (uint64_t)(int64_t)(int32_t)a; }
GW_NUMERIC uint64_t gw_i64_extend_i32_u(uint32_t a) { return a; }

// Floating point (section 4.3.3). Rounding is written out: baseline x86-64 has no instruction for it, and the loop's
// handlers must not call the C library's functions.
#define GW_FLOAT(F, T, I, U, SIGN, WHOLE, S) \
    GW_NUMERIC uint32_t gw_##F##_eq(T a, T b) { return a == b; } \
    GW_NUMERIC uint32_t gw_##F##_ne(T a, T b) { return a != b; } \
    GW_NUMERIC uint32_t gw_##F##_lt(T a, T b) { return a < b; } \
    GW_NUMERIC uint32_t gw_##F##_gt(T a, T b) { return a > b; } \
    GW_NUMERIC uint32_t gw_##F##_le(T a, T b) { return a <= b; } \
    GW_NUMERIC uint32_t gw_##F##_ge(T a, T b) { return a >= b; } \
    GW_NUMERIC T gw_##F##_add(T a, T b) { return a + b; } \
    GW_NUMERIC T gw_##F##_sub(T a, T b) { return a - b; } \
    GW_NUMERIC T gw_##F##_mul(T a, T b) { return a * b; } \
    GW_NUMERIC T gw_##F##_div(T a, T b) { return a / b; } \
    GW_NUMERIC T gw_##F##_min(T a, T b) { \
        if (a < b) return a; \
        if (b < a) return b; \
        if (a == b) return __builtin_signbit(a) ? a : b; \
        return a + b; /* a NaN, made quiet */ \
    } \
    GW_NUMERIC T gw_##F##_max(T a, T b) { \
        if (a > b) return a; \
        if (b > a) return b; \
        if (a == b) return __builtin_signbit(a) ? b : a; \
        return a + b; \
    } \
    /* On the bits: these three keep a NaN's payload and never quiet it. */ \
    GW_NUMERIC U gw_##F##_abs(U a) { return a & ~GW_HIDDEN(SIGN); } \
    GW_NUMERIC U gw_##F##_neg(U a) { return a ^ GW_HIDDEN(SIGN); } \
    GW_NUMERIC U gw_##F##_copysign(U a, U b) { \
        U sign = GW_HIDDEN(SIGN); \
        return (a & ~sign) | (b & sign); \
    } \
    /* From WHOLE on every number is a whole one. A signalling NaN is made quiet. */ \
    GW_NUMERIC T gw_##F##_trunc(T a) { \
        if (!(__builtin_fabs(a) < WHOLE)) return a != a ? a + a : a; \
        return __builtin_copysign##S((T)(I)a, a); \
    } \
    GW_NUMERIC T gw_##F##_ceil(T a) { \
        T whole = gw_##F##_trunc(a); \
        return whole < a ? whole + 1 : whole; \
    } \
    GW_NUMERIC T gw_##F##_floor(T a) { \
        T whole = gw_##F##_trunc(a); \
        return whole > a ? whole - 1 : whole; \
    } \
    GW_NUMERIC T gw_##F##_nearest(T a) { \
        if (!(__builtin_fabs(a) < WHOLE)) return a != a ? a + a : a; \
        return __builtin_copysign##S((T)(__builtin_fabs##S(a) + (T)WHOLE) - (T)WHOLE, a); \
    } \
    GW_NUMERIC T gw_##F##_sqrt(T a) { return __builtin_elementwise_sqrt(a); }
GW_FLOAT(f32, float, int32_t, uint32_t, UINT32_C(1) << 31, 0x1p23, f)
GW_FLOAT(f64, double, int64_t, uint64_t, UINT64_C(1) << 63, 0x1p52, )
#undef GW_FLOAT

// Conversions (section 4.3.4).
GW_NUMERIC float gw_f32_convert_i32_s(uint32_t a) { return (float)(int32_t)a; }
GW_NUMERIC float gw_f32_convert_i32_u(uint32_t a) { return (float)a; }
GW_NUMERIC float gw_f32_convert_i64_s(uint64_t a) { return (float)(int64_t)a; }
GW_NUMERIC float gw_f32_convert_i64_u(uint64_t a) { return (float)a; }
GW_NUMERIC double gw_f64_convert_i32_s(uint32_t a) { return (double)(int32_t)a; }
GW_NUMERIC double gw_f64_convert_i32_u(uint32_t a) { return (double)a; }
GW_NUMERIC double gw_f64_convert_i64_s(uint64_t a) { return (double)(int64_t)a; }
GW_NUMERIC double gw_f64_convert_i64_u(uint64_t a) { return (double)a; }
GW_NUMERIC float gw_f32_demote_f64(double a) { return (float)a; }
GW_NUMERIC double gw_f64_promote_f32(float a) { return (double)a; }

// The bounds are the powers of two around the integer type's range: `below` is exact and excluded (for signed
// types whose smallest value minus one has no float, it is the smallest value itself, included through `>=`).
#define GW_TRUNCATION(I, F, SUFFIX, U, T, FLOAT, LOWEST_OK, LIMIT, MINIMUM, MAXIMUM) \
    GW_NUMERIC U gw_##I##_trunc_##F##_##SUFFIX(FLOAT a, GWTrap *trap) { \
        if (a != a) return *trap = GWTrap_invalidConversionToInteger, 0; \
        if (!(LOWEST_OK) || !(a < LIMIT)) return *trap = GWTrap_integerOverflow, 0; \
        return (U)(T)a; \
    } \
    GW_NUMERIC U gw_##I##_trunc_sat_##F##_##SUFFIX(FLOAT a) { \
        if (a != a) return 0; \
        if (!(LOWEST_OK)) return GW_HIDDEN((U)(MINIMUM)); \
        if (!(a < LIMIT)) return GW_HIDDEN((U)(MAXIMUM)); \
        return (U)(T)a; \
    }
GW_TRUNCATION(i32, f32, s, uint32_t, int32_t, float, a >= -0x1p31f, 0x1p31f, INT32_MIN, INT32_MAX)
GW_TRUNCATION(i32, f32, u, uint32_t, uint32_t, float, a > -1.0f, 0x1p32f, 0, UINT32_MAX)
GW_TRUNCATION(i32, f64, s, uint32_t, int32_t, double, a > -0x1.00000002p31, 0x1p31, INT32_MIN, INT32_MAX)
GW_TRUNCATION(i32, f64, u, uint32_t, uint32_t, double, a > -1.0, 0x1p32, 0, UINT32_MAX)
GW_TRUNCATION(i64, f32, s, uint64_t, int64_t, float, a >= -0x1p63f, 0x1p63f, INT64_MIN, INT64_MAX)
GW_TRUNCATION(i64, f32, u, uint64_t, uint64_t, float, a > -1.0f, 0x1p64f, 0, UINT64_MAX)
GW_TRUNCATION(i64, f64, s, uint64_t, int64_t, double, a >= -0x1p63, 0x1p63, INT64_MIN, INT64_MAX)
GW_TRUNCATION(i64, f64, u, uint64_t, uint64_t, double, a > -1.0, 0x1p64, 0, UINT64_MAX)
#undef GW_TRUNCATION

#endif
