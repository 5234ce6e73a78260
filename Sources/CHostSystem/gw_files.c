// Calls of the system that Swift does not see, or that no C library wraps.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "gw_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

int gw_open_beneath(int directory, const char *path, int flags, unsigned mode) {
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = mode,
        // Links of /proc lead anywhere, whatever their text says.
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int gw_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

ptrdiff_t gw_path_of(uint8_t *path, size_t capacity, int file) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    return readlink(link, (char *)path, capacity);
}

bool gw_is_in_procfs(int file) {
    struct statfs system;
    return fstatfs(file, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

uint64_t gw_mount_number(int file) {
#ifdef STATX_MNT_ID
    struct statx status;
    if (statx(file, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0) return 0;
    return status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : 0;
#else
    // A C library whose headers are older than the system's: musl's.
    (void)file;
    return 0;
#endif
}
#else
int gw_open_beneath(int directory, const char *path, int flags, unsigned mode) {
    (void)directory, (void)path, (void)flags, (void)mode;
    errno = ENOSYS;
    return -1;
}

int gw_pipe(int ends[2]) {
    // What another thread starts in between gets them all the same.
    if (pipe(ends) != 0) return -1;
    return fcntl(ends[0], F_SETFD, FD_CLOEXEC) | fcntl(ends[1], F_SETFD, FD_CLOEXEC);
}

ptrdiff_t gw_path_of(uint8_t *path, size_t capacity, int file) {
#ifdef F_GETPATH
    char found[PATH_MAX];
    if (fcntl(file, F_GETPATH, found) == 0) {
        size_t size = strlen(found);
        if (size <= capacity) return (ptrdiff_t)(memcpy(path, found, size), size);
    }
#endif
    (void)path, (void)capacity, (void)file;
    return -1;
}

bool gw_is_in_procfs(int file) {
    (void)file;
    return false;
}

uint64_t gw_mount_number(int file) {
    (void)file;
    return 0;
}
#endif

int gw_lookup_only(void) {
#ifdef O_PATH
    return O_PATH;
#else
    return O_RDONLY;
#endif
}

int gw_poll(struct pollfd *requests, uint32_t count, int64_t nanoseconds) {
#ifdef __linux__
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll(requests, count, nanoseconds < 0 ? NULL : &limit, NULL);
#else
    // Rounded up, so that a time has passed when it is looked at next.
    int64_t milliseconds = nanoseconds < 0 ? -1 : nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
    return poll(requests, count, milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds);
#endif
}
