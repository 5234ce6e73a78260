internal import CHostSystem
internal import HostSystem
internal import LibC
internal import Synchronization

/// Stops the runs whose time is over: a thread of its own for all of them.
///
/// Swift's tasks would not do: there are as many threads for them as processors, and programs may keep all of those
/// busy for ever, if ``Program/runSynchronously(_:)`` is called from tasks.
enum RunTimer {
    private struct Entry {
        /// In nanoseconds of ``Clock/monotonic``.
        var deadline: Int64
        weak var control: RunControl?
    }
    private struct State {
        /// Ends the thread's waiting; nil until it has been started.
        var waker: Waker?
        var entries: [Int: Entry] = [:]
        var lastNumber = 0
    }
    private static let state = Mutex(State())

    /// Has a run stopped after a time; returns the number to cancel that by.
    ///
    /// - Throws: ``ProgramError/exhausted(_:errorNumber:)``.
    static func add(_ control: RunControl, after time: Duration) throws(ProgramError) -> Int {
        let (number, waker) = try state.withLock { (state) throws(ProgramError) in
            if state.waker == nil {
                guard let waker = Waker() else { throw .exhausted(.pipe, errorNumber: ErrorCode.last.number) }
                try ProgramThread.start { serve(waker) }
                state.waker = waker
            }
            state.lastNumber += 1
            state.entries[state.lastNumber] = Entry(
                deadline: Clock.moment(time.clampedNanoseconds, after: Clock.monotonic), control: control)
            return (state.lastNumber, state.waker)
        }
        waker?.wake()
        return number
    }

    /// Lets a run go on for as long as it likes.
    static func cancel(_ number: Int) { state.withLock { $0.entries[number] = nil } }

    private static func serve(_ waker: Waker) {
        while true {
            // Taken along: the last reference to a run must not go under the lock, which its end asks for.
            let (due, next) = state.withLock { state in
                let now = Clock.monotonic
                let due = state.entries.filter { $0.value.deadline <= now }
                for number in due.keys { state.entries[number] = nil }
                return (due.values.compactMap(\.control), state.entries.values.map(\.deadline).min())
            }
            for control in due { control.stop(.time) }
            var request = pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)
            _ = gw_poll(&request, 1, next.map { max(0, $0 - Clock.monotonic) } ?? -1)
            waker.acknowledge()
        }
    }
}

extension Duration {
    /// In nanoseconds, from 0 to what an integer has room for.
    fileprivate var clampedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let whole = max(0, seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return whole.overflow ? .max : Clock.moment(attoseconds / 1_000_000_000, after: whole.partialValue)
    }
}
