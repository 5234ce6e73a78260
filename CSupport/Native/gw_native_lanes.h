// What the templates of vectors of all processors share.
#ifndef GW_NATIVE_LANES_H
#define GW_NATIVE_LANES_H

#include "gw_native_compiler.h"

// A vector has been written to these slots: what registers hold of them is old. (Not before its operands are read,
// which may lie there.)
static inline void replace(compiler *c, uint32_t first) {
    for (uint32_t slot = first; slot < first + 2; slot++) {
        if (c->integers.of[slot] >= 0) drop(&c->integers, c->integers.of[slot]);
        if (c->floats.of[slot] >= 0) drop(&c->floats, c->floats.of[slot]);
    }
}

// The bytes of a lane that is read from memory or written to it; 0 for other instructions.
static inline uint32_t memory_lane(GWWasmOpcode op, bool *loads) {
#define GW_VECTOR_LOAD_LANE(code, name, text, bits) \
    case GWWasmOpcode_##name: *loads = true; return bits / 8;
#define GW_VECTOR_STORE_LANE(code, name, text, bits) \
    case GWWasmOpcode_##name: *loads = false; return bits / 8;
    switch (op) {
#include "gw_vector_opcodes.def"
    default: return 0;
    }
}

// The bytes of a lane that is extracted or replaced, and whether it is sign-extended to an i32; 0 for other
// instructions.
static inline uint32_t number_lane(GWWasmOpcode op, bool *extracts, bool *is_signed) {
#define GW_VECTOR_EXTRACT(code, name, text, type, lanes, T) \
    case GWWasmOpcode_##name: *extracts = true, *is_signed = (T)-1 < 1; return sizeof(T);
#define GW_VECTOR_REPLACE(code, name, text, type, lanes, T) \
    case GWWasmOpcode_##name: *extracts = false; return sizeof(T);
    switch (op) {
#include "gw_vector_opcodes.def"
    default: return 0;
    }
}

#endif
