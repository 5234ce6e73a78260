// Lets the system refuse this process what machine code needs, for good; and makes processes.
#ifndef NATIVE_REFUSALS_H
#define NATIVE_REFUSALS_H

#include <stdbool.h>
#include <sys/types.h>

/// What the system is to refuse.
typedef enum NativeRefusal {
    /// Memory objects (`memfd_create`).
    NativeRefusal_memoryObjects,
    /// Any mapping that can be executed, as hardened systems do.
    NativeRefusal_executableMappings,
    /// Mappings that are writable and executable, or become executable that were writable: what Linux itself calls
    /// memory-deny-write-execute.
    NativeRefusal_writeAndExecute,
} NativeRefusal;

/// Has it refused from now on; false where the system does not know how.
bool native_refuse(NativeRefusal what);

/// fork(), which Swift does not let be called.
pid_t native_fork(void);

#endif
