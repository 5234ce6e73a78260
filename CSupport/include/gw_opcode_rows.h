// Expands every row of gw_opcodes.def, families included, to GW_ROW(name, "text", "operands"), which the including
// file defines. Included several times, hence no guard.
//
// The number of a form is nowhere written down: all tables are made by this one expansion.
#define GW_OP(name, text, operands) GW_ROW(name, text, operands)
#define GW_OUTSIDE GW_OP
// The letter of a form's destination: a slot that is written is a `d`.
#define GW_LETTER_r "d"
#define GW_LETTER_s "s"
#define GW_LETTER_t "t"
#define GW_FORM(name, text, fn, d, a, b) GW_ROW(name##_##d##a##b, text, GW_LETTER_##d #a #b)
#define GW_ALU64_FULL(name, text, fn) GW_FORMS_64_FULL(GW_FORM, name, text, fn)
#define GW_ALU64(name, text, fn) GW_FORMS_64(GW_FORM, name, text, fn)
#define GW_ALU64_RI(name, text, fn) GW_FORMS_RI(GW_FORM, name, text, fn)
#define GW_ALU32(name, text, fn) GW_FORMS_RI(GW_FORM, name, text, fn)
#define GW_TRAPPING(name, text, T, fn) GW_ROW(name##_rrr, text, "drr")
#define GW_BINARY(name, text, T, R, fn) GW_ROW(name##_rrr, text, "drr")
#define GW_UNARY(name, text, T, R, fn) GW_ROW(name, text, "dr")
#define GW_TRUNC(name, text, T, fn) GW_ROW(name, text, "dr")
#define GW_COMPARE64(name, text, T, operator, negated, swapped) \
    GW_ROW(name##_rrr, text, "drr") GW_ROW(name##_rri, text, "dri") GW_ROW(name##_branch_rr, "branch " text, "rrj") \
    GW_ROW(name##_branch_ri, "branch " text, "rij") GW_ROW(name##_branch_si, "branch " text, "sij") \
    GW_ROW(name##_branch_ti, "branch " text, "tij") GW_ROW(name##_branch_rs, "branch " text, "rsj") \
    GW_ROW(name##_branch_mi, "branch " text, "roij") GW_ROW(name##_branch_mr, "branch " text, "rorj")
#define GW_COMPARE32(name, text, T, operator, negated, swapped) \
    GW_ROW(name##_rrr, text, "drr") GW_ROW(name##_rri, text, "dri") GW_ROW(name##_branch_rr, "branch " text, "rrj") \
    GW_ROW(name##_branch_ri, "branch " text, "rij")
#define GW_BRANCH_FLOAT(name, text, fn) \
    GW_ROW(name##_branch, "branch " text, "rrj") GW_ROW(name##_branchNot, "branch_not " text, "rrj")
#define GW_MEMORY_OPERAND(name, text, fn) \
    GW_ROW(name##_rrm, text, "drro") GW_ROW(name##_rrk, text, "drrk") GW_ROW(name##_rmr, text, "drro") \
    GW_ROW(name##_rkr, text, "drrk")
#define GW_LOAD(name, text, T, as) \
    GW_ROW(name##_r, text, "dro") GW_ROW(name##_k, text, "drk") GW_ROW(name##_s, text, "ds") GW_ROW(name##_t, text, "dt") \
    GW_ROW(name##_a, text, "da") GW_ROW(name##_x, text, "drrh") GW_ROW(name##_m, text, "dso")
#define GW_STORE(name, text, T) \
    GW_ROW(name##_rr, text, "ror") GW_ROW(name##_ri, text, "roi") GW_ROW(name##_kr, text, "rkr") \
    GW_ROW(name##_ki, text, "rki") GW_ROW(name##_sr, text, "sr") GW_ROW(name##_si, text, "si") \
    GW_ROW(name##_tr, text, "tr") GW_ROW(name##_ti, text, "ti") \
    GW_ROW(name##_ar, text, "ar") GW_ROW(name##_ai, text, "ai") \
    GW_ROW(name##_xr, text, "rrhr")
#define GW_PAIR_ROW(name, operands) GW_ROW(name, #name, operands)
#define GW_CHAIN(first, b, second, form) GW_PAIR_ROW(first##_r##b##_##second##_##form, "dr" #b)
#define GW_PAIR(first, second, operands, chained) GW_PAIR_ROW(first##_##second, operands)
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
#define GW_VECTOR_LOAD(code, name, text, bits, fn) GW_ROW(name, text, "wro")
#define GW_VECTOR_LOAD_LANE(code, name, text, bits) GW_ROW(name, text, "wvrho")
#define GW_VECTOR_STORE_LANE(code, name, text, bits) GW_ROW(name, text, "rvho")
#define GW_VECTOR_SPLAT(code, name, text, type, T) GW_ROW(name, text, "wr")
#define GW_VECTOR_EXTRACT(code, name, text, type, lanes, T) GW_ROW(name, text, "dvh")
#define GW_VECTOR_REPLACE(code, name, text, type, lanes, T) GW_ROW(name, text, "wvrh")
#define GW_VECTOR_BINARY(code, name, text, fn) GW_ROW(name, text, "wvv")
#define GW_VECTOR_UNARY(code, name, text, fn) GW_ROW(name, text, "wv")
#define GW_VECTOR_SHIFT(code, name, text, fn) GW_ROW(name, text, "wvr")
#define GW_VECTOR_TEST(code, name, text, fn) GW_ROW(name, text, "dv")
#define GW_VECTOR_OTHER(code, name, text, immediate, operands, results, letters) GW_ROW(name, text, letters)
#include "gw_vector_opcodes.def"
