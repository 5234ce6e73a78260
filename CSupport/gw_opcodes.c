// The tables of gw_opcodes.h and gw_traps.h, all made from the rows of the .def files.
#include "gw_opcodes.h"
#include "gw_traps.h"

const char *gw_trap_message(GWTrap trap) {
    static const char *const messages[] = {
        "",
#define GW_TRAP(name, message) message,
#include "gw_traps.def"
#undef GW_TRAP
    };
    return trap < GWTrap_count ? messages[trap] : "";
}

const GWOpInfo *gw_op_info(void) {
    static const GWOpInfo rows[] = {
#define GW_ROW(name, text, operands) {text, operands, #name},
#include "gw_opcode_rows.h"
#undef GW_ROW
    };
    return rows;
}

const GWPair *gw_pairs(int *count) {
    static const GWPair rows[] = {
// The forms of a chain's second operation, and which of its sources is the first one's result.
#define GW_SECOND_cr(second) GWOp_##second##_rrr
#define GW_SECOND_rc(second) GWOp_##second##_rrr
#define GW_SECOND_ci(second) GWOp_##second##_rri
#define GW_CHAINED_cr 1
#define GW_CHAINED_rc 2
#define GW_CHAINED_ci 1
#define GW_CHAIN(first, b, second, form) \
    {GWOp_##first##_rr##b, GW_SECOND_##form(second), GWOp_##first##_r##b##_##second##_##form, GW_CHAINED_##form},
#define GW_PAIR(first, second, operands, chained) {GWOp_##first, GWOp_##second, GWOp_##first##_##second, chained},
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
    };
    *count = sizeof rows / sizeof *rows;
    return rows;
}

// The selection tables: each takes the rows that it knows what to do with.
#define GW_TABLE_BINARY(name, text, fn, d, a, b) \
    [GWWasmOpcode_##name][GWKind_##d][GWKind_##a][GWKind_##b] = GWOp_##name##_##d##a##b,

static const uint16_t binary[256][4][6][6] = {
#define GW_ALU64_FULL(name, text, fn) GW_FORMS_64_FULL(GW_TABLE_BINARY, name, text, fn)
#define GW_ALU64(name, text, fn) GW_FORMS_64(GW_TABLE_BINARY, name, text, fn)
#define GW_ALU64_RI(name, text, fn) GW_FORMS_RI(GW_TABLE_BINARY, name, text, fn)
#define GW_ALU32(name, text, fn) GW_FORMS_RI(GW_TABLE_BINARY, name, text, fn)
#define GW_TRAPPING(name, text, T, fn) GW_TABLE_BINARY(name, text, fn, r, r, r)
#define GW_BINARY(name, text, T, R, fn) GW_TABLE_BINARY(name, text, fn, r, r, r)
#define GW_COMPARE64(name, text, T, operator, negated, swapped) GW_FORMS_RI(GW_TABLE_BINARY, name, text, )
#define GW_COMPARE32(name, text, T, operator, negated, swapped) GW_FORMS_RI(GW_TABLE_BINARY, name, text, )
#define GW_MEMORY_OPERAND(name, text, fn) \
    GW_TABLE_BINARY(name, text, fn, r, r, m) GW_TABLE_BINARY(name, text, fn, r, r, k) \
    GW_TABLE_BINARY(name, text, fn, r, m, r) GW_TABLE_BINARY(name, text, fn, r, k, r)
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};

static const uint16_t branches[256][6][6] = {
#define GW_COMPARE64(name, text, T, operator, negated, swapped) \
    [GWWasmOpcode_##name] = { \
        [GWKind_r] = {GWOp_##name##_branch_rr, GWOp_##name##_branch_ri, GWOp_##name##_branch_rs}, \
        [GWKind_s] = {0, GWOp_##name##_branch_si}, \
        [GWKind_t] = {0, GWOp_##name##_branch_ti}, \
        [GWKind_m] = {GWOp_##name##_branch_mr, GWOp_##name##_branch_mi}},
#define GW_COMPARE32(name, text, T, operator, negated, swapped) \
    [GWWasmOpcode_##name] = {[GWKind_r] = {GWOp_##name##_branch_rr, GWOp_##name##_branch_ri}},
#define GW_BRANCH_FLOAT(name, text, fn) [GWWasmOpcode_##name] = {[GWKind_r] = {GWOp_##name##_branch}},
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};
static const uint16_t branches_not[256] = {
#define GW_BRANCH_FLOAT(name, text, fn) [GWWasmOpcode_##name] = GWOp_##name##_branchNot,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};
// Pairs of wasm opcodes, the negation and the mirror image of each integer comparison.
static const uint16_t relations[256][2] = {
#define GW_COMPARE64(name, text, T, operator, negated, swapped) \
    [GWWasmOpcode_##name] = {GWWasmOpcode_##negated, GWWasmOpcode_##swapped},
#define GW_COMPARE32 GW_COMPARE64
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};

// Unary instructions by opcode; those of the prefix 0xFC from 256 on.
#define UNARY_INDEX(op) ((op) >= 0xFC00 ? 256 + ((op) & 0xFF) : (op))
static const uint16_t unary[256 + GW_WASM_FC_COUNT] = {
#define GW_UNARY(name, text, T, R, fn) [UNARY_INDEX(GWWasmOpcode_##name)] = GWOp_##name,
#define GW_TRUNC(name, text, T, fn) [UNARY_INDEX(GWWasmOpcode_##name)] = GWOp_##name,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};

// Which row of the bytecode moves the bits of which wasm instruction.
#define LOAD(wasm, row) \
    [GWWasmOpcode_##wasm - GWWasmOpcode_i32Load] = { \
        GWOp_##row##_r, GWOp_##row##_k, GWOp_##row##_s, GWOp_##row##_t, \
        GWOp_##row##_a, GWOp_##row##_x, GWOp_##row##_m}
static const uint16_t loads[][7] = {
    LOAD(i32Load, load32U),     LOAD(i64Load, load64),      LOAD(f32Load, load32U),
    LOAD(f64Load, load64),      LOAD(i32Load8S, load8S32),  LOAD(i32Load8U, load8U),
    LOAD(i32Load16S, load16S32), LOAD(i32Load16U, load16U), LOAD(i64Load8S, load8S),
    LOAD(i64Load8U, load8U),    LOAD(i64Load16S, load16S),  LOAD(i64Load16U, load16U),
    LOAD(i64Load32S, load32S),  LOAD(i64Load32U, load32U),
};
#define STORE(wasm, row) \
    [GWWasmOpcode_##wasm - GWWasmOpcode_i32Store] = { \
        [GWMode_r] = {GWOp_##row##_rr, GWOp_##row##_ri}, [GWMode_k] = {GWOp_##row##_kr, GWOp_##row##_ki}, \
        [GWMode_s] = {GWOp_##row##_sr, GWOp_##row##_si}, [GWMode_t] = {GWOp_##row##_tr, GWOp_##row##_ti}, \
        [GWMode_a] = {GWOp_##row##_ar, GWOp_##row##_ai}, [GWMode_x] = {GWOp_##row##_xr}}
static const uint16_t stores[][7][2] = {
    STORE(i32Store, store32),  STORE(i64Store, store64),   STORE(f32Store, store32),
    STORE(f64Store, store64),  STORE(i32Store8, store8),   STORE(i32Store16, store16),
    STORE(i64Store8, store8),  STORE(i64Store16, store16), STORE(i64Store32, store32),
};

GWOp gw_select_binary(GWWasmOpcode op, GWKind destination, GWKind first, GWKind second) {
    return op < 256 ? binary[op][destination][first][second] : GWOp_invalid;
}

GWOp gw_select_branch(GWWasmOpcode op, GWKind first, GWKind second) {
    return op < 256 ? branches[op][first][second] : GWOp_invalid;
}

GWOp gw_select_branch_not(GWWasmOpcode op) { return op < 256 ? branches_not[op] : GWOp_invalid; }

GWOp gw_select_unary(GWWasmOpcode op) {
    if (op < 256) return unary[op];
    return op >= 0xFC00 && op < 0xFC00 + GW_WASM_FC_COUNT ? unary[UNARY_INDEX(op)] : GWOp_invalid;
}

GWOp gw_select_vector(GWWasmOpcode op) {
    static const uint16_t vectors[256] = {
#define GW_VECTOR_ROW(name) [GWWasmOpcode_##name & 0xFF] = GWOp_##name,
#define GW_VECTOR_LOAD(code, name, ...) GW_VECTOR_ROW(name)
#define GW_VECTOR_LOAD_LANE GW_VECTOR_LOAD
#define GW_VECTOR_STORE_LANE GW_VECTOR_LOAD
#define GW_VECTOR_SPLAT GW_VECTOR_LOAD
#define GW_VECTOR_EXTRACT GW_VECTOR_LOAD
#define GW_VECTOR_REPLACE GW_VECTOR_LOAD
#define GW_VECTOR_BINARY GW_VECTOR_LOAD
#define GW_VECTOR_UNARY GW_VECTOR_LOAD
#define GW_VECTOR_SHIFT GW_VECTOR_LOAD
#define GW_VECTOR_TEST GW_VECTOR_LOAD
#define GW_VECTOR_OTHER GW_VECTOR_LOAD
#define GW_VECTOR_CALLED(code, name, ...) [GWWasmOpcode_##name & 0xFF] = GWOp_v128Call,
#include "gw_vector_opcodes.def"
    };
    return (op & 0xFF00) == 0xFD00 ? vectors[op & 0xFF] : GWOp_invalid;
}

GWOp gw_select_load(GWWasmOpcode op, GWMode mode) { return loads[op - GWWasmOpcode_i32Load][mode]; }

GWOp gw_select_store(GWWasmOpcode op, GWMode mode, GWKind value) {
    // Only whole 64-bit words have forms that copy a stack word.
    if (value == GWKind_s || value == GWKind_t) {
        if (op != GWWasmOpcode_i64Store && op != GWWasmOpcode_f64Store) return GWOp_invalid;
        static const uint16_t copies[7][2] = {
            [GWMode_r] = {GWOp_store64_rs}, [GWMode_k] = {GWOp_store64_ks},
            [GWMode_s] = {GWOp_store64_ss, GWOp_store64_st}, [GWMode_t] = {GWOp_store64_ts, GWOp_store64_tt}};
        return copies[mode][value == GWKind_t];
    }
    return stores[op - GWWasmOpcode_i32Store][mode][value];
}

GWWasmOpcode gw_negated(GWWasmOpcode op) {
    return op < 256 && relations[op][0] ? (GWWasmOpcode)relations[op][0] : op;
}

GWWasmOpcode gw_swapped(GWWasmOpcode op) {
    return op < 256 && relations[op][1] ? (GWWasmOpcode)relations[op][1] : op;
}
