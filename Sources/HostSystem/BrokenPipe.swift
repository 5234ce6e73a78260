internal import LibC
internal import Synchronization

/// Writing to pipes and sockets that nobody reads any more: an error (EPIPE), and not the end of the process (SIGPIPE).
///
/// The system sends SIGPIPE to the thread that writes. What an application does with that signal is its own: the library
/// neither changes that nor sends the signal. It keeps the signal away from the thread while a guest's bytes are written,
/// and takes it back where it came.
///
/// The command ``gowasm-fast`` has a process of its own, in which the signal is ignored, and ends by it as native Go
/// programs do where standard output or standard error is what nobody reads.
package enum BrokenPipe {
    private static let endsProcess = Atomic(false)

    /// Has the process ignore SIGPIPE, and end by it where a guest writes to standard output or standard error that
    /// nobody reads; for the command only.
    package static func endProcessOnStandardOutput() {
        signal(SIGPIPE, SIG_IGN)
        endsProcess.store(true, ordering: .relaxed)
    }

    /// Runs what may write to such a pipe; `errno` is afterwards what it left.
    @inline(__always)
    package static func withoutSignal(_ body: () -> Int) -> Int {
        endsProcess.load(ordering: .relaxed) ? body() : withBlockedSignal(body)
    }

    private static func withBlockedSignal(_ body: () -> Int) -> Int {
        var (signals, before, pending) = (sigset_t(), sigset_t(), sigset_t())
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        // One that somebody else has to get already stays.
        let isOthers =
            sigismember(&before, SIGPIPE) == 1 && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1
        let result = body()
        let number = errno
        if !isOthers { takeBack(&signals) }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        errno = number
        return result
    }

    /// Takes back a SIGPIPE that came to the thread, if one did.
    private static func takeBack(_ signals: inout sigset_t) {
        var pending = sigset_t()
        guard errno == EPIPE, sigpending(&pending) == 0, sigismember(&pending, SIGPIPE) == 1 else { return }
        takeBackSignal(&signals)
    }

    /// The error of a write, where the process does not end by it.
    package static func error(_ number: Int32, _ descriptor: Int32) -> ErrorCode {
        let isStandard = descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO
        if number == EPIPE, isStandard, endsProcess.load(ordering: .relaxed) {
            signal(SIGPIPE, SIG_DFL)
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            raise(SIGPIPE)
        }
        return ErrorCode(number)
    }
}
