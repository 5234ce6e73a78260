// x86-64 for the compiler: which registers there are, and for what.
//
//     r15  the first byte of linear memory
//     r14  the register global, zero-extended
//     r13  the instance's globals
//     r12  the frame: slot n is [r12 + 8 n]
//     rbp  the machine
//
// rax, rcx and rdx are scratch within an instruction; the others, and xmm2 to xmm15, hold slots. xmm0 and xmm1 are
// scratch, and vectors.
#ifndef GW_X86_TARGET_H
#define GW_X86_TARGET_H

#include "gw_x86.h"

enum { MEMORY = R15, SP = R14, GLOBALS = R13, FRAME = R12, MACHINE = RBP };
// The registers that hold slots, a bit each; all registers of a kind have numbers below the count.
#define INTEGERS ((1u << RBX) | (1u << RSI) | (1u << RDI) | (1u << R8) | (1u << R9) | (1u << R10) | (1u << R11))
#define FLOATS 0xFFFCu
enum { GW_REGISTER_COUNT = 16 };

typedef gw_x86 gw_assembler;
typedef GWX86Condition gw_condition;

/// The address at which what is written next runs.
static inline uintptr_t gw_here(const gw_x86 *x) { return gw_x86_here(x); }

// --- Slots ---

static inline void gw_store_slot(gw_x86 *x, bool is_float, int r, uint32_t slot) {
    gw_x86_memory m = gw_x86_at(FRAME, (int32_t)(slot * 8));
    if (is_float) gw_x86_memory_op(x, 0xF2, false, 0x0F11, r, m, false);
    else gw_x86_store(x, true, r, m);
}
static inline void gw_load_slot(gw_x86 *x, bool is_float, int r, uint32_t slot) {
    gw_x86_memory m = gw_x86_at(FRAME, (int32_t)(slot * 8));
    if (is_float) gw_x86_memory_op(x, 0xF2, false, 0x0F10, r, m, false);
    else gw_x86_load(x, true, r, m);
}
/// From a register to another of its kind, and to one of the other kind.
static inline void gw_copy(gw_x86 *x, bool is_float, int to, int from) {
    if (is_float) gw_x86_register_op(x, 0, false, 0x0F28, to, from, false);
    else gw_x86_move(x, true, to, from);
}
static inline void gw_copy_to_integer(gw_x86 *x, int to, int from) {
    gw_x86_register_op(x, 0x66, true, 0x0F7E, from, to, false);
}
static inline void gw_copy_to_float(gw_x86 *x, int to, int from) {
    gw_x86_register_op(x, 0x66, true, 0x0F6E, to, from, false);
}

// --- Jumps to places that are not known yet: each returns where the distance is to be written ---

static inline uint8_t *gw_jump(gw_x86 *x) { return gw_x86_jump(x); }
/// (Every jump reaches everything here.)
static inline uint8_t *gw_jump_if(gw_x86 *x, GWX86Condition condition, bool is_far) {
    (void)is_far;
    return gw_x86_jump_if(x, condition);
}
/// Lets a jump lead to an address that code is written at; false where it does not reach it.
static inline bool gw_bind(uint8_t *place, const uint8_t *target) {
    gw_x86_bind(place, target);
    return true;
}

#endif
