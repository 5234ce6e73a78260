// The bytecode's enumeration and tables, made from gw_opcodes.def.
#ifndef GW_OPCODES_H
#define GW_OPCODES_H

#include <stdint.h>

#include "gw_wasm_opcodes.h"

/// The instructions of the register machine.
typedef enum __attribute__((enum_extensibility(open))) GWOp : uint16_t {
#define GW_ROW(name, ...) GWOp_##name,
#include "gw_opcode_rows.h"
#undef GW_ROW
    GWOp_count,
} GWOp;

/// Where an operand of an operation comes from or goes to.
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
    /// There is none, or it is no matter of selection: the letters say what it is.
    GWKind_none,
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
    /// It is no load and no store of one value.
    GWMode_none,
} GWMode;

/// What kind of instruction one is. The families up to `store` are those that the selection tables are made of.
typedef enum __attribute__((enum_extensibility(closed))) GWFamily : uint8_t {
    /// An operation on two values, or a comparison.
    GWFamily_binary,
    /// An operation on one value.
    GWFamily_unary,
    /// A jump where a comparison holds, and where one does not.
    GWFamily_branch,
    GWFamily_branchNot,
    /// An instruction on vectors.
    GWFamily_vector,
    GWFamily_load,
    GWFamily_store,
    /// Slot to slot; a number to slots; one slot or another to a slot.
    GWFamily_move,
    GWFamily_constant,
    GWFamily_select,
    /// On the register global, and on the other ones.
    GWFamily_register,
    GWFamily_global,
    /// A sum that is an address.
    GWFamily_address,
    /// Two loads or stores of words of Go's stack.
    GWFamily_words,
    /// On the memory as a whole, or on a stretch of it.
    GWFamily_memory,
    /// On tables and references.
    GWFamily_table,
    /// An operation on vectors that a function of gw_vector.c does.
    GWFamily_vectorCall,
    /// A jump of any other kind.
    GWFamily_jump,
    GWFamily_call,
    GWFamily_callIndirect,
    GWFamily_return,
    /// A trap and nothing else.
    GWFamily_trap,
    /// Two instructions with one dispatch.
    GWFamily_pair,
} GWFamily;

/// What is to be known of an instruction besides, a bit each.
typedef enum __attribute__((flag_enum, enum_extensibility(open))) GWFacts : uint16_t {
    /// It can end in a trap.
    GWFact_mayTrap = 1,
    /// Its two sources, which are of one kind, may be exchanged.
    GWFact_commutes = 2,
    /// Control need not go on to the instruction behind it: a block ends here.
    GWFact_endsBlock = 4,
    /// Control never goes on to the instruction behind it.
    GWFact_neverGoesOn = 8,
    /// The loop has a C function do it.
    GWFact_callsOut = 16,
    /// It takes GW_PUSH_SIZE bytes from the register global and stores there, in the guest's order; the handler changes
    /// the global after the store.
    GWFact_pushes = 32,
} GWFacts;

/// What is known of an instruction, all of it from its row in gw_opcodes.def (see gw_opcode_rows.h).
typedef struct GWOpInfo {
    /// The mnemonic.
    const char *text;
    /// The operands, a letter each (see gw_opcodes.def).
    const char *operands;
    /// The name of the enumeration's case.
    const char *name;
    GWFamily family;
    /// The kinds of the destination and the sources, of the families that are selected by them.
    GWKind destination, first, second;
    /// How a load or store forms its address.
    GWMode mode;
    /// The cells, the handler's included; without the jumps that follow a `branch_table`.
    uint8_t cells;
    /// Which of the operands have 16 bits, a bit each, the first one's lowest.
    uint8_t halves;
    /// Where each operand is: of 16 bits the number of the half, otherwise that of its first cell, the handler's
    /// counted.
    uint8_t positions[5];
    /// The cell that the jump is in, for those with one jump; otherwise 0.
    uint8_t jump;
    /// The wasm instruction whose meaning it has on slots; `nop` where there is none.
    GWWasmOpcode wasm;
    /// Of a pair: those of its two instructions.
    GWFacts facts;
    /// The instruction that the cells behind the handler are made for: of a pair its first, otherwise itself.
    GWOp plain;
    /// Of a pair, the instruction that follows in the cells; otherwise `invalid`.
    GWOp next;
    /// Of a pair, which source of its second instruction is the first one's result: the first (1), the second (2), or 0
    /// where none need be.
    uint8_t chained;
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

/// How two instructions that are written one behind the other become one: see GW_FUSE in gw_opcodes.def.
typedef enum __attribute__((enum_extensibility(closed))) GWFusing : uint8_t {
    GWFusing_join,
    GWFusing_branchOnZero,
    GWFusing_sum,
    GWFusing_returnZero,
    GWFusing_push,
    GWFusing_atTarget,
} GWFusing;

/// Two instructions that become one when they are written one behind the other.
typedef struct GWFusion {
    GWOp first, second, both;
    GWFusing how;
} GWFusion;

/// All of them, `*count`; no two have the same `first` and `second`.
const GWFusion *gw_fusions(int *count);

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
/// The operation on i32 that makes the low half of what `op` on i64 makes, from the low halves of its operands; `nop`
/// where there is none.
GWWasmOpcode gw_low_half(GWWasmOpcode op);
/// The facts of a numeric wasm instruction: those of its row from slots to a slot.
GWFacts gw_numeric_facts(GWWasmOpcode op);

#endif
