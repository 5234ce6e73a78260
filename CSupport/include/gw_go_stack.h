// Walks the stack of a goroutine in linear memory, in the handler of a signal.
#ifndef GW_GO_STACK_H
#define GW_GO_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What a function of a Go module is to a walk.
enum {
    /// Not of Go's calling convention, or one that changes the stack pointer in other ways: nothing is known of frames.
    GWGo_other,
    /// A function with a return address on Go's stack.
    GWGo_ordinary,
    /// A function that others call without pushing a return address, as for dividing.
    GWGo_helper,
    /// The outermost function of a stack: `goexit`, `mstart`.
    GWGo_outermost,
    /// `morestack` and `mcall`, which go over to another stack: what called them is found in the goroutine, or is not
    /// looked for, as the goroutine does something else.
    GWGo_grower,
    GWGo_switcher,
};

/// A function of a Go module.
typedef struct GWGoFunction {
    /// Where in the tables it is said how many bytes of stack the function has taken, by block; 0 for nowhere.
    uint32_t sizes;
    /// GWGo_…
    uint8_t kind;
    /// Whether its wasm frame may have none on Go's stack, as that of a function that ends with a jump.
    bool may_jump;
} GWGoFunction;

/// A size that was looked up.
typedef struct GWGoSize {
    uint32_t function, block;
    int64_t bytes;
} GWGoSize;
enum { GW_GO_SIZES = 4096 };

/// What is to be known of a module for walking Go's stack; see package runtime's traceback.go.
typedef struct GWGoStacks {
    /// Tables of values by block (runtime.pcvalue).
    const uint8_t *tables;
    uint64_t tables_size;
    /// By index in the module, without the imports.
    GWGoFunction *functions;
    uint32_t import_count, function_count;
    /// The functions that stand for a change of stacks; UINT32_MAX for none.
    uint32_t mstart, systemstack;
    /// Which cell among the instance's globals holds the goroutine.
    uint32_t goroutine_cell;
    /// Where fields are: `stack.lo`, `stack.hi`, `m`, `sched.sp` of a goroutine, `curg` of its thread.
    uint32_t stack_low, stack_high, thread, saved_sp, current;
    /// GW_GO_SIZES sizes that were looked up last.
    GWGoSize *sizes;
} GWGoStacks;

/// A linear memory as it is now.
typedef struct GWGoMemory {
    const uint8_t *base;
    uint64_t size;
} GWGoMemory;

/// A caller on Go's stack.
typedef struct GWGoFrame {
    /// The index in the module.
    uint32_t function;
    /// The block of the return address.
    uint32_t block;
} GWGoFrame;

/// What a function of the module is; GWGo_other for imports and what is none.
GWGoFunction gw_go_function(const GWGoStacks *stacks, uint32_t function);

/// What is known of the callers otherwise: whether `count` of them can be right. `is_cut` as below.
typedef bool GWGoCheck(const void *context, const GWGoFrame *frames, size_t count, bool is_cut);

/// Finds the callers of a function that is being executed, from the innermost outwards to the outermost.
///
/// The function may be anywhere in its code: what it may have taken of the stack is tried, and only if exactly one way
/// leads to the stack's end, by callers that can be right, is it believed. Reads nothing outside of the memory and the
/// tables, whatever they hold.
/// @param sp Go's stack pointer.
/// @param g The goroutine, as the global says.
/// @param frames Room for `capacity` callers, and `scratch` for as many.
/// @param is_cut Becomes whether the stack ends in a function that goes over to another.
/// @return How many there are; SIZE_MAX where they cannot be told.
size_t gw_go_callers(
    const GWGoStacks *stacks, GWGoMemory memory, uint64_t sp, uint64_t g, uint32_t function, GWGoFrame *frames,
    GWGoFrame *scratch, size_t capacity, GWGoCheck *check, const void *context, bool *is_cut);

#endif
