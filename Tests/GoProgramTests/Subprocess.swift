import Foundation
import LibC
import _TestSupport

/// A finished process.
///
/// Its output goes to files, so that no amount of it can block either side.
struct Finished: Sendable {
    /// How a process ends.
    enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        case timedOut
    }

    var end: End
    var output: Data
    var errors: Data

    /// The text written to standard error; what is no UTF-8 in it becomes U+FFFD.
    var errorText: String { String(decoding: errors, as: UTF8.self) }
    /// The lines written to standard error.
    var errorLines: [Substring] { errorText.split(separator: "\n", omittingEmptySubsequences: true) }
}

/// What to start.
struct Command: Sendable {
    /// The executable's path, without a search in PATH.
    var executable: String
    var arguments: [String] = []
    /// The whole environment.
    var environment: [String: String] = [:]
    /// The path of the file that is standard input.
    var input = "/dev/null"
    /// The time after which the process and its children are killed.
    var timeout: Duration = .seconds(120)

    /// Runs the command to its end.
    ///
    /// - Throws: `POSIXError` where the process can't be started.
    func run() throws -> Finished {
        let folder = try TemporaryFolder()
        let outputPath = folder.path("stdout")
        let errorPath = folder.path("stderr")

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        // A group of its own, so that the children of a shell can be killed with it. The test runner may ignore
        // SIGPIPE, which children would inherit.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)

        var process = pid_t()
        let words = ([executable] + arguments).map { strdup($0) }
        let variables = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { (words + variables).forEach { free($0) } }
        let failure = posix_spawn(&process, executable, &actions, &attributes, words + [nil], variables + [nil])
        guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EINVAL) }

        let end = waitForEnd(of: process)
        return Finished(
            end: end, output: try Data(contentsOf: URL(fileURLWithPath: outputPath)),
            errors: try Data(contentsOf: URL(fileURLWithPath: errorPath)))
    }

    private func waitForEnd(of process: pid_t) -> Finished.End {
        let start = ContinuousClock.now
        var status: Int32 = 0
        var pause: UInt32 = 200  // microseconds
        while waitpid(process, &status, WNOHANG) == 0 {
            if ContinuousClock.now - start > timeout {
                kill(-process, SIGKILL)
                waitpid(process, &status, 0)
                return .timedOut
            }
            usleep(pause)
            pause = min(pause * 2, 10_000)
        }
        // The bits of a wait status: 7 for the signal, 8 above them for the exit code.
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: signal)
    }
}
