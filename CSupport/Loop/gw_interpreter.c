// The dispatch loop.
//
// 1. STATE. What every handler needs lives in local variables of gw_loop, and so in machine registers: gw_registers.h
// is the contract that says what, in which, and what handlers may do with it.
//
// The handlers' addresses are offsets from the label `first`. `sp` is written back (SAVE) before anything that can
// look at the global from outside: host calls, calls into other instances, traps, the end; and read again behind them
// (RELOAD), with `mem`, which may have changed too.
//
// 2. BOUNDS. This file is compiled twice. The guarded loop makes no bounds checks: a memory reserves 8 GiB and more,
// which no 32-bit address plus 32-bit offset leaves, and what lies beyond its size faults. The handler of SIGSEGV
// (gw_signals.c) then sets the program counter of the thread to the label `fault`. That is sound because a computed
// goto can reach every label from every other, so the compiler keeps the state in the same registers at all of them;
// handlers only change the state after their memory accesses (see PUSH; TrapTests run with the compiled loop), but for
// pc, which a pair of instructions moves on in its middle. The checked loop (gw_interpreter_checked.c) compares every
// address and is for memories without that reservation.
//
// 3. INTERRUPTION. Another thread sets `interrupted` and `stack_limit`, and sends the thread of the loop a signal,
// whose handler moves it to the label `interruption` if it is in a handler. For that, too, the state must be in the
// same registers at every moment of every handler, so no handler calls a function: what calls one is done by a helper,
// called from a single place, after which the flag is looked at (CodegenTests read the machine code of the loop for
// it). Calls test the limit anyway. So a loop in the guest pays nothing.
#include "gw_machine.h"
#include "gw_interpreter.h"
#include "gw_numeric.h"
#include "gw_operands.h"
#include "gw_slots.h"
#include "gw_opcodes.h"
#include "gw_vector.h"

#ifndef GW_CHECKED
#define GW_CHECKED 0
#define GW_LOOP gw_loop_guarded
#endif

// --- Memory ---

// The address that is an operand itself, and those that are made of a slot's value and an operand.
#define ADDRESS_s(row, i) (sp + WORD(row, i))
#define ADDRESS_t(row, i) ((uint64_t)(uint32_t)((uint32_t)sp + WORD(row, i)))
#define ADDRESS_r(value, offset) ((uint64_t)(uint32_t)(value) + (offset))
#define ADDRESS_k(value, summand) ((uint64_t)(uint32_t)((uint32_t)(value) + (summand)))
// Of three operands from the i-th on: a slot, the slot of an index, and how far the index is shifted.
#define ADDRESS_x(row, i) \
    ((uint64_t)(uint32_t)((uint32_t)SLOT(row, i) + ((uint32_t)SLOT(row, (i) + 1) << (NUMBER(row, (i) + 2) & 31))))

// Guest accesses have any alignment and alias everything.
#define ANY(T) __attribute__((aligned(1), may_alias)) T
#if GW_CHECKED
#define CHECK(address, width) \
    do { \
        uint64_t check_ = inst->memory->size; \
        if (__builtin_expect(check_ < (width) || (address) > check_ - (width), 0)) goto out_of_bounds; \
    } while (0)
#else
#define CHECK(address, width) ((void)0)
#endif
#define LOAD(T, address) \
    ({ \
        uint64_t address_ = (address); \
        CHECK(address_, sizeof(T)); \
        typedef ANY(T) any_; \
        *(const any_ *)(mem + address_); \
    })
#define STORE(T, address, value) \
    do { \
        uint64_t address_ = (address); \
        CHECK(address_, sizeof(T)); \
        typedef ANY(T) any_; \
        *(any_ *)(mem + address_) = (T)(value); \
    } while (0)

// --- Control ---

#ifdef GW_PROFILE
// The build that counts which instruction follows which; see gw_profile.c.
#define COUNT() gw_profile_count(*(const int32_t *)(const void *)pc, GW_CHECKED)
#else
#define COUNT() ((void)0)
#endif
#define DISPATCH() \
    do { \
        COUNT(); \
        goto *((const char *)&&first + *(const int32_t *)(const void *)pc); \
    } while (0)
// For arm64, clang moves pc on before an instruction's access to memory: a fault would be taken for the next one's,
// and where that is a call that pushes, the register global would be changed twice.
#if defined(__aarch64__) && !GW_CHECKED
#define KEEP_PC() __asm__ volatile("" : "+r"(pc) : : "memory")
#else
#define KEEP_PC() ((void)0)
#endif
#define GO(cells) \
    do { \
        KEEP_PC(); \
        pc += (cells); \
        DISPATCH(); \
    } while (0)
#define NEXT(row) GO(CELLS(row))
#define JUMP(row, i) GO(DISTANCE(row, i))
#define TRAP(code) \
    do { \
        m->trap = GWTrap_##code; \
        goto trapped; \
    } while (0)

#define SAVE() \
    do { \
        m->pc = pc; \
        m->fp = fp; \
        if (inst->sp_global != UINT32_MAX) inst->globals[inst->sp_global] = sp; \
    } while (0)
#define RELOAD() \
    do { \
        mem = inst->memory ? inst->memory->base : NULL; \
        if (inst->sp_global != UINT32_MAX) sp = inst->globals[inst->sp_global]; \
    } while (0)

// Has the rest of the instruction done by a helper, a C function; the only way in which the loop calls one. (The
// function is told in the machine: a variable would, for the compiler, have to be kept at every computed goto, as one
// may lead there.)
#define CALL_HELPER(function) \
    do { \
        m->callee = (function); \
        goto helper; \
    } while (0)

// The operations that do not trap as functions of what their slots hold.
#define GW_ALU64(name, text, fn, order, low) \
    static inline uint64_t value_##name(uint64_t a, uint64_t b) { return fn(a, b); }
#define GW_ALU64_FULL GW_ALU64
#define GW_ALU64_RI GW_ALU64
#define GW_ALU32(name, text, fn, order) \
    static inline uint64_t value_##name(uint64_t a, uint64_t b) { return fn((uint32_t)a, (uint32_t)b); }
#define GW_BINARY(name, text, T, R, fn) \
    static inline uint64_t value_##name(uint64_t a, uint64_t b) { return BITS_##R(fn(AS_##T(a), AS_##T(b))); }
#define GW_UNARY(name, text, T, R, fn) \
    static inline uint64_t value_##name(uint64_t a) { return BITS_##R(fn(AS_##T(a))); }
#define GW_COMPARE64(name, text, T, operator, negated, swapped) \
    static inline uint64_t value_##name(uint64_t a, uint64_t b) { return (T)a operator(T) b; }
#define GW_COMPARE32 GW_COMPARE64
// What a load or store has in memory; and that, extended to a slot: with the sign that `as` has, but for i32, which
// slots hold zero-extended.
#define GW_LOAD(name, text, wasm, T, as) \
    typedef T memory_##name; \
    static inline uint64_t extend_##name(T loaded) { \
        as value = loaded; \
        return _Generic(value, int32_t: (uint32_t)value, default: (uint64_t)value); \
    }
#define GW_STORE(name, text, wasm, T) typedef T memory_##name;
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"

// Enters the code of the call at pc, whose target is known.
#define ENTER(code) \
    do { \
        const uint32_t *code_ = (code); \
        uint64_t *frame_ = fp + CALL_BASE(); \
        frame_[-1] = (uint64_t)(uintptr_t)pc; \
        frame_[-2] = (uint64_t)(uintptr_t)(pc + CALL_ZERO()); \
        frame_[-3] = (uint64_t)(uintptr_t)fp; \
        fp = frame_; \
        if (__builtin_expect(fp > m->stack_limit, 0)) goto stack_exhausted; \
        pc = code_; \
        DISPATCH(); \
    } while (0)
#define RESOLVE(function) \
    do { \
        if (__builtin_expect(CALL_TARGET() == GW_UNRESOLVED, 0)) CALL_HELPER(function); \
    } while (0)
// Stores, then changes the register global, although the guest does it the other way round: a fault finds the old
// value, and gw_helper_fault makes it the new one. KEEP stops the compiler from moving the state to other registers
// before the store, as it does in handlers as large as these. (For arm64, clang copies what is said to change here, and
// uses the register of `sp` for something else before a load that may fault.)
#if defined(__aarch64__)
#define KEEP() __asm__ volatile("" : : "r"(pc), "r"(fp), "r"(sp) : "memory")
#else
#define KEEP() __asm__ volatile("" : "+r"(pc), "+r"(fp), "+r"(sp) : : "memory")
#endif
// (Hidden, as the sum that three handlers begin with would otherwise be a constant in a register of its own.)
#define PUSHED() (GW_HIDDEN((uint32_t)sp) - GW_PUSH_SIZE)
#define PUSH() \
    do { \
        STORE(uint64_t, (uint64_t)PUSHED(), CALL_IMMEDIATE()); \
        KEEP(); \
        sp = PUSHED(); \
    } while (0)
// Leaves the callee for the instruction behind the call, or for where the result 0 leads to. A return reads the header
// and nothing of the code: loads that depend on loads would make the longest chain of a program that calls much.
#define LEAVE() \
    do { \
        pc = (const uint32_t *)(uintptr_t)fp[-1] + GW_CALL_CELLS; \
        fp = (uint64_t *)(uintptr_t)fp[-3]; \
        DISPATCH(); \
    } while (0)
#define LEAVE_ZERO() \
    do { \
        pc = (const uint32_t *)(uintptr_t)fp[-2]; \
        fp = (uint64_t *)(uintptr_t)fp[-3]; \
        DISPATCH(); \
    } while (0)

// Sanitizers' checks between the accesses would move the state to other registers than a fault must find it in; what
// the helpers do, and everything else, is checked.
__attribute__((noinline, no_sanitize("address", "undefined", "thread"), section(GW_LOOP_SECTION)))
GWTrap GW_LOOP(GWMachine *m, GWInstance *inst, const uint32_t *pc, uint64_t *fp) {
    // The handlers, by opcode: offsets from `first`.
    static const int32_t handlers[] = {
#define GW_ROW(name, ...) (int32_t)((const char *)&&do_##name - (const char *)&&first),
#include "gw_opcode_rows.h"
#undef GW_ROW
        // Not opcodes, but places that the signal handlers jump to: as targets of the computed goto they find
        // the state where the handlers left it; and what they must know not to be handlers.
#define GW_PLACE(name) (int32_t)((const char *)&&name - (const char *)&&first),
        GW_PLACES(GW_PLACE)
#undef GW_PLACE
    };
    if (__builtin_expect(pc == NULL, 0)) {
        gw_loop_places *places = (gw_loop_places *)(void *)fp;
        places->handlers = handlers;
        places->first = (uintptr_t)&&first;
        return GWTrap_none;
    }
    uint8_t *mem = NULL;
    uint64_t sp = 0;
    RELOAD();
    DISPATCH();

first:;
#include "gw_bodies.inc"
#include "gw_handlers_numeric.inc"
#include "gw_handlers_memory.inc"
#include "gw_handlers_control.inc"
#include "gw_handlers_vector.inc"
#include "gw_handlers_pairs.inc"
#define GW_HELPER(name, ...) do_##name : CALL_HELPER(gw_helper_##name);
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"

#if GW_CHECKED
out_of_bounds:
#endif
fault:
    CALL_HELPER(gw_helper_fault);
helper:
    // Behind the call everything but m is read again: the compiler has nothing to keep over it, and so keeps the state
    // in the same registers in all handlers, those included that come here.
    SAVE();
    m->instance = inst;
    m->trap = m->callee(m);
    if (__builtin_expect(m->trap != GWTrap_none, 0)) goto last;
    pc = m->pc;
    fp = m->fp;
    inst = m->instance;
    RELOAD();
    if (__builtin_expect(m->interrupted, 0)) TRAP(interrupted);
    DISPATCH();
stack_exhausted:
    // The state is the caller's: the callee has not begun.
    fp = (uint64_t *)(uintptr_t)fp[-3];
    if (!m->interrupted) CALL_HELPER(gw_helper_limitedCall);
    TRAP(interrupted);
registers : {
    // Where the variables of gw_registers.h are, as the assembler writes it.
    const char *names;
#if defined(__x86_64__)
    __asm__ volatile("leaq 1f(%%rip), %0\n\tjmp 2f\n1:\t.asciz \"%1 %2 %3 %4 %5 %6\"\n2:"
                     : "=&r"(names)
                     : "r"(pc), "r"(fp), "r"(mem), "r"(sp), "r"(inst), "r"(m));
#elif defined(__aarch64__)
    __asm__ volatile("adr %0, 1f\n\tb 2f\n1:\t.asciz \"%1 %2 %3 %4 %5 %6\"\n\t.balign 4\n2:"
                     : "=&r"(names)
                     : "r"(pc), "r"(fp), "r"(mem), "r"(sp), "r"(inst), "r"(m));
#else
    names = "     ";
#endif
    fp[0] = (uint64_t)(uintptr_t)names;
    return GWTrap_none;
}
interruption:
    // In handlers of calls that push, arm64's clang uses the register of `sp` for a host's address once the value has
    // moved on: whatever is there, the global is one of 32 bits.
    sp = (uint32_t)sp;
    m->trap = GWTrap_interrupted;
trapped:
    SAVE();
    m->instance = inst;
last:
    return m->trap;
}
