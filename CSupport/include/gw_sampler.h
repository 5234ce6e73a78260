// Samples of where a guest is, taken by a timer.
#ifndef GW_SAMPLER_H
#define GW_SAMPLER_H

#include "gw_go_stack.h"
#include "gw_machine.h"

/// A place on a sampled stack.
typedef struct GWSamplePlace {
    /// The cell in the code arena; for all but the innermost place, of a call instruction. Of a caller on Go's stack,
    /// the index of the function.
    uint32_t cell;
    /// Of a caller on Go's stack: the block of the return address.
    uint16_t block;
    /// Which of the sampler's codes it is in, and what kind of place it is.
    uint8_t code;
    /// GWSample_…
    uint8_t kind;
} GWSamplePlace;

enum {
    /// In the guest's code, in the loop.
    GWSample_guest,
    /// In the guest's machine code.
    GWSample_native,
    /// In what the guest's code calls of the engine: bulk operations, rare vector instructions.
    GWSample_engine,
    /// In what the call instruction called outside of the loop: a host function, or the lowering of a function.
    GWSample_host,
    /// Outside of the guest: the host was not called by it.
    GWSample_outside,
    /// In the loop, but the state was not to be found.
    GWSample_unknown,
    /// The outer frames of a stack that is deeper than can be recorded.
    GWSample_cut,
    /// A caller that was found on Go's stack.
    GWSample_goCaller,
};

/// A node of the tree of stacks: a place, below its caller.
typedef struct GWSampleNode {
    /// The caller's node; 0 for the outermost frames.
    uint32_t caller;
    /// How many periods were spent in exactly this place.
    uint32_t periods;
    GWSamplePlace place;
} GWSampleNode;

/// The result: `nodes[1...]`, callers before their callees.
typedef struct GWSamples {
    const GWSampleNode *nodes;
    uint32_t count;
    /// Periods that found no room in the tree.
    uint32_t lost;
} GWSamples;

/// The most codes that a sampler tells apart.
#define GW_SAMPLER_CODES 256

/// Starts sampling the executions of `machine` on this thread, each `nanoseconds` of processor time that the thread
/// uses. Returns 0 or an error number: EBUSY until the one who started it last has released it.
int gw_sampler_start(const GWMachine *machine, uint64_t nanoseconds);
/// Tells the sampler of code that the machine may execute; returns its number, or -1 where there is no room.
///
/// With `stacks`, the callers of its functions are looked for on Go's stack in `instance`; not where several instances
/// share a code.
int gw_sampler_add_code(const GWCode *code, const GWInstance *instance, const GWGoStacks *stacks);
/// Ends sampling; what it returns stays until the release.
GWSamples gw_sampler_stop(void);
/// Gives the sampler back, which has been stopped.
void gw_sampler_release(void);

#endif
