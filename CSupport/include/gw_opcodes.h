// The bytecode's enumeration and tables, made from gw_opcodes.def.
#ifndef GW_OPCODES_H
#define GW_OPCODES_H

#include <stdint.h>

#include "gw_wasm_opcodes.h"

/// The instructions of the register machine.
typedef enum __attribute__((enum_extensibility(open))) GWOp : uint16_t {
#define GW_ROW(name, text, operands) GWOp_##name,
#include "gw_opcode_rows.h"
#undef GW_ROW
    GWOp_count,
} GWOp;

/// What the disassembler, the verifier and the documentation know of an instruction.
typedef struct GWOpInfo {
    /// The mnemonic.
    const char *text;
    /// The operands, a letter each (see gw_opcodes.def).
    const char *operands;
    /// The name of the enumeration's case.
    const char *name;
} GWOpInfo;

/// The properties of all instructions, by number: `GWOp_count` rows.
const GWOpInfo *gw_op_info(void);

/// Two instructions that are done with one dispatch where one follows the other.
typedef struct GWPair {
    GWOp first, second;
    /// The instruction that does both; its operands are those of `first`, and behind them lies `second`, as it is.
    GWOp both;
    /// Whether `second` must use the result of `first`: as its first source if it is 1, as its second if it is 2.
    uint8_t chained;
} GWPair;

/// All pairs, `*count` of them; where several fit, the first does.
const GWPair *gw_pairs(int *count);

/// Where an operand of a fused operation comes from or goes to.
typedef enum __attribute__((enum_extensibility(closed))) GWKind : uint8_t {
    /// A slot of the frame.
    GWKind_r,
    /// An immediate.
    GWKind_i,
    /// The word at `sp + displacement`.
    GWKind_s,
    /// The word at `(sp + displacement) mod 2^32`.
    GWKind_t,
    /// The word at [slot + offset].
    GWKind_m,
    /// The word at [(slot + summand) mod 2^32].
    GWKind_k,
} GWKind;

/// How the address of a load or store is formed.
typedef enum __attribute__((enum_extensibility(closed))) GWMode : uint8_t {
    /// slot + offset
    GWMode_r,
    /// (slot + summand) mod 2^32
    GWMode_k,
    /// sp + offset
    GWMode_s,
    /// (sp + summand) mod 2^32
    GWMode_t,
    /// a constant
    GWMode_a,
    /// (slot + (slot << shift)) mod 2^32
    GWMode_x,
    /// the low half of the word at sp + displacement, + offset
    GWMode_m,
} GWMode;

// The selection tables: which instruction does the work of the wasm instruction in the given form.
// All return `GWOp_invalid` (0) where there is none.

/// A binary operation, by the kinds of destination and operands.
GWOp gw_select_binary(GWWasmOpcode op, GWKind destination, GWKind first, GWKind second);
/// The branch taken when the comparison holds, by the kinds of its operands.
GWOp gw_select_branch(GWWasmOpcode op, GWKind first, GWKind second);
/// The branch on the f64 comparison being false.
GWOp gw_select_branch_not(GWWasmOpcode op);
/// The instruction for one behind the prefix 0xFD; its operands are in the order of its letters.
GWOp gw_select_vector(GWWasmOpcode op);
/// A unary operation from slot to slot.
GWOp gw_select_unary(GWWasmOpcode op);
GWOp gw_select_load(GWWasmOpcode op, GWMode mode);
/// A store, by the kind of what it stores.
GWOp gw_select_store(GWWasmOpcode op, GWMode mode, GWKind value);
/// The integer comparison that holds exactly when `op` does not; `op` itself where there is none.
GWWasmOpcode gw_negated(GWWasmOpcode op);
/// The integer comparison that holds for (b, a) exactly when `op` holds for (a, b); `op` itself where there is none.
GWWasmOpcode gw_swapped(GWWasmOpcode op);

#endif
