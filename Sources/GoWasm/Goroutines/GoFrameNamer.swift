/// Names the frames of stacks as Go's tracebacks do (runtime/traceback.go).
struct GoFrameNamer {
    private let table: GoLineTable
    private let wrapper: UInt8
    private let guest: GuestReader
    /// What is shown of a place, by place: stacks have many in common.
    private var known: [Place: [Goroutine.Frame]] = [:]

    private struct Place: Hashable {
        var address: GoLineTable.CodeAddress
        var previousBlock: Int?
        var isExact: Bool
        var isFirst: Bool
        /// Whether what it called is one of the functions that wrappers are shown below.
        var calleeShowsWrappers: Bool
        /// Whether everything is shown.
        var includesRuntime: Bool
    }

    init(_ table: GoLineTable, wrapper: UInt8, _ guest: GuestReader) {
        self.table = table
        self.wrapper = wrapper
        self.guest = guest
    }

    /// The frames to be shown, and how many are left out in the middle.
    ///
    /// Where there would be none, all are shown, those of the runtime included, as Go does.
    mutating func frames(of walk: StackWalk) -> (frames: [Goroutine.Frame], elided: Int) {
        let shown = frames(of: walk, includingRuntime: false)
        return shown.frames.isEmpty ? frames(of: walk, includingRuntime: true) : shown
    }

    private mutating func frames(
        of walk: StackWalk, includingRuntime: Bool
    ) -> (frames: [Goroutine.Frame], elided: Int) {
        let half = GoroutineDump.longestStack / 2
        var frames: [Goroutine.Frame] = []
        var count = 0
        var callee = ""
        for frame in walk.frames {
            let place = Place(
                address: frame.address, previousBlock: frame.previousBlock, isExact: frame.isExact, isFirst: count == 0,
                calleeShowsWrappers: Self.showsWrappers.contains(callee), includesRuntime: includingRuntime)
            let shown = known[place] ?? shownFrames(place)
            known[place] = shown
            callee = table.name(ofFunction: frame.address.function) ?? ""
            count += shown.count
            frames += shown
            if let last = shown.indices.last, shown[last].arguments.isEmpty {
                frames[frames.count - 1].arguments = arguments(frame)
            }
            // Of the outer ones the last half stays.
            if frames.count > 8 * half { frames.removeSubrange(half..<(frames.count - half)) }
        }
        guard count > 2 * half else { return (frames, 0) }
        return (Array(frames.prefix(half) + frames.suffix(half)), count - 2 * half)
    }

    /// What is shown of a place: the function last, and inlined ones before it, whose arguments are "...".
    private func shownFrames(_ place: Place) -> [Goroutine.Frame] {
        let (function, block) = (place.address.function, place.address.block)
        // The table speaks of calls: of what is before an address.
        let frames =
            if let previous = place.previousBlock {
                table.frames(inFunction: function, returnAddress: nil, previous: previous, next: block)
            } else {
                table.frames(inFunction: function, returnAddress: place.isExact ? block + 1 : block)
            }
        let isWrapper = table.specialNumber(ofFunction: function) == wrapper && !place.calleeShowsWrappers
        var shown: [Goroutine.Frame] = []
        for (index, frame) in frames.enumerated() {
            let isInlined = index < frames.count - 1
            if !isInlined, isWrapper, !place.includesRuntime { continue }
            let isFirst = place.isFirst && shown.isEmpty
            guard place.includesRuntime || Self.isShown(frame.name) || frame.name == "runtime.gopanic" && !isFirst
            else {
                continue
            }
            shown.append(
                Goroutine.Frame(
                    function: Self.printed(frame.name), arguments: isInlined ? "..." : "", line: frame.line,
                    offset: isInlined || block == 0 ? nil : block))
        }
        return shown
    }

    /// Functions below which Go shows wrappers, too (runtime.elideWrapperCalling).
    private static let showsWrappers: Set = ["runtime.gopanic", "runtime.sigpanic", "runtime.panicwrap"]
    /// Functions of the runtime that are always shown, to say what a goroutine is for.
    private static let alwaysShown: Set = ["runtime.runFinalizers", "runtime.runCleanups"]

    /// Whether Go shows a function by default: not those that are the runtime's own affair (runtime.showfuncinfo).
    static func isShown(_ name: String) -> Bool {
        guard name.contains(".") else { return false }
        guard name.hasPrefix("runtime.") else { return true }
        return alwaysShown.contains(name) || isExported(name.dropFirst("runtime.".count))
    }

    /// Whether a function or method of package runtime is one of its interface (runtime.isExportedRuntime).
    private static func isExported(_ name: Substring) -> Bool {
        func isCapital(_ text: Substring) -> Bool { text.utf8.first.map { (0x41...0x5A).contains($0) } ?? false }
        guard let dot = name.lastIndex(of: ".") else { return isCapital(name) }
        var receiver = name[..<dot]
        if receiver.hasPrefix("(*"), receiver.hasSuffix(")") { receiver = receiver.dropFirst(2).dropLast() }
        return isCapital(name[name.index(after: dot)...]) && isCapital(receiver)
    }

    /// A name as Go prints it: `panic`, and without type arguments (runtime.printFuncName).
    static func printed(_ name: String) -> String {
        if name == "runtime.gopanic" { return "panic" }
        guard let first = name.firstIndex(of: "["), let last = name.lastIndex(of: "]"), first < last else {
            return name
        }
        return name[..<first] + "[...]" + name[name.index(after: last)...]
    }

    /// The arguments of a function, from the words of its caller's part of the stack (runtime.printArgs).
    private func arguments(_ frame: StackWalk.Frame) -> String {
        typealias Format = GoLineTable.ArgumentFormat
        guard frame.end != 0, let format = table.argumentFormat(ofFunction: frame.address.function) else { return "" }
        var text = ""
        var isStart = true
        var bytes = format.makeIterator()
        while let byte = bytes.next(), byte != Format.end {
            if byte == Format.endOfAggregate {
                text += "}"
                isStart = false
                continue
            }
            if !isStart { text += ", " }
            isStart = byte == Format.startOfAggregate
            switch byte {
            case Format.startOfAggregate: text += "{"
            case Format.more: text += "..."
            case Format.offsetTooLarge: text += "_"
            default:
                guard let size = bytes.next(), let place = StackWalk.sum(frame.end, Int(byte)) else { return text }
                text += guest.number(place, size: size).map { "0x" + String($0, radix: 16) } ?? "?"
            }
        }
        return text
    }
}
