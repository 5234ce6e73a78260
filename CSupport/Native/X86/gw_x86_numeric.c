// Templates of arithmetic, comparisons and the jumps that they are fused with.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__x86_64__)
#include "gw_x86_templates.h"

// --- Binary operations ---

// The register in which a binary operation is done, with its first source, and the second source.
static int begin_both(compiler *c, bool wide, source *second) {
    const GWOpInfo *info = c->info;
    uint32_t operand = OPERAND(SECOND_SOURCE);
    bool is_slot = info->second == GWKind_r;
    bool is_same = is_slot && info->first == GWKind_r && operand == OPERAND(FIRST_SOURCE);
    // A slot is held before the first source's register is given up.
    if (is_slot && !is_same) *second = slot_source(c, operand);
    int r = begin_binary(c, wide);
    if (is_same) *second = (source){source_register, r, {0}, 0};
    else if (!is_slot) *second = source_of(c, info->second, operand, RAX);
    return r;
}

static void arithmetic(compiler *c, bool wide, GWX86Arithmetic op) {
    const GWOpInfo *info = c->info;
    uint32_t a = OPERAND(FIRST_SOURCE), b = OPERAND(SECOND_SOURCE);
    if (info->destination == GWKind_s && info->first == GWKind_s && OPERAND(0) == a &&
        (info->second == GWKind_i || info->second == GWKind_r)) {
        // On a stack word in its place.
        if (info->second == GWKind_i) return gw_x86_memory_immediate(X, wide, op, stack_word(c, a), (int32_t)b);
        int r = use(c, b);
        return gw_x86_memory_op(X, 0, wide, (unsigned)op << 3 | 1, r, stack_word(c, a), false);
    }
    if (info->destination == GWKind_r && info->first == GWKind_r && op == X_ADD) {
        // A sum in a third register leaves both sources.
        uint32_t d = OPERAND(0);
        int left = c->integers.of[a];
        if (left >= 0 && a != d && !is_last(c, a)) {
            if (info->second == GWKind_i) {
                hold(c, &c->integers, left);
                int r = take(c, &c->integers);
                gw_x86_address(X, wide, r, gw_x86_at(left, (int32_t)b));
                return end_binary(c, wide, r);
            }
            if (info->second == GWKind_r && c->integers.of[b] >= 0 && !is_last(c, b)) {
                hold(c, &c->integers, left);
                int right = use(c, b), r = take(c, &c->integers);
                gw_x86_address(X, wide, r, gw_x86_indexed(left, right, 0, 0));
                return end_binary(c, wide, r);
            }
        }
    }
    if ((info->facts & GWFact_commutes) && info->destination == GWKind_r && info->first == GWKind_r &&
        info->second == GWKind_r && a != b) {
        // Begin with the source that can be given up.
        int left = c->integers.of[a], right = c->integers.of[b];
        bool gives_left = left >= 0 && (a == OPERAND(0) || is_last(c, a));
        if (!gives_left && right >= 0 && (b == OPERAND(0) || is_last(c, b))) {
            source s = slot_source(c, a);
            int r = begin_with(c, &c->integers, b, OPERAND(0));
            apply(c, wide, op, r, s);
            return end_binary(c, wide, r);
        }
    }
    source s;
    int r = begin_both(c, wide, &s);
    apply(c, wide, op, r, s);
    end_binary(c, wide, r);
}

static void multiply(compiler *c, bool wide) {
    const GWOpInfo *info = c->info;
    uint32_t a = OPERAND(FIRST_SOURCE), b = OPERAND(SECOND_SOURCE);
    if (info->second == GWKind_i) {
        source s = source_of(c, info->first, a, RAX);
        int r = info->destination == GWKind_r ? take(c, &c->integers) : RDX;
        bool is_short = gw_x86_fits8((int32_t)b);
        unsigned opcode = is_short ? 0x6B : 0x69;
        if (s.kind == source_register) gw_x86_register_op(X, 0, wide, opcode, r, s.reg, false);
        else gw_x86_memory_op(X, 0, wide, opcode, r, s.memory, false);
        if (is_short) gw_x86_byte(X, b & 0xFF);
        else gw_x86_word32(X, b);
        return end_binary(c, wide, r);
    }
    source s;
    int r = begin_both(c, wide, &s);
    if (s.kind == source_register) gw_x86_register_op(X, 0, wide, 0x0FAF, r, s.reg, false);
    else gw_x86_memory_op(X, 0, wide, 0x0FAF, r, s.memory, false);
    end_binary(c, wide, r);
}

// Shifts and rotations, by the digits of opcode D3. The count is taken modulo the width by the processor, too.
typedef enum shift_kind { shift_rol = 0, shift_ror = 1, shift_shl = 4, shift_shr = 5, shift_sar = 7 } shift_kind;
static void shift(compiler *c, bool wide, shift_kind kind) {
    const GWOpInfo *info = c->info;
    uint32_t b = OPERAND(SECOND_SOURCE);
    if (info->second == GWKind_i) {
        int r = begin_binary(c, wide);
        uint32_t count = b & (wide ? 63 : 31);
        gw_x86_register_op(X, 0, wide, 0xC1, kind, r, false);
        gw_x86_byte(X, count);
        return end_binary(c, wide, r);
    }
    // Stack words as counts: by way of rcx, before the first source's address may need it.
    load_source(c, true, RCX, source_of(c, info->second, b, RCX));
    int r;
    if (info->destination != GWKind_r || info->first != GWKind_r) {
        // Addresses of more than 31 bits use rcx as well; the count waits in a register then.
        int count = take(c, &c->integers);
        gw_x86_move(X, true, count, RCX);
        r = begin_binary(c, wide);
        gw_x86_move(X, true, RCX, count);
    } else {
        r = begin_binary(c, wide);
    }
    gw_x86_register_op(X, 0, wide, 0xD3, kind, r, false);
    end_binary(c, wide, r);
}

static void divide(compiler *c, bool wide, bool is_signed, bool remainder) {
    uint32_t d = OPERAND(0), a = OPERAND(1), b = OPERAND(2);
    load_source(c, wide, RCX, slot_source(c, b));
    load_source(c, wide, RAX, slot_source(c, a));
    gw_x86_test(X, wide, RCX);
    trap_if(c, CC_E, GWTrap_integerDivideByZero);
    uint8_t *done = NULL;
    if (is_signed) {
        // The smallest number divided by -1 overflows, and the processor faults.
        gw_x86_immediate(X, wide, X_CMP, RCX, -1);
        uint8_t *other = gw_x86_short_jump_if(X, CC_NE);
        if (remainder) {
            gw_x86_clear(X, RDX);
        } else {
            gw_x86_register_op(X, 0, wide, 0xF7, 3, RAX, false);
            trap_if(c, CC_O, GWTrap_integerOverflow);
        }
        done = gw_x86_short_jump(X);
        gw_x86_bind_short(X, other);
        if (wide) gw_x86_byte(X, 0x48);
        gw_x86_byte(X, 0x99);
    } else {
        gw_x86_clear(X, RDX);
    }
    gw_x86_register_op(X, 0, wide, 0xF7, is_signed ? 7 : 6, RCX, false);
    if (done) gw_x86_bind_short(X, done);
    int r = take(c, &c->integers);
    gw_x86_move(X, wide, r, remainder ? RDX : RAX);
    (wide ? define : define_short)(c, d, r);
}

// --- Comparisons ---

// The condition under which an integer comparison holds; false for others.
static bool condition_of(GWWasmOpcode op, bool *wide, GWX86Condition *condition) {
#define CONDITION(name, cc) \
    case GWWasmOpcode_i64##name: *wide = true; *condition = cc; return true; \
    case GWWasmOpcode_i32##name: *wide = false; *condition = cc; return true;
    switch (op) {
        CONDITION(Eq, CC_E)
        CONDITION(Ne, CC_NE)
        CONDITION(LtS, CC_L)
        CONDITION(LtU, CC_B)
        CONDITION(GtS, CC_G)
        CONDITION(GtU, CC_A)
        CONDITION(LeS, CC_LE)
        CONDITION(LeU, CC_BE)
        CONDITION(GeS, CC_GE)
        CONDITION(GeU, CC_AE)
    default: return false;
    }
}

static void compare_to_slot(compiler *c, bool wide, GWX86Condition condition) {
    int r = take(c, &c->integers);
    source a = source_of(c, c->info->first, OPERAND(1), RAX);
    source b = source_of(c, c->info->second, OPERAND(2), RCX);
    compare(c, wide, a, b);
    gw_x86_set(X, condition, r);
    define_short(c, OPERAND(0), r);
}

static void branch(compiler *c) {
    bool wide;
    GWX86Condition condition;
    if (!condition_of(c->info->wasm, &wide, &condition)) {
        c->failed = true;
        return;
    }
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    int next = 1;
    source a;
    if (c->info->first == GWKind_m) {
        // r o, then the other one: an immediate behind the offset, a slot before it (the letters are roij and rorj).
        a = (source){source_memory, 0, slot_word(c, OPERAND(0), OPERAND(1)), 0};
        next = 2;
    } else {
        a = source_of(c, c->info->first, OPERAND(0), RAX);
    }
    // (A slot beside a memory operand is taken to a register: two memory operands would both need rax.)
    bool is_beside_memory = c->info->first == GWKind_m && c->info->second == GWKind_r;
    source b = is_beside_memory ? (source){source_register, use(c, OPERAND(next)), {0}, 0}
                                : source_of(c, c->info->second, OPERAND(next), RCX);
    compare(c, wide, a, b);
    jump_if(c, condition, target);
}

// --- Floating point ---

static int float_source_prefix(GWWasmOpcode op) {
    const GWWasmOpcodeInfo *wasm = op < 0x100 ? &gw_wasm_opcodes()[op] : &gw_wasm_opcodes_fc()[op & 0xFF];
    return wasm->operands[0] == 0x7D ? 0xF3 : 0xF2;
}

// An operation of a register and a slot, in a register or in the frame.
static void float_apply(compiler *c, unsigned prefix, unsigned opcode, int to, uint32_t slot) {
    if (c->floats.of[slot] < 0 && c->integers.of[slot] < 0 && is_last(c, slot))
        gw_x86_memory_op(X, prefix, false, opcode, to, slot_memory(slot), false);
    else gw_x86_register_op(X, prefix, false, opcode, to, use_float(c, slot), false);
}

static unsigned float_opcode(GWWasmOpcode op) {
    switch (op) {
    case GWWasmOpcode_f32Add:
    case GWWasmOpcode_f64Add: return 0x0F58;
    case GWWasmOpcode_f32Sub:
    case GWWasmOpcode_f64Sub: return 0x0F5C;
    case GWWasmOpcode_f32Mul:
    case GWWasmOpcode_f64Mul: return 0x0F59;
    case GWWasmOpcode_f32Div:
    case GWWasmOpcode_f64Div: return 0x0F5E;
    default: return 0;
    }
}

// (Not commuted: which NaN comes out depends on the order.)
static void float_binary(compiler *c) {
    unsigned prefix = (unsigned)float_source_prefix(c->info->wasm), opcode = float_opcode(c->info->wasm);
    uint32_t d = OPERAND(0), a = OPERAND(1), b = OPERAND(2);
    if (a == b) {
        int from = use_float(c, a), r = take(c, &c->floats);
        gw_x86_register_op(X, 0, false, 0x0F28, r, from, false);
        gw_x86_register_op(X, prefix, false, opcode, r, r, false);
        return define_float(c, d, r);
    }
    // The second is held before the first one's register is given up.
    bool in_frame = c->floats.of[b] < 0 && c->integers.of[b] < 0 && is_last(c, b);
    int right = in_frame ? -1 : use_float(c, b);
    int r = begin_with(c, &c->floats, a, d);
    if (in_frame) gw_x86_memory_op(X, prefix, false, opcode, r, slot_memory(b), false);
    else gw_x86_register_op(X, prefix, false, opcode, r, right, false);
    define_float(c, d, r);
}

// An operation with one operand in memory: drro, drrk; the slot of the address is where the memory operand stands.
static void float_memory(compiler *c) {
    unsigned opcode = float_opcode(c->info->wasm);
    bool is_second = c->info->second != GWKind_r;
    GWKind kind = is_second ? c->info->second : c->info->first;
    uint32_t d = OPERAND(0), base = OPERAND(is_second ? 2 : 1), other = OPERAND(is_second ? 1 : 2), number = OPERAND(3);
    if (is_second) {
        // The address first: its slot may be the one whose register is given up.
        int index = use(c, base);
        int r = begin_with(c, &c->floats, other, d);
        (void)index;
        gw_x86_memory m = kind == GWKind_m ? slot_word(c, base, number) : sum_word(c, base, number);
        gw_x86_memory_op(X, 0xF2, false, opcode, r, m, false);
        return define_float(c, d, r);
    }
    int right = use_float(c, other), r = take(c, &c->floats);
    gw_x86_memory m = kind == GWKind_m ? slot_word(c, base, number) : sum_word(c, base, number);
    gw_x86_memory_op(X, 0xF2, false, 0x0F10, r, m, false);
    gw_x86_register_op(X, 0xF2, false, opcode, r, right, false);
    define_float(c, d, r);
}

// Compares two floating-point slots. Returns the condition under which `op` holds, for all but equality, whose flags
// need the one for NaN as well.
static GWX86Condition float_compare(compiler *c, GWWasmOpcode op, uint32_t a, uint32_t b) {
    unsigned prefix = float_source_prefix(op) == 0xF2 ? 0x66 : 0;
    switch (op) {
    case GWWasmOpcode_f64Lt:
    case GWWasmOpcode_f64Le:
    case GWWasmOpcode_f32Lt:
    case GWWasmOpcode_f32Le: {
        // "Less" as "greater" the other way round, which is false for NaN.
        uint32_t t = a;
        a = b;
        b = t;
        break;
    }
    default: break;
    }
    int left = use_float(c, a);
    float_apply(c, prefix, 0x0F2E, left, b);
    switch (op) {
    case GWWasmOpcode_f64Lt:
    case GWWasmOpcode_f32Lt:
    case GWWasmOpcode_f64Gt:
    case GWWasmOpcode_f32Gt: return CC_A;
    case GWWasmOpcode_f64Le:
    case GWWasmOpcode_f32Le:
    case GWWasmOpcode_f64Ge:
    case GWWasmOpcode_f32Ge: return CC_AE;
    case GWWasmOpcode_f64Ne:
    case GWWasmOpcode_f32Ne: return CC_NE;
    default: return CC_E;
    }
}

static bool is_float_comparison(GWWasmOpcode op) {
    return (op >= GWWasmOpcode_f32Eq && op <= GWWasmOpcode_f32Ge) ||
           (op >= GWWasmOpcode_f64Eq && op <= GWWasmOpcode_f64Ge);
}

static void float_compare_to_slot(compiler *c) {
    GWX86Condition condition = float_compare(c, c->info->wasm, OPERAND(1), OPERAND(2));
    int r = take(c, &c->integers);
    gw_x86_set(X, condition, r);
    if (condition == CC_E || condition == CC_NE) {
        // Unordered: equal is false, and not equal is true. (The moves of gw_x86_set keep the flags.)
        gw_x86_constant(X, RAX, condition == CC_NE);
        gw_x86_register_op(X, 0, false, 0x0F40u | CC_P, r, RAX, false);
    }
    define_short(c, OPERAND(0), r);
}

static void float_branch(compiler *c, bool holds) {
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    GWX86Condition condition = float_compare(c, c->info->wasm, OPERAND(0), OPERAND(1));
    if (condition == CC_E || condition == CC_NE) {
        if ((condition == CC_E) == holds) {
            // Jump where they are equal.
            uint8_t *unordered = gw_x86_short_jump_if(X, CC_P);
            jump_if(c, CC_E, target);
            gw_x86_bind_short(X, unordered);
        } else {
            jump_if(c, CC_P, target);
            jump_if(c, CC_NE, target);
        }
        return;
    }
    jump_if(c, holds ? condition : condition ^ 1, target);
}

// --- Operations by C functions ---

void gw_native_call_numeric(compiler *c, gw_numeric_function *function) {
    uint32_t d = OPERAND(0), a = OPERAND(1);
    bool is_binary = c->info->family == GWFamily_binary;
    uint32_t b = is_binary ? OPERAND(2) : a;
    // C functions keep few registers.
    flush_all(c);
    forget_all(c);
    gw_x86_load(X, true, RDI, slot_memory(a));
    if (is_binary) gw_x86_load(X, true, RSI, slot_memory(b));
    gw_x86_address(X, true, RDX, gw_x86_at(MACHINE, FIELD(GWMachine, trap)));
    bool may_trap = c->info->facts & GWFact_mayTrap;
    if (may_trap) {
        gw_x86_memory_op(X, 0, false, 0xC6, 0, gw_x86_at(MACHINE, FIELD(GWMachine, trap)), false);
        gw_x86_byte(X, GWTrap_none);
    }
    gw_x86_constant(X, RAX, (uint64_t)(uintptr_t)function);
    gw_x86_register_op(X, 0, false, 0xFF, 2, RAX, false);
    if (may_trap) {
        gw_x86_memory_op(X, 0, false, 0x80, X_CMP, gw_x86_at(MACHINE, FIELD(GWMachine, trap)), false);
        gw_x86_byte(X, GWTrap_none);
        add_outline(c, (outline){gw_x86_jump_if(X, CC_NE), c->i->cell, outline_found_trap, GWTrap_none, NULL});
    }
    int r = take(c, &c->integers);
    gw_x86_move(X, true, r, RAX);
    define(c, d, r);
}

// --- Unary operations ---

static void extend(compiler *c, bool wide, unsigned opcode, bool bytes) {
    source s = slot_source(c, OPERAND(1));
    int r = take(c, &c->integers);
    if (s.kind == source_register) gw_x86_register_op(X, 0, wide, opcode, r, s.reg, bytes);
    else gw_x86_memory_op(X, 0, wide, opcode, r, s.memory, false);
    (wide ? define : define_short)(c, OPERAND(0), r);
}

// The number of leading or trailing zeros, which the processor of 1985 leaves open for 0.
static void count_zeros(compiler *c, bool wide, bool leading) {
    source s = slot_source(c, OPERAND(1));
    int r = take(c, &c->integers);
    uint32_t width = wide ? 64 : 32;
    // lzcnt and tzcnt (0F BD and 0F BC behind F3) are bsr and bsf to a processor that does not know them.
    unsigned prefix = gw_native_processor.lzcnt ? 0xF3 : 0, opcode = leading ? 0x0FBD : 0x0FBC;
    if (s.kind == source_register) gw_x86_register_op(X, prefix, wide, opcode, r, s.reg, false);
    else gw_x86_memory_op(X, prefix, wide, opcode, r, s.memory, false);
    if (!gw_native_processor.lzcnt) {
        gw_x86_constant(X, RAX, leading ? 2 * width - 1 : width);
        gw_x86_register_op(X, 0, wide, 0x0F40u | CC_E, r, RAX, false);
        if (leading) gw_x86_immediate(X, wide, X_XOR, r, (int32_t)width - 1);
    }
    define_short(c, OPERAND(0), r);
}

static void to_float(compiler *c, unsigned prefix, bool wide, bool zero_extends) {
    source s = slot_source(c, OPERAND(1));
    int r = take(c, &c->floats);
    // The instruction leaves the rest of the register, and would wait for it.
    gw_x86_register_op(X, 0, false, 0x0F57, r, r, false);
    if (zero_extends) {
        load_source(c, false, RAX, s);
        s = (source){source_register, RAX, {0}, 0};
    }
    if (s.kind == source_register) gw_x86_register_op(X, prefix, wide, 0x0F2A, r, s.reg, false);
    else gw_x86_memory_op(X, prefix, wide, 0x0F2A, r, s.memory, false);
    define_float(c, OPERAND(0), r);
}

static void float_to_float(compiler *c, unsigned prefix, unsigned opcode, int rounding) {
    int from = use_float(c, OPERAND(1)), r = take(c, &c->floats);
    gw_x86_register_op(X, 0, false, 0x0F57, r, r, false);
    gw_x86_register_op(X, prefix, false, opcode, r, from, false);
    if (rounding >= 0) gw_x86_byte(X, (unsigned)rounding);
    define_float(c, OPERAND(0), r);
}

// The nearest number of 64 bits that there is, and 0 for NaN.
static void saturate(compiler *c, unsigned prefix) {
    int from = use_float(c, OPERAND(1)), r = take(c, &c->integers);
    gw_x86_register_op(X, prefix, true, 0x0F2C, r, from, false);
    // The smallest number stands for all that do not fit: only from it can 1 not be taken.
    gw_x86_immediate(X, true, X_CMP, r, 1);
    uint8_t *fits = gw_x86_short_jump_if(X, CC_NO);
    c->vector = -1;
    gw_x86_register_op(X, 0, false, 0x0F57, 0, 0, false);
    gw_x86_register_op(X, prefix == 0xF2 ? 0x66 : 0, false, 0x0F2E, from, 0, false);
    uint8_t *is_negative = gw_x86_short_jump_if(X, CC_B);
    gw_x86_register_op(X, 0, true, 0xF7, 2, r, false);
    gw_x86_bind_short(X, is_negative);
    uint8_t *is_number = gw_x86_short_jump_if(X, CC_NP);
    gw_x86_clear(X, r);
    gw_x86_bind_short(X, is_number);
    gw_x86_bind_short(X, fits);
    define(c, OPERAND(0), r);
}

// On the sign bit: abs, neg. The bits are an integer's, so that a NaN stays what it is.
static void change_sign(compiler *c, bool wide, bool clears) {
    uint32_t d = OPERAND(0), a = OPERAND(1);
    int r = begin_with(c, &c->integers, a, d);
    if (wide) {
        // btr and btc with the number of the bit.
        gw_x86_register_op(X, 0, true, 0x0FBA, clears ? 6 : 7, r, false);
        gw_x86_byte(X, 63);
        define(c, d, r);
    } else {
        gw_x86_immediate(X, false, clears ? X_AND : X_XOR, r, clears ? INT32_MAX : INT32_MIN);
        define_short(c, d, r);
    }
}

bool gw_native_unary(compiler *c) {
    switch (c->info->wasm) {
    case GWWasmOpcode_i32WrapI64:
    case GWWasmOpcode_i64ExtendI32U: {
        source s = slot_source(c, OPERAND(1));
        int r = take(c, &c->integers);
        load_source(c, false, r, s);
        define_short(c, OPERAND(0), r);
        return true;
    }
    case GWWasmOpcode_i64ExtendI32S:
    case GWWasmOpcode_i64Extend32S: extend(c, true, 0x63, false); return true;
    case GWWasmOpcode_i64Extend8S: extend(c, true, 0x0FBE, true); return true;
    case GWWasmOpcode_i64Extend16S: extend(c, true, 0x0FBF, false); return true;
    case GWWasmOpcode_i32Extend8S: extend(c, false, 0x0FBE, true); return true;
    case GWWasmOpcode_i32Extend16S: extend(c, false, 0x0FBF, false); return true;
    case GWWasmOpcode_i64Clz: count_zeros(c, true, true); return true;
    case GWWasmOpcode_i64Ctz: count_zeros(c, true, false); return true;
    case GWWasmOpcode_i32Clz: count_zeros(c, false, true); return true;
    case GWWasmOpcode_i32Ctz: count_zeros(c, false, false); return true;
    case GWWasmOpcode_i64Popcnt:
    case GWWasmOpcode_i32Popcnt: {
        if (!gw_native_processor.popcnt) return false;
        bool wide = c->info->wasm == GWWasmOpcode_i64Popcnt;
        source s = slot_source(c, OPERAND(1));
        int r = take(c, &c->integers);
        if (s.kind == source_register) gw_x86_register_op(X, 0xF3, wide, 0x0FB8, r, s.reg, false);
        else gw_x86_memory_op(X, 0xF3, wide, 0x0FB8, r, s.memory, false);
        define_short(c, OPERAND(0), r);
        return true;
    }
    case GWWasmOpcode_f64ConvertI64S: to_float(c, 0xF2, true, false); return true;
    case GWWasmOpcode_f64ConvertI32S: to_float(c, 0xF2, false, false); return true;
    case GWWasmOpcode_f64ConvertI32U: to_float(c, 0xF2, true, true); return true;
    case GWWasmOpcode_f32ConvertI64S: to_float(c, 0xF3, true, false); return true;
    case GWWasmOpcode_f32ConvertI32S: to_float(c, 0xF3, false, false); return true;
    case GWWasmOpcode_f32ConvertI32U: to_float(c, 0xF3, true, true); return true;
    case GWWasmOpcode_f64Sqrt: float_to_float(c, 0xF2, 0x0F51, -1); return true;
    case GWWasmOpcode_f32Sqrt: float_to_float(c, 0xF3, 0x0F51, -1); return true;
    case GWWasmOpcode_f64PromoteF32: float_to_float(c, 0xF3, 0x0F5A, -1); return true;
    case GWWasmOpcode_f32DemoteF64: float_to_float(c, 0xF2, 0x0F5A, -1); return true;
    case GWWasmOpcode_f64Abs: change_sign(c, true, true); return true;
    case GWWasmOpcode_f64Neg: change_sign(c, true, false); return true;
    case GWWasmOpcode_f32Abs: change_sign(c, false, true); return true;
    case GWWasmOpcode_f32Neg: change_sign(c, false, false); return true;
    case GWWasmOpcode_i64TruncSatF64S: saturate(c, 0xF2); return true;
    case GWWasmOpcode_i64TruncSatF32S: saturate(c, 0xF3); return true;
    default: break;
    }
    if (!gw_native_processor.sse41) return false;
    // roundsd and roundss; bit 3 of the immediate: no exception for what is inexact.
    switch (c->info->wasm) {
    case GWWasmOpcode_f64Nearest: float_to_float(c, 0x66, 0x0F3A0B, 8); return true;
    case GWWasmOpcode_f64Floor: float_to_float(c, 0x66, 0x0F3A0B, 9); return true;
    case GWWasmOpcode_f64Ceil: float_to_float(c, 0x66, 0x0F3A0B, 10); return true;
    case GWWasmOpcode_f64Trunc: float_to_float(c, 0x66, 0x0F3A0B, 11); return true;
    case GWWasmOpcode_f32Nearest: float_to_float(c, 0x66, 0x0F3A0A, 8); return true;
    case GWWasmOpcode_f32Floor: float_to_float(c, 0x66, 0x0F3A0A, 9); return true;
    case GWWasmOpcode_f32Ceil: float_to_float(c, 0x66, 0x0F3A0A, 10); return true;
    case GWWasmOpcode_f32Trunc: float_to_float(c, 0x66, 0x0F3A0A, 11); return true;
    default: return false;
    }
}

bool gw_native_binary(compiler *c) {
#define BOTH(name, action32, action64) \
    case GWWasmOpcode_i32##name: action32; return true; \
    case GWWasmOpcode_i64##name: action64; return true;
#define EACH(name, function, ...) BOTH(name, function(c, false, __VA_ARGS__), function(c, true, __VA_ARGS__))
    if (c->info->first == GWKind_m || c->info->first == GWKind_k || c->info->second == GWKind_m ||
        c->info->second == GWKind_k) {
        float_memory(c);
        return true;
    }
    bool wide;
    GWX86Condition condition;
    if (condition_of(c->info->wasm, &wide, &condition)) {
        compare_to_slot(c, wide, condition);
        return true;
    }
    switch (c->info->wasm) {
        EACH(Add, arithmetic, X_ADD)
        EACH(Sub, arithmetic, X_SUB)
        EACH(And, arithmetic, X_AND)
        EACH(Or, arithmetic, X_OR)
        EACH(Xor, arithmetic, X_XOR)
        EACH(Shl, shift, shift_shl)
        EACH(ShrS, shift, shift_sar)
        EACH(ShrU, shift, shift_shr)
        EACH(Rotl, shift, shift_rol)
        EACH(Rotr, shift, shift_ror)
        EACH(DivS, divide, true, false)
        EACH(DivU, divide, false, false)
        EACH(RemS, divide, true, true)
        EACH(RemU, divide, false, true)
        BOTH(Mul, multiply(c, false), multiply(c, true))
    default: break;
    }
    if (float_opcode(c->info->wasm)) {
        float_binary(c);
        return true;
    }
    if (is_float_comparison(c->info->wasm)) {
        float_compare_to_slot(c);
        return true;
    }
    return false;
}

void gw_native_branch(compiler *c, bool holds) {
    if (is_float_comparison(c->info->wasm)) float_branch(c, holds);
    else branch(c);
}

#endif
