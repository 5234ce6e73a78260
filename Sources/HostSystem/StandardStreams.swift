internal import LibC
internal import Synchronization

/// Where a program's standard input comes from.
public struct StandardInput: Sendable {
    enum Source {
        case descriptor(Int32)
        case closure(@Sendable (Int) throws -> [UInt8])
        case bytes([UInt8])
        case sequence(@Sendable (InputPipe.WritingEnd) async -> Void)
    }
    let source: Source

    /// The standard input of this process.
    public static let inherited = StandardInput(source: .descriptor(STDIN_FILENO))
    /// Nothing: the end of the file comes at once.
    public static let empty = StandardInput(source: .bytes([]))

    /// An open file, pipe, socket or terminal by the system's number; whoever opened it closes it, after the program's
    /// end.
    public static func descriptor(_ number: Int32) -> StandardInput { StandardInput(source: .descriptor(number)) }

    /// Bytes, read from their start by each run.
    public static func bytes(_ bytes: [UInt8]) -> StandardInput { StandardInput(source: .bytes(bytes)) }

    /// The UTF-8 of a text.
    public static func text(_ text: String) -> StandardInput { bytes(Array(text.utf8)) }

    /// What a closure returns, which is called on the program's thread whenever the program reads.
    ///
    /// - Parameter read: Gets the number of bytes that are wanted, and returns at most that many; none at the end of
    ///   the file. The program waits while it runs. What it throws is an error of input (EIO) to the program.
    public static func closure(_ read: @escaping @Sendable (_ count: Int) throws -> [UInt8]) -> StandardInput {
        StandardInput(source: .closure(read))
    }
}

/// Where a program's standard output or standard error goes.
public struct StandardOutput: Sendable {
    enum Target {
        case descriptor(Int32)
        case closure(@Sendable (UnsafeRawBufferPointer) throws -> Void)
        case sequence(OutputFeed)
    }
    let target: Target

    /// The standard output of this process.
    public static let inheritedOutput = StandardOutput(target: .descriptor(STDOUT_FILENO))
    /// The standard error of this process.
    public static let inheritedError = StandardOutput(target: .descriptor(STDERR_FILENO))
    /// Nowhere.
    public static let discarded = StandardOutput(target: .closure { _ in })

    /// An open file, pipe, socket or terminal by the system's number; whoever opened it closes it, after the program's
    /// end.
    public static func descriptor(_ number: Int32) -> StandardOutput { StandardOutput(target: .descriptor(number)) }

    /// Memory.
    public static func buffer(_ buffer: OutputBuffer) -> StandardOutput {
        StandardOutput(target: .closure { buffer.append($0) })
    }

    /// A closure, which is called on the program's thread whenever the program writes.
    ///
    /// - Parameter write: Gets the bytes, which are valid during the call: nothing was copied. The program waits while
    ///   it runs. What it throws is an error of output (EIO) to the program.
    public static func closure(
        _ write: @escaping @Sendable (_ bytes: UnsafeRawBufferPointer) throws -> Void
    ) -> StandardOutput {
        StandardOutput(target: .closure(write))
    }

    /// Writes bytes there; waits until all are written.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        switch target {
        case .descriptor(let number): try Descriptors.writeAll(number, bytes)
        case .closure(let write): try write(bytes)
        case .sequence(let feed): feed.write(bytes)
        }
    }
}

/// What programs have written, in memory.
///
/// May be read while they run.
public final class OutputBuffer: Sendable {
    private let contents = Mutex<[UInt8]>([])

    /// Makes an empty buffer.
    public init() {}

    /// The bytes that were written so far.
    public var bytes: [UInt8] { contents.withLock { $0 } }
    /// The bytes as text; what is no UTF-8 is replaced by U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    func append(_ bytes: UnsafeRawBufferPointer) { contents.withLock { $0.append(contentsOf: bytes) } }
}

/// The three streams that every program has.
package struct StandardStreams: Sendable {
    /// What the program reads.
    package var input: StandardInput
    /// What it writes.
    package var output: StandardOutput
    /// What it complains on.
    package var error: StandardOutput

    /// The process's own, unless others are given.
    package init(
        input: StandardInput = .inherited, output: StandardOutput = .inheritedOutput,
        error: StandardOutput = .inheritedError
    ) {
        self.input = input
        self.output = output
        self.error = error
    }

    /// Opens them, in their order.
    func open() -> [OpenFile] { [Self.file(input), Self.file(output), Self.file(error)] }

    private static func file(_ input: StandardInput) -> OpenFile {
        switch input.source {
        case .descriptor(let number): return OpenFile(borrowing: number)
        case .closure(let read): return OpenFile(reading: read)
        case .bytes(let bytes):
            var rest = bytes[...]
            return OpenFile { count in
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            }
        case .sequence(let feed): return InputPipe.open(feed)
        }
    }

    private static func file(_ output: StandardOutput) -> OpenFile {
        switch output.target {
        case .descriptor(let number): OpenFile(borrowing: number)
        case .closure(let write): OpenFile(writing: write)
        case .sequence(let feed): feed.open()
        }
    }
}
