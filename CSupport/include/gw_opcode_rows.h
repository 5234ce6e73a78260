// Expands every row of gw_opcodes.def, families included, to
//
//     GW_ROW(name, "text", "operands", family, wasm, facts, destination, first, second, mode, plain, next,
//            chained)
//
// which the including file defines: the columns of GWOpInfo. Included several times, hence no guard.
//
// The number of a form is nowhere written down: all tables are made by this one expansion.
#ifndef GW_ROWS_H
#define GW_ROWS_H
// The letter of a form's destination: a slot that is written is a `d`.
#define GW_LETTER_r "d"
#define GW_LETTER_s "s"
#define GW_LETTER_t "t"
// The name of an instruction by its kind and columns, as the rows of pairs have them.
#define GW_NAME(instruction) GW_NAME_(instruction)
#define GW_NAME_(instruction) GW_NAME_##instruction
#define GW_NAME_alu(name, d, a, b) name##_##d##a##b
#define GW_NAME_memory(name, a, b) name##_r##a##b
#define GW_NAME_unary(name) name
#define GW_NAME_load(name, mode) name##_##mode
#define GW_NAME_store(name, mode, kind) name##_##mode##kind
#define GW_NAME_branch(name, a, b) name##_branch_##a##b
#define GW_NAME_op(name) name
#define GW_PAIR_NAME(first, second) GW_JOINED(GW_NAME(first), GW_NAME(second))
#define GW_JOINED(first, second) GW_JOINED_(first, second)
#define GW_JOINED_(first, second) first##_##second
// The second instruction of a chain's form.
#define GW_SECOND_cr(second) alu(second, r, r, r)
#define GW_SECOND_rc(second) alu(second, r, r, r)
#define GW_SECOND_ci(second) alu(second, r, r, i)
// Which of its sources is the first one's result.
#define GW_CHAINED_cr 1
#define GW_CHAINED_rc 2
#define GW_CHAINED_ci 1
// What a source or destination of this kind adds to an instruction's facts.
#define GW_FACTS_r 0
#define GW_FACTS_i 0
#define GW_FACTS_s GWFact_mayTrap
#define GW_FACTS_t GWFact_mayTrap
#define GW_FACTS_m GWFact_mayTrap
#define GW_FACTS_k GWFact_mayTrap
#define GW_FACTS_COMMUTES GWFact_commutes
#define GW_FACTS_ORDERED 0
// A comparison that is its own mirror image.
#define GW_FACTS_MIRROR(name, swapped) (GWWasmOpcode_##name == GWWasmOpcode_##swapped ? GWFact_commutes : 0)
// Sources of different kinds cannot be exchanged: their operands lie in different places.
#define GW_FACTS_IF_SAME(a, b, facts) (GWKind_##a == GWKind_##b ? (facts) : 0)
// An instruction without operands of kinds that are selected by, one of an operation on slots, and a pair.
#define GW_PLAIN_ROW(name, text, operands, family, wasm, facts) \
    GW_ROW(name, text, operands, family, wasm, facts, none, none, none, none, name, invalid, 0)
#define GW_SLOTS_ROW(name, text, operands, family, wasm, facts, d, a, b) \
    GW_ROW(name, text, operands, family, wasm, facts, d, a, b, none, name, invalid, 0)
#define GW_PAIR_ROW(...) GW_PAIR_ROW_(__VA_ARGS__)
#define GW_PAIR_ROW_(name, operands, first, second, chained) \
    GW_ROW(name, #name, operands, pair, nop, 0, none, none, none, none, first, second, chained)

#define GW_ROW_BINARY(name, text, order, d, a, b) \
    GW_SLOTS_ROW(name##_##d##a##b, text, GW_LETTER_##d #a #b, binary, name, \
                 GW_FACTS_IF_SAME(a, b, GW_FACTS_##order) | GW_FACTS_##d | GW_FACTS_##a | GW_FACTS_##b, d, a, b)
#define GW_ROW_COMPARE(name, text, facts, d, a, b) \
    GW_SLOTS_ROW(name##_##d##a##b, text, GW_LETTER_##d #a #b, binary, name, GW_FACTS_IF_SAME(a, b, facts), d, a, b)
#define GW_ROW_BRANCH(name, text, facts, a, b, operands) \
    GW_SLOTS_ROW(name##_branch_##a##b, "branch " text, operands, branch, name, \
                 GWFact_endsBlock | GW_FACTS_IF_SAME(a, b, facts) | GW_FACTS_##a | GW_FACTS_##b, none, a, b)
#define GW_ROW_MEMORY(name, text, a, b, operands) \
    GW_SLOTS_ROW(name##_r##a##b, text, operands, binary, name, GWFact_mayTrap, r, a, b)
#define GW_ROW_LOAD(name, text, wasm, mode, operands) \
    GW_ROW(name##_##mode, text, operands, load, wasm, GWFact_mayTrap, r, none, none, mode, name##_##mode, \
           invalid, 0)
#define GW_ROW_STORE(name, text, wasm, mode, kind, operands) \
    GW_ROW(name##_##mode##kind, text, operands, store, wasm, GWFact_mayTrap, none, kind, none, mode, \
           name##_##mode##kind, invalid, 0)
#endif

#define GW_OP(name, text, operands, family, wasm, facts) GW_PLAIN_ROW(name, text, operands, family, wasm, facts)
#define GW_PATCH(name, text, operands, family, wasm, facts, plain) \
    GW_ROW(name, text, operands, family, wasm, facts, none, none, none, none, plain, invalid, 0)
#define GW_HELPER GW_OP
#define GW_ALU64_FULL(name, text, fn, order, low) GW_FORMS_64_FULL(GW_ROW_BINARY, name, text, order)
#define GW_ALU64(name, text, fn, order, low) GW_FORMS_64(GW_ROW_BINARY, name, text, order)
#define GW_ALU64_RI(name, text, fn, order, low) GW_FORMS_RI(GW_ROW_BINARY, name, text, order)
#define GW_ALU32(name, text, fn, order) GW_FORMS_RI(GW_ROW_BINARY, name, text, order)
#define GW_TRAPPING(name, text, T, fn) \
    GW_SLOTS_ROW(name##_rrr, text, "drr", binary, name, GWFact_mayTrap, r, r, r)
#define GW_BINARY(name, text, T, R, fn) GW_SLOTS_ROW(name##_rrr, text, "drr", binary, name, 0, r, r, r)
#define GW_UNARY(name, text, T, R, fn) GW_SLOTS_ROW(name, text, "dr", unary, name, 0, r, r, none)
#define GW_TRUNC(name, text, T, fn) GW_SLOTS_ROW(name, text, "dr", unary, name, GWFact_mayTrap, r, r, none)
#define GW_COMPARE64(name, text, T, operator, negated, swapped) \
    GW_FORMS_RI(GW_ROW_COMPARE, name, text, GW_FACTS_MIRROR(name, swapped)) \
    GW_FORMS_BRANCH64(GW_ROW_BRANCH, name, text, GW_FACTS_MIRROR(name, swapped))
#define GW_COMPARE32(name, text, T, operator, negated, swapped) \
    GW_FORMS_RI(GW_ROW_COMPARE, name, text, GW_FACTS_MIRROR(name, swapped)) \
    GW_FORMS_BRANCH32(GW_ROW_BRANCH, name, text, GW_FACTS_MIRROR(name, swapped))
#define GW_BRANCH_FLOAT(name, text, fn) \
    GW_SLOTS_ROW(name##_branch, "branch " text, "rrj", branch, name, GWFact_endsBlock, none, r, r) \
    GW_SLOTS_ROW(name##_branchNot, "branch_not " text, "rrj", branchNot, name, GWFact_endsBlock, none, r, r)
#define GW_MEMORY_OPERAND(name, text, fn) GW_FORMS_MEMORY(GW_ROW_MEMORY, name, text)
#define GW_LOAD(name, text, wasm, T, as) GW_MODES_LOAD(GW_ROW_LOAD, name, text, wasm)
#define GW_STORE(name, text, wasm, T) GW_FORMS_STORE(GW_ROW_STORE, name, text, wasm)
#define GW_COPY(mode, kind, operands) GW_ROW_STORE(store64, "store64", i64Store, mode, kind, operands)
#define GW_CHAIN(first, b, second, form) \
    GW_PAIR_ROW(first##_r##b##_##second##_##form, "dr" #b, first##_rr##b, \
                GW_NAME(GW_SECOND_##form(second)), GW_CHAINED_##form)
#define GW_PAIR(first, second, operands, chained) \
    GW_PAIR_ROW(GW_PAIR_NAME(first, second), operands, GW_NAME(first), GW_NAME(second), chained)
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
#define GW_VECTOR_ROW(name, text, operands, facts) GW_PLAIN_ROW(name, text, operands, vector, name, facts)
#define GW_VECTOR_LOAD(code, name, text, bits, fn) GW_VECTOR_ROW(name, text, "wro", GWFact_mayTrap)
#define GW_VECTOR_LOAD_LANE(code, name, text, bits) GW_VECTOR_ROW(name, text, "wvrho", GWFact_mayTrap)
#define GW_VECTOR_STORE_LANE(code, name, text, bits) GW_VECTOR_ROW(name, text, "rvho", GWFact_mayTrap)
#define GW_VECTOR_SPLAT(code, name, text, type, T) GW_VECTOR_ROW(name, text, "wr", 0)
#define GW_VECTOR_EXTRACT(code, name, text, type, lanes, T) GW_VECTOR_ROW(name, text, "dvh", 0)
#define GW_VECTOR_REPLACE(code, name, text, type, lanes, T) GW_VECTOR_ROW(name, text, "wvrh", 0)
#define GW_VECTOR_BINARY(code, name, text, fn) GW_VECTOR_ROW(name, text, "wvv", 0)
#define GW_VECTOR_UNARY(code, name, text, fn) GW_VECTOR_ROW(name, text, "wv", 0)
#define GW_VECTOR_SHIFT(code, name, text, fn) GW_VECTOR_ROW(name, text, "wvr", 0)
#define GW_VECTOR_TEST(code, name, text, fn) GW_VECTOR_ROW(name, text, "dv", 0)
#define GW_VECTOR_OTHER(code, name, text, immediate, operands, results, letters, facts) \
    GW_VECTOR_ROW(name, text, letters, facts)
#include "gw_vector_opcodes.def"
#undef GW_VECTOR_ROW
