// Templates of loads, stores, moves, constants, globals and addresses.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__aarch64__)
#include "gw_arm64_templates.h"

// --- Loads and stores ---

static GWARM64Access load_of(compiler *c, GWWasmOpcode op) {
    switch (op) {
    case GWWasmOpcode_i64Load: return A_LDR64;
    case GWWasmOpcode_i64Load32U: return A_LDR32;
    case GWWasmOpcode_i64Load32S: return A_LDRS32_64;
    case GWWasmOpcode_i64Load8U: return A_LDR8;
    case GWWasmOpcode_i64Load16U: return A_LDR16;
    case GWWasmOpcode_i64Load8S: return A_LDRS8_64;
    case GWWasmOpcode_i64Load16S: return A_LDRS16_64;
    case GWWasmOpcode_i32Load8S: return A_LDRS8_32;
    case GWWasmOpcode_i32Load16S: return A_LDRS16_32;
    default: c->failed = true; return A_LDR64;
    }
}

void gw_native_load(compiler *c) {
    uint32_t d = OPERAND(0);
    GWWasmOpcode op = c->info->wasm;
    gw_arm64_memory m = address(c, c->info->mode, 1);
    bool is_whole = op == GWWasmOpcode_i64Load, is_half = op == GWWasmOpcode_i64Load32U;
    if ((is_whole || is_half) && becomes_float(c, d)) {
        int r = take(c, &c->floats);
        gw_arm64_access(X, is_whole ? A_LDR_D : A_LDR_S, r, m);
        return define_float(c, d, r);
    }
    int r = take(c, &c->integers);
    gw_arm64_access(X, load_of(c, op), r, m);
    define(c, d, r);
}

static GWARM64Access store_of(compiler *c, GWWasmOpcode op) {
    switch (op) {
    case GWWasmOpcode_i64Store: return A_STR64;
    case GWWasmOpcode_i64Store32: return A_STR32;
    case GWWasmOpcode_i64Store16: return A_STR16;
    case GWWasmOpcode_i64Store8: return A_STR8;
    default: c->failed = true; return A_STR64;
    }
}

void gw_native_store(compiler *c) {
    GWARM64Access access = store_of(c, c->info->wasm);
    // The value is the last operand.
    uint32_t value = OPERAND((int)strlen(c->info->operands) - 1);
    if (c->info->first == GWKind_r && c->floats.of[value] >= 0 && (access == A_STR64 || access == A_STR32)) {
        int r = use_float(c, value);
        return gw_arm64_access(X, access == A_STR64 ? A_STR_D : A_STR_S, r, address(c, c->info->mode, 0));
    }
    int r = in_register(c, true, source_of(c, true, c->info->first, value, T0), T0);
    gw_arm64_access(X, access, r, address(c, c->info->mode, 0));
}

// --- Moves and constants ---

void gw_native_move(compiler *c, uint32_t d, uint32_t from) {
    if (c->floats.of[from] >= 0 || (c->integers.of[from] < 0 && becomes_float(c, d)))
        return define_float(c, d, begin_with(c, &c->floats, from, d));
    define(c, d, begin_with(c, &c->integers, from, d));
}

static void zero_slots(compiler *c, uint32_t first, uint32_t count) {
    c->vector = -1;
    for (uint32_t slot = first; slot < first + count; slot++) {
        if (c->integers.of[slot] >= 0) drop(&c->integers, c->integers.of[slot]);
        if (c->floats.of[slot] >= 0) drop(&c->floats, c->floats.of[slot]);
    }
    if (count <= 8) {
        for (uint32_t slot = first; slot < first + count; slot++) gw_arm64_access(X, A_STR64, ZERO, slot_memory(slot));
        return;
    }
    // A loop over them: x14 counts up to x15.
    gw_arm64_add_number(X, true, T0, FRAME, (int64_t)first * 8);
    gw_arm64_add_number(X, true, T1, FRAME, (int64_t)(first + count) * 8);
    uint8_t *again = X->at;
    gw_arm64_access(X, A_STR64, ZERO, gw_arm64_at(T0, 0));
    gw_arm64_add_number(X, true, T0, T0, 8);
    gw_arm64_op(X, A_SUBS, true, ZERO, T0, T1);
    gw_arm64_bind(gw_arm64_jump_if(X, CC_LO), again);
}

static void select_value(compiler *c) {
    int condition = use(c, OPERAND(3)), b = use(c, OPERAND(2)), a = use(c, OPERAND(1)), r = take(c, &c->integers);
    gw_arm64_compare_number(X, false, condition, 0);
    gw_arm64_select(X, CC_NE, r, a, b);
    define(c, OPERAND(0), r);
}

// --- The rest ---

static gw_arm64_memory global_memory(uint32_t index) { return gw_arm64_at(GLOBALS, (int64_t)index * 8); }

bool gw_native_global(compiler *c) {
    switch (c->info->plain) {
    case GWOp_spGet: {
        int r = take(c, &c->integers);
        gw_arm64_move(X, true, r, SP);
        define_short(c, OPERAND(0), r);
        return true;
    }
    case GWOp_spSet:
        gw_arm64_move(X, false, SP, use(c, OPERAND(0)));
        sum_stack(X);
        return true;
    case GWOp_spSetImmediate:
        gw_arm64_constant(X, SP, OPERAND(0));
        sum_stack(X);
        return true;
    case GWOp_spAdd:
        gw_arm64_add_number(X, false, SP, SP, (int32_t)OPERAND(0));
        sum_stack(X);
        return true;
    case GWOp_globalGet: {
        int r = take(c, &c->integers);
        gw_arm64_access(X, A_LDR64, r, global_memory(OPERAND(1)));
        define(c, OPERAND(0), r);
        return true;
    }
    case GWOp_globalSet: gw_arm64_access(X, A_STR64, use(c, OPERAND(0)), global_memory(OPERAND(1))); return true;
    default: return false;
    }
}

bool gw_native_address(compiler *c) {
    bool wide = c->info->plain == GWOp_spAddress64 || c->info->plain == GWOp_i64AddShifted;
    switch (c->info->plain) {
    case GWOp_spAddress:
    case GWOp_spAddress64: {
        int r = take(c, &c->integers);
        gw_arm64_add_number(X, wide, r, SP, (int32_t)OPERAND(1));
        define(c, OPERAND(0), r);
        return true;
    }
    case GWOp_i64AddShifted:
    case GWOp_i32AddShifted: {
        // Both sources are held before a register for the result is looked for.
        use(c, OPERAND(1)), use(c, OPERAND(2));
        int r = take(c, &c->integers);
        add_shifted(c, wide, r, OPERAND(1), OPERAND(2), OPERAND(3));
        define(c, OPERAND(0), r);
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
            bool is_float_value = becomes_float(c, d);
            int r = take(c, is_float_value ? &c->floats : &c->integers);
            gw_arm64_access(X, is_float_value ? A_LDR_D : A_LDR64, r, stack_word(OPERAND(2 * k + 1)));
            (is_float_value ? define_float : define)(c, d, r);
        }
        return true;
    case GWOp_store64_sr2:
    case GWOp_store64_tr2:
        for (int k = 0; k < 2; k++) {
            uint32_t slot = OPERAND(2 * k + 1), word = OPERAND(2 * k);
            bool is_float_value = c->floats.of[slot] >= 0;
            int r = is_float_value ? use_float(c, slot) : use(c, slot);
            gw_arm64_memory m = c->info->plain == GWOp_store64_sr2 ? stack_word(word) : wrapped_word(c, word);
            gw_arm64_access(X, is_float_value ? A_STR_D : A_STR64, r, m);
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
        gw_arm64_access(X, A_LDR64, r, gw_arm64_at(MACHINE, FIELD(GWMachine, instance)));
        gw_arm64_access(X, A_LDR64, r, gw_arm64_at(r, FIELD(GWInstance, memory)));
        gw_arm64_access(X, A_LDR64, r, gw_arm64_at(r, FIELD(GWMemory, size)));
        gw_arm64_shift_right(X, false, true, r, r, 16);
        define_short(c, OPERAND(0), r);
        return true;
    }
    default: return false;
    }
}

#endif
