import HostSystem

/// The exit codes of the command, all of them; the table of the README says the same.
///
/// Every other code is the program's own: what it gave to `os.Exit`.
enum CommandExit {
    /// The program ended by itself, and without a failure.
    static let success: Int32 = 0
    /// The file cannot be read or is refused, something that an option names cannot be opened, the program trapped, or
    /// a run of `bench` failed.
    static let failure: Int32 = 1
    /// A panic or a deadlock of a Go program, and SIGQUIT: the code is that of Go's runtime.
    static let goFailure = ExitStatus.goFailure.code
    /// The command line is wrong; the number is that of `EX_USAGE` in sysexits.h.
    static let usage: Int32 = 64
    /// The program was stopped by `--timeout` or `--budget`; the code is that of timeout(1).
    static let limit: Int32 = 124

    /// The process was ended by a signal; the code is what shells say of it.
    static func signal(_ number: Int32) -> Int32 { 128 + number }
}
