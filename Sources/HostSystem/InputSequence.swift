internal import LibC

extension StandardInput {
    /// What an asynchronous sequence gives, piece by piece: the program waits for the next one as for a pipe, so that its
    /// other goroutines go on, and so that it can be stopped.
    ///
    /// Each run iterates anew, in a task of its own, which is cancelled when the program ends or closes its input. The
    /// sequence's end is the end of the file, and so is an error.
    public static func sequence<Pieces: AsyncSequence & Sendable>(_ pieces: Pieces) -> StandardInput
    where Pieces.Element == [UInt8] {
        StandardInput(
            source: .sequence { pipe in
                do {
                    for try await piece in pieces { try await pipe.write(piece) }
                } catch {}
            })
    }
}

/// The end of a pipe that a sequence is written to, and its reader's end, until the file goes that reads there.
final class InputPipe: Sendable {
    private let reading: Int32
    private let task: Task<Void, Never>

    /// The end that is written to; closed when nobody writes any more.
    final class WritingEnd: Sendable {
        fileprivate let descriptor: Int32
        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }
        deinit { systemClose(descriptor) }

        /// How long to wait until a full pipe is looked at again.
        private static let pause = Duration.milliseconds(2)

        /// Writes all.
        ///
        /// - Throws: Where nobody reads any more, or the task is cancelled.
        func write(_ bytes: [UInt8]) async throws {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { bytes -> Int in
                    guard let start = bytes.baseAddress else { return 0 }
                    return BrokenPipe.withoutSignal { systemWrite(descriptor, start, bytes.count) }
                }
                let error = ErrorCode.last
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if error.number == EAGAIN {
                    try await Task.sleep(for: Self.pause)
                } else if error.number != EINTR {
                    throw error
                }
            }
        }
    }

    /// Has `feed` write to a new pipe; nil where the process has no descriptors left.
    private init?(_ feed: @escaping @Sendable (WritingEnd) async -> Void) {
        guard let ends = systemPipe() else { return nil }
        _ = fcntl(ends.write, F_SETFL, O_NONBLOCK)
        reading = ends.read
        let writing = WritingEnd(ends.write)
        task = Task { await feed(writing) }
    }

    deinit {
        task.cancel()
        systemClose(reading)
    }

    /// A file that reads what `feed` writes; one that is empty where there is no pipe to be had.
    static func open(_ feed: @escaping @Sendable (WritingEnd) async -> Void) -> OpenFile {
        guard let pipe = InputPipe(feed) else { return OpenFile(reading: { _ in throw ErrorCode(EMFILE) }) }
        let file = OpenFile(borrowing: pipe.reading)
        file.keeps = pipe
        return file
    }
}
