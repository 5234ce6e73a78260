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
    uint32_t slot, count;
    gw_effect_kind kind;
} gw_effect;
enum { GW_MOST_EFFECTS = 8 };

/// An instruction: of a pair, both have one.
typedef struct gw_instruction {
    uint32_t cell;
    uint16_t op;
    /// Whether other instructions than the one before lead here.
    bool is_leader;
    /// For each of its effects, a bit: the slot's value is not needed behind it; the next use of the slot takes the
    /// value as a floating-point number.
    uint8_t last, floating;
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
    uint32_t function, first, end, slots;
    gw_instruction *instructions;
    uint32_t count;
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

/// What an instruction does to slots: how many effects.
int gw_effects(const gw_analysis *a, const gw_instruction *instruction, gw_effect effects[GW_MOST_EFFECTS]);

/// An operand, by its number among the letters: 16 or 32 bits.
uint32_t gw_operand(const GWOpInfo *info, const uint32_t *pc, int index);
/// Where the instruction jumps to if it does, for those with one jump: a cell. False for others.
bool gw_jump_target(const GWOpInfo *info, const uint32_t *pc, uint32_t cell, uint32_t *target);

static inline const uint32_t *gw_cells(const gw_analysis *a, const gw_instruction *i) { return a->arena + i->cell; }
/// Whether a slot may be read from a cell on, which an instruction that others lead to begins at.
static inline bool gw_is_live_at(const gw_analysis *a, uint32_t cell, uint32_t slot) {
    if (!a->live_in) return true;
    const uint64_t *set = a->live_in + (uint64_t)a->blocks_of[a->numbers[cell - a->first] - 1] * a->words;
    return set[slot / 64] >> (slot % 64) & 1;
}

#endif
