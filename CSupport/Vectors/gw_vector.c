// Vector instructions that are functions of their own: long or rare ones, and those for which newer processors have an
// instruction that the baseline lacks. Which of the two is found out when the first function with vectors is lowered.
#include <pthread.h>

#include "gw_machine.h"
#include "gw_opcodes.h"
#include "gw_vector.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

GW_V128 gw_i8x16_popcnt(gw_v128 a) {
    a = a - ((a >> 1) & 0x55);
    a = (a & 0x33) + ((a >> 2) & 0x33);
    return (a + (a >> 4)) & 0x0F;
}

GW_V128 gw_i16x8_q15mulr_sat_s(gw_v128 a, gw_v128 b) {
    gw_i32x8 product = __builtin_convertvector((gw_i16x8)a, gw_i32x8) * __builtin_convertvector((gw_i16x8)b, gw_i32x8);
    product = (product + 0x4000) >> 15;
    return (gw_v128)__builtin_convertvector(__builtin_elementwise_min(product, (gw_i32x8){} + 0x7FFF), gw_i16x8);
}

#define TRUNCATION(sign) \
    GW_V128 gw_i32x4_trunc_sat_f32x4_##sign(gw_v128 a) { \
        gw_u32x4 result; \
        for (int i = 0; i < 4; i++) result[i] = gw_i32_trunc_sat_f32_##sign(((gw_f32x4)a)[i]); \
        return (gw_v128)result; \
    } \
    GW_V128 gw_i32x4_trunc_sat_f64x2_##sign##_zero(gw_v128 a) { \
        gw_u32x4 result = {}; \
        for (int i = 0; i < 2; i++) result[i] = gw_i32_trunc_sat_f64_##sign(((gw_f64x2)a)[i]); \
        return (gw_v128)result; \
    }
TRUNCATION(s)
TRUNCATION(u)

// --- What the baseline lacks ---

GW_V128 gw_i8x16_swizzle(gw_v128 a, gw_v128 lanes) {
    gw_v128 result;
    for (int i = 0; i < 16; i++) result[i] = lanes[i] < 16 ? a[lanes[i] & 15] : 0;
    return result;
}

static gw_v128 shuffle(gw_v128 a, gw_v128 b, gw_v128 lanes) {
    uint8_t bytes[32];
    memcpy(bytes, &a, 16);
    memcpy(bytes + 16, &b, 16);
    gw_v128 result;
    for (int i = 0; i < 16; i++) result[i] = bytes[lanes[i] & 31];
    return result;
}
gw_v128 (*gw_vector_shuffle)(gw_v128 a, gw_v128 b, gw_v128 lanes) = shuffle;

#define ROUNDING(name) \
    GW_V128 gw_f32x4_##name(gw_v128 a) { \
        gw_f32x4 v = (gw_f32x4)a; \
        for (int i = 0; i < 4; i++) v[i] = gw_f32_##name(v[i]); \
        return (gw_v128)v; \
    } \
    GW_V128 gw_f64x2_##name(gw_v128 a) { \
        gw_f64x2 v = (gw_f64x2)a; \
        for (int i = 0; i < 2; i++) v[i] = gw_f64_##name(v[i]); \
        return (gw_v128)v; \
    }
ROUNDING(ceil)
ROUNDING(floor)
ROUNDING(trunc)
ROUNDING(nearest)

// --- The table ---

// A function of the table; `arguments` are vectors that may be read.
#define CALLED(name, value, ...) \
    __VA_ARGS__ static void name(uint64_t *result, const uint64_t *a, const uint64_t *b) { \
        (void)b; \
        gw_v128_write(result, value); \
    }
#define ARGUMENTS_v(fn) fn(gw_v128_read(a))
#define ARGUMENTS_vv(fn) fn(gw_v128_read(a), gw_v128_read(b))
#define GW_VECTOR_CALLED(code, name, text, operands, fn) CALLED(called_##name, ARGUMENTS_##operands(fn))
#include "gw_vector_opcodes.def"

GWVectorFunction gw_vector_functions[256] = {
#define GW_VECTOR_CALLED(code, name, text, operands, fn) [code] = called_##name,
#include "gw_vector_opcodes.def"
};

// --- Better ---

#if defined(__x86_64__)
#define SSE41 __attribute__((target("sse4.1")))
typedef char bytes16 __attribute__((vector_size(16)));

SSE41 static gw_v128 shuffle_sse41(gw_v128 a, gw_v128 b, gw_v128 lanes) {
    // A number with its highest bit set makes 0. Lanes from 16 on are those of b: the bit is set for a by adding, for
    // the others by subtracting.
    return (gw_v128)__builtin_ia32_pshufb128((bytes16)a, (bytes16)(lanes + 0x70)) |
           (gw_v128)__builtin_ia32_pshufb128((bytes16)b, (bytes16)(lanes - 16));
}

CALLED(swizzle_sse41,
       (gw_v128)__builtin_ia32_pshufb128(
           (bytes16)gw_v128_read(a), (bytes16)__builtin_elementwise_add_sat(gw_v128_read(b), (gw_v128){} + 0x70)),
        SSE41)

// The instruction's rounding modes, without the exception for inexact results.
#define ROUNDING_SSE41(name, mode) \
    CALLED(f32x4_##name##_sse41, (gw_v128)__builtin_ia32_roundps((gw_f32x4)gw_v128_read(a), mode), SSE41) \
    CALLED(f64x2_##name##_sse41, (gw_v128)__builtin_ia32_roundpd((gw_f64x2)gw_v128_read(a), mode), SSE41)
ROUNDING_SSE41(nearest, 8)
ROUNDING_SSE41(floor, 9)
ROUNDING_SSE41(ceil, 10)
ROUNDING_SSE41(trunc, 11)

static void choose(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1)) return;
    gw_vector_shuffle = shuffle_sse41;
    static const struct { GWWasmOpcode op; GWVectorFunction function; } better[] = {
        {GWWasmOpcode_i8x16Swizzle, swizzle_sse41},
        {GWWasmOpcode_f32x4Ceil, f32x4_ceil_sse41},
        {GWWasmOpcode_f32x4Floor, f32x4_floor_sse41},
        {GWWasmOpcode_f32x4Trunc, f32x4_trunc_sse41},
        {GWWasmOpcode_f32x4Nearest, f32x4_nearest_sse41},
        {GWWasmOpcode_f64x2Ceil, f64x2_ceil_sse41},
        {GWWasmOpcode_f64x2Floor, f64x2_floor_sse41},
        {GWWasmOpcode_f64x2Trunc, f64x2_trunc_sse41},
        {GWWasmOpcode_f64x2Nearest, f64x2_nearest_sse41},
    };
    for (size_t i = 0; i < sizeof better / sizeof *better; i++)
        gw_vector_functions[better[i].op & 0xFF] = better[i].function;
}
#else
static void choose(void) {}
#endif

void gw_vector_prepare(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose);
}
