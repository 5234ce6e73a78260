// The instructions of WebAssembly 2.0, made from gw_wasm_opcodes.def.
#ifndef GW_WASM_OPCODES_H
#define GW_WASM_OPCODES_H

#include <stdint.h>

/// An instruction of the binary format. The raw value is the opcode byte; prefixed instructions have
/// the prefix as their high byte.
typedef enum __attribute__((enum_extensibility(closed))) GWWasmOpcode : uint16_t {
#define GW_WASM(code, name, text, immediate, operands, results) GWWasmOpcode_##name = code,
#include "gw_wasm_opcodes.def"
#undef GW_WASM
} GWWasmOpcode;

/// What follows an opcode in the binary format.
typedef enum __attribute__((enum_extensibility(closed))) GWWasmImmediate : uint8_t {
    GWWasmImmediate_none,
    GWWasmImmediate_block,
    GWWasmImmediate_label,
    GWWasmImmediate_labels,
    GWWasmImmediate_func,
    GWWasmImmediate_typeTable,
    GWWasmImmediate_local,
    GWWasmImmediate_global,
    GWWasmImmediate_table,
    GWWasmImmediate_elemTable,
    GWWasmImmediate_tables2,
    GWWasmImmediate_elem,
    GWWasmImmediate_mem8,
    GWWasmImmediate_mem16,
    GWWasmImmediate_mem32,
    GWWasmImmediate_mem64,
    GWWasmImmediate_mem128,
    GWWasmImmediate_mem8Lane,
    GWWasmImmediate_mem16Lane,
    GWWasmImmediate_mem32Lane,
    GWWasmImmediate_mem64Lane,
    GWWasmImmediate_lane2,
    GWWasmImmediate_lane4,
    GWWasmImmediate_lane8,
    GWWasmImmediate_lane16,
    GWWasmImmediate_v128,
    GWWasmImmediate_lanes,
    GWWasmImmediate_memory,
    GWWasmImmediate_memories2,
    GWWasmImmediate_dataMemory,
    GWWasmImmediate_data,
    GWWasmImmediate_i32,
    GWWasmImmediate_i64,
    GWWasmImmediate_f32,
    GWWasmImmediate_f64,
    GWWasmImmediate_types,
    GWWasmImmediate_refType,
} GWWasmImmediate;

/// The properties of one instruction, a row of gw_wasm_opcodes.def.
typedef struct GWWasmOpcodeInfo {
    /// The name in the text format; null where no instruction has this code.
    const char *text;
    GWWasmImmediate immediate;
    /// The numbers of operands and results; 255 for context-dependent typing ("*").
    uint8_t operand_count, result_count;
    /// The value types of the operands, bottom first, as bytes of the binary format; then the result's.
    uint8_t operands[3], result;
} GWWasmOpcodeInfo;

/// The properties of all unprefixed instructions, by opcode byte: 256 rows.
const GWWasmOpcodeInfo *gw_wasm_opcodes(void);
/// The properties of the instructions behind the prefix 0xFC, by sub-opcode: `GW_WASM_FC_COUNT` rows.
const GWWasmOpcodeInfo *gw_wasm_opcodes_fc(void);
#define GW_WASM_FC_COUNT 18
/// The properties of the instructions behind the prefix 0xFD, by sub-opcode: `GW_WASM_FD_COUNT` rows.
const GWWasmOpcodeInfo *gw_wasm_opcodes_fd(void);
#define GW_WASM_FD_COUNT 256

#endif
