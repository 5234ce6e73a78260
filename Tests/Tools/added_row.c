// Uses a form of an instruction that added_row.sh has added to the copy of gw_opcodes.def that this is compiled with:
// i64.xor of a word at (sp + t) mod 2^32 and a slot. Prints what each part of the engine makes of it.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gw_decoder.h"
#include "gw_machine.h"
#include "gw_native.h"
#include "gw_opcodes.h"
#include "gw_verifier.h"

#define FIRST GW_EXIT_CELLS
static uint32_t arena[FIRST + 16];

static uint32_t handler(GWOp op) { return (uint32_t)gw_handlers(true)[op]; }

// The same function as machine code, which is made for memories with guard pages.
static int run_natively(GWOp op, const GWModuleShape *shape, GWMachine *machine) {
    GWMemory memory;
    GWCodeEntry entry = {.general = FIRST, .fresh = FIRST};
    GWNative *native = gw_native_create((FIRST + 16) * sizeof *arena, 1, (GWNativeOptions){0});
    if (!native || !gw_memory_create(&memory, 1, 1, true)) return 1;
    GWCode code = {.arena = gw_native_arena(native), .capacity = FIRST + 16, .entries = &entry, .native = native};
    gw_write_exit(&code);
    code.arena[FIRST] = (uint32_t)gw_handlers(false)[op];
    code.arena[FIRST + 2] = 8;
    code.arena[FIRST + 3] = (uint32_t)gw_handlers(false)[GWOp_return];
    gw_native_compile(&code, shape, 0, FIRST, FIRST + 4, 4);
    uint64_t word = 0xFF00, sp = 16;
    memcpy(memory.base + 24, &word, sizeof word);
    GWInstance instance = {.memory = &memory, .globals = &sp, .code = &code, .machine = machine};
    GWFunction function = {.entry = &entry, .instance = &instance, .slots = 1};
    machine->top[0] = 0x0FF0;
    GWTrap trap = gw_call(machine, &function);
    printf("machine code: %d, %" PRIx64 ", entered %d\n", trap, machine->top[0],
           (int)gw_native_statistics(&code).entries);
    sp = UINT32_MAX - 15;
    printf("machine code, beyond the memory: %s\n", gw_trap_message(gw_call(machine, &function)));
    return 0;
}

int main(void) {
    GWOp op = gw_select_binary(GWWasmOpcode_i64Xor, GWKind_r, GWKind_t, GWKind_r);
    const GWOpInfo *info = &gw_op_info()[op];
    printf("selection: %s\n", info->name);
    printf("row: %s, %d cells, %s, %s\n", info->operands, info->cells,
           info->facts & GWFact_mayTrap ? "may trap" : "cannot trap",
           info->facts & GWFact_commutes ? "commutes" : "does not commute");
    printf("decoder: %s\n", gw_op_info()[gw_opcode(true, handler(op))].name);

    // Slot 0 becomes the exclusive or of the word at sp + 8 and itself; then the function returns it.
    arena[FIRST] = handler(op);
    arena[FIRST + 1] = 0;
    arena[FIRST + 2] = 8;
    arena[FIRST + 3] = handler(GWOp_return);
    GWCodeEntry entry = {.general = FIRST, .fresh = FIRST};
    GWCode code = {.checked = true, .arena = arena, .capacity = FIRST + 16, .entries = &entry};
    gw_write_exit(&code);
    uint32_t type = 0;
    uint16_t slots = 1;
    GWModuleShape shape = {.function_count = 1, .function_types = &type, .type_slots = &slots, .type_numbers = &type,
                           .type_count = 1, .global_cells = 1, .has_memory = true, .has_register_global = true};
    GWVerifierSpace space = {0};
    const char *reason = gw_verify(&code, &shape, 0, FIRST, FIRST + 4, 4, &space).reason;
    printf("verifier: %s\n", reason ? reason : "right");
    arena[FIRST + 1] = 9 << 16;
    reason = gw_verify(&code, &shape, 0, FIRST, FIRST + 4, 4, &space).reason;
    printf("verifier, with slot 9 of 4: %s\n", reason ? reason : "right");
    arena[FIRST + 1] = 0;
    gw_verifier_free(&space);

    GWMemory memory;
    GWMachine *machine = gw_machine_create(4 << 20);
    if (!machine || !gw_memory_create(&memory, 1, 1, false)) return 1;
    uint64_t word = 0xFF00, sp = 16;
    memcpy(memory.base + 24, &word, sizeof word);
    GWInstance instance = {.memory = &memory, .globals = &sp, .code = &code, .machine = machine};
    GWFunction function = {.entry = &entry, .instance = &instance, .slots = 1};
    machine->top[0] = 0x0FF0;
    GWTrap trap = gw_call(machine, &function);
    printf("loop: %d, %" PRIx64 "\n", trap, machine->top[0]);
    sp = UINT32_MAX - 15;
    printf("loop, beyond the memory: %s\n", gw_trap_message(gw_call(machine, &function)));
    return run_natively(op, &shape, machine);
}
