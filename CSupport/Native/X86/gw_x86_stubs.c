// The pieces of machine code that all functions use, and the way from the loop to machine code.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__x86_64__)
#include <cpuid.h>

#include "gw_x86_templates.h"

struct gw_native_processor gw_native_processor;

// (No compiler's name for it is known to all of them.)
static bool supports_lzcnt(void) {
    unsigned a, b, extended = 0, d;
    return __get_cpuid(0x80000001, &a, &b, &extended, &d) && extended >> 5 & 1;
}

// --- What the compiler asks for ---

static uintptr_t address_of(const compiler *c, uint32_t offset) { return (uintptr_t)c->native->run + offset; }
void gw_native_load_pc(compiler *c, uint32_t cell) {
    gw_x86_address(X, true, RAX, gw_x86_absolute((uintptr_t)(c->a.arena + cell)));
}
void gw_native_load_trap(compiler *c, GWTrap trap) { gw_x86_constant(X, RCX, trap); }
void gw_native_load_found_trap(compiler *c) {
    gw_x86_memory_op(X, 0, false, 0x0FB6, RCX, gw_x86_at(MACHINE, FIELD(GWMachine, trap)), false);
}
void gw_native_load_function(compiler *c, gw_helper *function) {
    gw_x86_constant(X, RCX, (uint64_t)(uintptr_t)function);
}
void gw_native_go_to(compiler *c, uint32_t offset) { gw_x86_jump_to(X, address_of(c, offset)); }
void gw_native_call_stub(compiler *c, uint32_t offset) { gw_x86_call_to(X, address_of(c, offset)); }

// --- Stubs ---

// Puts the state into the machine: rax is the instruction. Uses rcx and rdx.
static void save_state(gw_x86 *x) {
    gw_x86_store(x, true, RAX, gw_x86_at(MACHINE, FIELD(GWMachine, pc)));
    gw_x86_store(x, true, FRAME, gw_x86_at(MACHINE, FIELD(GWMachine, fp)));
    gw_x86_load(x, true, RCX, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
    gw_x86_load(x, false, RDX, gw_x86_at(RCX, FIELD(GWInstance, sp_global)));
    gw_x86_immediate(x, false, X_CMP, RDX, -1);
    uint8_t *is_none = gw_x86_short_jump_if(x, CC_E);
    gw_x86_store(x, true, SP, gw_x86_indexed(GLOBALS, RDX, 3, 0));
    gw_x86_bind_short(x, is_none);
}

// Reads memory's first byte and the register global, which may have changed. Uses rcx and rdx.
static void reload_state(gw_x86 *x) {
    gw_x86_load(x, true, RCX, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
    gw_x86_load(x, true, RDX, gw_x86_at(RCX, FIELD(GWInstance, memory)));
    gw_x86_clear(x, MEMORY);
    gw_x86_test(x, true, RDX);
    uint8_t *has_none = gw_x86_short_jump_if(x, CC_E);
    gw_x86_load(x, true, MEMORY, gw_x86_at(RDX, FIELD(GWMemory, base)));
    gw_x86_bind_short(x, has_none);
    gw_x86_load(x, false, RDX, gw_x86_at(RCX, FIELD(GWInstance, sp_global)));
    gw_x86_immediate(x, false, X_CMP, RDX, -1);
    uint8_t *is_none = gw_x86_short_jump_if(x, CC_E);
    gw_x86_load(x, true, SP, gw_x86_indexed(GLOBALS, RDX, 3, 0));
    gw_x86_bind_short(x, is_none);
}

static const int kept[] = {RBX, RBP, R12, R13, R14, R15};
enum { KEPT_COUNT = sizeof kept / sizeof *kept };
static void push_or_pop(gw_x86 *x, unsigned opcode, int r) {
    if (r >= R8) gw_x86_byte(x, 0x41);
    gw_x86_byte(x, opcode | (unsigned)(r & 7));
}
// Returns eax to gw_helper_native. The C stack is aligned to 16 bytes while machine code runs.
static void write_end(gw_x86 *x) {
    gw_x86_immediate(x, true, X_ADD, RSP, 8);
    for (int k = KEPT_COUNT; k-- > 0;) push_or_pop(x, 0x58, kept[k]);
    gw_x86_byte(x, 0xC3);
}
static void write_call(gw_x86 *x, GWTrap (*function)(GWMachine *)) {
    gw_x86_move(x, true, RDI, MACHINE);
    gw_x86_constant(x, RAX, (uint64_t)(uintptr_t)function);
    gw_x86_register_op(x, 0, false, 0xFF, 2, RAX, false);
}

void gw_native_write_stubs(GWNative *native) {
    __builtin_cpu_init();
    gw_native_processor.popcnt = __builtin_cpu_supports("popcnt");
    gw_native_processor.lzcnt = __builtin_cpu_supports("bmi") && supports_lzcnt();
    gw_native_processor.sse41 = __builtin_cpu_supports("sse4.1");
    gw_x86 x_ = {native->write, (intptr_t)native->run - (intptr_t)native->write}, *x = &x_;
#define HERE() ((uint32_t)(x->at - native->write))
    // At offset 0: goes on in the loop at rax.
    save_state(x);
    gw_x86_clear(x, RAX);
    write_end(x);

    native->stubs.enter = HERE();
    for (int k = 0; k < KEPT_COUNT; k++) push_or_pop(x, 0x50, kept[k]);
    gw_x86_immediate(x, true, X_SUB, RSP, 8);
    gw_x86_move(x, true, MACHINE, RDI);
    gw_x86_load(x, true, RCX, gw_x86_at(MACHINE, FIELD(GWMachine, instance)));
    gw_x86_load(x, true, GLOBALS, gw_x86_at(RCX, FIELD(GWInstance, globals)));
    gw_x86_load(x, true, FRAME, gw_x86_at(MACHINE, FIELD(GWMachine, fp)));
    gw_x86_clear(x, SP);
    reload_state(x);
    gw_x86_register_op(x, 0, false, 0xFF, 4, RSI, false);

    native->stubs.trap = HERE();
    gw_x86_move(x, true, RBX, RCX);
    save_state(x);
    gw_x86_move(x, true, RAX, RBX);
    write_end(x);

    native->stubs.helper = HERE();
    gw_x86_immediate(x, true, X_SUB, RSP, 8);
    gw_x86_move(x, true, RBX, RCX);
    save_state(x);
    gw_x86_move(x, true, RDI, MACHINE);
    gw_x86_register_op(x, 0, false, 0xFF, 2, RBX, false);
    // A trap is a byte; the rest of the register is anything.
    gw_x86_register_op(x, 0, false, 0x0FB6, RAX, RAX, true);
    gw_x86_test(x, false, RAX);
    uint8_t *fails = gw_x86_short_jump_if(x, CC_NE);
    gw_x86_memory_op(x, 0, false, 0x80, X_CMP, gw_x86_at(MACHINE, FIELD(GWMachine, interrupted)), false);
    gw_x86_byte(x, 0);
    uint8_t *interrupted = gw_x86_short_jump_if(x, CC_NE);
    reload_state(x);
    gw_x86_immediate(x, true, X_ADD, RSP, 8);
    gw_x86_byte(x, 0xC3);
    gw_x86_bind_short(x, interrupted);
    gw_x86_constant(x, RAX, GWTrap_interrupted);
    gw_x86_bind_short(x, fails);
    gw_x86_immediate(x, true, X_ADD, RSP, 16);
    write_end(x);

    for (int k = 0; k < 2; k++) {
        if (k) native->stubs.callee = HERE();
        else native->stubs.limit = HERE();
        gw_x86_load(x, true, RAX, gw_x86_at(FRAME, -8));
        gw_x86_load(x, true, FRAME, gw_x86_at(FRAME, -24));
        save_state(x);
        write_call(x, k ? gw_helper_enterCallee : gw_native_enter_limited);
        write_end(x);
    }
    native->stubs.end = HERE();
#undef HERE
}

#endif
