// Templates of loads, stores, moves, constants, globals and addresses.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__x86_64__)
#include "gw_x86_templates.h"

// --- Loads and stores ---

// Loads what a row loads into a register.
static void load_value(compiler *c, int r, gw_x86_memory m) {
    switch (c->info->wasm) {
    case GWWasmOpcode_i64Load: gw_x86_load(X, true, r, m); break;
    case GWWasmOpcode_i64Load32U: gw_x86_load(X, false, r, m); break;
    case GWWasmOpcode_i64Load32S: gw_x86_memory_op(X, 0, true, 0x63, r, m, false); break;
    case GWWasmOpcode_i64Load8U: gw_x86_memory_op(X, 0, false, 0x0FB6, r, m, false); break;
    case GWWasmOpcode_i64Load16U: gw_x86_memory_op(X, 0, false, 0x0FB7, r, m, false); break;
    case GWWasmOpcode_i64Load8S: gw_x86_memory_op(X, 0, true, 0x0FBE, r, m, false); break;
    case GWWasmOpcode_i64Load16S: gw_x86_memory_op(X, 0, true, 0x0FBF, r, m, false); break;
    case GWWasmOpcode_i32Load8S: gw_x86_memory_op(X, 0, false, 0x0FBE, r, m, false); break;
    case GWWasmOpcode_i32Load16S: gw_x86_memory_op(X, 0, false, 0x0FBF, r, m, false); break;
    default: c->failed = true;
    }
}
static bool is_short_load(GWWasmOpcode op) {
    return op == GWWasmOpcode_i64Load32U || op == GWWasmOpcode_i64Load8U || op == GWWasmOpcode_i64Load16U ||
           op == GWWasmOpcode_i32Load8S || op == GWWasmOpcode_i32Load16S;
}

void gw_native_load(compiler *c) {
    uint32_t d = OPERAND(0);
    gw_x86_memory m = address(c, c->info->mode, 1);
    bool is_whole = c->info->wasm == GWWasmOpcode_i64Load, is_half = c->info->wasm == GWWasmOpcode_i64Load32U;
    if ((is_whole || is_half) && becomes_float(c, d)) {
        int r = take(c, &c->floats);
        gw_x86_memory_op(X, is_whole ? 0xF2 : 0xF3, false, 0x0F10, r, m, false);
        return define_float(c, d, r);
    }
    int r = take(c, &c->integers);
    load_value(c, r, m);
    (is_short_load(c->info->wasm) ? define_short : define)(c, d, r);
}

static void store_register(compiler *c, GWWasmOpcode op, int r, gw_x86_memory m) {
    switch (op) {
    case GWWasmOpcode_i64Store: gw_x86_store(X, true, r, m); break;
    case GWWasmOpcode_i64Store32: gw_x86_store(X, false, r, m); break;
    case GWWasmOpcode_i64Store16: gw_x86_memory_op(X, 0x66, false, 0x89, r, m, false); break;
    case GWWasmOpcode_i64Store8: gw_x86_memory_op(X, 0, false, 0x88, r, m, true); break;
    default: c->failed = true;
    }
}

void gw_native_store(compiler *c) {
    GWWasmOpcode op = c->info->wasm;
    // The value is the last operand.
    int last = (int)strlen(c->info->operands) - 1;
    uint32_t value = OPERAND(last);
    switch (c->info->first) {
    case GWKind_r: {
        int x = c->floats.of[value];
        bool is_float_value = x >= 0 && (op == GWWasmOpcode_i64Store || op == GWWasmOpcode_i64Store32);
        if (is_float_value) {
            hold(c, &c->floats, x);
            gw_x86_memory m = address(c, c->info->mode, 0);
            return gw_x86_memory_op(X, op == GWWasmOpcode_i64Store ? 0xF2 : 0xF3, false, 0x0F11, x, m, false);
        }
        int r;
        if (c->integers.of[value] < 0 && c->floats.of[value] < 0 && is_last(c, value)) {
            r = RDX;
            gw_x86_load(X, true, r, slot_memory(value));
        } else {
            r = use(c, value);
        }
        return store_register(c, op, r, address(c, c->info->mode, 0));
    }
    case GWKind_i: {
        gw_x86_memory m = address(c, c->info->mode, 0);
        switch (op) {
        case GWWasmOpcode_i64Store:
        case GWWasmOpcode_i64Store32:
            gw_x86_memory_op(X, 0, op == GWWasmOpcode_i64Store, 0xC7, 0, m, false);
            return gw_x86_word32(X, value);
        case GWWasmOpcode_i64Store16:
            gw_x86_memory_op(X, 0x66, false, 0xC7, 0, m, false);
            gw_x86_byte(X, value & 0xFF);
            return gw_x86_byte(X, value >> 8 & 0xFF);
        default:
            gw_x86_memory_op(X, 0, false, 0xC6, 0, m, false);
            return gw_x86_byte(X, value & 0xFF);
        }
    }
    case GWKind_s:
    case GWKind_t:
        load_source(c, true, RDX, source_of(c, c->info->first, value, RAX));
        return store_register(c, op, RDX, address(c, c->info->mode, 0));
    default: c->failed = true;
    }
}

// --- Moves and constants ---

void gw_native_move(compiler *c, uint32_t d, uint32_t from) {
    int x = c->floats.of[from];
    if (x >= 0 || (c->integers.of[from] < 0 && becomes_float(c, d))) {
        int r = begin_with(c, &c->floats, from, d);
        return define_float(c, d, r);
    }
    int r = c->integers.of[from];
    bool is_short = r >= 0 && (c->short_values >> r & 1);
    r = begin_with(c, &c->integers, from, d);
    (is_short ? define_short : define)(c, d, r);
}

static void zero_slots(compiler *c, uint32_t first, uint32_t count) {
    c->vector = -1;
    for (uint32_t slot = first; slot < first + count; slot++) {
        if (c->integers.of[slot] >= 0) drop(&c->integers, c->integers.of[slot]);
        if (c->floats.of[slot] >= 0) drop(&c->floats, c->floats.of[slot]);
    }
    if (count <= 8) {
        gw_x86_clear(X, RAX);
        for (uint32_t slot = first; slot < first + count; slot++) gw_x86_store(X, true, RAX, slot_memory(slot));
        return;
    }
    // A loop over them: rdx counts up to rcx.
    gw_x86_clear(X, RAX);
    gw_x86_address(X, true, RDX, slot_memory(first));
    gw_x86_address(X, true, RCX, slot_memory(first + count));
    uint8_t *again = X->at;
    gw_x86_store(X, true, RAX, gw_x86_at(RDX, 0));
    gw_x86_immediate(X, true, X_ADD, RDX, 8);
    gw_x86_register_op(X, 0, true, 0x3B, RDX, RCX, false);
    gw_x86_byte(X, 0x70u | CC_B);
    gw_x86_byte(X, (uint8_t)(again - (X->at + 1)));
}

static void select_value(compiler *c) {
    uint32_t d = OPERAND(0), a = OPERAND(1), b = OPERAND(2), condition = OPERAND(3);
    int test = use(c, condition), right = use(c, b);
    int r = take(c, &c->integers);
    load_source(c, true, r, (source){source_register, use(c, a), {0}, 0});
    gw_x86_test(X, false, test);
    gw_x86_register_op(X, 0, true, 0x0F40u | CC_E, r, right, false);
    define(c, d, r);
}

// --- The rest ---

static gw_x86_memory global_memory(uint32_t index) { return gw_x86_at(GLOBALS, (int32_t)(index * 8)); }

bool gw_native_global(compiler *c) {
    switch (c->info->plain) {
    case GWOp_spGet: {
        int r = take(c, &c->integers);
        gw_x86_move(X, true, r, SP);
        define_short(c, OPERAND(0), r);
        return true;
    }
    case GWOp_spSet: load_source(c, false, SP, slot_source(c, OPERAND(0))); return true;
    case GWOp_spSetImmediate: gw_x86_constant(X, SP, OPERAND(0)); return true;
    case GWOp_spAdd: gw_x86_immediate(X, false, X_ADD, SP, (int32_t)OPERAND(0)); return true;
    case GWOp_globalGet: {
        if (OPERAND(1) > INT32_MAX / 8) return false;
        int r = take(c, &c->integers);
        gw_x86_load(X, true, r, global_memory(OPERAND(1)));
        define(c, OPERAND(0), r);
        return true;
    }
    case GWOp_globalSet:
        if (OPERAND(1) > INT32_MAX / 8) return false;
        gw_x86_store(X, true, use(c, OPERAND(0)), global_memory(OPERAND(1)));
        return true;
    default: return false;
    }
}

bool gw_native_address(compiler *c) {
    uint32_t d = OPERAND(0);
    int r;
    switch (c->info->plain) {
    case GWOp_spAddress:
        r = take(c, &c->integers);
        gw_x86_address(X, false, r, gw_x86_at(SP, (int32_t)OPERAND(1)));
        define_short(c, d, r);
        return true;
    case GWOp_spAddress64:
        r = take(c, &c->integers);
        gw_x86_address(X, true, r, gw_x86_at(SP, (int32_t)OPERAND(1)));
        define(c, d, r);
        return true;
    case GWOp_i64AddShifted:
    case GWOp_i32AddShifted: {
        bool wide = c->info->plain == GWOp_i64AddShifted;
        // Both sources are held before a register for the result is looked for.
        use(c, OPERAND(1)), use(c, OPERAND(2));
        r = take(c, &c->integers);
        add_shifted(c, wide, r, OPERAND(1), OPERAND(2), OPERAND(3));
        (wide ? define : define_short)(c, d, r);
        return true;
    }
    default: return false;
    }
}

bool gw_native_words(compiler *c) {
    switch (c->info->plain) {
    case GWOp_load64_s2:
        for (int k = 0; k < 2; k++) {
            uint32_t d = OPERAND(2 * k);
            if (becomes_float(c, d)) {
                int x = take(c, &c->floats);
                gw_x86_memory_op(X, 0xF2, false, 0x0F10, x, stack_word(c, OPERAND(2 * k + 1)), false);
                define_float(c, d, x);
            } else {
                int r = take(c, &c->integers);
                gw_x86_load(X, true, r, stack_word(c, OPERAND(2 * k + 1)));
                define(c, d, r);
            }
        }
        return true;
    case GWOp_store64_sr2:
    case GWOp_store64_tr2:
        for (int k = 0; k < 2; k++) {
            uint32_t slot = OPERAND(2 * k + 1), word = OPERAND(2 * k);
            bool is_float_value = c->floats.of[slot] >= 0;
            int r = is_float_value ? use_float(c, slot) : use(c, slot);
            gw_x86_memory m = c->info->plain == GWOp_store64_sr2 ? stack_word(c, word) : wrapped_word(c, RAX, word);
            if (is_float_value) gw_x86_memory_op(X, 0xF2, false, 0x0F11, r, m, false);
            else gw_x86_store(X, true, r, m);
        }
        return true;
    default: return false;
    }
}

bool gw_native_constant(compiler *c) {
    switch (c->info->plain) {
    case GWOp_move: gw_native_move(c, OPERAND(0), OPERAND(1)); return true;
    case GWOp_constS32: constant(c, OPERAND(0), (uint64_t)(int64_t)(int32_t)OPERAND(1)); return true;
    case GWOp_constU32: constant(c, OPERAND(0), OPERAND(1)); return true;
    case GWOp_const64: constant(c, OPERAND(0), c->pc[2] | (uint64_t)c->pc[3] << 32); return true;
    case GWOp_zeroSlots: zero_slots(c, OPERAND(0), OPERAND(1)); return true;
    case GWOp_select: select_value(c); return true;
    case GWOp_memorySize: {
        int r = take(c, &c->integers);
        gw_x86_load(X, true, r, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
        gw_x86_load(X, true, r, gw_x86_at(r, FIELD(GWInstance, memory)));
        gw_x86_load(X, true, r, gw_x86_at(r, FIELD(GWMemory, size)));
        gw_x86_register_op(X, 0, true, 0xC1, 5, r, false);
        gw_x86_byte(X, 16);
        define_short(c, OPERAND(0), r);
        return true;
    }
    default: return false;
    }
}

#endif
