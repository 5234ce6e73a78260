// Machine code made of bytecode: what the rest of the engine asks for.
//
// The loop runs every function first. Where one turns out to be hot it is compiled: machine code is made of its
// bytecode (see Native/gw_native_compiler.h), and at the places where the loop may go over to it the handler in the
// cell is replaced by that of `native`. All that has no machine code goes on in the loop.
#ifndef GW_NATIVE_H
#define GW_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "gw_machine.h"
#include "gw_verifier.h"

/// The machine code of a module's functions, shared by its instances as their bytecode is.
typedef struct GWNative GWNative;

/// What is compiled, and where it is entered.
typedef struct GWNativeOptions {
    /// How many times a function is entered, or a loop of it begun anew, until it is compiled; 0 compiles each when it
    /// is lowered.
    uint32_t threshold;
    /// The first `patience` counters that reach 0 begin once more, with `deferral`: what only a program's start is hot
    /// in is not worth compiling. (At most GW_NATIVE_PATIENCE.)
    uint32_t patience, deferral;
    /// Where it is not 0: the seed of a coin that is thrown for each function and each place at which the loop could go
    /// over to machine code. For tests.
    uint32_t coin;
    /// The most bytes of machine code, in steps of 64 KiB; 0 for as many as there can be. For tests.
    uint32_t capacity;
} GWNativeOptions;
#define GW_NATIVE_PATIENCE 128

/// What machine code there is, and what it has cost.
typedef struct GWNativeStatistics {
    /// Functions that were compiled, and those that could not be.
    uint32_t functions, refused;
    /// The bytes of machine code, and the instructions of bytecode that it is made of.
    uint64_t bytes, instructions;
    /// The time that compiling took, in nanoseconds.
    uint64_t nanoseconds;
    /// How often the loop has gone over to machine code.
    uint64_t entries;
    /// Whether the system gave memory for machine code.
    bool is_refused;
} GWNativeStatistics;

/// Whether machine code can be made for this processor and system.
bool gw_native_is_possible(void);

/// Prepares for the machine code of `function_count` functions, imported ones included, whose bytecode takes at most
/// `arena_bytes`: reserves address space, with the arena in it. Null where machine code cannot be made, or the system
/// gives no address space. Memory that can be executed is asked for when the first function is compiled.
///
/// For memories with guard pages only: the code compares no addresses.
GWNative *gw_native_create(uint64_t arena_bytes, uint32_t function_count, GWNativeOptions options);
/// The arena, whose cells are 0.
uint32_t *gw_native_arena(const GWNative *native);
/// Gives everything back, the arena included.
void gw_native_destroy(GWNative *native);

/// Compiles a function whose bytecode are the cells from `first` up to `end`, with a frame of `slots`, if that has not
/// been done. One thread of the process at a time, for each `code`.
void gw_native_compile(
    GWCode *code, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots);

/// What a counter that has reached 0 is to begin with again, where its function is not to be compiled yet; otherwise 0.
uint32_t gw_native_defer(const GWCode *code, uint32_t cell);

/// What has been compiled of `code`; zeros where nothing can be.
GWNativeStatistics gw_native_statistics(const GWCode *code);

/// A function's machine code, for those who read it; null where there is none. `*size` becomes its bytes.
const uint8_t *gw_native_code(const GWCode *code, uint32_t function, uint64_t *size);
/// The cell that the machine code at an offset in that of `function` was made of, and the offset of what was made of
/// the next one.
uint32_t gw_native_cell(const GWCode *code, uint32_t function, uint64_t offset, uint64_t *next);

/// The handler that a cell of the arena, in which `value` was found, had before it was replaced by `native`; otherwise
/// `value`.
uint32_t gw_native_handler(const GWCode *code, const uint32_t *cell, uint32_t value);
/// Copies cells of the arena, from `first` on, with the handlers that they had before any was replaced by `native`.
void gw_native_original(const GWCode *code, uint32_t first, uint32_t count, uint32_t *cells);

// --- For handlers of signals ---

/// Ends the execution of the thread with this context (of a signal) with a trap, if it is in machine code: false
/// otherwise.
bool gw_native_end(void *context, GWTrap trap);
/// Where the thread with this context is, if it is in machine code: the instruction, the frame and the register global.
/// False otherwise.
bool gw_native_state(void *context, uint64_t *pc, uint64_t *fp, uint64_t *sp);

#endif
