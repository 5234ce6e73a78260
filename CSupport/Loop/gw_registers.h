// The loop's contract: where the state is whenever a handler begins, and what a handler may rely on.
//
// On entry of every handler these values are in these registers, and no other register holds anything that a handler
// reads before it writes it (CodegenTests compute that from the machine code of the loop and demand exactly this list,
// ARM64CodegenTests for that machine):
//
//     pc        the instruction being executed (an even address: cells are 32 bits)
//     fp        the frame: slot n of the function is fp[n]; the callee's frame overlaps the end of the caller's
//     mem       the first byte of linear memory
//     sp        the register global (see gw_opcodes.def), zero-extended
//     inst      the instance, for everything rarer: globals, tables, code
//     m         the machine: stack limit, and where the state is put when the loop is left
//     handlers  the address that the handlers' offsets count from
//
// The stack pointer and the frame pointer are those of the C function, which handlers have nothing in.
//
// A handler
//   - finds nothing else of the handler before it, and may use every other register, vectors' and flags included;
//   - changes pc, fp and sp only after its last access to memory, because an access may fault and a signal takes the
//     state from these registers then (a pair of instructions moves pc on in its middle: what faults behind that is the
//     second instruction's; PUSH in gw_interpreter.c stores before it changes sp);
//   - never changes mem, inst, m and handlers (mem on its way out of the handlers only, as on arm64): mem and inst are
//     read again after what helpers do, the two others stay what they are;
//   - calls nothing, and leaves the stack alone: see INTERRUPTION in gw_interpreter.c.
//
// Nobody can tell a C compiler which registers to take. So the list says what the compiler does that the loop is
// shipped with (clang at -O2), and its use is that a change is noticed: a constant that the compiler finds worth a
// register over all handlers costs each of them a register (GW_HIDDEN in gw_numeric.h keeps it from that), and a value
// that has gone to the C stack costs a load in each. What must know the registers while a program runs, such as the
// sampler, asks the loop itself (the place `registers`), and so is right with any other choice, too.
#ifndef GW_REGISTERS_H
#define GW_REGISTERS_H

#if defined(__x86_64__)
#define GW_REGISTER_NAME(name) "%" #name
#define GW_REGISTERS_GUARDED(VALUE) \
    VALUE(pc, r10) VALUE(fp, r8) VALUE(mem, rdi) VALUE(sp, r9) VALUE(inst, rsi) VALUE(m, rbx) VALUE(handlers, r14)
#define GW_REGISTERS_CHECKED(VALUE) \
    VALUE(pc, r10) VALUE(fp, rdi) VALUE(mem, r9) VALUE(sp, r8) VALUE(inst, rsi) VALUE(m, rbx) VALUE(handlers, r14)
#elif defined(__aarch64__)
// As the same compiler makes it for Linux (ARM64CodegenTests compile the loop for that and demand this).
#define GW_REGISTER_NAME(name) #name
#define GW_REGISTERS_GUARDED(VALUE) \
    VALUE(pc, x2) VALUE(fp, x3) VALUE(mem, x8) VALUE(sp, x9) VALUE(inst, x1) VALUE(m, x19) VALUE(handlers, x20)
#define GW_REGISTERS_CHECKED(VALUE) \
    VALUE(pc, x2) VALUE(fp, x3) VALUE(mem, x9) VALUE(sp, x8) VALUE(inst, x1) VALUE(m, x19) VALUE(handlers, x20)
#else
#define GW_REGISTER_NAME(name) #name
#define GW_REGISTERS_GUARDED(VALUE)
#define GW_REGISTERS_CHECKED(VALUE)
#endif

#endif
