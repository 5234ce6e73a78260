// The tables of gw_wasm_opcodes.h, built once from the rows of gw_wasm_opcodes.def.
#include "gw_wasm_opcodes.h"

// The bytes of value types (specification, section 5.3.1) from the letters of the .def file.
#define TYPE(letter) \
    ((letter) == 'i' ? 0x7F : (letter) == 'I' ? 0x7E : (letter) == 'f' ? 0x7D : (letter) == 'F' ? 0x7C \
     : (letter) == 'v' ? 0x7B : 0)
#define COUNT(signature) ((signature)[0] == '*' ? 255 : (int)sizeof(signature) - 1)
// A signature has at most three letters; the padding keeps the index inside the literal.
#define LETTER(signature, index) TYPE((signature "\0\0\0")[index])
#define ROW(text, imm, operands, results) \
    { text, GWWasmImmediate_##imm, COUNT(operands), COUNT(results), \
      { LETTER(operands, 0), LETTER(operands, 1), LETTER(operands, 2) }, LETTER(results, 0) }

static const GWWasmOpcodeInfo plain[256] = {
#define GW_WASM(code, name, text, immediate, operands, results) \
    [(code) < 0x100 ? (code) : 0xFF] = ROW(text, immediate, operands, results),
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
#include "gw_wasm_opcodes.def"
#undef GW_WASM
    [0xFF] = {0},
#pragma clang diagnostic pop
};

static const GWWasmOpcodeInfo prefixed[GW_WASM_FC_COUNT + 1] = {
#define GW_WASM(code, name, text, immediate, operands, results) \
    [(code) >> 8 == 0xFC ? (code) & 0xFF : GW_WASM_FC_COUNT] = ROW(text, immediate, operands, results),
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
#include "gw_wasm_opcodes.def"
#undef GW_WASM
    [GW_WASM_FC_COUNT] = {0},
#pragma clang diagnostic pop
};

static const GWWasmOpcodeInfo vectors[257] = {
#define GW_WASM(code, name, text, immediate, operands, results) \
    [(code) >> 8 == 0xFD ? (code) & 0xFF : 256] = ROW(text, immediate, operands, results),
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
#include "gw_wasm_opcodes.def"
#undef GW_WASM
    [256] = {0},
#pragma clang diagnostic pop
};

const GWWasmOpcodeInfo *gw_wasm_opcodes(void) { return plain; }
const GWWasmOpcodeInfo *gw_wasm_opcodes_fc(void) { return prefixed; }
const GWWasmOpcodeInfo *gw_wasm_opcodes_fd(void) { return vectors; }
