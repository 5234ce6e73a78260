// An assembler for x86-64: the encodings that the compiler uses (Intel 64 and IA-32 Architectures Software Developer's
// Manual, volume 2, chapter 2: instruction format).
//
// Instructions are written at `at`, and belong at `at + distance`: the pages that are written are not those that run
// (see gw_native_memory.c). The buffer's room is looked at once an instruction of bytecode, not here.
#ifndef GW_X86_H
#define GW_X86_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/// The integer registers, by their numbers in encodings. Floating-point registers are numbers from 0 to 15, too.
typedef enum GWX86Register {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
} GWX86Register;

/// Condition codes, by their numbers in encodings.
typedef enum GWX86Condition {
    CC_O = 0, CC_NO = 1, CC_B = 2, CC_AE = 3, CC_E = 4, CC_NE = 5, CC_BE = 6, CC_A = 7, CC_S = 8, CC_NS = 9, CC_P = 10,
    CC_NP = 11, CC_L = 12, CC_GE = 13, CC_LE = 14, CC_G = 15,
} GWX86Condition;

/// What is written, and where it goes.
typedef struct gw_x86 {
    uint8_t *at;
    /// What to add to the address that is written for the one that it runs at.
    intptr_t distance;
} gw_x86;

enum { NO_REGISTER = -1, RIP_RELATIVE = -2 };

/// A memory operand: base + (index << scale) + displacement, or the address `target` relative to the next instruction.
typedef struct gw_x86_memory {
    int base, index, scale;
    int32_t displacement;
    uintptr_t target;
} gw_x86_memory;

static inline gw_x86_memory gw_x86_at(int base, int32_t displacement) {
    return (gw_x86_memory){base, NO_REGISTER, 0, displacement, 0};
}
static inline gw_x86_memory gw_x86_indexed(int base, int index, int scale, int32_t displacement) {
    return (gw_x86_memory){base, index, scale, displacement, 0};
}
/// Not for instructions with an immediate behind the operand.
static inline gw_x86_memory gw_x86_absolute(uintptr_t target) {
    return (gw_x86_memory){RIP_RELATIVE, NO_REGISTER, 0, 0, target};
}

static inline void gw_x86_byte(gw_x86 *x, unsigned byte) { *x->at++ = (uint8_t)byte; }
static inline void gw_x86_word32(gw_x86 *x, uint32_t word) {
    memcpy(x->at, &word, sizeof word);
    x->at += sizeof word;
}
static inline void gw_x86_word64(gw_x86 *x, uint64_t word) {
    memcpy(x->at, &word, sizeof word);
    x->at += sizeof word;
}
/// The address at which what is written next runs.
static inline uintptr_t gw_x86_here(const gw_x86 *x) { return (uintptr_t)x->at + (uintptr_t)x->distance; }

/// Whether a number is a sign-extended one of 32 bits.
static inline bool gw_x86_fits32(int64_t number) { return number == (int32_t)number; }
static inline bool gw_x86_fits8(int32_t number) { return number == (int8_t)number; }

// Opcodes of two bytes (0F xx) are written as 0x0Fxx, those of three (0F 38 xx, 0F 3A xx) as 0x0F38xx, 0x0F3Axx.
static inline void gw_x86_opcode(gw_x86 *x, unsigned opcode) {
    if (opcode > 0xFFFF) gw_x86_byte(x, opcode >> 16);
    if (opcode > 0xFF) gw_x86_byte(x, opcode >> 8 & 0xFF);
    gw_x86_byte(x, opcode & 0xFF);
}

/// An instruction with a register and a memory operand. `prefix`: 0, 0x66, 0xF2 or 0xF3; `wide`: 64 bits; `reg`: a
/// register, or the digit that is part of the opcode; `bytes`: whether `reg` is a register of 8 bits.
static inline void gw_x86_memory_op(
    gw_x86 *x, unsigned prefix, bool wide, unsigned opcode, int reg, gw_x86_memory m, bool bytes) {
    if (prefix) gw_x86_byte(x, prefix);
    unsigned rex = (unsigned)wide << 3 | (unsigned)(reg >> 3 & 1) << 2;
    if (m.index >= 0) rex |= (unsigned)(m.index >> 3 & 1) << 1;
    if (m.base >= 0) rex |= (unsigned)(m.base >> 3 & 1);
    if (rex || (bytes && reg >= RSP)) gw_x86_byte(x, 0x40 | rex);
    gw_x86_opcode(x, opcode);
    unsigned digit = (unsigned)(reg & 7) << 3;
    if (m.base == RIP_RELATIVE) {
        gw_x86_byte(x, digit | 5);
        gw_x86_word32(x, (uint32_t)(m.target - (gw_x86_here(x) + 4)));
        return;
    }
    if (m.base < 0) {
        // No base: a displacement of 32 bits behind an index byte.
        gw_x86_byte(x, digit | 4);
        gw_x86_byte(x, (unsigned)m.scale << 6 | (unsigned)(m.index < 0 ? 4 : m.index & 7) << 3 | 5);
        gw_x86_word32(x, (uint32_t)m.displacement);
        return;
    }
    // A base of 101 cannot be without a displacement, and one of 100 not without an index byte.
    unsigned mode = m.displacement == 0 && (m.base & 7) != 5 ? 0 : gw_x86_fits8(m.displacement) ? 1 : 2;
    if (m.index >= 0 || (m.base & 7) == 4) {
        gw_x86_byte(x, mode << 6 | digit | 4);
        gw_x86_byte(
            x, (unsigned)m.scale << 6 | (unsigned)(m.index < 0 ? 4 : m.index & 7) << 3 | (unsigned)(m.base & 7));
    } else {
        gw_x86_byte(x, mode << 6 | digit | (unsigned)(m.base & 7));
    }
    if (mode == 1) gw_x86_byte(x, (uint8_t)m.displacement);
    else if (mode == 2) gw_x86_word32(x, (uint32_t)m.displacement);
}

/// The same with a register in place of memory; `bytes`: whether any of the two is a register of 8 bits.
static inline void gw_x86_register_op(
    gw_x86 *x, unsigned prefix, bool wide, unsigned opcode, int reg, int other, bool bytes) {
    if (prefix) gw_x86_byte(x, prefix);
    unsigned rex = (unsigned)wide << 3 | (unsigned)(reg >> 3 & 1) << 2 | (unsigned)(other >> 3 & 1);
    if (rex || (bytes && (reg >= RSP || other >= RSP))) gw_x86_byte(x, 0x40 | rex);
    gw_x86_opcode(x, opcode);
    gw_x86_byte(x, 0xC0 | (unsigned)(reg & 7) << 3 | (unsigned)(other & 7));
}

// --- Instructions that have a short name ---

static inline void gw_x86_move(gw_x86 *x, bool wide, int to, int from) {
    // A move of 32 bits to itself clears the high half.
    if (to != from || !wide) gw_x86_register_op(x, 0, wide, 0x8B, to, from, false);
}
static inline void gw_x86_load(gw_x86 *x, bool wide, int to, gw_x86_memory m) {
    gw_x86_memory_op(x, 0, wide, 0x8B, to, m, false);
}
static inline void gw_x86_store(gw_x86 *x, bool wide, int from, gw_x86_memory m) {
    gw_x86_memory_op(x, 0, wide, 0x89, from, m, false);
}
static inline void gw_x86_address(gw_x86 *x, bool wide, int to, gw_x86_memory m) {
    gw_x86_memory_op(x, 0, wide, 0x8D, to, m, false);
}
/// A constant to a register; leaves the flags as they are.
static inline void gw_x86_constant(gw_x86 *x, int to, uint64_t number) {
    if (number <= UINT32_MAX) {
        if (to >= R8) gw_x86_byte(x, 0x41);
        gw_x86_byte(x, 0xB8 | (unsigned)(to & 7));
        gw_x86_word32(x, (uint32_t)number);
    } else if (gw_x86_fits32((int64_t)number)) {
        gw_x86_register_op(x, 0, true, 0xC7, 0, to, false);
        gw_x86_word32(x, (uint32_t)number);
    } else {
        gw_x86_byte(x, 0x48 | (to >= R8));
        gw_x86_byte(x, 0xB8 | (unsigned)(to & 7));
        gw_x86_word64(x, number);
    }
}
/// Makes a register 0; changes the flags.
static inline void gw_x86_clear(gw_x86 *x, int to) { gw_x86_register_op(x, 0, false, 0x33, to, to, false); }

/// The operations of opcodes 80 to 83, by their digits.
typedef enum GWX86Arithmetic { X_ADD, X_OR, X_ADC, X_SBB, X_AND, X_SUB, X_XOR, X_CMP } GWX86Arithmetic;
static inline void gw_x86_immediate(gw_x86 *x, bool wide, GWX86Arithmetic op, int to, int32_t number) {
    bool is_short = gw_x86_fits8(number);
    gw_x86_register_op(x, 0, wide, is_short ? 0x83 : 0x81, (int)op, to, false);
    if (is_short) gw_x86_byte(x, (uint8_t)number);
    else gw_x86_word32(x, (uint32_t)number);
}
static inline void gw_x86_memory_immediate(gw_x86 *x, bool wide, GWX86Arithmetic op, gw_x86_memory m, int32_t number) {
    bool is_short = gw_x86_fits8(number);
    gw_x86_memory_op(x, 0, wide, is_short ? 0x83 : 0x81, (int)op, m, false);
    if (is_short) gw_x86_byte(x, (uint8_t)number);
    else gw_x86_word32(x, (uint32_t)number);
}
/// The opcode of `op register, register or memory`.
static inline unsigned gw_x86_arithmetic(GWX86Arithmetic op) { return (unsigned)op << 3 | 3; }
static inline void gw_x86_test(gw_x86 *x, bool wide, int reg) {
    gw_x86_register_op(x, 0, wide, 0x85, reg, reg, false);
}
static inline void gw_x86_set(gw_x86 *x, GWX86Condition condition, int to) {
    gw_x86_register_op(x, 0, false, 0x0F90u | condition, 0, to, true);
    gw_x86_register_op(x, 0, false, 0x0FB6, to, to, true);
}

// Jumps to places that are not known yet: each returns where the distance of 32 (or 8) bits is to be written.
static inline uint8_t *gw_x86_jump(gw_x86 *x) {
    gw_x86_byte(x, 0xE9);
    gw_x86_word32(x, 0);
    return x->at - 4;
}
static inline uint8_t *gw_x86_jump_if(gw_x86 *x, GWX86Condition condition) {
    gw_x86_byte(x, 0x0F);
    gw_x86_byte(x, 0x80u | condition);
    gw_x86_word32(x, 0);
    return x->at - 4;
}
static inline uint8_t *gw_x86_short_jump_if(gw_x86 *x, GWX86Condition condition) {
    gw_x86_byte(x, 0x70u | condition);
    gw_x86_byte(x, 0);
    return x->at - 1;
}
static inline uint8_t *gw_x86_short_jump(gw_x86 *x) {
    gw_x86_byte(x, 0xEB);
    gw_x86_byte(x, 0);
    return x->at - 1;
}
/// Lets a short jump lead to what is written next.
static inline void gw_x86_bind_short(gw_x86 *x, uint8_t *place) { *place = (uint8_t)(x->at - (place + 1)); }
/// Lets a jump lead to an address that code is written at.
static inline void gw_x86_bind(uint8_t *place, const uint8_t *target) {
    int32_t distance = (int32_t)(target - (place + 4));
    memcpy(place, &distance, sizeof distance);
}
static inline void gw_x86_jump_to(gw_x86 *x, uintptr_t target) {
    gw_x86_byte(x, 0xE9);
    gw_x86_word32(x, (uint32_t)(target - (gw_x86_here(x) + 4)));
}
static inline void gw_x86_call_to(gw_x86 *x, uintptr_t target) {
    gw_x86_byte(x, 0xE8);
    gw_x86_word32(x, (uint32_t)(target - (gw_x86_here(x) + 4)));
}

#endif
