internal import CHostSystem
internal import HostSystem
internal import LibC
internal import Synchronization

/// The descriptors that a guest was told to try again later (EAGAIN), and has goroutines waiting for.
///
/// A thread looks after them where the guest does not, as Go's runtime has one elsewhere (`sysmon`): when one of them has
/// become ready and the guest has not polled for 10 ms.
final class RefusedTransfers: Sendable {
    /// How long a guest may leave it to others to look, in nanoseconds; that of Go's `sysmon`.
    private static let patience: Int64 = 10_000_000

    private struct State {
        /// What is waited for, by the system's descriptor: `POLLIN`, `POLLOUT` or both.
        var events: [Int32: Int16] = [:]
        /// When the guest polled last, or began to wait.
        var lastPoll: Int64 = 0
        /// Whether the guest is polling now.
        var isPolling = false
        var isFinished = false
        /// What ends the thread's waiting; nil while there is no thread.
        var waker: Waker?
        /// Whether the thread waits until it is woken.
        var isIdle = false
    }
    private let state = Mutex(State())
    /// Called on the thread.
    private let neglected: @Sendable () -> Void

    /// - Parameter neglected: Called, on another thread, each time when the guest has left something that is ready alone
    ///   for too long.
    init(neglected: @escaping @Sendable () -> Void) { self.neglected = neglected }

    /// What is waited for, to be polled.
    var requests: [pollfd] {
        state.withLock { $0.events.map { pollfd(fd: $0.key, events: $0.value, revents: 0) } }
    }

    /// The guest was told that a transfer is not possible yet.
    func add(_ descriptor: Int32, _ event: Int16) {
        state.withLock { state in
            if state.events.isEmpty { state.lastPoll = Clock.monotonic }
            state.events[descriptor, default: 0] |= event
            Self.look(&state, self)
        }
    }

    /// The guest polls, which says what it waits for.
    func beginPolling() { state.withLock { $0.isPolling = true } }

    /// The guest has polled.
    ///
    /// - Parameter rest: What it asked for and has not come.
    func endPolling(_ rest: some Sequence<pollfd>) {
        state.withLock { state in
            state.isPolling = false
            state.lastPoll = Clock.monotonic
            state.events = [:]
            for request in rest { state.events[request.fd, default: 0] |= request.events }
            if !state.events.isEmpty { Self.look(&state, self) }
        }
    }

    /// Ends the thread.
    func finish() {
        state.withLock { state in
            state.isFinished = true
            state.waker?.wake()
        }
    }

    // MARK: - The thread

    /// Has the thread look from time to time; there is none where no descriptors or threads are left.
    private static func look(_ state: inout State, _ owner: RefusedTransfers) {
        if let waker = state.waker {
            if state.isIdle { waker.wake() }
            state.isIdle = false
            return
        }
        guard let waker = Waker() else { return }
        do throws(ErrorCode) {
            try BackgroundThread.start { owner.serve(waker) }
            state.waker = waker
        } catch {}
    }

    private func serve(_ waker: Waker) {
        var isIdle = false
        while true {
            var request = pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&request, 1, isIdle ? -1 : Int32(Self.patience / 1_000_000))
            waker.acknowledge()
            let (isFinished, isNeglecting) = state.withLock { state in
                state.isIdle = state.events.isEmpty || state.isPolling
                isIdle = state.isIdle
                return (state.isFinished, !isIdle && Clock.monotonic - state.lastPoll >= Self.patience)
            }
            if isFinished { return }
            if isNeglecting, isAnyReady { neglected() }
        }
    }

    private var isAnyReady: Bool {
        var requests = requests
        return poll(&requests, .init(requests.count), 0) > 0
    }
}
