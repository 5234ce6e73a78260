// Templates of vectors. A vector is two neighbouring slots of the frame, the low half first; it is taken to xmm0 and
// xmm1 for each instruction. What is the result is still in xmm0 when the next instruction wants it first. Operations
// that the processor has no instruction for are C functions, made of the same rows as the loop's handlers.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__x86_64__)
#include "gw_native_lanes.h"
#include "gw_vector.h"
#include "gw_x86_templates.h"

enum { XMM0, XMM1 };

// --- Slots ---

static void read_vector(compiler *c, int x, uint32_t slot) {
    if (c->vector == (int32_t)slot) {
        if (x != XMM0) gw_x86_register_op(X, 0, false, 0x0F28, x, XMM0, false);
        return;
    }
    gw_x86_memory_op(X, 0, false, 0x0F10, x, slot_memory(slot), false);
    if (x == XMM0) c->vector = -1;
}
// The result is in xmm0.
static void write_vector(compiler *c, uint32_t slot) {
    gw_x86_memory_op(X, 0, false, 0x0F11, XMM0, slot_memory(slot), false);
    replace(c, slot);
    c->vector = (int32_t)slot;
}
static gw_x86_memory lane_memory(uint32_t slot, uint32_t lane, uint32_t bytes) {
    return gw_x86_at(FRAME, (int32_t)(slot * 8 + lane * bytes));
}

// --- Operations that are instructions of the processor ---

// From two vectors or one: the prefix, the opcode, and the immediate if there is one (-1 otherwise). `swaps`: the
// second vector comes first.
typedef struct instruction {
    unsigned prefix, opcode;
    int immediate;
    bool swaps, needs_sse41;
} instruction;

static bool find_instruction(GWWasmOpcode op, instruction *found) {
#define ROW(name, ...) \
    case GWWasmOpcode_##name: *found = (instruction){__VA_ARGS__}; return true;
    switch (op) {
        ROW(v128And, 0x66, 0x0FDB, -1, false, false)
        ROW(v128Or, 0x66, 0x0FEB, -1, false, false)
        ROW(v128Xor, 0x66, 0x0FEF, -1, false, false)
        ROW(v128Andnot, 0x66, 0x0FDF, -1, true, false)
        ROW(i8x16Add, 0x66, 0x0FFC, -1, false, false)
        ROW(i8x16AddSatS, 0x66, 0x0FEC, -1, false, false)
        ROW(i8x16AddSatU, 0x66, 0x0FDC, -1, false, false)
        ROW(i8x16Sub, 0x66, 0x0FF8, -1, false, false)
        ROW(i8x16SubSatS, 0x66, 0x0FE8, -1, false, false)
        ROW(i8x16SubSatU, 0x66, 0x0FD8, -1, false, false)
        ROW(i8x16MinU, 0x66, 0x0FDA, -1, false, false)
        ROW(i8x16MaxU, 0x66, 0x0FDE, -1, false, false)
        ROW(i8x16AvgrU, 0x66, 0x0FE0, -1, false, false)
        ROW(i8x16MinS, 0x66, 0x0F3838, -1, false, true)
        ROW(i8x16MaxS, 0x66, 0x0F383C, -1, false, true)
        ROW(i8x16Eq, 0x66, 0x0F74, -1, false, false)
        ROW(i8x16GtS, 0x66, 0x0F64, -1, false, false)
        ROW(i8x16LtS, 0x66, 0x0F64, -1, true, false)
        ROW(i8x16NarrowI16x8S, 0x66, 0x0F63, -1, false, false)
        ROW(i8x16NarrowI16x8U, 0x66, 0x0F67, -1, false, false)
        ROW(i16x8Add, 0x66, 0x0FFD, -1, false, false)
        ROW(i16x8AddSatS, 0x66, 0x0FED, -1, false, false)
        ROW(i16x8AddSatU, 0x66, 0x0FDD, -1, false, false)
        ROW(i16x8Sub, 0x66, 0x0FF9, -1, false, false)
        ROW(i16x8SubSatS, 0x66, 0x0FE9, -1, false, false)
        ROW(i16x8SubSatU, 0x66, 0x0FD9, -1, false, false)
        ROW(i16x8Mul, 0x66, 0x0FD5, -1, false, false)
        ROW(i16x8MinS, 0x66, 0x0FEA, -1, false, false)
        ROW(i16x8MaxS, 0x66, 0x0FEE, -1, false, false)
        ROW(i16x8MinU, 0x66, 0x0F383A, -1, false, true)
        ROW(i16x8MaxU, 0x66, 0x0F383E, -1, false, true)
        ROW(i16x8AvgrU, 0x66, 0x0FE3, -1, false, false)
        ROW(i16x8Eq, 0x66, 0x0F75, -1, false, false)
        ROW(i16x8GtS, 0x66, 0x0F65, -1, false, false)
        ROW(i16x8LtS, 0x66, 0x0F65, -1, true, false)
        ROW(i16x8NarrowI32x4S, 0x66, 0x0F6B, -1, false, false)
        ROW(i16x8NarrowI32x4U, 0x66, 0x0F382B, -1, false, true)
        ROW(i32x4Add, 0x66, 0x0FFE, -1, false, false)
        ROW(i32x4Sub, 0x66, 0x0FFA, -1, false, false)
        ROW(i32x4Mul, 0x66, 0x0F3840, -1, false, true)
        ROW(i32x4MinS, 0x66, 0x0F3839, -1, false, true)
        ROW(i32x4MinU, 0x66, 0x0F383B, -1, false, true)
        ROW(i32x4MaxS, 0x66, 0x0F383D, -1, false, true)
        ROW(i32x4MaxU, 0x66, 0x0F383F, -1, false, true)
        ROW(i32x4DotI16x8S, 0x66, 0x0FF5, -1, false, false)
        ROW(i32x4Eq, 0x66, 0x0F76, -1, false, false)
        ROW(i32x4GtS, 0x66, 0x0F66, -1, false, false)
        ROW(i32x4LtS, 0x66, 0x0F66, -1, true, false)
        ROW(i64x2Add, 0x66, 0x0FD4, -1, false, false)
        ROW(i64x2Sub, 0x66, 0x0FFB, -1, false, false)
        ROW(i64x2Eq, 0x66, 0x0F3829, -1, false, true)
        ROW(f32x4Add, 0, 0x0F58, -1, false, false)
        ROW(f32x4Sub, 0, 0x0F5C, -1, false, false)
        ROW(f32x4Mul, 0, 0x0F59, -1, false, false)
        ROW(f32x4Div, 0, 0x0F5E, -1, false, false)
        ROW(f64x2Add, 0x66, 0x0F58, -1, false, false)
        ROW(f64x2Sub, 0x66, 0x0F5C, -1, false, false)
        ROW(f64x2Mul, 0x66, 0x0F59, -1, false, false)
        ROW(f64x2Div, 0x66, 0x0F5E, -1, false, false)
        // cmpps and cmppd: equal, less, less or equal, not equal or unordered.
        ROW(f32x4Eq, 0, 0x0FC2, 0, false, false)
        ROW(f32x4Lt, 0, 0x0FC2, 1, false, false)
        ROW(f32x4Gt, 0, 0x0FC2, 1, true, false)
        ROW(f32x4Le, 0, 0x0FC2, 2, false, false)
        ROW(f32x4Ge, 0, 0x0FC2, 2, true, false)
        ROW(f32x4Ne, 0, 0x0FC2, 4, false, false)
        ROW(f64x2Eq, 0x66, 0x0FC2, 0, false, false)
        ROW(f64x2Lt, 0x66, 0x0FC2, 1, false, false)
        ROW(f64x2Gt, 0x66, 0x0FC2, 1, true, false)
        ROW(f64x2Le, 0x66, 0x0FC2, 2, false, false)
        ROW(f64x2Ge, 0x66, 0x0FC2, 2, true, false)
        ROW(f64x2Ne, 0x66, 0x0FC2, 4, false, false)
        // Of one vector.
        ROW(f32x4Sqrt, 0, 0x0F51, -1, false, false)
        ROW(f64x2Sqrt, 0x66, 0x0F51, -1, false, false)
        ROW(f32x4ConvertI32x4S, 0, 0x0F5B, -1, false, false)
        ROW(f64x2ConvertLowI32x4S, 0xF3, 0x0FE6, -1, false, false)
        ROW(f64x2PromoteLowF32x4, 0, 0x0F5A, -1, false, false)
        ROW(f32x4DemoteF64x2Zero, 0x66, 0x0F5A, -1, false, false)
        ROW(i8x16Abs, 0x66, 0x0F381C, -1, false, true)
        ROW(i16x8Abs, 0x66, 0x0F381D, -1, false, true)
        ROW(i32x4Abs, 0x66, 0x0F381E, -1, false, true)
        ROW(i16x8ExtendLowI8x16S, 0x66, 0x0F3820, -1, false, true)
        ROW(i16x8ExtendLowI8x16U, 0x66, 0x0F3830, -1, false, true)
        ROW(i32x4ExtendLowI16x8S, 0x66, 0x0F3823, -1, false, true)
        ROW(i32x4ExtendLowI16x8U, 0x66, 0x0F3833, -1, false, true)
        ROW(i64x2ExtendLowI32x4S, 0x66, 0x0F3825, -1, false, true)
        ROW(i64x2ExtendLowI32x4U, 0x66, 0x0F3835, -1, false, true)
        // By a number of bits.
        ROW(i16x8Shl, 0x66, 0x0FF1, -1, false, false)
        ROW(i16x8ShrS, 0x66, 0x0FE1, -1, false, false)
        ROW(i16x8ShrU, 0x66, 0x0FD1, -1, false, false)
        ROW(i32x4Shl, 0x66, 0x0FF2, -1, false, false)
        ROW(i32x4ShrS, 0x66, 0x0FE2, -1, false, false)
        ROW(i32x4ShrU, 0x66, 0x0FD2, -1, false, false)
        ROW(i64x2Shl, 0x66, 0x0FF3, -1, false, false)
        ROW(i64x2ShrU, 0x66, 0x0FD3, -1, false, false)
        // To a number: the lanes' highest bits.
        ROW(i8x16Bitmask, 0x66, 0x0FD7, -1, false, false)
        ROW(i32x4Bitmask, 0, 0x0F50, -1, false, false)
        ROW(i64x2Bitmask, 0x66, 0x0F50, -1, false, false)
    default: return false;
    }
#undef ROW
}

static void write_immediate(compiler *c, const instruction *i) {
    if (i->immediate >= 0) gw_x86_byte(X, (unsigned)i->immediate);
}

static uint32_t lane_bits(GWWasmOpcode op) {
    switch (op) {
    case GWWasmOpcode_i16x8Shl:
    case GWWasmOpcode_i16x8ShrS:
    case GWWasmOpcode_i16x8ShrU: return 16;
    case GWWasmOpcode_i32x4Shl:
    case GWWasmOpcode_i32x4ShrS:
    case GWWasmOpcode_i32x4ShrU: return 32;
    default: return 64;
    }
}

static bool by_instruction(compiler *c) {
    instruction i;
    if (!find_instruction(c->info->wasm, &i) || (i.needs_sse41 && !gw_native_processor.sse41)) return false;
    const char *letters = c->info->operands;
    uint32_t d = OPERAND(0), a = OPERAND(1);
    if (letters[0] == 'd') {
        read_vector(c, XMM0, a);
        int r = take(c, &c->integers);
        gw_x86_register_op(X, i.prefix, false, i.opcode, r, XMM0, false);
        define_short(c, d, r);
        return true;
    }
    if (letters[2] == 0) {
        read_vector(c, XMM0, a);
        gw_x86_register_op(X, i.prefix, false, i.opcode, XMM0, XMM0, false);
        write_immediate(c, &i);
    } else if (letters[2] == 'r') {
        // A count is taken modulo the width of lanes; the processor's is not.
        load_source(c, false, RCX, slot_source(c, OPERAND(2)));
        gw_x86_immediate(X, false, X_AND, RCX, (int32_t)lane_bits(c->info->wasm) - 1);
        gw_x86_register_op(X, 0x66, false, 0x0F6E, XMM1, RCX, false);
        read_vector(c, XMM0, a);
        gw_x86_register_op(X, i.prefix, false, i.opcode, XMM0, XMM1, false);
    } else {
        uint32_t first = i.swaps ? OPERAND(2) : a, second = i.swaps ? a : OPERAND(2);
        read_vector(c, XMM1, second);
        read_vector(c, XMM0, first);
        gw_x86_register_op(X, i.prefix, false, i.opcode, XMM0, XMM1, false);
        write_immediate(c, &i);
    }
    write_vector(c, d);
    return true;
}

// --- Memory ---

// All lanes become the lowest one of 32 or 64 bits.
static void spread32(compiler *c, int from) {
    gw_x86_register_op(X, 0x66, false, 0x0F70, XMM0, from, false);
    gw_x86_byte(X, 0);
}
static void spread64(compiler *c) { gw_x86_register_op(X, 0x66, false, 0x0F6C, XMM0, XMM0, false); }
// All lanes of 8 or 16 bits become the value in eax, whose other bits are 0.
static void spread_small(compiler *c, uint32_t bits) {
    gw_x86_register_op(X, 0, false, 0x69, RAX, RAX, false);
    gw_x86_word32(X, bits == 8 ? 0x01010101 : 0x00010001);
    gw_x86_register_op(X, 0x66, false, 0x0F6E, XMM0, RAX, false);
    spread32(c, XMM0);
}

static bool load_vector(compiler *c) {
    GWWasmOpcode op = c->info->wasm;
    unsigned extends = 0;
    switch (op) {
    case GWWasmOpcode_v128Load8x8S: extends = 0x0F3820; break;
    case GWWasmOpcode_v128Load8x8U: extends = 0x0F3830; break;
    case GWWasmOpcode_v128Load16x4S: extends = 0x0F3823; break;
    case GWWasmOpcode_v128Load16x4U: extends = 0x0F3833; break;
    case GWWasmOpcode_v128Load32x2S: extends = 0x0F3825; break;
    case GWWasmOpcode_v128Load32x2U: extends = 0x0F3835; break;
    case GWWasmOpcode_v128Load:
    case GWWasmOpcode_v128Load8Splat:
    case GWWasmOpcode_v128Load16Splat:
    case GWWasmOpcode_v128Load32Splat:
    case GWWasmOpcode_v128Load64Splat:
    case GWWasmOpcode_v128Load32Zero:
    case GWWasmOpcode_v128Load64Zero: break;
    default: return false;
    }
    if (extends && !gw_native_processor.sse41) return false;
    gw_x86_memory m = slot_word(c, OPERAND(1), OPERAND(2));
    c->vector = -1;
    switch (op) {
    case GWWasmOpcode_v128Load: gw_x86_memory_op(X, 0, false, 0x0F10, XMM0, m, false); break;
    case GWWasmOpcode_v128Load8Splat:
        gw_x86_memory_op(X, 0, false, 0x0FB6, RAX, m, false);
        spread_small(c, 8);
        break;
    case GWWasmOpcode_v128Load16Splat:
        gw_x86_memory_op(X, 0, false, 0x0FB7, RAX, m, false);
        spread_small(c, 16);
        break;
    case GWWasmOpcode_v128Load32Splat:
    case GWWasmOpcode_v128Load32Zero:
        gw_x86_memory_op(X, 0x66, false, 0x0F6E, XMM0, m, false);
        if (op == GWWasmOpcode_v128Load32Splat) spread32(c, XMM0);
        break;
    case GWWasmOpcode_v128Load64Splat:
    case GWWasmOpcode_v128Load64Zero:
        gw_x86_memory_op(X, 0xF3, false, 0x0F7E, XMM0, m, false);
        if (op == GWWasmOpcode_v128Load64Splat) spread64(c);
        break;
    default: gw_x86_memory_op(X, 0x66, false, extends, XMM0, m, false);
    }
    write_vector(c, OPERAND(0));
    return true;
}

static void store_lane(compiler *c, uint32_t bytes, int r, gw_x86_memory m) {
    if (bytes == 1) gw_x86_memory_op(X, 0, false, 0x88, r, m, true);
    else gw_x86_memory_op(X, bytes == 2 ? 0x66 : 0, bytes == 8, 0x89, r, m, false);
}
static void load_lane(compiler *c, uint32_t bytes, int r, gw_x86_memory m) {
    if (bytes < 4) gw_x86_memory_op(X, 0, false, bytes == 1 ? 0x0FB6 : 0x0FB7, r, m, false);
    else gw_x86_load(X, bytes == 8, r, m);
}

// Gives a vector another lane: the value in a register.
static void put_lane(compiler *c, uint32_t to, uint32_t from, uint32_t lane, uint32_t bytes, int r) {
    if (to != from) {
        read_vector(c, XMM0, from);
        gw_x86_memory_op(X, 0, false, 0x0F11, XMM0, slot_memory(to), false);
    }
    store_lane(c, bytes, r, lane_memory(to, lane, bytes));
    replace(c, to);
    c->vector = -1;
}

static bool lane_in_memory(compiler *c) {
    bool loads;
    uint32_t bytes = memory_lane(c->info->wasm, &loads);
    if (!bytes) return false;
    if (loads) {
        load_lane(c, bytes, RDX, slot_word(c, OPERAND(2), OPERAND(4)));
        put_lane(c, OPERAND(0), OPERAND(1), OPERAND(3), bytes, RDX);
    } else {
        load_lane(c, bytes, RDX, lane_memory(OPERAND(1), OPERAND(2), bytes));
        store_lane(c, bytes, RDX, slot_word(c, OPERAND(0), OPERAND(3)));
    }
    return true;
}

// --- Lanes ---

static bool lane_as_number(compiler *c) {
    bool extracts, is_signed = false;
    uint32_t bytes = number_lane(c->info->wasm, &extracts, &is_signed);
    if (!bytes) return false;
    if (!extracts) {
        put_lane(c, OPERAND(0), OPERAND(1), OPERAND(3), bytes, use(c, OPERAND(2)));
        return true;
    }
    gw_x86_memory m = lane_memory(OPERAND(1), OPERAND(2), bytes);
    if (bytes >= 4 && becomes_float(c, OPERAND(0))) {
        int x = take(c, &c->floats);
        gw_x86_memory_op(X, bytes == 8 ? 0xF2 : 0xF3, false, 0x0F10, x, m, false);
        define_float(c, OPERAND(0), x);
        return true;
    }
    int r = take(c, &c->integers);
    if (is_signed && bytes < 4) gw_x86_memory_op(X, 0, false, bytes == 1 ? 0x0FBE : 0x0FBF, r, m, false);
    else load_lane(c, bytes, r, m);
    (bytes == 8 ? define : define_short)(c, OPERAND(0), r);
    return true;
}

static bool splat(compiler *c) {
    uint32_t value = OPERAND(1);
    switch (c->info->wasm) {
    case GWWasmOpcode_i8x16Splat:
    case GWWasmOpcode_i16x8Splat: {
        bool is_byte = c->info->wasm == GWWasmOpcode_i8x16Splat;
        int r = use(c, value);
        gw_x86_register_op(X, 0, false, is_byte ? 0x0FB6 : 0x0FB7, RAX, r, is_byte);
        spread_small(c, is_byte ? 8 : 16);
        break;
    }
    case GWWasmOpcode_i32x4Splat:
    case GWWasmOpcode_f32x4Splat: {
        int x = c->floats.of[value];
        if (x < 0) {
            gw_x86_register_op(X, 0x66, false, 0x0F6E, XMM0, use(c, value), false);
            x = XMM0;
        }
        spread32(c, x);
        break;
    }
    case GWWasmOpcode_i64x2Splat:
    case GWWasmOpcode_f64x2Splat: {
        int x = c->floats.of[value];
        if (x < 0) gw_x86_register_op(X, 0x66, true, 0x0F6E, XMM0, use(c, value), false);
        else gw_x86_register_op(X, 0, false, 0x0F28, XMM0, x, false);
        spread64(c);
        break;
    }
    default: return false;
    }
    write_vector(c, OPERAND(0));
    return true;
}

// --- C functions ---

void gw_native_call_vector(compiler *c, gw_vector_function *function) {
    gw_x86_move(X, true, RDI, FRAME);
    gw_x86_address(X, true, RSI, gw_x86_absolute((uintptr_t)c->pc));
    gw_x86_constant(X, RAX, (uint64_t)(uintptr_t)function);
    gw_x86_register_op(X, 0, false, 0xFF, 2, RAX, false);
}

// --- All ---

static bool others(compiler *c) {
    switch (c->info->plain) {
    case GWOp_v128Move:
        read_vector(c, XMM0, OPERAND(1));
        write_vector(c, OPERAND(0));
        return true;
    case GWOp_v128Const:
        gw_x86_memory_op(X, 0, false, 0x0F10, XMM0, gw_x86_absolute((uintptr_t)&c->pc[2]), false);
        write_vector(c, OPERAND(0));
        return true;
    case GWOp_v128Store: {
        read_vector(c, XMM0, OPERAND(2));
        int32_t held = c->vector;
        gw_x86_memory m = slot_word(c, OPERAND(0), OPERAND(1));
        gw_x86_memory_op(X, 0, false, 0x0F11, XMM0, m, false);
        c->vector = held;
        return true;
    }
    case GWOp_v128Not:
        read_vector(c, XMM0, OPERAND(1));
        gw_x86_register_op(X, 0x66, false, 0x0F76, XMM1, XMM1, false);
        gw_x86_register_op(X, 0x66, false, 0x0FEF, XMM0, XMM1, false);
        write_vector(c, OPERAND(0));
        return true;
    default: return false;
    }
}

bool gw_native_vector(compiler *c) {
    return others(c) || load_vector(c) || lane_in_memory(c) || lane_as_number(c) || splat(c) || by_instruction(c);
}

#endif
