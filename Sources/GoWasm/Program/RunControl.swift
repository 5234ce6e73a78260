internal import HostSystem
internal import Synchronization
package import WasmRuntime

/// The means to stop a run from outside: by the task that waits for it, by a signal, or because its time is over.
package final class RunControl: Sendable {
    /// Why a run was stopped.
    package enum Reason: Sendable { case cancelled, time }

    /// Ends the waiting of the program.
    let waker: Waker

    private struct State {
        var reason: Reason?
        /// Where the program runs, while it does.
        var store: ThreadBound<Store>?
        /// The number by which ``RunTimer`` knows the run.
        var timer: Int?
        /// What else waits for the program.
        var onStop: (@Sendable () -> Void)?
        var trap: Trap?
    }
    private let state = Mutex(State())

    /// Prepares for a run with limits, whose time begins now.
    ///
    /// - Throws: ``ProgramError/exhausted(_:errorNumber:)`` where the process has no descriptors left.
    package init(_ limits: Program.Limits = Program.Limits()) throws(ProgramError) {
        guard let waker = Waker() else {
            throw .exhausted(.pipe, errorNumber: ErrorCode.last.number)
        }
        self.waker = waker
        guard let time = limits.time else { return }
        let timer = try RunTimer.add(self, after: time)
        state.withLock { $0.timer = timer }
    }

    deinit { if let timer = state.withLock({ $0.timer }) { RunTimer.cancel(timer) } }

    /// Has `body` called when the run is stopped, by whoever stops it.
    func onStop(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onStop = body } }

    /// Stops the run, or keeps it from starting.
    package func stop(_ reason: Reason) {
        let onStop: (@Sendable () -> Void)?? = state.withLock { state in
            guard state.reason == nil else { return nil }
            state.reason = reason
            return .some(state.onStop)
        }
        guard let onStop else { return }
        // Under the lock the store stays. A host function whose waiting ends shall not return to a guest that still
        // runs.
        state.withLock { $0.store?.value.interrupt() }
        waker.interrupt()
        onStop?()
    }

    /// Takes note of where the program runs.
    ///
    /// - Throws: Where it has been stopped before.
    func attach(_ store: Store) throws(ProgramError) {
        let store = ThreadBound(store)
        state.withLock { $0.store = store }
        try check()
    }

    /// The program runs no longer.
    func detach() { state.withLock { $0.store = nil } }

    /// Where the program was when it was stopped; nil before, and where it was in none of its functions.
    package var trap: Trap? { state.withLock { $0.trap } }

    /// As ``check()``, for a run that ended with an error.
    func check(_ error: any Error) throws(ProgramError) {
        if let trap = error as? Trap { state.withLock { $0.trap = $0.trap ?? trap } }
        try check()
    }

    /// Throws where the run has been stopped.
    func check() throws(ProgramError) {
        switch state.withLock({ $0.reason }) {
        case nil: return
        case .cancelled: throw .cancelled
        case .time: throw .limitReached(.time)
        }
    }
}
