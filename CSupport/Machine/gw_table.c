// Tables of references.
#include <stdlib.h>
#include <string.h>

#include "gw_machine.h"

bool gw_table_create(GWTable *table, uint32_t count, uint32_t maximum, uint64_t value) {
    *table = (GWTable){.count = count, .maximum = maximum};
    if (count > GW_MAXIMUM_TABLE_SIZE) return false;
    table->elements = calloc(count ? count : 1, sizeof *table->elements);
    return table->elements && (value == 0 || gw_table_fill(table, 0, value, count));
}

void gw_table_destroy(GWTable *table) {
    free(table->elements);
    table->elements = NULL;
}

uint32_t gw_table_grow(GWTable *table, uint32_t count, uint64_t value) {
    uint32_t old = table->count;
    uint64_t size = (uint64_t)old + count;
    if (size > table->maximum || size > GW_MAXIMUM_TABLE_SIZE) return UINT32_MAX;
    if (count) {
        uint64_t *elements = realloc(table->elements, size * sizeof *elements);
        if (!elements) return UINT32_MAX;
        table->elements = elements;
        table->count = (uint32_t)size;
        gw_table_fill(table, old, value, count);
    }
    return old;
}

bool gw_table_fill(GWTable *table, uint32_t from, uint64_t value, uint32_t count) {
    if ((uint64_t)from + count > table->count) return false;
    for (uint32_t i = 0; i < count; i++) table->elements[from + i] = value;
    return true;
}

bool gw_table_copy(GWTable *to_table, uint32_t to, const GWTable *from_table, uint32_t from, uint32_t count) {
    if ((uint64_t)from + count > from_table->count || (uint64_t)to + count > to_table->count) return false;
    memmove(to_table->elements + to, from_table->elements + from, (size_t)count * sizeof *to_table->elements);
    return true;
}

bool gw_table_init(GWTable *table, const GWSegment *segment, uint32_t to, uint32_t from, uint32_t count) {
    if ((uint64_t)from + count > segment->size || (uint64_t)to + count > table->count) return false;
    if (count) memcpy(table->elements + to, (const uint64_t *)segment->bytes + from, (size_t)count * sizeof(uint64_t));
    return true;
}
