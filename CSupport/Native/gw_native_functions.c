// C functions that machine code calls for what has no template, made of the same rows as the loop's handlers.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET
#include "gw_native_compiler.h"
#include "gw_numeric.h"
#include "gw_operands.h"
#include "gw_slots.h"
#include "gw_vector.h"

// --- Numbers ---

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

gw_numeric_function *const gw_native_numerics[GWOp_count] = {
#define GW_BINARY(name, ...) [GWOp_##name##_rrr] = numeric_##name,
#define GW_UNARY(name, ...) [GWOp_##name] = numeric_##name,
#define GW_TRUNC(name, ...) [GWOp_##name] = numeric_##name,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};

// --- Vectors ---

#define VECTOR_FUNCTION(name) static void vector_##name(uint64_t *fp, const uint32_t *pc)
#define GW_VECTOR_BINARY(code, name, text, fn) \
    VECTOR_FUNCTION(name) { gw_v128_binary(VECTOR(name, 0), VECTOR(name, 1), VECTOR(name, 2), fn); }
#define GW_VECTOR_UNARY(code, name, text, fn) \
    VECTOR_FUNCTION(name) { gw_v128_unary(VECTOR(name, 0), VECTOR(name, 1), fn); }
#define GW_VECTOR_SHIFT(code, name, text, fn) \
    VECTOR_FUNCTION(name) { gw_v128_shift(VECTOR(name, 0), VECTOR(name, 1), (uint32_t)SLOT(name, 2), fn); }
#define GW_VECTOR_TEST(code, name, text, fn) \
    VECTOR_FUNCTION(name) { SLOT(name, 0) = gw_v128_test(VECTOR(name, 1), fn); }
#include "gw_vector_opcodes.def"
VECTOR_FUNCTION(v128Bitselect) {
    gw_v128 a = gw_v128_read(VECTOR(v128Bitselect, 1)), b = gw_v128_read(VECTOR(v128Bitselect, 2));
    gw_v128_write(VECTOR(v128Bitselect, 0), gw_v128_bitselect(a, b, gw_v128_read(VECTOR(v128Bitselect, 3))));
}
VECTOR_FUNCTION(v128Select) {
    const uint64_t *chosen = (uint32_t)SLOT(v128Select, 3) ? VECTOR(v128Select, 1) : VECTOR(v128Select, 2);
    gw_v128_write(VECTOR(v128Select, 0), gw_v128_read(chosen));
}

gw_vector_function *const gw_native_vectors[GWOp_count] = {
#define GW_VECTOR_BINARY(code, name, text, fn) [GWOp_##name] = vector_##name,
#define GW_VECTOR_UNARY(code, name, text, fn) [GWOp_##name] = vector_##name,
#define GW_VECTOR_SHIFT(code, name, text, fn) [GWOp_##name] = vector_##name,
#define GW_VECTOR_TEST(code, name, text, fn) [GWOp_##name] = vector_##name,
#include "gw_vector_opcodes.def"
    [GWOp_v128Bitselect] = vector_v128Bitselect,
    [GWOp_v128Select] = vector_v128Select,
};

// --- What calls out for the loop, and is called here, too ---

gw_helper *const gw_native_helpers[GWOp_count] = {
#define GW_HELPER(name, ...) [GWOp_##name] = gw_helper_##name,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
    [GWOp_i8x16Shuffle] = gw_helper_i8x16Shuffle,
};

#endif
