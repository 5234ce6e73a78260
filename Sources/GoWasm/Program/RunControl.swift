internal import HostSystem
internal import Synchronization
internal import WasmRuntime

/// The means to stop a run from outside: by the task that waits for it, or because its time is over.
final class RunControl: Sendable {
    /// Why a run was stopped.
    enum Reason { case cancelled, time }

    /// Ends the waiting of the program.
    let waker: Waker

    private struct State {
        var reason: Reason?
        /// Where the program runs, while it does.
        var store: ThreadBound<Store>?
        var timer: Task<Void, Never>?
    }
    private let state = Mutex(State())

    /// Prepares for a run with limits, whose time begins now.
    ///
    /// - Throws: ``ProgramError/exhausted(_:errorNumber:)`` where the process has no descriptors left.
    init(_ limits: Program.Limits) throws(ProgramError) {
        guard let waker = Waker() else {
            throw .exhausted(.pipe, errorNumber: ErrorCode.last.number)
        }
        self.waker = waker
        guard let time = limits.time else { return }
        let timer = Task.detached { [weak self] in
            if (try? await Task.sleep(for: time)) != nil { self?.stop(.time) }
        }
        state.withLock { $0.timer = timer }
    }

    deinit { state.withLock { $0.timer?.cancel() } }

    /// Stops the run, or keeps it from starting.
    func stop(_ reason: Reason) {
        let isFirst = state.withLock { state in
            guard state.reason == nil else { return false }
            state.reason = reason
            return true
        }
        guard isFirst else { return }
        waker.interrupt()
        // Under the lock the store stays.
        state.withLock { $0.store?.value.interrupt() }
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

    /// Throws where the run has been stopped.
    func check() throws(ProgramError) {
        switch state.withLock({ $0.reason }) {
        case nil: return
        case .cancelled: throw .cancelled
        case .time: throw .limitReached(.time)
        }
    }
}
