// What the parts of CSupport share about the dispatch loop; not for Swift.
#ifndef GW_INTERPRETER_H
#define GW_INTERPRETER_H

#include "gw_machine.h"
#include "gw_opcodes.h"

/// Places of a loop that are no handlers.
#define GW_PLACES(PLACE) PLACE(fault) PLACE(interruption) PLACE(registers) PLACE(helper) PLACE(trapped) PLACE(last)
#define GW_PLACE(name) GWPlace_##name,
enum { GW_PLACES(GW_PLACE) GWPlace_count };
#undef GW_PLACE

/// Places in the machine code of a loop.
typedef struct gw_loop_places {
    /// The handlers by opcode, then the other places: offsets from `first`.
    const int32_t *handlers;
    uintptr_t first;
    /// The loop itself, before all of its places.
    uintptr_t function;
} gw_loop_places;

// The loops lie in a section of their own, so that it is known what belongs to them: from its first byte to the one
// behind its last.
#if defined(__APPLE__)
#define GW_LOOP_SECTION "__TEXT,gw_loops,regular,pure_instructions"
extern const char gw_loops_start[] __asm("section$start$__TEXT$gw_loops");
extern const char gw_loops_end[] __asm("section$end$__TEXT$gw_loops");
#else
#define GW_LOOP_SECTION "gw_loops"
extern const char gw_loops_start[] __asm("__start_gw_loops");
extern const char gw_loops_end[] __asm("__stop_gw_loops");
#endif
/// Runs from `pc` until the frame that began at `fp` returns. With a null `pc` writes the first two fields of its
/// places to `fp`.
typedef GWTrap gw_loop(GWMachine *m, GWInstance *inst, const uint32_t *pc, uint64_t *fp);
gw_loop gw_loop_guarded, gw_loop_checked;
/// The places of a loop; found once.
const gw_loop_places *gw_places(bool checked);

/// Lowers the function if that has not been done; returns its code or null with a trap.
const uint32_t *gw_resolve(GWMachine *m, GWFunction *function, bool fresh);
/// A function of an instance, imported or its own, by its index in the module.
static inline GWFunction *gw_function(const GWInstance *instance, uint32_t index) {
    return index < instance->import_count ? instance->imports[index]
                                          : &instance->functions[index - instance->import_count];
}
/// Is asked about a call beyond the stack's limit: tells whoever watches the machine's calls that the function is about
/// to be called, where that is why, or returns a trap. Arguments lie at `slots`. The state must have been saved.
GWTrap gw_limited(GWMachine *m, const GWFunction *function, uint64_t *slots);
/// Calls a function that is not of the running instance: another's, or the host's. Arguments and results lie at
/// `slots`. The state must have been saved. Returns GWTrap_none or why the execution must end.
GWTrap gw_call_out(GWMachine *m, GWFunction *function, uint64_t *slots);

/// A helper of the loop (gw_helpers.c): the state is in `m`, before and after.
typedef GWTrap gw_helper(GWMachine *m);
#define GW_HELPER(name, ...) gw_helper gw_helper_##name;
#include "gw_opcodes.def"
#include "gw_opcodes_undef.h"
gw_helper gw_helper_i8x16Shuffle;
/// An access beyond the memory's size: the trap, with the register global as the guest has it.
gw_helper gw_helper_fault;
gw_helper gw_helper_limitedCall, gw_helper_enterCallee;
/// A counter has reached 0.
gw_helper gw_helper_hot;
gw_helper gw_helper_resolveCall, gw_helper_resolveCallFresh, gw_helper_resolveIndirect,
    gw_helper_resolveIndirectFresh, gw_helper_callOther, gw_helper_callOtherFresh;

/// The machine whose guest this thread runs, or a host function of that guest's; null where there is none.
extern _Thread_local GWMachine *gw_running;
#ifdef GW_PROFILE
/// Counts the execution of the instruction with this handler, and the pair that it makes with the one before.
void gw_profile_count(int32_t handler, bool checked);
#endif

/// The signal that an interruption sends: ignored by default, so that a late one does no harm.
#define GW_SIGNAL SIGURG
/// Prepares the process's signal handlers; once.
void gw_signals_install(void);
/// Whether the thread with this context (of a signal) is in a handler of a loop: then the loop's state is in registers.
bool gw_signals_in_handler(void *context);
/// Announces a guarded memory to the signal handlers, or takes it back.
bool gw_signals_add(const void *base, uint64_t size);
void gw_signals_remove(const void *base);

#endif
