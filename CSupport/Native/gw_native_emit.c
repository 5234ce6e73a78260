// Makes machine code of a function: the instructions one after the other, then what is rarely executed. See
// gw_native_compiler.h.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET
#include "gw_native_compiler.h"

// Has the C function of an instruction that calls out for the loop do it.
static bool call_for_loop(compiler *c) {
    gw_helper *function = gw_native_helpers[c->i->op];
    if (!function) return false;
    flush_all(c);
    forget_all(c);
    call_helper(c, function);
    return true;
}

static bool call_numeric(compiler *c) {
    gw_numeric_function *function = gw_native_numerics[c->i->op];
    if (function) gw_native_call_numeric(c, function);
    return function != NULL;
}

// Vectors that are operands have to be in the frame.
static void store_vectors(compiler *c) {
    for (int k = 0; k < c->effect_count; k++) {
        if (c->effects[k].count != 2 || c->effects[k].kind != gw_effect_use) continue;
        for (uint32_t slot = c->effects[k].slot; slot < c->effects[k].slot + 2u; slot++)
            for (int n = 0; n < 2; n++) {
                bank *b = n ? &c->floats : &c->integers;
                int r = b->of[slot];
                if (r >= 0 && b->dirty >> r & 1) write_slot(c, b, r);
            }
    }
}
// Instructions of vectors: those of the family, and the move and the selection of them.
static bool write_vector_instruction(compiler *c) {
    if (c->info->family != GWFamily_vector && c->info->plain != GWOp_v128Move && c->info->plain != GWOp_v128Select)
        return false;
    store_vectors(c);
    if (gw_native_vector(c)) return true;
    gw_vector_function *function = gw_native_vectors[c->i->op];
    if (!function) return false;
    flush_all(c);
    forget_all(c);
    gw_native_call_vector(c, function);
    return true;
}

// Two moves, one after the other. The marks of the second's slots would be taken for the first's: they are the same
// slots at times. So both are done as if all values were needed still.
static void move_twice(compiler *c) {
    for (int k = 0; k < 2; k++) {
        uint32_t d = OPERAND(2 * k), from = OPERAND(2 * k + 1);
        c->effect_count = 0;
        gw_native_move(c, d, from);
    }
}

// Whether there is a template; if so, writes it.
static bool write_instruction(compiler *c) {
    switch (c->info->family) {
    case GWFamily_binary: return gw_native_binary(c) || call_numeric(c);
    case GWFamily_unary: return gw_native_unary(c) || call_numeric(c);
    case GWFamily_branch: gw_native_branch(c, true); return true;
    case GWFamily_branchNot: gw_native_branch(c, false); return true;
    case GWFamily_load: gw_native_load(c); return true;
    case GWFamily_store: gw_native_store(c); return true;
    case GWFamily_move:
        if (c->info->plain == GWOp_move2) {
            move_twice(c);
            return true;
        }
        return write_vector_instruction(c) || gw_native_constant(c);
    case GWFamily_constant:
    case GWFamily_select: return write_vector_instruction(c) || gw_native_constant(c);
    case GWFamily_register:
    case GWFamily_global: return gw_native_global(c);
    case GWFamily_address: return gw_native_address(c);
    case GWFamily_words: return gw_native_words(c);
    case GWFamily_jump: return call_for_loop(c) || gw_native_jump(c);
    case GWFamily_call:
    case GWFamily_callIndirect: gw_native_call(c); return true;
    case GWFamily_return:
        if (c->info->plain == GWOp_exit) return false;
        gw_native_return(c);
        return true;
    case GWFamily_trap:
        if (c->info->plain != GWOp_unreachable) return call_for_loop(c);
        add_outline(c, (outline){gw_jump(X), c->i->cell, outline_trap, GWTrap_unreachable, NULL});
        return true;
    case GWFamily_vector: return write_vector_instruction(c) || call_for_loop(c);
    case GWFamily_memory: return call_for_loop(c) || gw_native_constant(c);
    case GWFamily_table:
    case GWFamily_vectorCall:
    case GWFamily_pair: return call_for_loop(c);
    }
    return false;
}

// Lets a jump lead to an address that code is written at.
static void bind(compiler *c, uint8_t *jump, const uint8_t *target) {
    if (gw_bind(jump, target)) return;
    c->failed = c->is_beyond = true;
}

// Goes on in the loop at the instruction at hand; the loop may come back at the next one.
static void leave_to_loop(compiler *c) {
    flush_all(c);
    forget_all(c);
    gw_native_load_pc(c, c->i->cell);
    gw_native_go_to(c, 0);
}

// What one instruction takes at most: all registers written to the frame twice, and the longest template.
#define MOST_BYTES 1024

static bool coin(const compiler *c, uint32_t number) {
    uint32_t seed = c->native->options.coin;
    if (!seed) return true;
    uint64_t hash = ((uint64_t)seed << 32 ^ (uint64_t)c->a.function * 0x9E3779B1u ^ number) * 0x9E3779B97F4A7C15;
    return hash >> 40 & 1;
}

// Lets no register hold a slot that the instruction at hand was the last to need, unless it has given it a new value.
static void drop_unless_defined(compiler *c, uint32_t slot) {
    for (int k = 0; k < c->effect_count; k++)
        if (c->effects[k].kind == gw_effect_define && slot - c->effects[k].slot < c->effects[k].count) return;
    if (c->integers.of[slot] >= 0) drop(&c->integers, c->integers.of[slot]);
    if (c->floats.of[slot] >= 0) drop(&c->floats, c->floats.of[slot]);
}

static void write_function(compiler *c) {
    const gw_analysis *a = &c->a;
    bool leads = false;
    c->goes_on = false;
    for (uint32_t index = 0; index < a->count && !c->failed; index++) {
        const gw_instruction *i = &a->instructions[index];
        c->i = i;
        c->info = &a->rows[i->op];
        c->pc = gw_cells(a, i);
        uint64_t most = MOST_BYTES + (i->op == GWOp_branchTable ? 4 * ((uint64_t)c->pc[2] + 1) : 0);
        if (c->x.at + most > c->limit) {
            c->failed = true;
            return;
        }
        if (i->is_leader || leads) {
            if (c->goes_on) flush_live(c, i->cell);
            forget_all(c);
            c->short_values = 0;
            leads = true;
        }
        c->effects = a->effects + i->first_effect;
        c->effect_count = i->effect_count;
        c->integers.locked = c->floats.locked = 0;
        uint32_t offset = offset_here(c);
        c->offsets[i->cell - a->first] = offset;
        note_place(c, i->cell);
        bool is_entry = leads;
        leads = false;
        if (write_instruction(c)) {
            c->goes_on = !(c->info->facts & GWFact_neverGoesOn);
            // Values that are needed no more make room.
            for (int k = 0; k < c->effect_count; k++)
                if (c->effects[k].kind == gw_effect_use && c->effects[k].count == 1 && c->effects[k].is_last)
                    drop_unless_defined(c, c->effects[k].slot);
        } else {
            leave_to_loop(c);
            c->goes_on = false;
            // The loop does it, so it must not come over there.
            is_entry = false;
            leads = true;
        }
        if (!c->goes_on) forget_all(c);
        if (is_entry && coin(c, i->cell)) c->entries[c->entry_count++] = (gw_native_entry){i->cell, offset};
    }
}

static void write_outlines(compiler *c) {
    for (uint32_t k = 0; k < c->outline_count && !c->failed; k++) {
        const outline *o = &c->outlines[k];
        if (c->x.at + MOST_BYTES > c->limit) {
            c->failed = true;
            return;
        }
        bind(c, o->jump, c->x.at);
        note_place(c, o->cell);
        gw_native_load_pc(c, o->cell);
        switch (o->kind) {
        case outline_trap:
            gw_native_load_trap(c, o->trap);
            gw_native_go_to(c, c->native->stubs.trap);
            break;
        case outline_found_trap:
            gw_native_load_found_trap(c);
            gw_native_go_to(c, c->native->stubs.trap);
            break;
        case outline_other:
            gw_native_load_function(c, o->function);
            gw_native_call_stub(c, c->native->stubs.helper);
            gw_native_go_to(c, c->offsets[o->cell + GW_CALL_CELLS - c->a.first]);
            break;
        }
    }
}

static void write_fixups(compiler *c) {
    for (uint32_t k = 0; k < c->fixup_count && !c->failed; k++) {
        const fixup *f = &c->fixups[k];
        uint32_t offset = c->offsets[f->cell - c->a.first];
        uint8_t *target = c->native->write + offset;
        if (!offset) {
            c->failed = true;
        } else if (f->table) {
            int32_t distance = (int32_t)(target - f->table);
            memcpy(f->at, &distance, sizeof distance);
        } else {
            bind(c, f->at, target);
        }
    }
}

static uint32_t entry_offset(const compiler *c, uint32_t cell) {
    for (uint32_t k = 0; k < c->entry_count; k++)
        if (c->entries[k].cell == cell) return c->entries[k].offset;
    return 0;
}

static bool prepare(compiler *c) {
    c->offsets = calloc(c->a.end - c->a.first, sizeof *c->offsets);
    c->entries = malloc((c->a.count + 1) * sizeof *c->entries);
    int8_t *registers = malloc(2 * (size_t)c->a.slots + 2);
    if (registers) memset(registers, -1, 2 * (size_t)c->a.slots + 2);
    c->integers.of = registers;
    c->floats.of = registers ? registers + c->a.slots + 1 : NULL;
    c->integers.allowed = INTEGERS;
    c->floats.allowed = FLOATS;
    for (int r = 0; r < GW_REGISTER_COUNT; r++) c->integers.slots[r] = c->floats.slots[r] = -1;
    return c->offsets && c->entries && registers;
}

// Makes machine code of a function. Returns false where it cannot; `*is_beyond` is then whether a jump did not reach.
static bool emit(
    GWNative *native, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots,
    bool is_far, bool *is_beyond) {
    compiler compiler = {.native = native, .is_far = is_far}, *c = &compiler;
    bool is_made = false;
    gw_native_place *places = NULL;
    if (gw_analyse(&c->a, native->code, shape, function, first, end, slots) && prepare(c)) {
        uint32_t begin = (native->used + 15) & ~15u;
        c->x = (gw_assembler){native->write + begin, (intptr_t)native->run - (intptr_t)native->write};
        c->limit = native->write + native->capacity;
        write_function(c);
        if (!c->failed) write_outlines(c);
        if (!c->failed) write_fixups(c);
        if (!c->failed) places = realloc(c->places, c->place_count * sizeof *places);
        if (places) {
            c->places = NULL;
            const GWCodeEntry *entry = &native->code->entries[function];
            gw_native_function made = {
                .begin = begin, .end = offset_here(c), .index = function, .place_count = c->place_count,
                .places = places,
            };
            native->statistics.functions++;
            native->statistics.bytes += made.end - made.begin;
            native->statistics.instructions += c->a.count;
            gw_native_publish(
                native, made, c->entries, c->entry_count, entry_offset(c, entry->general),
                entry_offset(c, entry->fresh));
            is_made = true;
        }
    }
    *is_beyond = c->is_beyond;
    free(c->places);
    free(c->fixups);
    free(c->outlines);
    free(c->entries);
    free(c->offsets);
    free(c->integers.of);
    gw_analysis_free(&c->a);
    return is_made;
}

bool gw_native_emit(
    GWNative *native, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots) {
    bool is_beyond;
    return emit(native, shape, function, first, end, slots, false, &is_beyond) ||
           (is_beyond && emit(native, shape, function, first, end, slots, true, &is_beyond));
}

#endif
