internal import LibC
internal import Synchronization

/// Ends the waiting of a guest's thread from other threads: a pipe that the thread polls beside what it waits for.
package final class Waker: Sendable {
    /// Readable once somebody has called ``wake()``.
    package let descriptor: Int32
    private let other: Int32
    private let state = Mutex(State())
    private struct State {
        var isRung = false
        var isInterrupted = false
    }

    /// Makes a pipe; nil where the process has no descriptors left.
    package init?() {
        guard let ends = systemPipe() else { return nil }
        (descriptor, other) = ends
        for end in [descriptor, other] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    }

    deinit {
        systemClose(descriptor)
        systemClose(other)
    }

    /// Ends the waiting that is under way, or the next.
    package func wake() {
        state.withLock { state in
            guard !state.isRung else { return }
            state.isRung = true
            var byte: UInt8 = 0
            _ = systemWrite(other, &byte, 1)
        }
    }

    /// Ends all waiting from now on: what waited fails.
    package func interrupt() {
        state.withLock { $0.isInterrupted = true }
        wake()
    }

    /// Whether ``interrupt()`` was called.
    package var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// Takes note of a call of ``wake()``: the next waiting waits again, unless all shall end.
    package func acknowledge() {
        state.withLock { state in
            guard state.isRung, !state.isInterrupted else { return }
            state.isRung = false
            var byte: UInt8 = 0
            _ = systemRead(descriptor, &byte, 1)
        }
    }

    /// Waits until somebody calls ``wake()``, or has called it.
    package func wait() {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&request, 1, -1)
    }

    /// Waits until a descriptor is ready or all waiting shall end; calls of ``wake()`` meanwhile are for the next
    /// waiting.
    ///
    /// - Throws: EINTR where it shall end.
    package func wait(for file: Int32, _ events: Int16) throws(ErrorCode) {
        var wasRung = false
        defer { if wasRung { wake() } }
        while true {
            var requests = [
                pollfd(fd: file, events: events, revents: 0), pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&requests, 2, -1)
            if isInterrupted { throw ErrorCode(EINTR) }
            if requests[0].revents != 0 { return }
            if requests[1].revents != 0 {
                acknowledge()
                wasRung = true
            }
        }
    }
}
