// Executes what a thread does one machine instruction at a time.
#ifndef NATIVE_STEPS_H
#define NATIVE_STEPS_H

#include <stdbool.h>
#include <stdint.h>

/// Has the processor stop this thread after each instruction, and counts those stops at which it is in machine code
/// that was made of bytecode, or else in a dispatch loop. At the one of the given number the guest is interrupted,
/// exactly there, and the thread stops no more. (x86-64 and Linux only; elsewhere nothing is done.)
void native_steps_begin(bool in_native, uint64_t number);

/// Ends that; returns how many were counted.
uint64_t native_steps_end(void);

#endif
