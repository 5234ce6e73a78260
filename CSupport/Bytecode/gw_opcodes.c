// The tables of gw_opcodes.h and gw_traps.h, all made from the rows of the .def files.
#include "gw_cells.h"
#include "gw_machine.h"
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

// The facts of each row, by name; a pair has none of its own, but those of both.
enum {
#define GW_ROW(name, text, operands, family, wasm, facts, ...) FACTS_##name = (facts),
#include "gw_opcode_rows.h"
#undef GW_ROW
};

const GWOpInfo *gw_op_info(void) {
    static const GWOpInfo rows[] = {
#define GW_ROW(name_, text_, operands_, family_, wasm_, facts_, d, a, b, mode_, plain_, next_, chained_) \
    {.text = text_, .operands = operands_, .name = #name_, .family = GWFamily_##family_, .wasm = GWWasmOpcode_##wasm_, \
     .facts = FACTS_##name_ | FACTS_##plain_ | FACTS_##next_, .destination = GWKind_##d, .first = GWKind_##a, \
     .second = GWKind_##b, .mode = GWMode_##mode_, .cells = GW_CELLS(operands_), .halves = GW_HALVES(operands_), \
     .positions = {GW_POSITION(operands_, 0), GW_POSITION(operands_, 1), GW_POSITION(operands_, 2), \
                   GW_POSITION(operands_, 3), GW_POSITION(operands_, 4)}, \
     .jump = GW_JUMP(operands_), \
     .plain = GWOp_##plain_, \
     .next = GWOp_##next_, .chained = chained_},
#include "gw_opcode_rows.h"
#undef GW_ROW
    };
    return rows;
}

const GWPair *gw_pairs(int *count) {
    static const GWPair rows[] = {
#define OP(name) OP_(name)
#define OP_(name) GWOp_##name
#define GW_CHAIN(first, b, second, form) \
    {GWOp_##first##_rr##b, OP(GW_NAME(GW_SECOND_##form(second))), GWOp_##first##_r##b##_##second##_##form, \
     GW_CHAINED_##form},
#define GW_PAIR(first, second, operands, chained) \
    {OP(GW_NAME(first)), OP(GW_NAME(second)), OP(GW_PAIR_NAME(first, second)), chained},
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
    };
    *count = sizeof rows / sizeof *rows;
    return rows;
}

const GWFusion *gw_fusions(int *count) {
    static const GWFusion rows[] = {
#define GW_FUSE(first_, second_, both_, how_) \
    {.first = GWOp_##first_, .second = GWOp_##second_, .both = GWOp_##both_, .how = GWFusing_##how_},
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
    };
    *count = sizeof rows / sizeof *rows;
    return rows;
}

// The selection tables: each takes the rows that it knows what to do with, in the forms that their family has.
#define BINARY(name, d, a, b) [GWWasmOpcode_##name][GWKind_##d][GWKind_##a][GWKind_##b] = GWOp_##name##_##d##a##b,
#define BINARY_MEMORY(name, a, b, operands) BINARY(name, r, a, b)
static const uint16_t binary[256][4][6][6] = {
#define GW_ALU64_FULL(name, text, fn, order, low) GW_FORMS_64_FULL(BINARY, name)
#define GW_ALU64(name, text, fn, order, low) GW_FORMS_64(BINARY, name)
#define GW_ALU64_RI(name, text, fn, order, low) GW_FORMS_RI(BINARY, name)
#define GW_ALU32(name, text, fn, order) GW_FORMS_RI(BINARY, name)
#define GW_TRAPPING(name, text, T, fn) BINARY(name, r, r, r)
#define GW_BINARY(name, text, T, R, fn) BINARY(name, r, r, r)
#define GW_COMPARE64(name, text, T, operator, negated, swapped) GW_FORMS_RI(BINARY, name)
#define GW_COMPARE32(name, text, T, operator, negated, swapped) GW_FORMS_RI(BINARY, name)
#define GW_MEMORY_OPERAND(name, text, fn) GW_FORMS_MEMORY(BINARY_MEMORY, name)
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};

#define BRANCH(name, a, b, operands) [GWWasmOpcode_##name][GWKind_##a][GWKind_##b] = GWOp_##name##_branch_##a##b,
static const uint16_t branches[256][6][6] = {
#define GW_COMPARE64(name, text, T, operator, negated, swapped) GW_FORMS_BRANCH64(BRANCH, name)
#define GW_COMPARE32(name, text, T, operator, negated, swapped) GW_FORMS_BRANCH32(BRANCH, name)
#define GW_BRANCH_FLOAT(name, text, fn) [GWWasmOpcode_##name][GWKind_r][GWKind_r] = GWOp_##name##_branch,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};
static const uint16_t branches_not[256] = {
#define GW_BRANCH_FLOAT(name, text, fn) [GWWasmOpcode_##name] = GWOp_##name##_branchNot,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};
// Wasm opcodes: the negation and the mirror image of each integer comparison.
static const uint16_t relations[256][2] = {
#define GW_COMPARE64(name, text, T, operator, negated, swapped) \
    [GWWasmOpcode_##name] = {GWWasmOpcode_##negated, GWWasmOpcode_##swapped},
#define GW_COMPARE32 GW_COMPARE64
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};
static const uint16_t low_halves[256] = {
#define GW_ALU64(name, text, fn, order, low) [GWWasmOpcode_##name] = GWWasmOpcode_##low,
#define GW_ALU64_FULL GW_ALU64
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

// Loads and stores from wasm's first on. Those that move the same bits as another one are found through it.
#define ACCESS(wasm) [GWWasmOpcode_##wasm - GWWasmOpcode_i32Load]
enum { ACCESSES = GWWasmOpcode_i64Store32 - GWWasmOpcode_i32Load + 1 };
static const uint16_t same[ACCESSES] = {
#define GW_SAME(wasm, other) ACCESS(wasm) = GWWasmOpcode_##other,
#define GW_LOAD(name, text, wasm, T, as) ACCESS(wasm) = GWWasmOpcode_##wasm,
#define GW_STORE(name, text, wasm, T) ACCESS(wasm) = GWWasmOpcode_##wasm,
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};
#define LOAD(name, wasm, mode, operands) ACCESS(wasm)[GWMode_##mode] = GWOp_##name##_##mode,
static const uint16_t loads[ACCESSES][7] = {
#define GW_LOAD(name, text, wasm, T, as) GW_MODES_LOAD(LOAD, name, wasm)
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
};
#define STORE(name, wasm, mode, kind, operands) ACCESS(wasm)[GWMode_##mode][GWKind_##kind] = GWOp_##name##_##mode##kind,
static const uint16_t stores[ACCESSES][7][4] = {
#define GW_STORE(name, text, wasm, T) GW_FORMS_STORE(STORE, name, wasm)
#define GW_COPY(mode, kind, operands) STORE(store64, i64Store, mode, kind, operands)
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
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

GWOp gw_select_load(GWWasmOpcode op, GWMode mode) {
    return loads[same[op - GWWasmOpcode_i32Load] - GWWasmOpcode_i32Load][mode];
}

GWOp gw_select_store(GWWasmOpcode op, GWMode mode, GWKind value) {
    return stores[same[op - GWWasmOpcode_i32Load] - GWWasmOpcode_i32Load][mode][value];
}

GWWasmOpcode gw_negated(GWWasmOpcode op) {
    return op < 256 && relations[op][0] ? (GWWasmOpcode)relations[op][0] : op;
}

GWWasmOpcode gw_swapped(GWWasmOpcode op) {
    return op < 256 && relations[op][1] ? (GWWasmOpcode)relations[op][1] : op;
}

GWWasmOpcode gw_low_half(GWWasmOpcode op) {
    return op < 256 && low_halves[op] ? (GWWasmOpcode)low_halves[op] : GWWasmOpcode_nop;
}

GWFacts gw_numeric_facts(GWWasmOpcode op) {
    GWOp row = op < 256 ? binary[op][GWKind_r][GWKind_r][GWKind_r] : 0;
    return gw_op_info()[row ? row : gw_select_unary(op)].facts;
}
