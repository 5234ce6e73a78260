// Templates of jumps, calls and returns.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__aarch64__)
#include "gw_arm64_templates.h"

// --- Jumps, calls, returns ---

static void branch_table(compiler *c) {
    uint32_t count = c->pc[2];
    int index = use(c, OPERAND(0));
    gw_arm64_move(X, false, T0, index);
    flush_all(c);
    gw_arm64_constant(X, T1, count);
    gw_arm64_op(X, A_SUBS, false, ZERO, T0, T1);
    gw_arm64_select(X, CC_HI, T0, T1, T0);
    // The table begins behind the five instructions that use it.
    uint8_t *table = X->at + 5 * 4;
    gw_arm64_word(X, 0x10000000u | (uint32_t)(table - X->at) >> 2 << 5 | ADDRESS);
    gw_arm64_op_shifted(X, A_ADD, true, T0, ADDRESS, T0, 2);
    gw_arm64_access(X, A_LDRS32_64, T0, gw_arm64_at(T0, 0));
    gw_arm64_op(X, A_ADD, true, ADDRESS, ADDRESS, T0);
    gw_arm64_jump_register(X, ADDRESS);
    for (uint32_t k = 0; k <= count; k++) {
        fix(c, X->at, c->i->cell + c->pc[c->info->cells + k], table);
        gw_arm64_word(X, 0);
    }
}

// Go's check of its stack, and where there is room the taking of the frame.
static void stack_check(compiler *c) {
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    gw_arm64_access(X, A_LDR32, T0, gw_arm64_at(GLOBALS, (int64_t)OPERAND(0) * 8));
    gw_arm64_access(X, A_LDR32, T0, offset_from(c, T0, OPERAND(1)));
    gw_arm64_op(X, A_SUBS, false, ZERO, SP, T0);
    uint8_t *is_short_of_stack = gw_arm64_jump_if(X, CC_LS);
    uint32_t frame = c->pc[4];
    if (frame) {
        gw_arm64_add_number(X, false, SP, SP, -(int64_t)frame);
        sum_stack(X);
    }
    jump_to(c, target);
    gw_arm64_bind(is_short_of_stack, X->at);
}

// Goes on in the caller at the cell in x16, in machine code if there is any.
static void go_on(compiler *c) {
    gw_arm64_access(X, A_LDR64, FRAME, gw_arm64_at(FRAME, -24));
    note_transit(c, gw_native_left);
    gw_arm64_access(X, A_LDR32, TEMPORARY, gw_arm64_indexed(ADDRESS, MAP, false, false));
    gw_arm64_op(X, A_ADD, true, TEMPORARY, TEMPORARY, RUN);
    gw_arm64_jump_register(X, TEMPORARY);
}
static void leave(compiler *c) {
    gw_arm64_access(X, A_LDR64, ADDRESS, gw_arm64_at(FRAME, -8));
    gw_arm64_add_number(X, true, ADDRESS, ADDRESS, RETURN_BYTES);
    go_on(c);
}
static void leave_zero(compiler *c) {
    gw_arm64_access(X, A_LDR64, ADDRESS, gw_arm64_at(FRAME, -16));
    go_on(c);
}
static void set_result(compiler *c, uint32_t number) {
    int r = in_register(c, false, (source){true, 0, (int32_t)number}, T0);
    gw_arm64_access(X, A_STR64, r, slot_memory(0));
}

void gw_native_return(compiler *c) {
    // What is left in slots, several results, is live.
    switch (c->info->plain) {
    case GWOp_return:
        flush_all(c);
        return leave(c);
    case GWOp_returnSlot: {
        int result = use(c, OPERAND(0));
        flush_all(c);
        gw_arm64_access(X, A_STR64, result, slot_memory(0));
        return leave(c);
    }
    case GWOp_returnImmediate:
        flush_all(c);
        set_result(c, OPERAND(0));
        if (OPERAND(0)) leave(c);
        else leave_zero(c);
        return;
    case GWOp_returnZeroPop:
        flush_all(c);
        gw_arm64_add_number(X, false, SP, SP, (int32_t)OPERAND(0));
        sum_stack(X);
        set_result(c, 0);
        return leave_zero(c);
    default: c->failed = true;
    }
}

// Finds the function of an indirect call, whose index is in x14: its own index to x13. (No register holds a slot.)
static void find_callee(compiler *c, bool fresh) {
    const uint32_t *pc = c->pc;
    gw_arm64_access(X, A_LDR64, X0, gw_arm64_at(MACHINE, FIELD(GWMachine, instance)));
    gw_arm64_access(X, A_LDR64, X1, gw_arm64_at(X0, FIELD(GWInstance, tables)));
    gw_arm64_access(X, A_LDR64, X1, gw_arm64_at(X1, (int64_t)(pc[GW_CALL_FUNCTION] >> 16) * 8));
    gw_arm64_access(X, A_LDR32, X2, gw_arm64_at(X1, FIELD(GWTable, count)));
    gw_arm64_op(X, A_SUBS, false, ZERO, T0, X2);
    trap_if(c, CC_HS, GWTrap_undefinedElement);
    gw_arm64_access(X, A_LDR64, X1, gw_arm64_at(X1, FIELD(GWTable, elements)));
    gw_arm64_access(X, A_LDR64, X1, gw_arm64_indexed(X1, T0, true, true));
    trap_if_zero(c, true, X1, GWTrap_uninitializedElement);
    gw_arm64_access(X, A_LDR32, X2, gw_arm64_at(X1, FIELD(GWFunction, type)));
    gw_arm64_compare_number(X, false, X2, (int32_t)pc[GW_CALL_TARGET]);
    trap_if(c, CC_NE, GWTrap_indirectCallTypeMismatch);
    gw_arm64_access(X, A_LDR64, X2, gw_arm64_at(X1, FIELD(GWFunction, instance)));
    gw_arm64_op(X, A_SUBS, true, ZERO, X2, X0);
    gw_helper *other = fresh ? gw_helper_callOtherFresh : gw_helper_callOther;
    add_outline(c, (outline){gw_jump_if(X, CC_NE, c->is_far), c->i->cell, outline_other, GWTrap_none, other});
    gw_arm64_access(X, A_LDR32, X13, gw_arm64_at(X1, FIELD(GWFunction, index)));
}

void gw_native_call(compiler *c) {
    const GWOpInfo *info = c->info;
    const uint32_t *pc = c->pc;
    GWNative *n = c->native;
    if (info->plain == GWOp_callImport) {
        flush_call(c);
        forget_all(c);
        return call_helper(c, gw_helper_callImport);
    }
    bool is_indirect = info->family == GWFamily_callIndirect;
    int fresh = info->plain != GWOp_call && info->plain != GWOp_callIndirect;
    uint32_t base = pc[GW_CALL_BASE] & 0xFFFF;
    if (is_indirect) gw_arm64_move(X, false, T0, use(c, pc[GW_CALL_FUNCTION] & 0xFFFF));
    flush_call(c);
    forget_all(c);
    if (info->facts & GWFact_pushes) {
        gw_arm64_add_number(X, false, SP, SP, -GW_PUSH_SIZE);
        sum_stack(X);
        int pushed = in_register(c, true, (source){true, 0, (int32_t)pc[GW_CALL_IMMEDIATE]}, T1);
        gw_arm64_access(X, A_STR64, pushed, stack_word(0));
    }
    if (is_indirect) find_callee(c, fresh);
    // The header: the call, where the result 0 goes on, the caller's frame.
    gw_native_load_pc(c, c->i->cell);
    gw_arm64_add_number(X, true, T0, FRAME, (int64_t)base * 8);
    gw_arm64_add_number(X, true, T1, ADDRESS, (int64_t)(int32_t)pc[GW_CALL_ZERO] * 4);
    gw_arm64_access(X, A_STR64, FRAME, gw_arm64_at(T0, -24));
    gw_arm64_pair(X, false, T1, ADDRESS, T0, -16);
    gw_arm64_move(X, true, FRAME, T0);
    note_transit(c, gw_native_entered);
    gw_arm64_access(X, A_LDR64, TEMPORARY, gw_arm64_at(MACHINE, FIELD(GWMachine, stack_limit)));
    gw_arm64_op(X, A_SUBS, true, ZERO, FRAME, TEMPORARY);
    uint8_t *fits = gw_arm64_jump_if(X, CC_LS);
    gw_native_go_to(c, n->stubs.limit);
    gw_arm64_bind(fits, X->at);
    if (!is_indirect && pc[GW_CALL_FUNCTION] == c->a.function) {
        const GWCodeEntry *entry = &n->code->entries[c->a.function];
        return jump_to(c, fresh ? entry->fresh : entry->general);
    }
    gw_arm64_address(
        X, ADDRESS, (uintptr_t)(is_indirect ? n->entries[fresh] : &n->entries[fresh][pc[GW_CALL_FUNCTION]]));
    gw_arm64_access(
        X, A_LDR64, ADDRESS, is_indirect ? gw_arm64_indexed(ADDRESS, X13, false, true) : gw_arm64_at(ADDRESS, 0));
    gw_arm64_jump_register(X, ADDRESS);
}

// --- Jumps of other kinds ---

static void count_down(compiler *c) {
    gw_arm64_access(X, A_LDR64, T0, gw_arm64_at(MACHINE, FIELD(GWMachine, budget)));
    gw_arm64_add_number(X, true, T0, T0, -1);
    gw_arm64_access(X, A_STR64, T0, gw_arm64_at(MACHINE, FIELD(GWMachine, budget)));
    gw_arm64_compare_number(X, true, T0, 0);
    trap_if(c, CC_LT, GWTrap_budgetExhausted);
}

// Goes on behind the instruction where a pointer is nil; otherwise loads what it points to into a slot, and jumps.
static void load_unless_nil(compiler *c, int pointer, uint32_t d, uint32_t offset, uint32_t target) {
    uint8_t *is_nil = gw_arm64_jump_zero(X, true, true, pointer);
    gw_arm64_access(X, A_LDR64, T0, offset_from(c, pointer, offset));
    gw_arm64_access(X, A_STR64, T0, slot_memory(d));
    jump_to(c, target);
    gw_arm64_bind(is_nil, X->at);
}

bool gw_native_jump(compiler *c) {
    uint32_t target = 0;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    switch (c->info->plain) {
    case GWOp_jump:
        flush_live(c, target);
        jump_to(c, target);
        return true;
    case GWOp_constU32Jump:
        constant(c, OPERAND(0), OPERAND(1));
        flush_live(c, target);
        jump_to(c, target);
        return true;
    case GWOp_branchIf:
    case GWOp_branchUnless:
        flush_live(c, target);
        jump_if_zero(c, c->info->plain == GWOp_branchUnless, false, use(c, OPERAND(0)), target);
        return true;
    case GWOp_branchTable: branch_table(c); return true;
    case GWOp_stackCheck: stack_check(c); return true;
    case GWOp_counter: return true;
    case GWOp_budget: count_down(c); return true;
    case GWOp_load64_nonzero_r:
        flush_live(c, target);
        load_unless_nil(c, use(c, OPERAND(0)), OPERAND(1), OPERAND(2), target);
        return true;
    case GWOp_load64_nonzero_s:
        flush_live(c, target);
        gw_arm64_access(X, A_LDR64, T1, stack_word(OPERAND(1)));
        load_unless_nil(c, T1, OPERAND(0), OPERAND(2), target);
        return true;
    case GWOp_nonzero_branch_s:
        flush_live(c, target);
        gw_arm64_access(X, A_LDR64, T0, stack_word(OPERAND(1)));
        jump_if_zero(c, false, true, T0, target);
        return true;
    case GWOp_load64_branch_zero: {
        gw_arm64_memory m = slot_word(c, OPERAND(1), OPERAND(2));
        int r = take(c, &c->integers);
        gw_arm64_access(X, A_LDR64, r, m);
        define(c, OPERAND(0), r);
        flush_live(c, target);
        jump_if_zero(c, true, true, r, target);
        return true;
    }
    case GWOp_i64Eq_branch_zero: {
        int a = use(c, OPERAND(1)), b = use(c, OPERAND(2)), r = take(c, &c->integers);
        gw_arm64_op(X, A_SUBS, true, ZERO, a, b);
        gw_arm64_set(X, CC_EQ, r);
        define_short(c, OPERAND(0), r);
        flush_live(c, target);
        jump_if_zero(c, true, false, r, target);
        return true;
    }
    default: return false;
    }
}

#endif
