internal import LibC
internal import Synchronization

/// The opening of a named pipe for writing, which waits until somebody opens it for reading.
///
/// The system offers no other way to wait for that than a call that blocks: a thread makes it. Whoever gives the
/// opening up lets the thread end.
package final class PipeOpening {
    /// What the thread works with, and lets go of when it ends.
    final class Work: Sendable {
        private enum State {
            /// With what is written to when the pipe is open.
            case waiting(signal: Int32)
            /// With the descriptor, or the error's number below zero.
            case opened(Int32)
            case taken
            /// Nobody is there any more who would take the result. With a reader of the pipe, for which the thread
            /// waits.
            case abandoned(reader: Int32)
        }

        /// The pipe, open for looking up only.
        private let pipe: Int32
        private let flags: Int32
        private let state: Mutex<State>

        init(pipe: Int32, flags: Int32, signal: Int32) {
            self.pipe = pipe
            self.flags = flags
            state = Mutex(.waiting(signal: signal))
        }

        deinit {
            switch state.withLock({ $0 }) {
            case .waiting(let signal): systemClose(signal)
            case .abandoned(let reader): systemClose(reader)
            case .opened, .taken: break
            }
            systemClose(pipe)
        }

        func run() {
            var opened: Int32
            repeat {
                opened = Folder.path(of: pipe).withCString { systemOpen($0, flags | O_NOCTTY | O_CLOEXEC) }
            } while opened < 0 && errno == EINTR
            let result = opened < 0 ? -errno : opened
            state.withLock { state in
                guard case .waiting(let signal) = state else {
                    systemClose(result)
                    return
                }
                state = .opened(result)
                _ = withUnsafeBytes(of: result) { systemWrite(signal, $0.baseAddress!, 1) }
                systemClose(signal)
            }
        }

        func takeResult() -> Int32 {
            state.withLock { state in
                guard case .opened(let result) = state else { return -EBADF }
                state = .taken
                return result
            }
        }

        /// Says that nobody will take the result, and lets the thread end.
        func abandon() {
            state.withLock { state in
                switch state {
                case .waiting(let signal):
                    // Makes room for the reader where the process has no descriptors left.
                    systemClose(signal)
                    let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC
                    state = .abandoned(reader: Folder.path(of: pipe).withCString { systemOpen($0, flags) })
                case .opened(let descriptor):
                    systemClose(descriptor)
                    state = .taken
                case .taken, .abandoned: break
                }
            }
        }
    }

    /// Can be read from when the opening has ended.
    package let signal: OpenFile
    let work: Work

    /// Begins to open a pipe; `pipe` is open for looking up only, and closed in the end.
    init(_ pipe: Int32, flags: Int32) throws(ErrorCode) {
        guard let ends = systemPipe() else {
            let error = ErrorCode.last
            systemClose(pipe)
            throw error
        }
        signal = OpenFile(ends.read, kind: .pipe)
        work = Work(pipe: pipe, flags: flags, signal: ends.write)
        try BackgroundThread.start { [work] in work.run() }
    }

    deinit { work.abandon() }

    /// The descriptor that was opened, which belongs to the caller; to be asked for once, when ``signal`` has come.
    package func result() throws(ErrorCode) -> Int32 {
        let result = work.takeResult()
        guard result >= 0 else { throw ErrorCode(-result) }
        return result
    }
}
