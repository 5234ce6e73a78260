import CHostSystem
import Foundation
import HostSystem
import Synchronization
import WasmRuntime

/// Interrupts calls that take long, as `--timeout` and `Program.Limits.time` do: a thread of its own.
///
/// What does not end then, and is found by `Tests/Tools/fuzz_host.py`, is a fault.
final class CallWatch: Sendable {
    private struct State {
        /// When the call began, in nanoseconds of ``Clock/monotonic``; nil where none is to be watched.
        var start: Int64?
        /// Whether it was interrupted.
        var isInterrupted = false
    }
    private let state = Mutex(State())
    /// What the calls are charged to.
    nonisolated(unsafe) let store = Store()

    /// How long a call may take, in nanoseconds.
    private static let patience: Int64 = 2_000_000_000

    init() {
        Thread.detachNewThread { [self] in
            while true {
                usleep(100_000)
                let isOver = state.withLock { state in
                    guard let start = state.start, Clock.monotonic - start > Self.patience else { return false }
                    state.start = nil
                    state.isInterrupted = true
                    return true
                }
                if isOver { store.interrupt() }
            }
        }
    }

    /// Takes note that a call begins, whatever became of the one before.
    func begin() {
        let wasInterrupted = state.withLock { state in
            defer { state = State(start: Clock.monotonic) }
            return state.isInterrupted
        }
        if wasInterrupted { store.allowExecution() }
        // What the one before has made is gone, or nearly.
        store.account.pointee.is_exhausted = false
    }

    /// Takes note that nothing is to be watched.
    func end() { state.withLock { $0.start = nil } }
}
