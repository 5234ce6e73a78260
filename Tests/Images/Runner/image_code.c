// Makes bytecode of an image what the loops run, and has it verified and compiled.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gw_decoder.h"
#include "gw_interpreter.h"
#include "image_code.h"

// --- What the loop asks for ---

static void compile(image_code *it, const GWImageFunction *f) {
    gw_native_compile(&it->code, &it->shape, f->function, f->first, f->first + f->cells.count, f->slots);
}

// The first call of a function: it is there already, but nobody knows yet where.
static GWTrap lower(void *context, void *observer, uint32_t function) {
    (void)observer;
    image_code *it = context;
    const GWImageFunction *f = &it->functions[function - it->shape.import_count];
    if (f->trap) return (GWTrap)f->trap;
    GWCodeEntry *entry = &it->code.entries[function];
    entry->fresh = f->fresh;
    gw_publish(&entry->general, f->general);
    GWBytecodeFault fault = gw_verify(
        &it->code, &it->shape, function, f->first, f->first + f->cells.count, f->slots, &it->store->verifier);
    if (fault.reason) {
        image_fail(it->store, "function %u, cell %u: %s", function, fault.cell, fault.reason);
        return GWTrap_invalidFunction;
    }
    if (it->store->options->native && it->store->options->native_options.threshold == 0) compile(it, f);
    return GWTrap_none;
}

static const GWImageFunction *function_at(const image_code *it, uint32_t cell) {
    for (uint32_t i = 0; i < it->record->functions.count; i++) {
        const GWImageFunction *f = &it->functions[i];
        if (cell >= f->first && cell - f->first < f->cells.count) return f;
    }
    return NULL;
}

// A counter has reached 0.
static void compile_at(void *context, uint32_t cell) {
    image_code *it = context;
    const GWImageFunction *f = function_at(it, cell);
    if (f) compile(it, f);
}

GWOp image_instruction(const image_code *it, uint32_t cell) {
    const GWImageFunction *f = function_at(it, cell);
    if (!f) return GWOp_invalid;
    const uint32_t *words = it->store->file->words + f->cells.first;
    uint32_t at = 0;
    while (at < cell - f->first) at += (uint32_t)gw_cell_count((GWOp)words[at], words + at);
    return at == cell - f->first ? (GWOp)words[at] : GWOp_invalid;
}

// --- Making it ---

// The cells of a function with the distances of this build's handlers.
static const char *copy(image_code *it, const GWImageFunction *f) {
    const uint32_t *words = it->store->file->words + f->cells.first;
    const int32_t *handlers = gw_handlers(it->code.checked);
    const image_options *options = it->store->options;
    uint32_t *cells = it->code.arena + f->first;
    memcpy(cells, words, f->cells.count * sizeof *cells);
    for (uint32_t at = 0; at < f->cells.count;) {
        uint32_t op = words[at];
        if (op == GWOp_invalid || op >= GWOp_count) return "it has a cell that is no instruction";
        cells[at] = (uint32_t)handlers[op];
        // With a threshold of 0 there is nothing left to count.
        if (op == GWOp_counter && options->native)
            cells[at + 1] = options->native_options.threshold ? options->native_options.threshold : UINT32_MAX;
        at += (uint32_t)gw_cell_count((GWOp)op, words + at);
    }
    return NULL;
}

static void describe(image_code *it) {
    const GWImageCode *r = it->record;
    const uint32_t *words = it->store->file->words;
    for (uint32_t i = 0; i < r->type_count; i++) it->type_slots[i] = (uint16_t)words[r->type_slots.first + i];
    it->shape = (GWModuleShape){
        .function_count = r->function_count,
        .import_count = r->import_count,
        .function_types = words + r->function_types.first,
        .type_slots = it->type_slots,
        .type_numbers = words + r->type_numbers.first,
        .type_count = r->type_count,
        .global_cells = r->global_cells,
        .imported_global_cells = r->imported_global_cells,
        .table_count = r->table_count,
        .data_count = r->data_count,
        .element_count = r->element_count,
        .has_memory = r->has_memory,
        .has_register_global = r->has_register_global,
    };
}

const char *image_code_make(image_code *it, image_store *store, const GWImageCode *record) {
    it->store = store;
    it->record = record;
    it->functions = store->file->functions + record->functions.first;
    it->arena_bytes = (record->cell_count * sizeof(uint32_t) + 0xFFFF) & ~(uint64_t)0xFFFF;
    it->type_slots = calloc(record->type_count + 1, sizeof *it->type_slots);
    it->code.entries = calloc(record->function_count + 1, sizeof *it->code.entries);
    if (!it->type_slots || !it->code.entries) return "there is no memory for its code";
    if (store->options->native) {
        it->code.native = gw_native_create(it->arena_bytes, record->function_count, store->options->native_options);
        if (!it->code.native) return "there is no address space for machine code";
        it->code.arena = gw_native_arena(it->code.native);
    } else {
        void *arena = mmap(NULL, it->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (arena == MAP_FAILED) return "there is no memory for its code";
        it->code.arena = arena;
    }
    it->code.checked = store->options->checked;
    it->code.capacity = it->arena_bytes / sizeof(uint32_t);
    it->code.lower = lower;
    it->code.compile = compile_at;
    it->code.context = it;
    gw_write_exit(&it->code);
    describe(it);
    for (uint32_t i = 0; i < record->functions.count; i++) {
        const char *fault = it->functions[i].trap ? NULL : copy(it, &it->functions[i]);
        if (fault) return fault;
    }
    return NULL;
}

void image_code_destroy(image_code *it) {
    if (it->code.native) gw_native_destroy(it->code.native);
    else if (it->code.arena) munmap(it->code.arena, it->arena_bytes);
    free(it->type_slots);
    free(it->code.entries);
}
