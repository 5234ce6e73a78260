/// A goroutine of a Go program at one moment, as Go's runtime shows it in tracebacks.
public struct Goroutine: Hashable, Sendable, Identifiable {
    /// A function that was being executed.
    public struct Frame: Hashable, Sendable {
        /// The name as Go prints it: `main.(*server).run`, and `main.sum[...]` for functions with type arguments.
        public var function: String
        /// The arguments as Go prints them: their words in hexadecimal, `...` for an inlined function, which has none
        /// of its own.
        public var arguments: String
        /// The path of the source file, and the line in it, from 1; nil where the module's table does not say.
        public var line: GoLineTable.Line?
        /// How far after the function's beginning the place is, in the addresses that Go gives to code: numbers of
        /// blocks; nil for inlined functions, and at the beginning.
        public var offset: Int?

        /// Makes a frame.
        public init(function: String, arguments: String = "", line: GoLineTable.Line? = nil, offset: Int? = nil) {
            self.function = function
            self.arguments = arguments
            self.line = line
            self.offset = offset
        }

        /// Where it is, as the second line of a frame in Go's format.
        fileprivate var place: String {
            let offset = offset.map { " +0x" + String($0, radix: 16) } ?? ""
            return "\t" + Goroutine.oneLine(line?.file ?? "?") + ":\(line?.number ?? 0)" + offset
        }
    }

    /// The number, which Go's runtime gives out once.
    public var id: UInt64
    /// What it does, in the words of Go's runtime: `running`, `runnable`, `chan receive`, `sleep`, `select`.
    public var status: String
    /// The whole minutes that it has been waiting, since a garbage collection first found it so; 0 before.
    public var minutesWaiting: Int
    /// Whether it is bound to its thread (`runtime.LockOSThread`).
    public var isLockedToThread: Bool
    /// The number of its bubble of package testing/synctest; nil outside of any, and before Go 1.25.
    public var bubble: UInt64?
    /// The functions that it is in, the innermost first, without those of Go's runtime that Go leaves out.
    public var frames: [Frame]
    /// How many functions are left out in the middle of ``frames``, where there are more than
    /// ``GoroutineDump/longestStack``.
    public var elidedFrames: Int
    /// Whether the stack has more frames than were read, or goes on where nothing can be read.
    public var isTruncated: Bool
    /// The `go` statement that began it; nil for the one that runs `main.main`.
    public var creator: Frame?
    /// The number of the goroutine with that statement; nil before Go 1.21.
    public var parent: UInt64?

    /// The first line, as Go prints it, without the colon: `goroutine 7 [chan receive, 2 minutes]`.
    public var header: String {
        var text = "goroutine \(id) [\(Self.oneLine(status))"
        if minutesWaiting > 0 { text += ", \(minutesWaiting) minutes" }
        if isLockedToThread { text += ", locked to thread" }
        if let bubble { text += ", synctest bubble \(bubble)" }
        return text + "]"
    }

    /// Names are the guest's: each shall be one line.
    fileprivate static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        return text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }.joined()
    }
}

extension Goroutine: CustomStringConvertible {
    /// The goroutine in the format of Go's tracebacks, without a line feed at the end.
    public var description: String { lines.joined(separator: "\n") }

    /// The lines of ``description``.
    var lines: [String] {
        var lines = [header + ":"]
        for (index, frame) in frames.enumerated() {
            if elidedFrames > 0, index == GoroutineDump.longestStack / 2 {
                lines.append("...\(elidedFrames) frames elided...")
            }
            lines.append("\(Self.oneLine(frame.function))(\(frame.arguments))")
            lines.append(frame.place)
        }
        if isTruncated { lines.append(frames.isEmpty ? "\tstack unavailable" : "...additional frames elided...") }
        if let creator {
            let parent = parent.map { $0 == 0 ? "" : " in goroutine \($0)" } ?? ""
            lines.append("created by " + Self.oneLine(creator.function) + parent)
            lines.append(creator.place)
        }
        return lines
    }
}

/// The goroutines of a Go program at one moment, without those of Go's runtime itself.
///
/// They are read from the program's memory, in which Go's runtime keeps them, by the layout of the version of Go that
/// the module names: of Go 1.19 and 1.21 to 1.27, also of programs that were linked with `-s` and `-w`. Nothing in the program
/// runs for that. What a program has made of its memory may be anything: then nothing or nonsense is said, and reading
/// ends after a while.
public struct GoroutineDump: Hashable, Sendable {
    /// The goroutines: the one that runs first, the others as Go's runtime lists them.
    public var goroutines: [Goroutine]
    /// How many more there are than were read.
    public var omitted: Int

    /// How many goroutines are read at most.
    public static let mostGoroutines = 10_000
    /// How many functions of a goroutine are kept: one half innermost, one outermost, as Go does.
    public static let longestStack = 100
    /// How many calls of a stack are looked at.
    static let deepestStack = 200_000
    /// After which time no further goroutine is read.
    static let patience = Duration.seconds(2)

    /// Makes a list of goroutines.
    public init(goroutines: [Goroutine], omitted: Int = 0) {
        self.goroutines = goroutines
        self.omitted = omitted
    }
}

extension GoroutineDump: CustomStringConvertible {
    /// The goroutines in the format of Go's tracebacks, with an empty line between two.
    public var description: String { lines.joined(separator: "\n") }

    /// The lines of ``description``.
    package var lines: [String] {
        let parts = goroutines.map(\.lines) + (omitted > 0 ? [["... \(omitted) more goroutines"]] : [])
        return Array(parts.joined(separator: [""]))
    }
}
