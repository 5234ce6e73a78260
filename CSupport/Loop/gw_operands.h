// The operands of the instruction at `pc`, by the instruction's name and the operand's number among the letters of its
// row. Where an operand lies follows from the letters, and each of these says which letters it is for: a handler that
// takes an operand for what its row does not say is not compiled.
#ifndef GW_OPERANDS_H
#define GW_OPERANDS_H

#include <stdint.h>

#include "gw_cells.h"
#include "gw_machine.h"

/// The cells of each instruction, its letters, where the operands lie (GW_POSITION), and its facts, by name.
enum : uint64_t {
#define GW_ROW(name, text, operands, family, wasm, facts, ...) \
    GWCells_##name = GW_CELLS(operands), GWLetters_##name = GW_PACKED(operands), \
    GWPositions_##name = GW_POSITIONS(operands), GWFacts_##name = (facts),
#include "gw_opcode_rows.h"
#undef GW_ROW
};
#define CELLS(row) ((int)GWCells_##row)
#define FACTS(row) ((GWFacts)GWFacts_##row)
#define LETTER(row, i) (GWLetters_##row >> 8 * (i) & 0xFF)
#define POSITION(row, i) ((int)(GWPositions_##row >> 8 * (i) & 0xFF))

/// The i-th 16 bits of the instruction at `cells`, and its i-th cell.
#define HALF_OF(cells, i) (((const uint16_t *)(const void *)(cells))[i])
#define WORD_OF(cells, i) ((cells)[i])
// The same where the operand has one of the letters.
#define IS_LETTER(row, i, x, y) (LETTER(row, i) == (x) || LETTER(row, i) == (y))
#define HALF(cells, row, i, x, y) \
    ({ \
        _Static_assert(IS_LETTER(row, i, x, y), #row ": no operand " #i " with such a letter"); \
        HALF_OF(cells, POSITION(row, i)); \
    })
#define CELL(cells, row, i, is_right) \
    (cells)[({ \
        _Static_assert(is_right, #row ": no operand " #i " with such a letter"); \
        POSITION(row, i); \
    })]
// The letters of 32 bits that are no signed numbers: a, k, o, s, t, u, x.
#define IS_WORD(letter) ((1u << ((letter) - 'a') & (1u | 1u << 10 | 1u << 14 | 7u << 18 | 1u << 23)) != 0)

/// The slot that an operand names (r, d); the two of a vector (v, w); a number of 16 bits (h).
#define SLOT(row, i) fp[HALF(pc, row, i, 'r', 'd')]
#define VECTOR(row, i) (&fp[HALF(pc, row, i, 'v', 'w')])
#define NUMBER(row, i) HALF(pc, row, i, 'h', 'h')
/// 32 bits (u, o, k, a, x; of s and t, what is added to sp); the same of the instruction at `cells`.
#define WORD(row, i) WORD_IN(pc, row, i)
#define NUMBER_IN(cells, row, i) HALF(cells, row, i, 'h', 'h')
#define WORD_IN(cells, row, i) CELL(cells, row, i, IS_WORD(LETTER(row, i)))
/// 32 bits, sign-extended (i); 64 bits (l); the four cells of a vector (q).
#define IMMEDIATE(row, i) ((uint64_t)(int64_t)(int32_t)CELL(pc, row, i, LETTER(row, i) == 'i'))
#define LONG_LOW(row, i) CELL(pc, row, i, LETTER(row, i) == 'l')
#define LONG(row, i) (LONG_LOW(row, i) | (uint64_t)(&LONG_LOW(row, i))[1] << 32)
#define QUAD(row, i) (&CELL(pc, row, i, LETTER(row, i) == 'q'))
/// The cells to a jump's target (j).
#define DISTANCE_IN(cells, row, i) ((int32_t)CELL(cells, row, i, LETTER(row, i) == 'j'))
#define DISTANCE(row, i) DISTANCE_IN(pc, row, i)

// The operands of calls, which all have the same cells (GW_CALL_...).
#define CALL_BASE() HALF_OF(pc, 2 * GW_CALL_BASE)
#define CALL_ZERO() ((int32_t)WORD_OF(pc, GW_CALL_ZERO))
#define CALL_TARGET() ((int32_t)WORD_OF(pc, GW_CALL_TARGET))
#define CALL_FUNCTION() WORD_OF(pc, GW_CALL_FUNCTION)
#define CALL_IMMEDIATE() ((uint64_t)(int64_t)(int32_t)WORD_OF(pc, GW_CALL_IMMEDIATE))
// Of indirect ones.
#define CALL_TYPE() WORD_OF(pc, GW_CALL_TARGET)
#define CALL_INDEX() fp[HALF_OF(pc, 2 * GW_CALL_FUNCTION)]
#define CALL_TABLE() HALF_OF(pc, 2 * GW_CALL_FUNCTION + 1)

#endif
