internal import HostSystem
internal import Synchronization

/// What other threads want done on a program's thread.
final class Mailbox: Sendable {
    typealias Job = @Sendable () throws(JSFailure) -> Void

    /// Ends the program's waiting when something has come.
    let waker: Waker

    private struct State {
        var jobs: [Job] = []
        var senders = 0
    }
    private let state = Mutex(State())

    init(_ waker: Waker) { self.waker = waker }

    /// Has something done soon; from any thread.
    func post(_ job: @escaping Job) {
        state.withLock { $0.jobs.append(job) }
        waker.wake()
    }

    /// Announces that something will come, for which the program is kept alive.
    func expect() { state.withLock { $0.senders += 1 } }

    /// Takes an announcement back.
    func stopExpecting() {
        state.withLock { $0.senders -= 1 }
        waker.wake()
    }

    /// Whether something has come or will.
    var isAwaited: Bool { state.withLock { $0.senders > 0 || !$0.jobs.isEmpty } }

    /// What has come, in its order.
    func take() -> [Job] {
        waker.acknowledge()
        return state.withLock { state in
            defer { state.jobs = [] }
            return state.jobs
        }
    }
}

/// A value that is used by one thread at a time, on its way through others.
struct ThreadBound<Value>: @unchecked Sendable {
    // Sendable: whoever keeps one says which thread looks at it, or that others may only call what any thread may.
    let value: Value

    init(_ value: Value) { self.value = value }
}
