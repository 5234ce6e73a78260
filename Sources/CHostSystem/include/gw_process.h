// Runs a command as a process of its own, and says what it took.
#ifndef GW_PROCESS_H
#define GW_PROCESS_H

#include <stdint.h>

/// What a process took, and how it ended.
typedef struct {
    /// From before the process was made until after its end, in nanoseconds.
    int64_t wall;
    /// Processor time of the process and of those that it waited for, in nanoseconds.
    int64_t user;
    int64_t system;
    /// The peak of its resident memory, in bytes.
    int64_t memory;
    /// Its exit code, or 128 and the signal that ended it.
    int32_t code;
    /// Why it could not be started, as an error number; 0 if it was.
    int32_t failure;
    /// The signal that came to the caller meanwhile and was passed on: SIGALRM if the time was up; 0 if none came.
    int32_t signal;
} GWProcessRun;

/// Runs a command to its end.
///
/// @param words The command, which is looked for in PATH, and its arguments; the last one is NULL.
/// @param environment Its variables, as NAME=VALUE; the last one is NULL.
/// @param descriptors What become its standard input, output and error.
/// @param timeout Seconds after which it is killed; 0 for never.
GWProcessRun gw_process_run(
    char *const *words, char *const *environment, const int32_t descriptors[3], double timeout);

#endif
