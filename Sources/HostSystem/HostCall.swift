/// A call of an import that has ended, with what it was given and what it gave back.
public struct HostCall: Sendable {
    /// A value that was passed, as far as it is shown.
    public indirect enum Value: Sendable, Equatable {
        /// An integer.
        case integer(Int64)
        /// True or false.
        case boolean(Bool)
        /// A number of JavaScript, in JavaScript's notation.
        case number(String)
        /// The beginning of a text, and the number of bytes of the whole.
        case text(String, byteCount: Int)
        /// Bytes of which only the place is shown.
        case bytes(count: Int, address: UInt64)
        /// The first values of a list, and how many there are.
        case list([Value], count: Int)
        /// An array of bytes of JavaScript's: a name such as `Uint8Array(5)#9`, and its contents as text.
        case array(String, contents: Value)
        /// Something else, by a name such as `object#9` or `ENOENT`.
        case named(String)
        /// The arguments point beyond the guest's memory.
        case outsideMemory

        /// The first of so many bytes that are text.
        public init(text bytes: UnsafeRawBufferPointer) {
            self = .text(String(decoding: bytes.prefix(Self.shownBytes), as: UTF8.self), byteCount: bytes.count)
        }

        /// How many bytes of a text are kept, and how many values of a list.
        public static let shownBytes = 80
        /// How many values of a list are kept.
        public static let shownValues = 16
    }

    /// How a call ended.
    public enum Ending: Sendable, Equatable {
        /// As calls do.
        case returned
        /// With an error of the system, by its name.
        case failed(String)
        /// The program ended in it.
        case exited
        /// The call ended the program by an exception or a mistake of the guest's.
        case aborted(String)
    }

    /// A value with its name in the declaration of the import.
    public struct Field: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value.
        public var value: Value

        /// Makes a field.
        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// The first of the import's names.
    public var module: String
    /// The second of the import's names.
    public var name: String
    /// What was passed.
    public var arguments: [Field]
    /// What was returned; nothing where the call failed.
    public var results: [Field] = []
    /// How the call ended.
    public var ending = Ending.returned
    /// The time of the call, in nanoseconds since the tracing was set up.
    public var start: UInt64
    /// The nanoseconds until it ended, what it called in turn included.
    public var duration: UInt64 = 0

    /// Begins with what is known before the call.
    public init(module: String, name: String, arguments: [Field], start: UInt64) {
        self.module = module
        self.name = name
        self.arguments = arguments
        self.start = start
    }
}

extension HostCall: CustomStringConvertible {
    /// The call as `name(argument=value, …) = result=value, …`.
    public var description: String {
        let head = "\(name)(\(Self.list(arguments)))"
        switch ending {
        case .returned: return results.isEmpty ? head : "\(head) = \(Self.list(results))"
        case .failed(let name): return "\(head) = \(name)"
        case .exited: return "\(head) exits"
        case .aborted(let reason): return "\(head) failed: \(reason)"
        }
    }

    private static func list(_ fields: [Field]) -> String {
        fields.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
    }
}

extension HostCall.Value: CustomStringConvertible {
    /// The value as people read it.
    public var description: String {
        switch self {
        case .integer(let number): return "\(number)"
        case .boolean(let flag): return flag ? "true" : "false"
        case .number(let text), .named(let text): return text
        case .text(let text, let count): return text.debugDescription + (count > Self.shownBytes ? "…" : "")
        case .bytes(let count, let address): return "[\(count) bytes at \(address)]"
        case .list(let values, let count):
            let more = count > values.count ? ["…"] : []
            return "[\((values.map(\.description) + more).joined(separator: ", "))]"
        case .array(let name, let contents): return "\(name) \(contents)"
        case .outsideMemory: return "(outside the memory)"
        }
    }
}

/// Where calls of imports are reported to.
///
/// Calls that happen inside of others are reported before them: each is reported when it has ended.
public struct HostCallTrace: Sendable {
    /// What is reported.
    public enum Level: Sendable {
        /// All calls of imports.
        case imports
        /// What is done with files: for JavaScript the operations of the object `fs`, as calls such as `fs.write`, and
        /// what Go's runtime writes by itself; for WASI the functions for descriptors and paths.
        case files
    }

    /// What is reported.
    public let level: Level
    /// Whether calls of an import are wanted, by the import's two names; asked once for each import, when it is linked.
    ///
    /// For operations of `fs` it is asked each time, with names such as `node` and `fs.write`.
    public var wants: @Sendable (_ module: String, _ name: String) -> Bool
    /// Gets each call.
    public var report: @Sendable (HostCall) -> Void
    private let origin = Clock.monotonic

    /// Makes a trace of all calls, or of those that are wanted.
    public init(
        level: Level = .imports,
        wants: @escaping @Sendable (_ module: String, _ name: String) -> Bool = { _, _ in true },
        report: @escaping @Sendable (HostCall) -> Void
    ) {
        self.level = level
        self.wants = wants
        self.report = report
    }

    /// Whether calls of an import are reported.
    package func wantsImport(_ module: String, _ name: String) -> Bool {
        let isOfFiles = name.hasPrefix("fd_") || name.hasPrefix("path_") || name == "runtime.wasmWrite"
        return (level == .imports || isOfFiles) && wants(module, name)
    }

    /// The nanoseconds since the trace was made.
    package var now: UInt64 { UInt64(Clock.monotonic - origin) }
}
