// A function's bytecode as data for the compiler: its instructions, its blocks, and which slots are live where.
#ifndef GW_NATIVE_ANALYSIS_H
#define GW_NATIVE_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "gw_native.h"
#include "gw_opcodes.h"

/// What an instruction does to slots, in the order in which it does it.
typedef enum gw_effect_kind {
    gw_effect_use,
    gw_effect_define,
    /// Defines the slot only where it jumps.
    gw_effect_maybe,
} gw_effect_kind;
typedef struct gw_effect {
    uint16_t slot, count;
    uint8_t kind;
    /// Whether the slot's value is not needed behind the instruction, where it is one slot; and whether its next use
    /// takes it as a floating-point number.
    bool is_last, is_float;
} gw_effect;
/// An instruction has at most so many.
enum { GW_MOST_EFFECTS = 5 };

/// An instruction: of a pair, both have one.
typedef struct gw_instruction {
    uint32_t cell;
    uint16_t op;
    /// Whether other instructions than the one before lead here.
    bool is_leader;
    /// What it does to slots: the first of the analysis's effects, and how many.
    uint8_t effect_count;
    uint32_t first_effect;
} gw_instruction;

/// Instructions that are executed one after the other.
typedef struct gw_block {
    /// Its instructions: from `first` up to `end`.
    uint32_t first, end;
} gw_block;

typedef struct gw_analysis {
    const GWCode *code;
    const GWModuleShape *shape;
    const uint32_t *arena;
    const GWOpInfo *rows;
    uint32_t function, first, end, slots;
    gw_instruction *instructions;
    uint32_t count;
    gw_effect *effects;
    /// The instruction that begins at a cell, from `first` on, plus 1; 0 where none does.
    uint32_t *numbers;
    /// The block of each instruction.
    uint32_t *blocks_of;
    gw_block *blocks;
    uint32_t block_count;
    /// For each block, a set of slots: those whose values may be read from its beginning on. Null where the sets would
    /// take too much room: then all are.
    uint64_t *live_in;
    uint32_t words;
} gw_analysis;

/// Reads a function's bytecode; false where there is no memory for it.
bool gw_analyse(gw_analysis *a, const GWCode *code, const GWModuleShape *shape, uint32_t function, uint32_t first,
    uint32_t end, uint32_t slots);
void gw_analysis_free(gw_analysis *a);

/// An operand of at most 32 bits, by its number among the letters.
static inline uint32_t gw_operand(const GWOpInfo *info, const uint32_t *pc, int index) {
    uint32_t position = info->positions[index];
    return info->halves >> index & 1 ? ((const uint16_t *)(const void *)pc)[position] : pc[position];
}
/// Where the instruction jumps to if it does, for those with one jump: a cell. False for others.
static inline bool gw_jump_target(const GWOpInfo *info, const uint32_t *pc, uint32_t cell, uint32_t *target) {
    if (!info->jump) return false;
    *target = cell + pc[info->jump];
    return true;
}

static inline const uint32_t *gw_cells(const gw_analysis *a, const gw_instruction *i) { return a->arena + i->cell; }
/// Whether a slot may be read from a cell on, which an instruction that others lead to begins at.
static inline bool gw_is_live_at(const gw_analysis *a, uint32_t cell, uint32_t slot) {
    if (!a->live_in) return true;
    const uint64_t *set = a->live_in + (uint64_t)a->blocks_of[a->numbers[cell - a->first] - 1] * a->words;
    return set[slot / 64] >> (slot % 64) & 1;
}

#endif
