// The verifier of bytecode; see gw_verifier.h for what it promises.
//
// One pass in the order of the cells, which reads operands by the letters of their rows and notes where instructions
// begin and where jumps lead; then the places that jumps lead to are looked up. Nothing is read before it is known to
// lie within the function.
#include "gw_verifier.h"

#include <stdlib.h>
#include <string.h>

#include "gw_cells.h"
#include "gw_decoder.h"
#include "gw_opcodes.h"
#include "gw_vector.h"

// What is checked at the moment.
typedef struct state {
    const GWCode *code;
    const GWModuleShape *shape;
    const GWOpInfo *info;
    // The instruction at hand: its first cell, its cells, and how many of them.
    uint32_t at;
    const uint32_t *cells;
    uint64_t count;
    uint32_t first, end, slots;
    // Where instructions begin, a word a cell from `first` on; the cells that jumps lead to.
    uint32_t *starts, *targets;
    uint32_t target_count;
} state;

#define REQUIRE(condition, reason) \
    do { \
        if (__builtin_expect(!(condition), 0)) return reason; \
    } while (0)

void gw_verifier_free(GWVerifierSpace *space) {
    free(space->words);
    *space = (GWVerifierSpace){0};
}

static uint32_t half(const state *s, int index) { return s->cells[index / 2] >> (index % 2 * 16) & 0xFFFF; }

// Notes a jump over a distance in cells from the instruction at hand.
static const char *jump(state *s, uint32_t distance) {
    int64_t target = (int64_t)s->at + (int32_t)distance;
    REQUIRE(target >= s->first && target < s->end, "a jump must stay in its function");
    s->targets[s->target_count++] = (uint32_t)target;
    return NULL;
}

// The lanes that the operand `h` of a vector instruction chooses from; 0 where it has none.
static uint32_t lanes(const GWOpInfo *info) {
    switch (gw_wasm_opcodes_fd()[info->wasm & 0xFF].immediate) {
    case GWWasmImmediate_lane2:
    case GWWasmImmediate_mem64Lane: return 2;
    case GWWasmImmediate_lane4:
    case GWWasmImmediate_mem32Lane: return 4;
    case GWWasmImmediate_lane8:
    case GWWasmImmediate_mem16Lane: return 8;
    case GWWasmImmediate_lane16:
    case GWWasmImmediate_mem8Lane: return 16;
    default: return 0;
    }
}

// A number of 16 bits, the `index`th half.
static const char *number(const state *s, int index) {
    uint32_t value = half(s, index);
    switch (s->info->plain) {
    case GWOp_zeroSlots:
        REQUIRE(half(s, 2) + half(s, 3) <= s->slots, "slots must lie in the frame");
        return NULL;
    case GWOp_stackCheck:
        REQUIRE(value < s->shape->global_cells, "a global must be there");
        return NULL;
    default:
        if (s->info->family == GWFamily_vector) REQUIRE(value < lanes(s->info), "a lane must be there");
        return NULL;
    }
}

// A number of 32 bits: which one it is of the instruction's is `ordinal`.
static const char *reference(const state *s, uint32_t value, int ordinal) {
    const GWModuleShape *shape = s->shape;
    switch (s->info->plain) {
    case GWOp_globalGet:
    case GWOp_globalSet: REQUIRE(value < shape->global_cells, "a global must be there"); return NULL;
    case GWOp_globalGetImported:
    case GWOp_globalSetImported:
        REQUIRE(value < shape->imported_global_cells, "a global must be there");
        return NULL;
    case GWOp_memoryInit:
    case GWOp_dataDrop: REQUIRE(value < shape->data_count, "a data segment must be there"); return NULL;
    case GWOp_elemDrop: REQUIRE(value < shape->element_count, "an element segment must be there"); return NULL;
    case GWOp_tableInit:
        if (ordinal == 0) REQUIRE(value < shape->element_count, "an element segment must be there");
        else REQUIRE(value < shape->table_count, "a table must be there");
        return NULL;
    case GWOp_refFunc: REQUIRE(value < shape->function_count, "a function must be there"); return NULL;
    default:
        if (s->info->family == GWFamily_table) REQUIRE(value < shape->table_count, "a table must be there");
        return NULL;
    }
}

// The cells of a call.
static const char *call(state *s) {
    const GWModuleShape *shape = s->shape;
    uint32_t base = half(s, 2 * GW_CALL_BASE), type_slots = 0;
    uint32_t function = s->cells[GW_CALL_FUNCTION];
    int32_t target = (int32_t)s->cells[GW_CALL_TARGET];
    if (s->info->family == GWFamily_callIndirect) {
        REQUIRE((function & 0xFFFF) < s->slots, "a slot must lie in the frame");
        REQUIRE(function >> 16 < shape->table_count, "a table must be there");
        uint32_t type = 0;
        while (type < shape->type_count && shape->type_numbers[type] != (uint32_t)target) type++;
        REQUIRE(type < shape->type_count, "a type must be the module's");
        type_slots = shape->type_slots[type];
    } else {
        bool is_import = s->info->plain == GWOp_callImport;
        REQUIRE(
            is_import ? function < shape->import_count
                      : function >= shape->import_count && function < shape->function_count,
            "a function must be there");
        type_slots = shape->type_slots[shape->function_types[function]];
        GWOp op = gw_opcode_at(s->code, s->cells);
        if (target != GW_UNRESOLVED) {
            const GWCodeEntry *entry = &s->code->entries[function];
            int64_t expected = s->info->plain == GWOp_call ? entry->general : entry->fresh;
            REQUIRE(
                !is_import && entry->general && (int64_t)s->at + target == expected, "a call must lead to its callee");
            REQUIRE(
                op != GWOp_callPushFreshChecked ||
                    gw_opcode_at(s->code, s->code->arena + expected) == GWOp_stackCheck,
                "a checked call must lead to a check");
        } else {
            REQUIRE(op == s->info->plain, "a checked call must lead to its callee");
        }
    }
    REQUIRE(base >= GW_FRAME_HEADER && base + type_slots <= s->slots, "a callee's header must lie in the frame");
    return jump(s, s->cells[GW_CALL_ZERO]);
}

// The instruction at hand, operand by operand.
static const char *instruction(state *s) {
    const GWOpInfo *info = s->info;
    const GWModuleShape *shape = s->shape;
    if (info->facts & GWFact_pushes || info->family == GWFamily_register || info->plain == GWOp_returnZeroPop ||
        info->plain == GWOp_spAddress || info->plain == GWOp_spAddress64 || info->plain == GWOp_stackCheck ||
        info->mode == GWMode_m)
        REQUIRE(shape->has_register_global, "the module must have a register global");
    if (info->family == GWFamily_load || info->family == GWFamily_store || info->facts & GWFact_pushes ||
        (info->family == GWFamily_memory && info->plain != GWOp_dataDrop))
        REQUIRE(shape->has_memory, "the module must have a memory");
    int halves = 2, ordinal = 0;
    uint32_t word = 1 + ((uint32_t)__builtin_popcount(info->halves) + 1) / 2;
    const char *reason = NULL;
    for (const char *letter = info->operands; *letter && !reason; letter++) {
        switch (*letter) {
        case 'r':
        case 'd': REQUIRE(half(s, halves++) < s->slots, "a slot must lie in the frame"); break;
        case 'v':
        case 'w': REQUIRE(half(s, halves++) + 1 < s->slots, "a slot must lie in the frame"); break;
        case 'h': reason = number(s, halves++); break;
        case 'u': reason = reference(s, s->cells[word++], ordinal++); break;
        case 's':
        case 't': REQUIRE(shape->has_register_global, "the module must have a register global"); // fall through
        case 'o':
        case 'k':
        case 'a': REQUIRE(shape->has_memory, "the module must have a memory"); word++; break;
        case 'j': reason = jump(s, s->cells[word++]); break;
        case 'x':
            REQUIRE(s->cells[word] < 256 && gw_vector_functions[s->cells[word]], "a vector function must be there");
            word++;
            break;
        case 'l': word += 2; break;
        case 'q': word += 4; break;
        case 'C': reason = call(s); break;
        default: word++;
        }
    }
    if (info->plain == GWOp_branchTable)
        for (uint64_t i = info->cells; i < s->count && !reason; i++) reason = jump(s, s->cells[i]);
    return reason;
}

// Whether the second instruction of a pair lies behind the first, and takes the first one's result as the pair has it.
static const char *pair(const state *s, const GWOpInfo *both) {
    uint32_t next = s->at + (uint32_t)s->count;
    REQUIRE(next < s->end, "a pair must be whole");
    const uint32_t *cells = s->code->arena + next;
    GWOp op = gw_opcode_at(s->code, cells);
    REQUIRE(gw_op_info()[op].plain == both->next, "a pair must be whole");
    if (both->chained) {
        const GWOpInfo *second = &gw_op_info()[both->next];
        REQUIRE(next + second->cells <= s->end, "a pair must be whole");
        int source = 1 + both->chained + (second->operands[0] == 'd');
        REQUIRE((cells[source / 2] >> (source % 2 * 16) & 0xFFFF) == half(s, 2), "a pair must be chained");
    }
    return NULL;
}

static const char *verify(state *s, uint32_t function) {
    const GWOpInfo *rows = gw_op_info();
    bool goes_on = true;
    for (s->at = s->first; s->at < s->end; s->at += (uint32_t)s->count) {
        s->cells = s->code->arena + s->at;
        GWOp op = gw_opcode_at(s->code, s->cells);
        REQUIRE(op != GWOp_invalid && op != GWOp_exit, "a cell must be an instruction's");
        s->info = &rows[rows[op].plain];
        uint64_t room = s->end - s->at;
        REQUIRE(s->info->cells <= room, "an instruction must be whole");
        s->count = gw_cell_count(s->info->plain, s->cells);
        REQUIRE(s->count <= room, "an instruction must be whole");
        s->starts[s->at - s->first] = 1;
        const char *reason = instruction(s);
        if (!reason && rows[op].next != GWOp_invalid) reason = pair(s, &rows[op]);
        if (reason) return reason;
        goes_on = !(s->info->facts & GWFact_neverGoesOn);
    }
    REQUIRE(!goes_on, "a function must end");
    for (uint32_t i = 0; i < s->target_count; i++) {
        s->at = s->targets[i];
        REQUIRE(s->starts[s->at - s->first], "a jump must lead to an instruction");
    }
    const uint32_t entries[] = {s->code->entries[function].general, s->code->entries[function].fresh};
    for (int i = 0; i < 2; i++) {
        s->at = entries[i];
        REQUIRE(
            s->at >= s->first && s->at < s->end && s->starts[s->at - s->first],
            "an entry must lead to an instruction of its function");
    }
    return NULL;
}

GWBytecodeFault gw_verify(
    const GWCode *code, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots,
    GWVerifierSpace *space) {
    // A jump takes a cell, so there are no more of them than cells.
    uint64_t count = end - first;
    if (space->capacity < count) {
        gw_verifier_free(space);
        space->words = malloc(2 * count * sizeof *space->words);
        if (!space->words) return (GWBytecodeFault){first, "there must be memory to check it with"};
        space->capacity = count;
    }
    memset(space->words, 0, count * sizeof *space->words);
    state s = {
        .code = code, .shape = shape, .first = first, .end = end, .slots = slots, .at = first,
        .starts = space->words, .targets = space->words + count};
    const char *reason = verify(&s, function);
    return (GWBytecodeFault){s.at, reason};
}
