internal import Synchronization

/// What a program writes to one of its streams, piece by piece, as it writes it.
///
/// ```swift
/// let (pieces, output) = StandardOutput.makeSequence()
/// configuration.standardOutput = output
/// async let status = program.run(configuration)
/// for await line in pieces.lines { print("it says", line) }
/// print(try await status.code)
/// ```
///
/// It ends with the program. Pieces wait in memory until somebody takes them: what a program may write is not limited by
/// ``StandardOutput``, as it is not by an ``OutputBuffer``. One task at a time may iterate, once.
public struct OutputSequence: AsyncSequence, Sendable {
    /// The bytes of one write.
    public typealias Element = [UInt8]
    /// Nothing fails.
    public typealias Failure = Never

    let pieces: AsyncStream<[UInt8]>

    /// Gets the pieces.
    public func makeAsyncIterator() -> AsyncStream<[UInt8]>.Iterator { pieces.makeAsyncIterator() }

    /// The lines, without their line feeds; what is no UTF-8 is replaced by U+FFFD.
    public var lines: Lines { Lines(pieces: pieces) }

    /// The lines of what a program writes; the last one also where no line feed ends it.
    public struct Lines: AsyncSequence, Sendable {
        /// A line.
        public typealias Element = String
        /// Nothing fails.
        public typealias Failure = Never

        let pieces: AsyncStream<[UInt8]>

        /// Gets the lines.
        public func makeAsyncIterator() -> Iterator { Iterator(pieces: pieces.makeAsyncIterator()) }

        /// Gets line after line.
        public struct Iterator: AsyncIteratorProtocol {
            var pieces: AsyncStream<[UInt8]>.Iterator
            /// What has come and is not given out yet, and where that begins.
            private var held: [UInt8] = []
            private var start = 0

            init(pieces: AsyncStream<[UInt8]>.Iterator) { self.pieces = pieces }

            /// The next line; nil at the end.
            public mutating func next(isolation actor: isolated (any Actor)?) async -> String? {
                var searched = start
                while true {
                    let end = held.indices.dropFirst(searched).first { held[$0] == UInt8(ascii: "\n") }
                    if let end {
                        defer { start = end + 1 }
                        return String(decoding: held.prefix(upTo: end).dropFirst(start), as: UTF8.self)
                    }
                    held.removeFirst(start)
                    searched = held.count
                    start = 0
                    guard let piece = await pieces.next(isolation: actor) else { break }
                    held += piece
                }
                guard !held.isEmpty else { return nil }
                defer { held = [] }
                return String(decoding: held, as: UTF8.self)
            }
        }
    }
}

extension StandardOutput {
    /// A stream, and the sequence of what a program writes to it.
    ///
    /// It is for one run: the sequence ends with that, also where the program cannot be started. Both streams of a run
    /// may be the same.
    public static func makeSequence() -> (sequence: OutputSequence, output: StandardOutput) {
        let (pieces, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        return (OutputSequence(pieces: pieces), StandardOutput(target: .sequence(OutputFeed(continuation))))
    }

    /// Ends the sequence, if there is one, where no program has come to use the stream.
    package func endUnused() {
        if case .sequence(let feed) = target { feed.endUnused() }
    }
}

/// What an ``OutputSequence`` gets its pieces from: ends with the last of the files that write to it.
final class OutputFeed: Sendable {
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let users = Mutex(0)

    init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }

    func write(_ bytes: UnsafeRawBufferPointer) { continuation.yield(Array(bytes)) }

    /// A file that writes here.
    func open() -> OpenFile {
        let use = Use(self)
        return OpenFile(writing: { bytes in use.feed.write(bytes) })
    }

    func endUnused() {
        if users.withLock({ $0 == 0 }) { continuation.finish() }
    }

    /// Goes with the file.
    private final class Use {
        let feed: OutputFeed

        init(_ feed: OutputFeed) {
            self.feed = feed
            feed.users.withLock { $0 += 1 }
        }

        deinit {
            if feed.users.withLock({ users in
                users -= 1
                return users == 0
            }) {
                feed.continuation.finish()
            }
        }
    }
}
