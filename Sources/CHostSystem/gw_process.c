// See gw_process.h.
#include "gw_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t nanoseconds(struct timeval time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_usec * 1000; }

static void ignore(int number) { (void)number; }

/// The signals that are waited for: the child's end, the timer's, and what ends this process, if nobody ignores it.
static sigset_t awaited(void) {
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGALRM);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction action;
        if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&set, ending[i]);
    }
    return set;
}

/// What the child does until it is the command. Only calls that a signal handler may make, too, are safe after a fork.
static _Noreturn void become(
    char *const *words, char *const *environment, const int32_t descriptors[3], const sigset_t *set, int report) {
    // A group of its own, so that what a launcher has started ends with it.
    setpgid(0, 0);
    signal(SIGXFSZ, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, set, NULL);
    for (int i = 0; i < 3; i++) dup2(descriptors[i], i);
    environ = (char **)environment;
    execvp(words[0], words);
    int failure = errno;
    (void)!write(report, &failure, sizeof failure);
    _exit(127);
}

static void start_timer(double seconds) {
    struct itimerval timer = {{0, 0}, {0, 0}};
    timer.it_value.tv_sec = (time_t)seconds;
    timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
    // A time of zero would switch it off, which is what is wanted for 0 only.
    if (seconds > 0 && timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0) timer.it_value.tv_usec = 1;
    setitimer(ITIMER_REAL, &timer, NULL);
}

/// Waits for the end of a child, and passes on the signals that come.
static void await(pid_t child, const sigset_t *set, GWProcessRun *run) {
    int status = 0;
    struct rusage usage = {0};
    while (1) {
        pid_t ended = wait4(child, &status, WNOHANG, &usage);
        if (ended == child || (ended < 0 && errno != EINTR)) break;
        int number = 0;
        if (sigwait(set, &number) != 0 || number == SIGCHLD) continue;
        run->signal = number;
        kill(-child, number == SIGALRM ? SIGKILL : number);
    }
    run->wall = now() - run->wall;
    run->user = nanoseconds(usage.ru_utime);
    run->system = nanoseconds(usage.ru_stime);
#ifdef __APPLE__
    run->memory = usage.ru_maxrss;
#else
    run->memory = (int64_t)usage.ru_maxrss * 1024;
#endif
    run->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

GWProcessRun gw_process_run(
    char *const *words, char *const *environment, const int32_t descriptors[3], double timeout) {
    GWProcessRun run = {0};
    int ends[2];
    if (pipe(ends) != 0) {
        run.failure = errno;
        return run;
    }
    // Both close when the command begins: reading then ends without an error number.
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    sigset_t set = awaited(), before;
    pthread_sigmask(SIG_BLOCK, &set, &before);
    // Some systems drop a signal whose default is to be ignored even while it is blocked.
    struct sigaction action = {0}, old;
    action.sa_handler = ignore;
    sigaction(SIGCHLD, &action, &old);

    run.wall = now();
    // Not posix_spawn, nor vfork: Linux counts what the caller has resident as the new process's peak. Of a forked copy
    // that is only what was written to.
    pid_t child = fork();
    if (child == 0) become(words, environment, descriptors, &set, ends[1]);
    if (child < 0) run.failure = errno;
    close(ends[1]);
    if (child > 0) {
        int failure = 0;
        ssize_t count;
        while ((count = read(ends[0], &failure, sizeof failure)) < 0 && errno == EINTR) continue;
        if (count == (ssize_t)sizeof failure) run.failure = failure;
        if (timeout > 0) start_timer(timeout);
        await(child, &set, &run);
        start_timer(0);
    }
    close(ends[0]);
    sigaction(SIGCHLD, &old, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return run;
}
