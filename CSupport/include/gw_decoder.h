// Reads instructions back from the cells that a loop runs: the only place that knows which handler belongs to which
// opcode.
#ifndef GW_DECODER_H
#define GW_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "gw_machine.h"
#include "gw_opcodes.h"

/// The instruction whose handler a cell names, as it stands there: a pair, or what an instruction has been replaced by
/// while the program ran, included (``GWOpInfo.plain`` sees through those). `invalid` where no handler is named.
///
/// `checked` says for which of the two loops the code is. Where the compiler made one piece of machine code for the
/// handlers of several instructions, these do the same with the same cells; it is the last of them.
GWOp gw_opcode(bool checked, uint32_t cell);

/// The instruction that begins at a cell of the arena: what stands there, but for `native`, which is seen through.
GWOp gw_opcode_at(const GWCode *code, const uint32_t *cell);

/// The cells of the instruction that begins at `cells`, whose opcode is `op`, with the jumps of a `branch_table`.
static inline uint64_t gw_cell_count(GWOp op, const uint32_t *cells) {
    uint64_t count = gw_op_info()[op].cells;
    return op == GWOp_branchTable ? count + cells[2] + 1 : count;
}

#endif
