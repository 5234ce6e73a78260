// The helpers of the dispatch loop: what instructions do that call other functions.
//
// The loop calls these in one place (see `helper` in gw_interpreter.c). They find its state in the machine, and leave
// there the state that it goes on with; or they return a trap, and leave the state at the instruction.
#include <string.h>

#include "gw_decoder.h"
#include "gw_interpreter.h"
#include "gw_native.h"
#include "gw_opcodes.h"
#include "gw_operands.h"
#include "gw_vector.h"

#define HELPER(name) GWTrap gw_helper_##name(GWMachine *m)
#define STATE() \
    GWInstance *inst = m->instance; \
    const uint32_t *pc = m->pc; \
    uint64_t *fp = m->fp; \
    (void)inst, (void)fp
#define NEXT(row) GO(CELLS(row))
#define GO(cells) \
    do { \
        m->pc = pc + (cells); \
        return GWTrap_none; \
    } while (0)

static void add_to_sp(GWInstance *inst, uint32_t summand) {
    uint64_t *sp = &inst->globals[inst->sp_global];
    *sp = (uint32_t)((uint32_t)*sp + summand);
}

// --- Faults ---

// Some handlers change the register global after their access to memory, although the guest has it the other way round.
HELPER(fault) {
    STATE();
    GWOp op = gw_opcode_at(inst->code, pc);
    if (gw_op_info()[op].facts & GWFact_pushes) add_to_sp(inst, (uint32_t)-GW_PUSH_SIZE);
    return GWTrap_memoryOutOfBounds;
}

// --- Direct calls ---

// Has the callee lowered and writes the target into the call, which is executed again.
static GWTrap resolve_call(GWMachine *m, bool fresh) {
    STATE();
    const uint32_t *code = gw_resolve(m, gw_function(inst, CALL_FUNCTION()), fresh);
    if (!code) return m->trap;
    // Other threads may be executing this call in another instance: they find either value, and both are right.
    __atomic_store_n((int32_t *)(uintptr_t)(pc + GW_CALL_TARGET), (int32_t)(code - pc), __ATOMIC_RELEASE);
    bool checked = inst->code->checked;
    // (Where the call's own handler has been replaced, it is another thread's that does this.)
    if (gw_opcode(checked, __atomic_load_n(pc, __ATOMIC_RELAXED)) == GWOp_callPushFresh &&
        gw_opcode_at(inst->code, code) == GWOp_stackCheck)
        // Go's call of a function with Go's stack check.
        __atomic_store_n(
            (int32_t *)(uintptr_t)pc, gw_handlers(checked)[GWOp_callPushFreshChecked], __ATOMIC_RELEASE);
    return GWTrap_none;
}
HELPER(resolveCall) { return resolve_call(m, false); }
HELPER(resolveCallFresh) { return resolve_call(m, true); }

// --- Calls that leave the instance ---

static GWTrap call_out(GWMachine *m, GWFunction *callee) {
    STATE();
    GWTrap trap = gw_call_out(m, callee, fp + CALL_BASE());
    if (trap != GWTrap_none) return trap;
    // A branch on the result may follow; it is executed then, whatever the result.
    GO(GW_CALL_CELLS);
}
HELPER(callImport) {
    STATE();
    return call_out(m, inst->imports[CALL_FUNCTION()]);
}

// --- Indirect calls: the loop has checked the index, the element and its type ---

static GWFunction *element(const GWMachine *m) {
    STATE();
    const GWTable *table = inst->tables[CALL_TABLE()];
    return (GWFunction *)(uintptr_t)table->elements[(uint32_t)CALL_INDEX()];
}

// Has the callee lowered; the call is executed again.
HELPER(resolveIndirect) {
    return gw_resolve(m, element(m), false) ? GWTrap_none : m->trap;
}
HELPER(resolveIndirectFresh) {
    STATE();
    if (!gw_resolve(m, element(m), true)) return m->trap;
    // So is its push.
    if (gw_op_info()[gw_opcode_at(inst->code, pc)].facts & GWFact_pushes) add_to_sp(inst, GW_PUSH_SIZE);
    return GWTrap_none;
}
HELPER(callOther) { return call_out(m, element(m)); }
HELPER(callOtherFresh) {
    STATE();
    // The callee reads the argument that the call leaves out.
    fp[CALL_BASE()] = 0;
    return call_out(m, element(m));
}

// --- Calls beyond the stack's limit, which is 0 where somebody wants to be told of them ---

// A call of which the frame's header is written and what Go's calls push is pushed: what is left of it is to enter the
// callee.
typedef struct begun_call {
    GWFunction *callee;
    // Whether it passes the constant 0 without storing it.
    bool is_zero;
} begun_call;

static begun_call begun(const GWMachine *m) {
    STATE();
    GWOp op = gw_op_info()[gw_opcode_at(inst->code, pc)].plain;
    bool is_indirect = gw_op_info()[op].family == GWFamily_callIndirect;
    return (begun_call){
        is_indirect ? element(m) : gw_function(inst, CALL_FUNCTION()), op != GWOp_call && op != GWOp_callIndirect};
}

static GWTrap enter(GWMachine *m, begun_call call) {
    STATE();
    uint64_t *frame = fp + CALL_BASE();
    // Machine code calls without having had the callee lowered.
    const uint32_t *code = gw_resolve(m, call.callee, call.is_zero);
    if (!code) return m->trap;
    m->pc = code;
    m->fp = frame;
    return GWTrap_none;
}
HELPER(enterCallee) { return enter(m, begun(m)); }

HELPER(limitedCall) {
    STATE();
    begun_call call = begun(m);
    GWTrap trap = gw_limited(m, call.callee, fp + CALL_BASE());
    return trap == GWTrap_none ? enter(m, call) : trap;
}

// --- Hot functions ---

HELPER(hot) {
    STATE();
    const GWCode *code = inst->code;
    uint32_t more = gw_native_defer(code, (uint32_t)(pc - code->arena));
    if (more) {
        GW_WRITE(*(uint32_t *)(uintptr_t)&WORD(counter, 0), more);
        NEXT(counter);
    }
    bool outside = m->outside;
    GW_WRITE(m->outside, true);
    if (code->compile) code->compile(code->context, (uint32_t)(pc - code->arena));
    GW_WRITE(m->outside, outside);
    // Machine code may be entered here now; what is left of the count is of no consequence.
    m->pc = pc;
    if (gw_opcode(code->checked, __atomic_load_n(pc, __ATOMIC_ACQUIRE)) != GWOp_native) NEXT(counter);
    return GWTrap_none;
}

// --- Memory ---

HELPER(memoryGrow) {
    STATE();
    SLOT(memoryGrow, 0) = gw_memory_grow(inst->memory, (uint32_t)SLOT(memoryGrow, 1));
    NEXT(memoryGrow);
}
HELPER(memoryCopy) {
    STATE();
    uint64_t to = (uint32_t)SLOT(memoryCopy, 0), from = (uint32_t)SLOT(memoryCopy, 1);
    uint64_t count = (uint32_t)SLOT(memoryCopy, 2);
    const GWMemory *memory = inst->memory;
    if (to + count > memory->size || from + count > memory->size) return GWTrap_memoryOutOfBounds;
    memmove(memory->base + to, memory->base + from, count);
    NEXT(memoryCopy);
}
HELPER(memoryFill) {
    STATE();
    uint64_t to = (uint32_t)SLOT(memoryFill, 0), count = (uint32_t)SLOT(memoryFill, 2);
    const GWMemory *memory = inst->memory;
    if (to + count > memory->size) return GWTrap_memoryOutOfBounds;
    memset(memory->base + to, (uint8_t)SLOT(memoryFill, 1), count);
    NEXT(memoryFill);
}
HELPER(memoryInit) {
    STATE();
    uint32_t to = (uint32_t)SLOT(memoryInit, 0), from = (uint32_t)SLOT(memoryInit, 1);
    const GWSegment *segment = &inst->data[WORD(memoryInit, 3)];
    if (!gw_memory_init(inst->memory, segment, to, from, (uint32_t)SLOT(memoryInit, 2)))
        return GWTrap_memoryOutOfBounds;
    NEXT(memoryInit);
}

// --- Tables ---

HELPER(tableGrow) {
    STATE();
    GWTable *table = inst->tables[WORD(tableGrow, 3)];
    SLOT(tableGrow, 0) = gw_table_grow(table, (uint32_t)SLOT(tableGrow, 2), SLOT(tableGrow, 1));
    NEXT(tableGrow);
}
HELPER(tableFill) {
    STATE();
    GWTable *table = inst->tables[WORD(tableFill, 3)];
    uint32_t from = (uint32_t)SLOT(tableFill, 0), count = (uint32_t)SLOT(tableFill, 2);
    if (!gw_table_fill(table, from, SLOT(tableFill, 1), count)) return GWTrap_tableOutOfBounds;
    NEXT(tableFill);
}
HELPER(tableCopy) {
    STATE();
    GWTable *to_table = inst->tables[WORD(tableCopy, 3)];
    const GWTable *from_table = inst->tables[WORD(tableCopy, 4)];
    uint32_t to = (uint32_t)SLOT(tableCopy, 0), from = (uint32_t)SLOT(tableCopy, 1);
    if (!gw_table_copy(to_table, to, from_table, from, (uint32_t)SLOT(tableCopy, 2))) return GWTrap_tableOutOfBounds;
    NEXT(tableCopy);
}
HELPER(tableInit) {
    STATE();
    GWTable *table = inst->tables[WORD(tableInit, 4)];
    const GWSegment *segment = &inst->elements[WORD(tableInit, 3)];
    uint32_t to = (uint32_t)SLOT(tableInit, 0), from = (uint32_t)SLOT(tableInit, 1);
    if (!gw_table_init(table, segment, to, from, (uint32_t)SLOT(tableInit, 2))) return GWTrap_tableOutOfBounds;
    NEXT(tableInit);
}

// --- Vectors ---

HELPER(v128Call) {
    STATE();
    gw_vector_functions[WORD(v128Call, 3)](VECTOR(v128Call, 0), VECTOR(v128Call, 1), VECTOR(v128Call, 2));
    NEXT(v128Call);
}
HELPER(i8x16Shuffle) {
    STATE();
    gw_v128 a = gw_v128_read(VECTOR(i8x16Shuffle, 1)), b = gw_v128_read(VECTOR(i8x16Shuffle, 2));
    gw_v128_write(VECTOR(i8x16Shuffle, 0), gw_vector_shuffle(a, b, gw_v128_read(QUAD(i8x16Shuffle, 3))));
    NEXT(i8x16Shuffle);
}
