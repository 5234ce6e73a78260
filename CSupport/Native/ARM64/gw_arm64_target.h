// arm64 for the compiler: which registers there are, and for what.
//
//     x28  the first byte of linear memory
//     x27  the register global, zero-extended
//     x23  the sum of both: the word of Go's stack at n is [x23, n], which has no other form of one instruction
//     x26  the instance's globals
//     x25  the frame: slot n is [x25, 8 n]
//     x24  the machine
//     x22  what to add to a cell's address for that of its word in the map
//     x21  the first byte of all machine code
//
// x14 to x17 are scratch within an instruction, x17 within each function of the assembler. x18 is the system's, x29 and
// x30 are C's. The others hold slots, as do v2 to v7 and v16 to v29; v0, v1, v30 and v31 are scratch, and vectors. (The
// low halves of v8 to v15 would have to be kept for C.)
#ifndef GW_ARM64_TARGET_H
#define GW_ARM64_TARGET_H

#include "gw_arm64.h"

enum { MEMORY = X28, SP = X27, STACK = X23, GLOBALS = X26, FRAME = X25, MACHINE = X24, MAP = X22, RUN = X21 };
// Scratch: two operands, an address or the instruction that a stub is told of, and the assembler's own.
enum { T0 = X14, T1 = X15, ADDRESS = X16, TEMPORARY = GW_ARM64_TEMPORARY };
// The registers that hold slots, a bit each; all registers of a kind have numbers below the count.
#define INTEGERS (0x3FFFu | 1u << X19 | 1u << X20)
#define FLOATS (0x3FFF00FCu)
enum { GW_REGISTER_COUNT = 32 };

typedef gw_arm64 gw_assembler;
typedef GWARM64Condition gw_condition;

/// The address at which what is written next runs.
static inline uintptr_t gw_here(const gw_arm64 *x) { return gw_arm64_here(x); }

// --- Slots ---

static inline void gw_store_slot(gw_arm64 *x, bool is_float, int r, uint32_t slot) {
    gw_arm64_access(x, is_float ? A_STR_D : A_STR64, r, gw_arm64_at(FRAME, (int64_t)slot * 8));
}
static inline void gw_load_slot(gw_arm64 *x, bool is_float, int r, uint32_t slot) {
    gw_arm64_access(x, is_float ? A_LDR_D : A_LDR64, r, gw_arm64_at(FRAME, (int64_t)slot * 8));
}
/// From a register to another of its kind, and to one of the other kind.
static inline void gw_copy(gw_arm64 *x, bool is_float, int to, int from) {
    if (is_float) gw_arm64_float_unary(x, A_FMOV, true, to, from);
    else gw_arm64_move(x, true, to, from);
}
static inline void gw_copy_to_integer(gw_arm64 *x, int to, int from) { gw_arm64_bits_to_integer(x, to, from); }
static inline void gw_copy_to_float(gw_arm64 *x, int to, int from) { gw_arm64_bits_to_float(x, to, from); }

// --- Jumps to places that are not known yet: each returns where it stands ---

static inline uint8_t *gw_jump(gw_arm64 *x) { return gw_arm64_jump(x); }
/// Those with a condition reach 1 MiB; where that is not enough, they jump over one without.
static inline uint8_t *gw_jump_if(gw_arm64 *x, GWARM64Condition condition, bool is_far) {
    if (!is_far) return gw_arm64_jump_if(x, condition);
    uint8_t *over = gw_arm64_jump_if(x, condition ^ 1);
    uint8_t *place = gw_arm64_jump(x);
    gw_arm64_bind(over, x->at);
    return place;
}
static inline uint8_t *gw_jump_zero(gw_arm64 *x, bool is_zero, bool wide, int r, bool is_far) {
    if (!is_far) return gw_arm64_jump_zero(x, is_zero, wide, r);
    uint8_t *over = gw_arm64_jump_zero(x, !is_zero, wide, r);
    uint8_t *place = gw_arm64_jump(x);
    gw_arm64_bind(over, x->at);
    return place;
}
/// Lets a jump lead to an address that code is written at; false where it does not reach it.
static inline bool gw_bind(uint8_t *place, const uint8_t *target) { return gw_arm64_bind(place, target); }

#endif
