// What the parts of CSupport share about the dispatch loop; not for Swift.
#ifndef GW_INTERPRETER_H
#define GW_INTERPRETER_H

#include "gw_machine.h"

/// Places in the machine code of a loop.
typedef struct gw_loop_places {
    /// The handlers by opcode, then `fault`, `interruption` and `registers`, as offsets from `first`.
    const int32_t *handlers;
    uintptr_t first, last;
} gw_loop_places;

/// Runs from `pc` until the frame that began at `fp` returns. With a null `pc` writes its places to `fp`.
GWTrap gw_loop_guarded(GWMachine *m, GWInstance *inst, const uint32_t *pc, uint64_t *fp);
GWTrap gw_loop_checked(GWMachine *m, GWInstance *inst, const uint32_t *pc, uint64_t *fp);
/// The places of a loop; found once.
const gw_loop_places *gw_places(bool checked);

/// Has the callee of the direct call at `pc` lowered and writes the call's target, there and to `target`; false with a trap.
bool gw_resolve_call(GWMachine *m, GWInstance *inst, const uint32_t *pc, bool zero, int32_t *target);
/// Lowers the function if that has not been done; returns its code or null with a trap.
const uint32_t *gw_resolve(GWMachine *m, GWFunction *function, bool zero);
/// A function of an instance, imported or its own, by its index in the module.
static inline GWFunction *gw_function(const GWInstance *instance, uint32_t index) {
    return index < instance->import_count ? instance->imports[index]
                                          : &instance->functions[index - instance->import_count];
}
/// Calls a function that is not of the running instance: another's, or the host's. Arguments and results lie at `slots`.
/// The state must have been saved. Returns GWTrap_none or why the execution must end.
GWTrap gw_call_out(GWMachine *m, GWInstance *inst, GWFunction *function, uint64_t *slots);

/// The machine whose loop this thread is in, or null; and whether it is inside the loop itself rather than in
/// something that the loop called.
extern _Thread_local GWMachine *gw_running;
#ifdef GW_PROFILE
/// Counts the execution of the instruction with this handler, and the pair that it makes with the one before.
void gw_profile_count(int32_t handler, bool checked);
#endif

/// The signal that an interruption sends: ignored by default, so that a late one does no harm.
#define GW_SIGNAL SIGURG
/// Prepares the process's signal handlers; once.
void gw_signals_install(void);
/// Announces a guarded memory to the signal handlers, or takes it back.
bool gw_signals_add(const void *base, uint64_t size);
void gw_signals_remove(const void *base);

#endif
