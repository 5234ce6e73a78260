import HostSystem
import LibC

/// What the command does to its own process before anything else, as native Go programs do; the library does nothing of
/// this but the first.
enum ProcessSetup {
    /// Prepares the process; where that is not possible, says so and ends it.
    static func run() {
        do throws(ErrorCode) {
            try StandardDescriptors.openClosed()
        } catch {
            Invocation.writeError(
                "gowasm-fast: standard input, output or error is closed, and /dev/null cannot be opened in its place: "
                    + error.message)
            endProcess(Invocation.failure)
        }
        // Makes writing beyond the largest size that a file may have an error of the write.
        signal(SIGXFSZ, SIG_IGN)
        BrokenPipe.endProcessOnStandardOutput()
        raiseFileLimit()
    }

    /// Lets the program open as many files as the process may: programs cannot raise the limit themselves.
    private static func raiseFileLimit() {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}
