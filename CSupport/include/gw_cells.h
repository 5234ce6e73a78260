// How many cells an instruction has: what its operand letters say (see gw_opcodes.def).
#ifndef GW_CELLS_H
#define GW_CELLS_H

// Operands of 16 bits come first, two to a cell.
#define GW_IS_HALF(letter) \
    ((letter) == 'r' || (letter) == 'd' || (letter) == 'h' || (letter) == 'v' || (letter) == 'w')
// No instruction has more letters than five; the padding keeps the index inside the literal.
#define GW_LETTER(operands, index) ((operands "\0\0\0\0\0")[index])
#define GW_HALF_BIT(operands, index) (GW_IS_HALF(GW_LETTER(operands, index)) << (index))
/// Which operands have 16 bits: a bit each, the first one's lowest.
#define GW_HALVES(operands) \
    (GW_HALF_BIT(operands, 0) | GW_HALF_BIT(operands, 1) | GW_HALF_BIT(operands, 2) | GW_HALF_BIT(operands, 3) | \
     GW_HALF_BIT(operands, 4))
#define GW_HALF_COUNT(operands) \
    (GW_IS_HALF(GW_LETTER(operands, 0)) + GW_IS_HALF(GW_LETTER(operands, 1)) + GW_IS_HALF(GW_LETTER(operands, 2)) + \
     GW_IS_HALF(GW_LETTER(operands, 3)) + GW_IS_HALF(GW_LETTER(operands, 4)))
// The cells of an operand that has no 16 bits; of a call's single letter, all but the handler's.
#define GW_WORDS(letter) \
    ((letter) == 0 || GW_IS_HALF(letter) ? 0 : (letter) == 'l' ? 2 : (letter) == 'q' ? 4 \
     : (letter) == 'C' ? GW_CALL_CELLS - 1 : 1)
/// The cells of an instruction with these operands, the handler's included; without the jumps of a table.
#define GW_CELLS(operands) \
    (1 + (GW_HALF_COUNT(operands) + 1) / 2 + GW_WORDS(GW_LETTER(operands, 0)) + GW_WORDS(GW_LETTER(operands, 1)) + \
     GW_WORDS(GW_LETTER(operands, 2)) + GW_WORDS(GW_LETTER(operands, 3)) + GW_WORDS(GW_LETTER(operands, 4)))
// How many 16-bit operands, and how many cells of others, come before the one numbered `index`.
#define GW_IF_BEFORE(operands, index, k, count) ((index) > (k) ? count(GW_LETTER(operands, k)) : 0)
#define GW_BEFORE(operands, index, count) \
    (GW_IF_BEFORE(operands, index, 0, count) + GW_IF_BEFORE(operands, index, 1, count) + \
     GW_IF_BEFORE(operands, index, 2, count) + GW_IF_BEFORE(operands, index, 3, count))
/// Where an operand is: of 16 bits the number of the half, otherwise that of its first cell, the handler's counted.
#define GW_POSITION(operands, index) \
    (GW_IS_HALF(GW_LETTER(operands, index)) ? 2 + GW_BEFORE(operands, index, GW_IS_HALF) \
                                            : 1 + (GW_HALF_COUNT(operands) + 1) / 2 + \
                                                  GW_BEFORE(operands, index, GW_WORDS))
// The cell of a jump, the operand `j`; 0 where there is none.
#define GW_IF_JUMP(operands, k) (GW_LETTER(operands, k) == 'j' ? GW_POSITION(operands, k) : 0)
/// The cell that an instruction's jump is in; 0 where it has none.
#define GW_JUMP(operands) \
    (GW_IF_JUMP(operands, 0) + GW_IF_JUMP(operands, 1) + GW_IF_JUMP(operands, 2) + GW_IF_JUMP(operands, 3) + \
     GW_IF_JUMP(operands, 4))

// The letters as a number, eight bits each: a string has no name that an instruction's could be made part of.
#define GW_LETTER_BITS(operands, index) ((uint64_t)GW_LETTER(operands, index) << 8 * (index))
#define GW_PACKED(operands) \
    (GW_LETTER_BITS(operands, 0) | GW_LETTER_BITS(operands, 1) | GW_LETTER_BITS(operands, 2) | \
     GW_LETTER_BITS(operands, 3) | GW_LETTER_BITS(operands, 4))
// The same of the operands' positions.
#define GW_POSITION_BITS(operands, index) ((uint64_t)GW_POSITION(operands, index) << 8 * (index))
#define GW_POSITIONS(operands) \
    (GW_POSITION_BITS(operands, 0) | GW_POSITION_BITS(operands, 1) | GW_POSITION_BITS(operands, 2) | \
     GW_POSITION_BITS(operands, 3) | GW_POSITION_BITS(operands, 4))

#endif
