// What the files of the native tier share.
#ifndef GW_NATIVE_INTERNAL_H
#define GW_NATIVE_INTERNAL_H

#include <sys/types.h>

#include "gw_native.h"

#if defined(__APPLE__)
#include <TargetConditionals.h>
#endif

/// Whether there are templates for this processor, on a system that lets programs make machine code. (iOS does not.)
#if (defined(__x86_64__) || defined(__aarch64__)) && !(defined(__APPLE__) && TARGET_OS_IPHONE)
#define GW_NATIVE_TARGET 1
#else
#define GW_NATIVE_TARGET 0
#endif

/// Where machine code begins that was made of the instruction at a cell.
typedef struct gw_native_place {
    /// From the first byte of all machine code on.
    uint32_t offset;
    uint32_t cell : 30;
    /// A gw_native_transit.
    uint32_t transit : 2;
} gw_native_place;

/// Where the frame is another function's already than the instruction at the cell.
typedef enum gw_native_transit {
    gw_native_settled,
    /// In a call behind the change of the frame: its header says where the call is, and in which frame.
    gw_native_entered,
    /// In a return behind it: the register for cells has where the caller goes on.
    gw_native_left,
} gw_native_transit;

/// A function that has been compiled.
typedef struct gw_native_function {
    /// Its machine code: bytes from the first one of all on.
    uint32_t begin, end;
    uint32_t index;
    /// What its instructions became, in the order of the code.
    uint32_t place_count;
    const gw_native_place *places;
} gw_native_function;

/// Pieces of machine code that all functions use: where they begin, from the first byte on.
typedef struct gw_native_stubs {
    /// The function `GWTrap enter(GWMachine *, const void *code)`, which runs machine code until it leaves.
    uint32_t enter;
    /// Ends with a trap: its number in ecx, the instruction in rax.
    uint32_t trap;
    /// Calls a gw_helper function, in rcx, for the instruction in rax, and comes back if it succeeds.
    uint32_t helper;
    /// A callee beyond the stack's limit, and one without machine code: the header of its frame is written.
    uint32_t limit, callee;
    /// Where bodies of functions begin.
    uint32_t end;
} gw_native_stubs;

struct GWNative {
    /// The code that it belongs to, once something is compiled.
    GWCode *code;
    uint32_t *arena;
    GWNativeOptions options;
    uint32_t function_count;
    GWNativeStatistics statistics;
    /// The counters that have begun once more, and how many of them.
    uint32_t deferred[GW_NATIVE_PATIENCE];
    uint32_t deferred_count;
    /// The address space that everything below lies in.
    uint8_t *reserved;
    uint64_t reserved_size;
    /// Whether memory for machine code has been asked for, and whether there is some.
    bool is_tried, is_ready;
    /// The process that made it: after a fork, the child's code is no longer its own.
    pid_t owner;
    /// For each cell of the arena, the machine code that goes on there: an offset, 0 where there is none. At offset 0
    /// lies what goes on in the loop.
    uint32_t *map;
    /// For each cell whose handler has been replaced by that of `native`, what it was.
    uint32_t *originals;
    /// For each function, what a call with any arguments and one with the constant 0 jumps to.
    uintptr_t *entries[2];
    /// The machine code, as it is run and as it is written: two mappings of one object. Written up to `used`.
    uint8_t *run, *write;
    uint32_t capacity, used;
    gw_native_stubs stubs;
    /// The functions in the order of their code, and how many of them; and each one's number there plus 1, by index.
    gw_native_function *functions;
    uint32_t count;
    uint32_t *numbers;
};

/// Has memory for machine code, with the stubs in it; false where the system gives none.
bool gw_native_begin(GWNative *native);
/// Writes the stubs.
void gw_native_write_stubs(GWNative *native);
/// A call beyond the stack's limit: the callee's header is written, and what a call pushes is pushed. The loop goes on
/// with the callee.
GWTrap gw_native_enter_limited(GWMachine *m);

/// What a compiled function adds to what is there; see gw_native_publish.
typedef struct gw_native_entry {
    uint32_t cell, offset;
} gw_native_entry;
/// Lets a compiled function be entered at places: its code begins at the offset `used` and has `size` bytes. Takes the
/// places over. `any` and `zero` are offsets, 0 where there is none.
void gw_native_publish(
    GWNative *native, gw_native_function function, const gw_native_entry *entries, uint32_t entry_count,
    uint32_t general, uint32_t fresh);

/// Makes machine code of a function; see gw_native_compile. Returns false where it cannot.
bool gw_native_emit(
    GWNative *native, const GWModuleShape *shape, uint32_t function, uint32_t first, uint32_t end, uint32_t slots);

/// The code that an address belongs to, and what is there; null where it belongs to no function's machine code. For
/// signal handlers.
const GWNative *gw_native_find(uintptr_t address, gw_native_place *place);

#endif
