// Runs a command and prints what it took: wall, user and system seconds, peak resident memory in KiB, and the exit code.
//
// usage: measure SECONDS OUTPUT ERRORS COMMAND [arguments]
//
// Standard output and error go to files. A command that runs longer than SECONDS is killed, and has the exit code 124.
// The memory that Linux reports for a process includes what the process had that started it; this program has little.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static pid_t child;
static volatile sig_atomic_t late;

static void kill_child(int signal_number) {
    (void)signal_number;
    late = 1;
    kill(-child, SIGKILL);
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

int main(int count, char **arguments) {
    if (count < 5) return 64;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, arguments[2], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_addopen(&files, 2, arguments[3], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    // A process group of its own, so that a launcher's children die with it.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    signal(SIGALRM, kill_child);

    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    int failure = posix_spawnp(&child, arguments[4], &files, &attributes, &arguments[4], environ);
    if (failure) {
        fprintf(stderr, "%s: %s\n", arguments[4], strerror(failure));
        return 1;
    }
    alarm((unsigned)atoi(arguments[1]));
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) continue;
    clock_gettime(CLOCK_MONOTONIC, &end);
    int code = late ? 124 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    printf("%.6f %.6f %.6f %ld %d\n", (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
        seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss, code);
    return 0;
}
