// Calls of the system that Swift does not see.
#ifndef GW_FILES_H
#define GW_FILES_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Opens a path that must not lead out of a folder: openat2 with RESOLVE_BENEATH.
///
/// Returns -1 with `errno` set; EXDEV where the path leads out, ENOSYS or EPERM where the system has no such call.
int gw_open_beneath(int directory, const char *path, int flags, unsigned mode);

/// Whether an open file is one of Linux's procfs.
bool gw_is_in_procfs(int file);

/// The number of the mount through which a file was opened; 0 where the system does not say.
uint64_t gw_mount_number(int file);

/// Writes the path by which a file was opened, as it is now, without an end; at most `capacity` bytes.
///
/// Returns their number, or -1 where the system does not say.
ptrdiff_t gw_path_of(uint8_t *path, size_t capacity, int file);

/// The flag that opens a file only to say which one is meant, without the right to read it: O_PATH, or reading where
/// there is no such flag.
int gw_lookup_only(void);

/// Makes a pipe whose ends (reading, writing) programs which are started do not get.
///
/// Returns -1 with `errno` set where that fails.
int gw_pipe(int ends[2]);

/// Waits like poll, but with a time in nanoseconds; without end if that is negative.
int gw_poll(struct pollfd *requests, uint32_t count, int64_t nanoseconds);

#endif
