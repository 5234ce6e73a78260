// Checks bytecode before it runs: that a loop which executes it stays within the code, the frame and what the module
// has.
#ifndef GW_VERIFIER_H
#define GW_VERIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "gw_machine.h"

/// What a module has of everything that operands name.
typedef struct GWModuleShape {
    /// Functions, imported ones included; the imported ones among them.
    uint32_t function_count, import_count;
    /// The type of each function, as a number in the module.
    const uint32_t *function_types;
    /// For each type of the module: how many slots a call with it uses from its frame's first on, and its number in the
    /// process (what an indirect call compares).
    const uint16_t *type_slots;
    const uint32_t *type_numbers;
    uint32_t type_count;
    /// The cells of globals that the module defines, and of imported ones.
    uint32_t global_cells, imported_global_cells;
    uint32_t table_count, data_count, element_count;
    bool has_memory, has_register_global;
} GWModuleShape;

/// Scratch space: two words a cell of the longest function, kept from one function to the next.
typedef struct GWVerifierSpace {
    uint32_t *words;
    uint64_t capacity;
} GWVerifierSpace;
void gw_verifier_free(GWVerifierSpace *space);

/// What is wrong with bytecode: a cell of the arena, and in words what it must be; null where nothing is.
typedef struct GWBytecodeFault {
    uint32_t cell;
    const char *reason;
} GWBytecodeFault;

/// Checks the code of a function: the cells from `first` up to `end`, for a frame of `slots`.
///
/// It is right if each cell belongs to an instruction of gw_opcodes.def (those behind a `branch_table` to it), the last
/// of which never goes on; jumps and entries lead to instructions of the function; slots lie in the frame; globals,
/// tables, segments, functions, types and lanes are there; calls leave room for the callee's header and lead to what
/// the callee's entry says; and what a pair or a checked call takes for granted is so. Types of values are not checked:
/// slots have none.
GWBytecodeFault gw_verify(
    const GWCode *code, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots,
    GWVerifierSpace *space);

#endif
