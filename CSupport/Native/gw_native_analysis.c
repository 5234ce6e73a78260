// Reads a function's bytecode for the compiler; see gw_native_analysis.h.
#include "gw_native_analysis.h"

#include <stdlib.h>
#include <string.h>

#include "gw_cells.h"
#include "gw_decoder.h"

// The sets of live slots take at most so many words of 64 bits; beyond, all slots are taken to be live.
#define MOST_WORDS (UINT64_C(1) << 21)

// --- Effects ---

static uint32_t type_slots(const gw_analysis *a, uint32_t function) {
    return a->shape->type_slots[a->shape->function_types[function]];
}

// How many slots of its frame a call uses for arguments and results.
static uint32_t call_slots(const gw_analysis *a, const GWOpInfo *info, const uint32_t *pc) {
    if (info->family != GWFamily_callIndirect) return type_slots(a, pc[GW_CALL_FUNCTION]);
    uint32_t type = 0;
    while (type < a->shape->type_count && a->shape->type_numbers[type] != pc[GW_CALL_TARGET]) type++;
    return type < a->shape->type_count ? a->shape->type_slots[type] : a->slots;
}

static gw_effect effect(uint32_t slot, uint32_t count, gw_effect_kind kind) {
    return (gw_effect){(uint16_t)slot, (uint16_t)count, (uint8_t)kind, false, false};
}

static uint32_t call_effects(const gw_analysis *a, const GWOpInfo *info, const uint32_t *pc, gw_effect *e) {
    uint32_t n = 0, base = pc[GW_CALL_BASE] & 0xFFFF, count = call_slots(a, info, pc);
    if (base + count > a->slots) count = a->slots - base;
    if (info->family == GWFamily_callIndirect)
        e[n++] = effect(pc[GW_CALL_FUNCTION] & 0xFFFF, 1, gw_effect_use);
    // Calls with the constant 0 do not store it.
    bool passes_all = info->plain == GWOp_call || info->plain == GWOp_callIndirect || info->plain == GWOp_callImport;
    uint32_t passed = passes_all ? 0 : 1;
    if (count > passed) e[n++] = effect(base + passed, count - passed, gw_effect_use);
    // The callee's frame, its header included, lies in what follows.
    e[n++] = effect(base - GW_FRAME_HEADER, a->slots - base + GW_FRAME_HEADER, gw_effect_define);
    return n;
}

// What an instruction does to slots: how many effects.
static uint32_t effects(const gw_analysis *a, const GWOpInfo *info, const gw_instruction *instruction, gw_effect *e) {
    const uint32_t *pc = gw_cells(a, instruction);
    uint32_t n = 0;
#define OPERAND(i) gw_operand(info, pc, i)
#define EFFECT(slot, count, kind) e[n++] = effect(slot, count, gw_effect_##kind)
    switch (info->family) {
    case GWFamily_call:
    case GWFamily_callIndirect: return call_effects(a, info, pc, e);
    case GWFamily_return: {
        uint32_t results = type_slots(a, a->function), given = 0;
        if (results > a->slots) results = a->slots;
        if (info->plain == GWOp_returnSlot) EFFECT(OPERAND(0), 1, use);
        if (info->plain != GWOp_return) given = 1;
        if (results > given) EFFECT(given, results - given, use);
        return n;
    }
    default: break;
    }
    // Rows whose letters do not say what is written.
    switch (info->plain) {
    case GWOp_move2:
        EFFECT(OPERAND(1), 1, use);
        EFFECT(OPERAND(0), 1, define);
        EFFECT(OPERAND(3), 1, use);
        EFFECT(OPERAND(2), 1, define);
        return n;
    case GWOp_zeroSlots: EFFECT(OPERAND(0), OPERAND(1), define); return n;
    case GWOp_load64_s2:
        EFFECT(OPERAND(0), 1, define);
        EFFECT(OPERAND(2), 1, define);
        return n;
    case GWOp_constU32Jump: EFFECT(OPERAND(0), 1, define); return n;
    case GWOp_load64_nonzero_r:
        EFFECT(OPERAND(0), 1, use);
        EFFECT(OPERAND(1), 1, maybe);
        return n;
    case GWOp_load64_nonzero_s: EFFECT(OPERAND(0), 1, maybe); return n;
    default: break;
    }
    for (int i = 0; info->operands[i]; i++) {
        if (info->operands[i] == 'r') EFFECT(OPERAND(i), 1, use);
        else if (info->operands[i] == 'v') EFFECT(OPERAND(i), 2, use);
    }
    if (info->operands[0] == 'd') EFFECT(OPERAND(0), 1, define);
    else if (info->operands[0] == 'w') EFFECT(OPERAND(0), 2, define);
    return n;
#undef OPERAND
#undef EFFECT
}

// --- Instructions and blocks ---

static void lead(gw_analysis *a, uint32_t cell) {
    if (cell < a->first || cell >= a->end) return;
    uint32_t number = a->numbers[cell - a->first];
    if (number) a->instructions[number - 1].is_leader = true;
}

// Calls `visit` with the cells that an instruction may go on to apart from the next one.
typedef void visitor(gw_analysis *a, uint32_t cell, void *context);
static void for_each_target(gw_analysis *a, uint32_t index, visitor *visit, void *context) {
    const gw_instruction *i = &a->instructions[index];
    const GWOpInfo *info = &a->rows[i->op];
    const uint32_t *pc = gw_cells(a, i);
    uint32_t target;
    if (info->plain == GWOp_branchTable) {
        for (uint32_t k = 0; k <= pc[2]; k++) visit(a, i->cell + pc[info->cells + k], context);
    } else if (info->family == GWFamily_call || info->family == GWFamily_callIndirect) {
        if (pc[GW_CALL_ZERO] != GW_CALL_CELLS) visit(a, i->cell + pc[GW_CALL_ZERO], context);
    } else if (gw_jump_target(info, pc, i->cell, &target)) {
        visit(a, target, context);
    }
}

static void lead_there(gw_analysis *a, uint32_t cell, void *context) {
    (void)context;
    lead(a, cell);
}

static bool decode(gw_analysis *a) {
    uint32_t cells = a->end - a->first, effect_count = 0;
    a->instructions = malloc(cells * sizeof *a->instructions);
    a->effects = malloc((uint64_t)cells * GW_MOST_EFFECTS * sizeof *a->effects);
    a->numbers = calloc(cells, sizeof *a->numbers);
    if (!a->instructions || !a->effects || !a->numbers) return false;
    for (uint32_t cell = a->first; cell < a->end;) {
        GWOp op = a->rows[gw_opcode_at(a->code, a->arena + cell)].plain;
        if (op == GWOp_invalid) return false;
        gw_instruction *i = &a->instructions[a->count++];
        // A counter stands where the loop may go over to machine code.
        *i = (gw_instruction){.cell = cell, .op = op, .is_leader = op == GWOp_counter, .first_effect = effect_count};
        a->numbers[cell - a->first] = a->count;
        i->effect_count = (uint8_t)effects(a, &a->rows[op], i, a->effects + effect_count);
        effect_count += i->effect_count;
        cell += (uint32_t)gw_cell_count(op, a->arena + cell);
    }
    lead(a, a->first);
    lead(a, a->code->entries[a->function].general);
    lead(a, a->code->entries[a->function].fresh);
    for (uint32_t i = 0; i < a->count; i++) {
        const GWOpInfo *info = &a->rows[a->instructions[i].op];
        if (!(info->facts & GWFact_endsBlock)) continue;
        for_each_target(a, i, lead_there, NULL);
        // A callee comes back behind the call.
        if (info->family == GWFamily_call || info->family == GWFamily_callIndirect)
            lead(a, a->instructions[i].cell + GW_CALL_CELLS);
    }
    return true;
}

static bool divide(gw_analysis *a) {
    a->blocks = malloc((a->count + 1) * sizeof *a->blocks);
    a->blocks_of = malloc((a->count + 1) * sizeof *a->blocks_of);
    if (!a->blocks || !a->blocks_of) return false;
    bool ends = true;
    for (uint32_t i = 0; i < a->count; i++) {
        if (ends || a->instructions[i].is_leader) a->blocks[a->block_count++] = (gw_block){i, i};
        a->blocks_of[i] = a->block_count - 1;
        a->blocks[a->block_count - 1].end = i + 1;
        ends = a->rows[a->instructions[i].op].facts & GWFact_endsBlock;
    }
    return true;
}

// --- Liveness ---

// The bits of a set's word that a range of slots has there.
static uint64_t range_bits(uint32_t word, uint32_t first, uint32_t end) {
    uint64_t bits = ~UINT64_C(0);
    if (first > word * 64) bits &= ~UINT64_C(0) << (first - word * 64);
    if (end < word * 64 + 64) bits &= ~(~UINT64_C(0) << (end - word * 64));
    return bits;
}
static void add_bits(uint64_t *set, uint32_t slot, uint32_t count) {
    for (uint32_t w = slot / 64; w * 64 < slot + count; w++) set[w] |= range_bits(w, slot, slot + count);
}
static void remove_bits(uint64_t *set, uint32_t slot, uint32_t count) {
    for (uint32_t w = slot / 64; w * 64 < slot + count; w++) set[w] &= ~range_bits(w, slot, slot + count);
}
static bool has_bit(const uint64_t *set, uint32_t slot) { return set[slot / 64] >> (slot % 64) & 1; }

typedef struct join {
    const uint64_t *live_in;
    uint64_t *set;
} join;

static void join_target(gw_analysis *a, uint32_t cell, void *context) {
    join *j = context;
    if (cell < a->first || cell >= a->end || !a->numbers[cell - a->first]) return;
    const uint64_t *in = j->live_in + (uint64_t)a->blocks_of[a->numbers[cell - a->first] - 1] * a->words;
    for (uint32_t w = 0; w < a->words; w++) j->set[w] |= in[w];
}

// What is live behind a block, into `set`.
static void live_out(gw_analysis *a, const uint64_t *live_in, uint32_t block, uint64_t *set) {
    memset(set, 0, a->words * sizeof *set);
    uint32_t last = a->blocks[block].end - 1;
    join j = {live_in, set};
    for_each_target(a, last, join_target, &j);
    if (!(a->rows[a->instructions[last].op].facts & GWFact_neverGoesOn) && block + 1 < a->block_count) {
        const uint64_t *in = live_in + (uint64_t)(block + 1) * a->words;
        for (uint32_t w = 0; w < a->words; w++) set[w] |= in[w];
    }
}

static bool find_live(gw_analysis *a) {
    a->words = (a->slots + 63) / 64;
    uint64_t size = (uint64_t)a->block_count * a->words;
    if (size > MOST_WORDS) return true;
    uint64_t *sets = calloc(3 * size + a->words, sizeof *sets);
    if (!sets) return false;
    uint64_t *in = sets, *uses = sets + size, *defines = sets + 2 * size, *set = sets + 3 * size;
    for (uint32_t b = 0; b < a->block_count; b++) {
        uint64_t *use = uses + (uint64_t)b * a->words, *define = defines + (uint64_t)b * a->words;
        for (uint32_t i = a->blocks[b].end; i-- > a->blocks[b].first;) {
            const gw_effect *e = a->effects + a->instructions[i].first_effect;
            for (int n = a->instructions[i].effect_count; n-- > 0;) {
                if (e[n].kind == gw_effect_use) {
                    add_bits(use, e[n].slot, e[n].count);
                } else if (e[n].kind == gw_effect_define) {
                    remove_bits(use, e[n].slot, e[n].count);
                    add_bits(define, e[n].slot, e[n].count);
                }
            }
        }
    }
    for (bool changes = true; changes;) {
        changes = false;
        for (uint32_t b = a->block_count; b-- > 0;) {
            live_out(a, in, b, set);
            uint64_t *in_b = in + (uint64_t)b * a->words;
            const uint64_t *use = uses + (uint64_t)b * a->words, *define = defines + (uint64_t)b * a->words;
            for (uint32_t w = 0; w < a->words; w++) {
                uint64_t now = use[w] | (set[w] & ~define[w]);
                changes |= now != in_b[w];
                in_b[w] = now;
            }
        }
    }
    a->live_in = sets;
    return true;
}

// Whether an instruction takes its sources as floating-point numbers, and so would have them in such registers; -1
// where it takes either.
static int takes_floats(const GWOpInfo *info) {
    switch (info->family) {
    case GWFamily_binary:
    case GWFamily_unary:
    case GWFamily_branch:
    case GWFamily_branchNot: break;
    case GWFamily_store:
    case GWFamily_move:
    case GWFamily_words: return -1;
    default: return 0;
    }
    const GWWasmOpcodeInfo *wasm = info->wasm < 0x100 ? &gw_wasm_opcodes()[info->wasm]
                                                     : &gw_wasm_opcodes_fc()[info->wasm & 0xFF];
    // 0x7D and 0x7C: f32 and f64 (specification, section 5.3.1).
    return wasm->operands[0] == 0x7D || wasm->operands[0] == 0x7C;
}

// Which values are needed no more, and as what the others are needed next: from the end of the function to its
// beginning, so that a value which is used in a later block only is taken for what it is there.
static bool mark(gw_analysis *a) {
    uint64_t *set = calloc(2 * (uint64_t)a->words, sizeof *set);
    if (!set) return false;
    uint64_t *floats = set + a->words;
    for (uint32_t b = a->block_count; b-- > 0;) {
        if (a->live_in) live_out(a, a->live_in, b, set);
        for (uint32_t i = a->blocks[b].end; i-- > a->blocks[b].first;) {
            const gw_instruction *instruction = &a->instructions[i];
            int floating = takes_floats(&a->rows[instruction->op]);
            gw_effect *e = a->effects + instruction->first_effect;
            for (int n = instruction->effect_count; n-- > 0;) {
                if (e[n].count != 1) {
                    if (e[n].kind == gw_effect_use) add_bits(set, e[n].slot, e[n].count);
                    else if (e[n].kind == gw_effect_define) remove_bits(set, e[n].slot, e[n].count);
                    continue;
                }
                e[n].is_last = a->live_in && !has_bit(set, e[n].slot);
                e[n].is_float = has_bit(floats, e[n].slot);
                if (e[n].kind == gw_effect_use) {
                    add_bits(set, e[n].slot, 1);
                    if (floating == 1) add_bits(floats, e[n].slot, 1);
                    else if (floating == 0) remove_bits(floats, e[n].slot, 1);
                } else if (e[n].kind == gw_effect_define) {
                    remove_bits(set, e[n].slot, 1);
                }
            }
        }
    }
    free(set);
    return true;
}

bool gw_analyse(
    gw_analysis *a, const GWCode *code, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end,
    uint32_t slots) {
    *a = (gw_analysis){
        .code = code, .shape = shape, .arena = code->arena, .function = function, .first = first, .end = end,
        .slots = slots, .rows = gw_op_info(),
    };
    return decode(a) && divide(a) && find_live(a) && mark(a);
}

void gw_analysis_free(gw_analysis *a) {
    free(a->instructions);
    free(a->effects);
    free(a->numbers);
    free(a->blocks);
    free(a->blocks_of);
    free(a->live_in);
}
