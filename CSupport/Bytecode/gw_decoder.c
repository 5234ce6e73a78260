// From a handler's distance to its opcode, by a table over all distances that handlers have: found out once for each
// loop.
#include "gw_decoder.h"

#include <pthread.h>
#include <stdlib.h>

#include "gw_interpreter.h"
#include "gw_native.h"

// The distances that are known, from `lowest` on: `count` of them, each with its opcode.
static struct {
    int32_t lowest;
    uint32_t count;
    const uint16_t *opcodes;
} tables[2];
// A program runs in one of the loops, and a table is a hundredth of a start.
static pthread_once_t once[2] = {PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT};

static void prepare(bool checked) {
    const int32_t *handlers = gw_handlers(checked);
    int32_t lowest = handlers[0], highest = handlers[0];
    for (int op = 1; op < GWOp_count; op++) {
        if (handlers[op] < lowest) lowest = handlers[op];
        if (handlers[op] > highest) highest = handlers[op];
    }
    uint32_t count = (uint32_t)(highest - lowest) + 1;
    // The handlers lie within some hundred kilobytes; what is 0 names none. (`invalid` is 0, too.)
    uint16_t *opcodes = calloc(count, sizeof *opcodes);
    if (!opcodes) abort();
    for (int op = 0; op < GWOp_count; op++) opcodes[handlers[op] - lowest] = (uint16_t)op;
    tables[checked].lowest = lowest;
    tables[checked].count = count;
    tables[checked].opcodes = opcodes;
}
static void prepare_guarded(void) { prepare(false); }
static void prepare_checked(void) { prepare(true); }

GWOp gw_opcode(bool checked, uint32_t cell) {
    pthread_once(&once[checked], checked ? prepare_checked : prepare_guarded);
    uint32_t index = cell - (uint32_t)tables[checked].lowest;
    return index < tables[checked].count ? (GWOp)tables[checked].opcodes[index] : GWOp_invalid;
}

GWOp gw_opcode_at(const GWCode *code, const uint32_t *cell) {
    uint32_t value = __atomic_load_n(cell, __ATOMIC_ACQUIRE);
    if (code->native) value = gw_native_handler(code, cell, value);
    return gw_opcode(code->checked, value);
}
