// Which build of this code is running.
#ifndef GW_BUILD_H
#define GW_BUILD_H

#include <stddef.h>
#include <stdint.h>

/// Copies what the linker has made of the contents of the executable (or library) that this is in, to tell it from all
/// others: the build ID of ELF, the UUID of Mach-O.
///
/// Returns the number of bytes; 0 where there is none, or it has more than `capacity`.
size_t gw_build_id(uint8_t *bytes, size_t capacity);

#endif
