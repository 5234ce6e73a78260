// Instances, memories, tables and globals of an image, and what they have to be.
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gw_interpreter.h"
#include "image_code.h"

bool image_fail(image_store *s, const char *format, ...) {
    if (*s->problem) return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->problem, sizeof s->problem, format, arguments);
    va_end(arguments);
    return false;
}

// --- References to functions ---

uint64_t image_address(const image_store *s, uint64_t reference) {
    if (reference == 0) return 0;
    uint32_t owner = (uint32_t)(reference >> 32) - 1, index = (uint32_t)reference;
    if (owner == GW_IMAGE_HOST) return (uint64_t)(uintptr_t)&s->host_functions[index];
    return (uint64_t)(uintptr_t)gw_function(&s->instances[owner], index);
}

uint64_t image_reference(const image_store *s, uint64_t address) {
    if (address == 0) return 0;
    const GWImageHeader *header = s->file->header;
    for (uint32_t i = 0; i < header->instances.count; i++) {
        uint64_t offset = address - (uint64_t)(uintptr_t)s->instances[i].functions;
        if (offset < s->instances[i].function_count * sizeof(GWFunction))
            return gw_image_function(i, (uint32_t)(offset / sizeof(GWFunction)) + s->instances[i].import_count);
    }
    uint64_t offset = address - (uint64_t)(uintptr_t)s->host_functions;
    if (offset < header->hosts.count * sizeof(GWFunction))
        return gw_image_function(GW_IMAGE_HOST, (uint32_t)(offset / sizeof(GWFunction)));
    return UINT64_MAX;
}

// --- Changes ---

void image_change(image_store *s, GWImageRange changes) {
    for (uint32_t i = 0; i < changes.count; i++) {
        const GWImageChange *c = &s->file->changes[changes.first + i];
        switch ((GWImageChangeKind)c->kind) {
        case GWImageChangeKind_memorySize:
            gw_memory_grow(&s->memories[c->index], (uint32_t)(c->value - s->memories[c->index].size / GW_PAGE_SIZE));
            break;
        case GWImageChangeKind_memory:
            memcpy(s->memories[c->index].base + c->place, s->file->bytes + c->bytes.first, c->bytes.count);
            break;
        case GWImageChangeKind_tableSize:
            gw_table_grow(&s->tables[c->index], (uint32_t)c->value - s->tables[c->index].count, 0);
            break;
        case GWImageChangeKind_table:
            s->tables[c->index].elements[c->place] =
                s->file->tables[c->index].has_functions ? image_address(s, c->value) : c->value;
            break;
        case GWImageChangeKind_cell:
            s->cells[c->index] = s->file->cells[c->index].is_function ? image_address(s, c->value) : c->value;
            break;
        default: image_fail(s, "a change of no known kind");
        }
    }
}

void image_expect(image_store *s, GWImageRange changes) {
    for (uint32_t i = 0; i < changes.count; i++) {
        const GWImageChange *c = &s->file->changes[changes.first + i];
        switch ((GWImageChangeKind)c->kind) {
        case GWImageChangeKind_memorySize: s->expected_sizes[c->index] = c->value * GW_PAGE_SIZE; break;
        case GWImageChangeKind_memory:
            memcpy(s->expected_memories[c->index] + c->place, s->file->bytes + c->bytes.first, c->bytes.count);
            break;
        case GWImageChangeKind_tableSize: {
            uint32_t old = s->expected_counts[c->index], count = (uint32_t)c->value;
            uint64_t *elements = realloc(s->expected_tables[c->index], (count + 1) * sizeof *elements);
            if (!elements) abort();
            memset(elements + old, 0, (count - old) * sizeof *elements);
            s->expected_tables[c->index] = elements;
            s->expected_counts[c->index] = count;
            break;
        }
        case GWImageChangeKind_table: s->expected_tables[c->index][c->place] = c->value; break;
        case GWImageChangeKind_cell: s->expected_cells[c->index] = c->value; break;
        default: image_fail(s, "a change of no known kind");
        }
    }
}

static bool is_memory_as_expected(image_store *s, uint32_t index) {
    const GWMemory *memory = &s->memories[index];
    if (memory->size != s->expected_sizes[index])
        return image_fail(
            s, "memory %u has %llu bytes, expected %llu", index, (unsigned long long)memory->size,
            (unsigned long long)s->expected_sizes[index]);
    uint64_t size = memory->size < GW_IMAGE_COMPARED ? memory->size : GW_IMAGE_COMPARED;
    const uint8_t *expected = s->expected_memories[index];
    if (memcmp(memory->base, expected, size) == 0) return true;
    uint64_t at = 0;
    while (memory->base[at] == expected[at]) at++;
    char text[100], *end = text;
    for (uint64_t i = at; i < at + 8 && i < size; i++)
        end += sprintf(end, " %02x", memory->base[i]);
    end += sprintf(end, ", expected");
    for (uint64_t i = at; i < at + 8 && i < size; i++) end += sprintf(end, " %02x", expected[i]);
    return image_fail(s, "memory %u has from 0x%llx on%s", index, (unsigned long long)at, text);
}

bool image_is_as_expected(image_store *s) {
    const GWImageHeader *header = s->file->header;
    for (uint32_t i = 0; i < header->memories.count; i++)
        if (!is_memory_as_expected(s, i)) return false;
    for (uint32_t i = 0; i < header->tables.count; i++) {
        const GWTable *table = &s->tables[i];
        if (table->count != s->expected_counts[i])
            return image_fail(s, "table %u has %u elements, expected %u", i, table->count, s->expected_counts[i]);
        for (uint32_t j = 0; j < table->count; j++) {
            uint64_t value = table->elements[j];
            if (s->file->tables[i].has_functions) value = image_reference(s, value);
            if (value != s->expected_tables[i][j])
                return image_fail(
                    s, "element %u of table %u is 0x%llx, expected 0x%llx", j, i, (unsigned long long)value,
                    (unsigned long long)s->expected_tables[i][j]);
        }
    }
    for (uint32_t i = 0; i < header->cells.count; i++) {
        uint64_t value = s->file->cells[i].is_function ? image_reference(s, s->cells[i]) : s->cells[i];
        uint64_t nan = s->file->cells[i].nan;
        bool are_nans = nan && (value & nan) == nan && (s->expected_cells[i] & nan) == nan;
        if (value != s->expected_cells[i] && !are_nans)
            return image_fail(
                s, "cell %u of the globals is 0x%llx, expected 0x%llx", i, (unsigned long long)value,
                (unsigned long long)s->expected_cells[i]);
    }
    return true;
}

// --- Guarded memories that wait for the next image ---

// The emulation of another processor goes through all pages of what is reserved or given back, 2 million of them, and
// keeps what it knows of them: memories of thousands of images would take its minutes and its memory.
enum { most_kept = 4 };
// What is larger is given back.
#define LARGEST_KEPT (UINT64_C(4) << 20)
static GWMemory kept[most_kept];
static int kept_count;

static bool make_memory(GWMemory *memory, uint32_t pages, uint32_t maximum_pages, bool guarded) {
    uint64_t size = (uint64_t)pages * GW_PAGE_SIZE;
    if (!guarded || kept_count == 0) return gw_memory_create(memory, pages, maximum_pages, guarded);
    *memory = kept[--kept_count];
    memory->maximum_pages = maximum_pages;
    memory->size = size;
    return size == 0 || mprotect(memory->base, size, PROT_READ | PROT_WRITE) == 0;
}

static void destroy_memory(GWMemory *memory) {
    if (!memory->base || !memory->guarded || memory->size > LARGEST_KEPT || kept_count == most_kept) {
        gw_memory_destroy(memory);
        return;
    }
    memset(memory->base, 0, memory->size);
    if (memory->size && mprotect(memory->base, memory->size, PROT_NONE)) abort();
    kept[kept_count++] = *memory;
}

// --- Making it ---

static void *zeros(uint64_t count, uint64_t size) {
    void *memory = calloc(count + 1, size);
    if (!memory) abort();
    return memory;
}

static const char *make_space(image_store *s) {
    const GWImageHeader *header = s->file->header;
    for (uint32_t i = 0; i < header->memories.count; i++) {
        const GWImageMemory *r = &s->file->memories[i];
        if (!make_memory(&s->memories[i], r->pages, r->maximum_pages, !s->options->checked))
            return "there is no address space for a memory";
        s->expected_sizes[i] = (uint64_t)r->pages * GW_PAGE_SIZE;
        void *expected = mmap(
            NULL, GW_IMAGE_COMPARED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (expected == MAP_FAILED) return "there is no address space for a memory";
        s->expected_memories[i] = expected;
    }
    for (uint32_t i = 0; i < header->tables.count; i++) {
        const GWImageTable *r = &s->file->tables[i];
        if (!gw_table_create(&s->tables[i], r->count, r->maximum, 0)) return "there is no memory for a table";
        s->expected_tables[i] = zeros(r->count, sizeof(uint64_t));
        s->expected_counts[i] = r->count;
    }
    return NULL;
}

static const char *make_hosts(image_store *s) {
    for (uint32_t i = 0; i < s->file->header->hosts.count; i++) {
        const GWImageHost *r = &s->file->hosts[i];
        s->hosts[i] = (image_host){s, r};
        s->host_functions[i] = (GWFunction){
            .host = gw_host_create(
                s->file->bytes + r->types.first, r->parameters, r->results, image_host_body, &s->hosts[i]),
            .type = r->type,
            .slots = r->slots,
        };
        if (!s->host_functions[i].host) return "there is no memory for a host function";
    }
    return NULL;
}

static void make_instance(image_store *s, uint32_t index) {
    const image_file *f = s->file;
    const GWImageInstance *r = &f->instances[index];
    image_code *code = &s->codes[r->code];
    uint32_t imports = code->shape.import_count, count = code->shape.function_count - imports;
    GWInstance *instance = &s->instances[index];
    *instance = (GWInstance){
        .memory = r->memory == GW_IMAGE_NONE ? NULL : &s->memories[r->memory],
        .globals = s->cells + r->globals.first,
        .imported_globals = zeros(r->imported_globals.count, sizeof(uint64_t *)),
        .functions = zeros(count, sizeof(GWFunction)),
        .imports = zeros(imports, sizeof(GWFunction *)),
        .tables = zeros(r->tables.count, sizeof(GWTable *)),
        .code = &code->code,
        .machine = s->machine,
        .sp_global = r->sp_global,
        .import_count = imports,
        .function_count = count,
        .data = zeros(r->data.count, sizeof(GWSegment)),
        .elements = zeros(r->elements.count, sizeof(GWSegment)),
    };
    for (uint32_t i = 0; i < r->imported_globals.count; i++)
        instance->imported_globals[i] = &s->cells[f->words[r->imported_globals.first + i]];
    for (uint32_t i = 0; i < r->tables.count; i++) instance->tables[i] = &s->tables[f->words[r->tables.first + i]];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t type = code->shape.function_types[imports + i];
        instance->functions[i] = (GWFunction){
            .entry = &code->code.entries[imports + i],
            .instance = instance,
            .type = code->shape.type_numbers[type],
            .index = imports + i,
            .slots = code->shape.type_slots[type],
        };
    }
    for (uint32_t i = 0; i < r->data.count; i++) {
        const GWImageSegment *segment = &f->segments[r->data.first + i];
        instance->data[i] = (GWSegment){f->bytes + segment->contents.first, segment->contents.count};
    }
}

// What refers to functions, once there are all instances.
static void link_instance(image_store *s, uint32_t index) {
    const image_file *f = s->file;
    const GWImageInstance *r = &f->instances[index];
    GWInstance *instance = &s->instances[index];
    for (uint32_t i = 0; i < instance->import_count; i++)
        instance->imports[i] = (GWFunction *)(uintptr_t)image_address(s, f->numbers[r->imports.first + i]);
    for (uint32_t i = 0; i < r->elements.count; i++) {
        const GWImageSegment *segment = &f->segments[r->elements.first + i];
        uint64_t *references = zeros(segment->contents.count, sizeof *references);
        for (uint32_t j = 0; j < segment->contents.count; j++) {
            uint64_t value = f->numbers[segment->contents.first + j];
            references[j] = segment->has_functions ? image_address(s, value) : value;
        }
        instance->elements[i] = (GWSegment){references, segment->contents.count};
    }
}

const char *image_store_make(
    image_store *s, const image_file *file, const image_options *options, GWMachine *machine) {
    const GWImageHeader *header = file->header;
    *s = (image_store){.file = file, .options = options, .machine = machine};
    s->codes = zeros(header->codes.count, sizeof *s->codes);
    s->instances = zeros(header->instances.count, sizeof *s->instances);
    s->memories = zeros(header->memories.count, sizeof *s->memories);
    s->expected_memories = zeros(header->memories.count, sizeof *s->expected_memories);
    s->expected_sizes = zeros(header->memories.count, sizeof *s->expected_sizes);
    s->tables = zeros(header->tables.count, sizeof *s->tables);
    s->expected_tables = zeros(header->tables.count, sizeof *s->expected_tables);
    s->expected_counts = zeros(header->tables.count, sizeof *s->expected_counts);
    s->cells = zeros(header->cells.count, sizeof *s->cells);
    s->expected_cells = zeros(header->cells.count, sizeof *s->expected_cells);
    s->hosts = zeros(header->hosts.count, sizeof *s->hosts);
    s->host_functions = zeros(header->hosts.count, sizeof *s->host_functions);
    for (uint32_t i = 0; i < header->codes.count; i++) {
        const char *fault = image_code_make(&s->codes[i], s, &file->codes[i]);
        if (fault) return fault;
    }
    const char *fault = make_space(s);
    if (!fault) fault = make_hosts(s);
    if (fault) return fault;
    for (uint32_t i = 0; i < header->instances.count; i++) make_instance(s, i);
    for (uint32_t i = 0; i < header->instances.count; i++) link_instance(s, i);
    for (uint32_t i = 0; i < header->cells.count; i++) {
        s->expected_cells[i] = file->cells[i].value;
        s->cells[i] = file->cells[i].is_function ? image_address(s, file->cells[i].value) : file->cells[i].value;
    }
    image_change(s, header->contents);
    image_expect(s, header->contents);
    return *s->problem ? s->problem : NULL;
}

static void destroy_instance(image_store *s, uint32_t index) {
    const GWImageInstance *r = &s->file->instances[index];
    GWInstance *instance = &s->instances[index];
    for (uint32_t i = 0; instance->elements && i < r->elements.count; i++)
        free((void *)(uintptr_t)instance->elements[i].bytes);
    free(instance->imported_globals);
    free(instance->functions);
    free(instance->imports);
    free(instance->tables);
    free(instance->data);
    free(instance->elements);
}

void image_store_destroy(image_store *s) {
    const GWImageHeader *header = s->file->header;
    for (uint32_t i = 0; i < header->instances.count; i++) destroy_instance(s, i);
    for (uint32_t i = 0; i < header->memories.count; i++) {
        destroy_memory(&s->memories[i]);
        if (s->expected_memories[i]) munmap(s->expected_memories[i], GW_IMAGE_COMPARED);
    }
    for (uint32_t i = 0; i < header->tables.count; i++) {
        gw_table_destroy(&s->tables[i]);
        free(s->expected_tables[i]);
    }
    for (uint32_t i = 0; i < header->hosts.count; i++)
        if (s->host_functions[i].host) gw_host_destroy(s->host_functions[i].host);
    for (uint32_t i = 0; i < header->codes.count; i++) image_code_destroy(&s->codes[i]);
    gw_verifier_free(&s->verifier);
    void *const all[] = {
        s->codes, s->instances, s->memories, s->expected_memories, s->expected_sizes, s->tables, s->expected_tables,
        s->expected_counts, s->cells, s->expected_cells, s->hosts, s->host_functions,
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}
