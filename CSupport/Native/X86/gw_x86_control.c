// Templates of jumps, calls and returns.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__x86_64__)
#include "gw_x86_templates.h"

// --- Jumps, calls, returns ---

static void branch_table(compiler *c) {
    uint32_t count = c->pc[2];
    load_source(c, false, RAX, slot_source(c, OPERAND(0)));
    flush_all(c);
    gw_x86_constant(X, RCX, count);
    gw_x86_register_op(X, 0, false, 0x3B, RAX, RCX, false);
    gw_x86_register_op(X, 0, false, 0x0F40u | CC_A, RAX, RCX, false);
    // lea rcx, [rip + the bytes up to the table]; movsxd rax, [rcx + 4 rax]; add rax, rcx; jmp rax
    uint8_t *load_table = X->at;
    gw_x86_address(X, true, RCX, gw_x86_absolute(gw_x86_here(X)));
    gw_x86_memory_op(X, 0, true, 0x63, RAX, gw_x86_indexed(RCX, RAX, 2, 0), false);
    gw_x86_register_op(X, 0, true, 0x03, RAX, RCX, false);
    gw_x86_register_op(X, 0, false, 0xFF, 4, RAX, false);
    uint8_t *table = X->at;
    gw_x86_bind(load_table + 3, table);
    for (uint32_t k = 0; k <= count; k++) {
        fix(c, X->at, c->i->cell + c->pc[c->info->cells + k], table);
        gw_x86_word32(X, 0);
    }
}

// Go's check of its stack, and where there is room the taking of the frame.
static void stack_check(compiler *c) {
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    gw_x86_load(X, false, RAX, gw_x86_at(GLOBALS, (int32_t)(OPERAND(0) * 8)));
    gw_x86_memory_op(X, 0, false, 0x3B, SP, offset_from(c, RAX, OPERAND(1)), false);
    uint8_t *is_short_of_stack = gw_x86_short_jump_if(X, CC_BE);
    uint32_t frame = c->pc[4];
    if (frame) gw_x86_immediate(X, false, X_SUB, SP, (int32_t)frame);
    jump_to(c, target);
    gw_x86_bind_short(X, is_short_of_stack);
}

// Goes on in the caller at the cell in rax, in machine code if there is any.
static void go_on(compiler *c) {
    const GWNative *n = c->native;
    gw_x86_load(X, true, FRAME, gw_x86_at(FRAME, -24));
    note_transit(c, gw_native_left);
    gw_x86_load(X, false, RCX, gw_x86_at(RAX, (int32_t)((intptr_t)n->map - (intptr_t)n->arena)));
    gw_x86_address(X, true, RDX, gw_x86_absolute((uintptr_t)n->run));
    gw_x86_register_op(X, 0, true, 0x03, RCX, RDX, false);
    gw_x86_register_op(X, 0, false, 0xFF, 4, RCX, false);
}
static void leave(compiler *c) {
    gw_x86_load(X, true, RAX, gw_x86_at(FRAME, -8));
    gw_x86_immediate(X, true, X_ADD, RAX, RETURN_BYTES);
    go_on(c);
}
static void leave_zero(compiler *c) {
    gw_x86_load(X, true, RAX, gw_x86_at(FRAME, -16));
    go_on(c);
}
static void set_result(compiler *c, uint32_t number) {
    // A value of 32 bits in a slot is zero-extended.
    gw_x86_constant(X, RAX, number);
    gw_x86_store(X, true, RAX, slot_memory(0));
}

void gw_native_return(compiler *c) {
    // What is left in slots, several results, is live.
    switch (c->info->plain) {
    case GWOp_return:
        flush_all(c);
        return leave(c);
    case GWOp_returnSlot: {
        load_source(c, true, RDX, slot_source(c, OPERAND(0)));
        flush_all(c);
        gw_x86_store(X, true, RDX, slot_memory(0));
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
        gw_x86_immediate(X, false, X_ADD, SP, (int32_t)OPERAND(0));
        set_result(c, 0);
        return leave_zero(c);
    default: c->failed = true;
    }
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
    if (is_indirect) load_source(c, false, RAX, slot_source(c, pc[GW_CALL_FUNCTION] & 0xFFFF));
    flush_call(c);
    forget_all(c);
    if (info->facts & GWFact_pushes) {
        gw_x86_immediate(X, false, X_SUB, SP, GW_PUSH_SIZE);
        gw_x86_memory_op(X, 0, true, 0xC7, 0, gw_x86_indexed(MEMORY, SP, 0, 0), false);
        gw_x86_word32(X, pc[GW_CALL_IMMEDIATE]);
    }
    if (is_indirect) {
        gw_x86_load(X, true, RDX, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
        gw_x86_load(X, true, RCX, gw_x86_at(RDX, FIELD(GWInstance, tables)));
        gw_x86_load(X, true, RCX, gw_x86_at(RCX, (int32_t)(pc[GW_CALL_FUNCTION] >> 16) * 8));
        gw_x86_memory_op(X, 0, false, 0x3B, RAX, gw_x86_at(RCX, FIELD(GWTable, count)), false);
        trap_if(c, CC_AE, GWTrap_undefinedElement);
        gw_x86_load(X, true, RCX, gw_x86_at(RCX, FIELD(GWTable, elements)));
        gw_x86_load(X, true, RCX, gw_x86_indexed(RCX, RAX, 3, 0));
        gw_x86_test(X, true, RCX);
        trap_if(c, CC_E, GWTrap_uninitializedElement);
        gw_x86_memory_immediate(
            X, false, X_CMP, gw_x86_at(RCX, FIELD(GWFunction, type)), (int32_t)pc[GW_CALL_TARGET]);
        trap_if(c, CC_NE, GWTrap_indirectCallTypeMismatch);
        gw_x86_memory_op(X, 0, true, 0x3B, RDX, gw_x86_at(RCX, FIELD(GWFunction, instance)), false);
        gw_helper *other = fresh ? gw_helper_callOtherFresh : gw_helper_callOther;
        add_outline(c, (outline){gw_x86_jump_if(X, CC_NE), c->i->cell, outline_other, GWTrap_none, other});
        gw_x86_load(X, false, RBX, gw_x86_at(RCX, FIELD(GWFunction, index)));
    }
    // The header: the call, where the result 0 goes on, the caller's frame.
    gw_native_load_pc(c, c->i->cell);
    gw_x86_address(X, true, RDX, slot_memory(base));
    gw_x86_address(X, true, RCX, gw_x86_at(RAX, (int32_t)(pc[GW_CALL_ZERO] * sizeof(uint32_t))));
    gw_x86_store(X, true, RAX, gw_x86_at(RDX, -8));
    gw_x86_store(X, true, RCX, gw_x86_at(RDX, -16));
    gw_x86_store(X, true, FRAME, gw_x86_at(RDX, -24));
    gw_x86_move(X, true, FRAME, RDX);
    note_transit(c, gw_native_entered);
    gw_x86_memory_op(X, 0, true, 0x3B, FRAME, gw_x86_at(MACHINE, FIELD(GWMachine, stack_limit)), false);
    gw_x86_bind(gw_x86_jump_if(X, CC_A), (uint8_t *)(stub(c, n->stubs.limit) - (uintptr_t)X->distance));
    if (is_indirect) {
        gw_x86_address(X, true, RCX, gw_x86_absolute((uintptr_t)n->entries[fresh]));
        gw_x86_memory_op(X, 0, false, 0xFF, 4, gw_x86_indexed(RCX, RBX, 3, 0), false);
    } else if (pc[GW_CALL_FUNCTION] == c->a.function) {
        const GWCodeEntry *entry = &n->code->entries[c->a.function];
        jump_to(c, fresh ? entry->fresh : entry->general);
    } else {
        uintptr_t entry = (uintptr_t)&n->entries[fresh][pc[GW_CALL_FUNCTION]];
        gw_x86_memory_op(X, 0, false, 0xFF, 4, gw_x86_absolute(entry), false);
    }
}

// --- Jumps of other kinds ---

static void count_down(compiler *c) {
    gw_x86_memory_immediate(X, true, X_SUB, gw_x86_at(MACHINE, FIELD(GWMachine, budget)), 1);
    trap_if(c, CC_S, GWTrap_budgetExhausted);
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
    case GWOp_branchUnless: {
        flush_live(c, target);
        source s = slot_source(c, OPERAND(0));
        compare(c, false, s, (source){source_number, 0, {0}, 0});
        jump_if(c, c->info->plain == GWOp_branchIf ? CC_NE : CC_E, target);
        return true;
    }
    case GWOp_branchTable: branch_table(c); return true;
    case GWOp_stackCheck: stack_check(c); return true;
    case GWOp_counter: return true;
    case GWOp_budget: count_down(c); return true;
    case GWOp_load64_nonzero_r: {
        flush_live(c, target);
        int pointer = use(c, OPERAND(0));
        gw_x86_test(X, true, pointer);
        uint8_t *is_nil = gw_x86_short_jump_if(X, CC_E);
        gw_x86_move(X, false, RAX, pointer);
        gw_x86_load(X, true, RDX, offset_from(c, RAX, OPERAND(2)));
        gw_x86_store(X, true, RDX, slot_memory(OPERAND(1)));
        jump_to(c, target);
        gw_x86_bind_short(X, is_nil);
        return true;
    }
    case GWOp_load64_nonzero_s: {
        flush_live(c, target);
        gw_x86_load(X, true, RAX, stack_word(c, OPERAND(1)));
        gw_x86_test(X, true, RAX);
        uint8_t *is_nil = gw_x86_short_jump_if(X, CC_E);
        gw_x86_move(X, false, RAX, RAX);
        gw_x86_load(X, true, RDX, offset_from(c, RAX, OPERAND(2)));
        gw_x86_store(X, true, RDX, slot_memory(OPERAND(0)));
        jump_to(c, target);
        gw_x86_bind_short(X, is_nil);
        return true;
    }
    case GWOp_nonzero_branch_s:
        flush_live(c, target);
        gw_x86_memory_immediate(X, true, X_CMP, stack_word(c, OPERAND(1)), 0);
        jump_if(c, CC_NE, target);
        return true;
    case GWOp_load64_branch_zero: {
        gw_x86_memory m = slot_word(c, OPERAND(1), OPERAND(2));
        int r = take(c, &c->integers);
        gw_x86_load(X, true, r, m);
        define(c, OPERAND(0), r);
        flush_live(c, target);
        gw_x86_test(X, true, r);
        jump_if(c, CC_E, target);
        return true;
    }
    case GWOp_i64Eq_branch_zero: {
        int r = take(c, &c->integers);
        source a = slot_source(c, OPERAND(1)), b = slot_source(c, OPERAND(2));
        compare(c, true, a, b);
        gw_x86_set(X, CC_E, r);
        define_short(c, OPERAND(0), r);
        flush_live(c, target);
        gw_x86_test(X, false, r);
        jump_if(c, CC_E, target);
        return true;
    }
    default: return false;
    }
}

#endif
