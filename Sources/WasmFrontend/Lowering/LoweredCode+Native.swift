internal import CSupport

/// When functions are compiled to machine code.
///
/// Every function begins in the interpreter. Where memory for machine code is refused, and on processors other than
/// x86-64, it stays there; so do functions of modules whose memory has no guard pages.
public struct CompilationPolicy: Hashable, Sendable {
    /// How many times a function is entered, or a loop of it begun anew, until it is compiled; with 0 all functions are,
    /// before they run.
    public var threshold: UInt32
    /// Where it is not 0, the seed of a coin that says which functions are compiled and where they are entered: for tests.
    package var coin: UInt32
    /// The most bytes of machine code, in steps of 64 KiB; 0 for the usual limit, which tests do not reach.
    package var capacity: UInt32

    /// The threshold that is best for programs that run for a tenth of a second and for those that run for minutes: see
    /// Benchmarks/README.md.
    public static var usualThreshold: UInt32 { 300 }

    /// Makes a policy.
    public init(threshold: UInt32 = Self.usualThreshold) { self.init(threshold: threshold, coin: 0) }

    package init(threshold: UInt32, coin: UInt32, capacity: UInt32 = 0) {
        self.threshold = threshold
        self.coin = coin
        self.capacity = capacity
    }

    /// Prepares for the machine code of functions whose bytecode takes at most some bytes; nil where none can be made.
    func prepare(bytes: Int, functionCount: Int) -> OpaquePointer? {
        let options = GWNativeOptions(threshold: threshold, coin: coin, capacity: capacity)
        return gw_native_create(UInt64(bytes), UInt32(functionCount), options)
    }
}

/// What machine code has been made of a module's functions, and what that has cost.
public struct CompilationStatistics: Sendable {
    /// How many functions were compiled.
    public var functions = 0
    /// How many could not be.
    public var refusedFunctions = 0
    /// The bytes of machine code.
    public var bytes: UInt64 = 0
    /// How many instructions of bytecode it was made of.
    public var instructions: UInt64 = 0
    /// The time that compiling took, in nanoseconds.
    public var nanoseconds: UInt64 = 0
    /// How often the interpreter has gone over to machine code.
    public var entries: UInt64 = 0
    /// Whether machine code could be made at all: the processor is known, and the system gave memory for it if it was
    /// asked.
    public var isPossible = false
}

extension LoweredCode {
    /// Called by the loop when a counter has reached 0.
    static let compile: @convention(c) (UnsafeMutableRawPointer?, UInt32) -> Void = { context, cell in
        let code = Unmanaged<LoweredCode>.fromOpaque(context!).takeUnretainedValue()
        code.withState { state in
            if let lowered = code.lowered(at: Int(cell), state) { code.compile(lowered, &state) }
        }
    }

    /// Compiles a function, if that has not been done.
    func compile(_ lowered: Lowered, _ state: inout State) {
        state.verifier.withShape { shape in
            gw_native_compile(
                code, shape, UInt32(lowered.function), UInt32(lowered.cells.lowerBound),
                UInt32(lowered.cells.upperBound), UInt32(lowered.slots))
        }
    }

    /// What has been compiled so far.
    public var compilation: CompilationStatistics {
        withState { _ in
            let counts = gw_native_statistics(code)
            return CompilationStatistics(
                functions: Int(counts.functions), refusedFunctions: Int(counts.refused), bytes: counts.bytes,
                instructions: counts.instructions, nanoseconds: counts.nanoseconds, entries: counts.entries,
                isPossible: code.pointee.native != nil && !counts.is_refused)
        }
    }
}
