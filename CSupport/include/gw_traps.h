// The reasons for which an execution ends before its time, made from gw_traps.def.
#ifndef GW_TRAPS_H
#define GW_TRAPS_H

#include <stdint.h>

/// Why an execution ended; 0 is "it did not".
typedef enum __attribute__((enum_extensibility(closed))) GWTrap : uint8_t {
    GWTrap_none,
#define GW_TRAP(name, message) GWTrap_##name,
#include "gw_traps.def"
#undef GW_TRAP
    GWTrap_count,
} GWTrap;

/// The specification's wording for a trap.
const char *gw_trap_message(GWTrap trap);

#endif
