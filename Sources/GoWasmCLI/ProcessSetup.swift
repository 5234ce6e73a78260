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
            endProcess(CommandExit.failure)
        }
        // Makes writing beyond the largest size that a file may have an error of the write.
        signal(SIGXFSZ, SIG_IGN)
        BrokenPipe.endProcessOnStandardOutput()
        // Programs cannot raise the limit of open files themselves.
        raiseFileLimit()
    }

    /// Sets the time zone of this process, as the variable `TZ` names it.
    static func setTimeZone(_ zone: String) {
        setenv("TZ", zone, 1)
        tzset()
    }

    /// A variable of this process's environment.
    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
