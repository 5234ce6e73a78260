/// Where a guest spent processor time.
public struct CallProfile: Sendable {
    /// A function, or something else that time is spent in.
    public struct Function: Hashable, Sendable {
        /// The name that the module or the import gives it, or `[…]` for what is no function.
        public var name: String
        /// The index in the module; nil for what is no function, or for one that is part of others.
        public var index: Int?
        /// Whether the host provides it.
        public var isHost: Bool
        /// The source file and the line that it begins in, where somebody has found them out.
        public var file: String?
        /// The line in `file`, from 1.
        public var line = 0

        /// Makes a function.
        public init(name: String, index: Int?, isHost: Bool, file: String? = nil, line: Int = 0) {
            self.name = name
            self.index = index
            self.isHost = isHost
            self.file = file
            self.line = line
        }
    }

    /// A place in a function as the engine knows it.
    public struct Place: Hashable, Sendable {
        /// The function.
        public var function: Function
        /// The word that the call that it is in pushed onto the guest's stack, where it is in one that pushes one: Go's
        /// return address, or, where it was found on Go's stack, the block in it.
        public var returnAddress: Int?
        /// Where it is in no call: what the last call before the place pushes, and the first one after it; or, where the
        /// place is known to be in one of Go's blocks, its number and the one after it.
        public var previousAddress: Int?
        /// See ``previousAddress``.
        public var nextAddress: Int?
    }

    /// A function that was being executed at a location.
    public struct Line: Hashable, Sendable {
        /// The index among ``CallProfile/functions``.
        public var function: Int
        /// The line in the function's file; 0 where nobody has found it out.
        public var number: Int

        /// Makes a line.
        public init(function: Int, number: Int) {
            self.function = function
            self.number = number
        }
    }

    /// A place, with the functions there.
    public struct Location: Sendable {
        /// What the engine knows.
        public var place: Place
        /// The function, last, and those that were inlined into it, in whose code the place is: the innermost first.
        public var lines: [Line]
    }

    /// A stack that was found.
    public struct Stack: Sendable {
        /// Indices among ``CallProfile/locations``, innermost first.
        public var frames: [Int]
        /// How many periods were spent there.
        public var periods: Int
        /// Whether the innermost frame was in machine code, and not interpreted.
        public var isNative: Bool
    }

    /// Nanoseconds of processor time that a period stands for.
    public var period: UInt64
    /// Nanoseconds that the run took, by the clock on the wall.
    public var duration: UInt64
    /// The functions that were found.
    public var functions: [Function] = []
    /// The places that were found.
    public var locations: [Location] = []
    /// The stacks, each once; those that were found in machine code and interpreted twice.
    public var stacks: [Stack] = []
    /// Periods for whose stacks there was no room.
    public var lostPeriods = 0
    private struct StackKey: Hashable {
        var frames: [Int]
        var isNative: Bool
    }
    private var stackIndices: [StackKey: Int] = [:]
    private var functionIndices: [Function: Int] = [:]
    private var placeIndices: [Place: Int] = [:]

    init(period: UInt64, duration: UInt64) {
        self.period = period
        self.duration = duration
    }

    /// The index of a function among ``functions``, which it becomes one of.
    public mutating func number(of function: Function) -> Int {
        if let known = functionIndices[function] { return known }
        functionIndices[function] = functions.count
        functions.append(function)
        return functions.count - 1
    }

    /// The index of a place among ``locations``, which it becomes one of.
    mutating func number(of place: Place) -> Int {
        if let known = placeIndices[place] { return known }
        placeIndices[place] = locations.count
        locations.append(Location(place: place, lines: [Line(function: number(of: place.function), number: 0)]))
        return locations.count - 1
    }

    mutating func add(_ frames: [Int], periods: Int, isNative: Bool) {
        let key = StackKey(frames: frames, isNative: isNative)
        if let known = stackIndices[key] {
            stacks[known].periods += periods
        } else {
            stackIndices[key] = stacks.count
            stacks.append(Stack(frames: frames, periods: periods, isNative: isNative))
        }
    }

    /// The functions of a stack, the innermost first: indices among ``functions``.
    public func functions(of stack: Stack) -> [Int] { stack.frames.flatMap { locations[$0].lines.map(\.function) } }
}
