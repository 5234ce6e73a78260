// The pieces of machine code that all functions use. A stub is told of an instruction by its cell, in x16.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__aarch64__)
#include "gw_arm64_templates.h"

// What a trap's number and a gw_helper function are in.
enum { TRAP = T0, FUNCTION = T1 };

// --- What the compiler asks for ---

void gw_native_load_pc(compiler *c, uint32_t cell) { gw_arm64_address(X, ADDRESS, (uintptr_t)(c->a.arena + cell)); }
void gw_native_load_trap(compiler *c, GWTrap trap) { gw_arm64_constant(X, TRAP, trap); }
void gw_native_load_found_trap(compiler *c) {
    gw_arm64_access(X, A_LDR8, TRAP, gw_arm64_at(MACHINE, FIELD(GWMachine, trap)));
}
void gw_native_load_function(compiler *c, gw_helper *function) {
    gw_arm64_constant(X, FUNCTION, (uint64_t)(uintptr_t)function);
}
void gw_native_go_to(compiler *c, uint32_t offset) { gw_arm64_jump_to(X, address_of(c, offset)); }
void gw_native_call_stub(compiler *c, uint32_t offset) { gw_arm64_call_to(X, address_of(c, offset)); }

// --- Stubs ---

static void load(gw_arm64 *x, int r, int base, int32_t displacement) {
    gw_arm64_access(x, A_LDR64, r, gw_arm64_at(base, displacement));
}
static void store(gw_arm64 *x, int r, int base, int32_t displacement) {
    gw_arm64_access(x, A_STR64, r, gw_arm64_at(base, displacement));
}

// The cell of the register global, by its number in `r`, to or from its register; nothing where there is none.
static void access_sp(gw_arm64 *x, GWARM64Access access, int r) {
    gw_arm64_compare_number(x, false, r, -1);
    uint8_t *is_none = gw_arm64_jump_if(x, CC_EQ);
    gw_arm64_access(x, access, SP, gw_arm64_indexed(GLOBALS, r, false, true));
    gw_arm64_bind(is_none, x->at);
}

// Puts the state into the machine: x16 is the instruction. Uses x17.
static void save_state(gw_arm64 *x) {
    store(x, ADDRESS, MACHINE, FIELD(GWMachine, pc));
    store(x, FRAME, MACHINE, FIELD(GWMachine, fp));
    load(x, TEMPORARY, MACHINE, FIELD(GWMachine, instance));
    gw_arm64_access(x, A_LDR32, TEMPORARY, gw_arm64_at(TEMPORARY, FIELD(GWInstance, sp_global)));
    access_sp(x, A_STR64, TEMPORARY);
}

// Reads memory's first byte and the register global, which may have changed. Uses x16 and x17.
static void reload_state(gw_arm64 *x) {
    load(x, TEMPORARY, MACHINE, FIELD(GWMachine, instance));
    load(x, ADDRESS, TEMPORARY, FIELD(GWInstance, memory));
    gw_arm64_constant(x, MEMORY, 0);
    uint8_t *has_none = gw_arm64_jump_zero(x, true, true, ADDRESS);
    load(x, MEMORY, ADDRESS, FIELD(GWMemory, base));
    gw_arm64_bind(has_none, x->at);
    gw_arm64_access(x, A_LDR32, TEMPORARY, gw_arm64_at(TEMPORARY, FIELD(GWInstance, sp_global)));
    access_sp(x, A_LDR64, TEMPORARY);
    sum_stack(x);
}

// What is kept for C, in pairs; x29 and x30 come first, as in every frame.
static const int kept[][2] = {{X29, X30}, {X19, X20}, {X21, X22}, {X23, X24}, {X25, X26}, {X27, X28}};
enum { KEPT_COUNT = sizeof kept / sizeof *kept, KEPT_BYTES = 16 * KEPT_COUNT };
// Returns w0 to gw_helper_native.
static void write_end(gw_arm64 *x) {
    for (int k = 0; k < KEPT_COUNT; k++) gw_arm64_pair(x, true, kept[k][0], kept[k][1], STACK_POINTER, 16 * k);
    gw_arm64_add_number(x, true, STACK_POINTER, STACK_POINTER, KEPT_BYTES);
    gw_arm64_return(x);
}

static void write_enter(gw_arm64 *x, const GWNative *native) {
    gw_arm64_add_number(x, true, STACK_POINTER, STACK_POINTER, -KEPT_BYTES);
    for (int k = 0; k < KEPT_COUNT; k++) gw_arm64_pair(x, false, kept[k][0], kept[k][1], STACK_POINTER, 16 * k);
    // A frame as debuggers know it.
    gw_arm64_sum_12(x, false, false, true, X29, STACK_POINTER, false, 0);
    gw_arm64_move(x, true, MACHINE, X0);
    load(x, TEMPORARY, MACHINE, FIELD(GWMachine, instance));
    load(x, GLOBALS, TEMPORARY, FIELD(GWInstance, globals));
    load(x, FRAME, MACHINE, FIELD(GWMachine, fp));
    gw_arm64_constant(x, MAP, (uint64_t)((intptr_t)native->map - (intptr_t)native->arena));
    gw_arm64_address(x, RUN, (uintptr_t)native->run);
    gw_arm64_constant(x, SP, 0);
    reload_state(x);
    gw_arm64_jump_register(x, X1);
}

static void write_helper_call(gw_arm64 *x) {
    gw_arm64_add_number(x, true, STACK_POINTER, STACK_POINTER, -16);
    store(x, X30, STACK_POINTER, 0);
    save_state(x);
    gw_arm64_move(x, true, X0, MACHINE);
    gw_arm64_call_register(x, FUNCTION);
    // A trap is a byte; the rest of the register is anything.
    gw_arm64_field(x, false, false, X0, X0, 0, 7);
    uint8_t *fails = gw_arm64_jump_zero(x, false, false, X0);
    gw_arm64_access(x, A_LDR8, TEMPORARY, gw_arm64_at(MACHINE, FIELD(GWMachine, interrupted)));
    uint8_t *interrupted = gw_arm64_jump_zero(x, false, false, TEMPORARY);
    reload_state(x);
    load(x, X30, STACK_POINTER, 0);
    gw_arm64_add_number(x, true, STACK_POINTER, STACK_POINTER, 16);
    gw_arm64_return(x);
    gw_arm64_bind(interrupted, x->at);
    gw_arm64_constant(x, X0, GWTrap_interrupted);
    gw_arm64_bind(fails, x->at);
    gw_arm64_add_number(x, true, STACK_POINTER, STACK_POINTER, 16);
    write_end(x);
}

void gw_native_write_stubs(GWNative *native) {
    gw_arm64 x_ = {native->write, (intptr_t)native->run - (intptr_t)native->write}, *x = &x_;
#define HERE() ((uint32_t)(x->at - native->write))
    // At offset 0: goes on in the loop at x16.
    save_state(x);
    gw_arm64_constant(x, X0, GWTrap_none);
    write_end(x);

    native->stubs.enter = HERE();
    write_enter(x, native);

    native->stubs.trap = HERE();
    save_state(x);
    gw_arm64_move(x, false, X0, TRAP);
    write_end(x);

    native->stubs.helper = HERE();
    write_helper_call(x);

    for (int k = 0; k < 2; k++) {
        if (k) native->stubs.callee = HERE();
        else native->stubs.limit = HERE();
        load(x, ADDRESS, FRAME, -8);
        load(x, FRAME, FRAME, -24);
        save_state(x);
        gw_arm64_move(x, true, X0, MACHINE);
        gw_helper *function = k ? gw_helper_enterCallee : gw_native_enter_limited;
        gw_arm64_constant(x, FUNCTION, (uint64_t)(uintptr_t)function);
        gw_arm64_call_register(x, FUNCTION);
        write_end(x);
    }
    native->stubs.end = HERE();
#undef HERE
}

#endif
