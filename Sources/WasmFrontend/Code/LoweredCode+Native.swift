internal import CSupport

/// When functions are compiled to machine code.
///
/// Every function begins in the interpreter. Where memory for machine code is refused, and on processors other than
/// x86-64, it stays there; so do functions of modules whose memory has no guard pages.
public struct CompilationPolicy: Hashable, Sendable {
    /// How many times a function is entered, or a loop of it begun anew, until it is compiled; with 0 all functions are,
    /// before they run.
    public var threshold: UInt32
    /// How many counters that reach 0 begin once more, the first ones, and with what: what only a program's start is hot
    /// in is not compiled.
    package var patience: (count: UInt32, deferral: UInt32) {
        get { (patienceCount, deferral) }
        set { (patienceCount, deferral) = newValue }
    }
    private var patienceCount: UInt32 = 0
    private var deferral: UInt32 = 0
    /// Where it is not 0, the seed of a coin that says which functions are compiled and where they are entered: for tests.
    package var coin: UInt32
    /// The most bytes of machine code, in steps of 64 KiB; 0 for the usual limit, which tests do not reach.
    package var capacity: UInt32

    /// The policy that is best for programs that run for a tenth of a second and for those that run for minutes.
    ///
    /// See Benchmarks/README.md for the measurements.
    public init() {
        self.init(threshold: 100, coin: 0)
        patience = (64, 3000)
    }

    /// A policy that compiles at a number of events of its own.
    public init(threshold: UInt32) { self.init(threshold: threshold, coin: 0) }

    package init(threshold: UInt32, coin: UInt32, capacity: UInt32 = 0) {
        self.threshold = threshold
        self.coin = coin
        self.capacity = capacity
    }

    /// Prepares for the machine code of functions whose bytecode takes at most some bytes; nil where none can be made.
    func prepare(bytes: Int, functionCount: Int) -> OpaquePointer? {
        let options = GWNativeOptions(
            threshold: threshold, patience: patienceCount, deferral: deferral, coin: coin,
            capacity: capacity)
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
    /// Why there is no machine code; nil where there is some, or would be once a function is hot.
    public var obstacle: Obstacle?

    /// Whether machine code could be made at all: the processor is known, and the system gave memory for it if it was
    /// asked.
    public var isPossible: Bool { obstacle == nil }

    /// A reason for which a module's functions are interpreted, all of them.
    public enum Obstacle: Sendable {
        /// Nobody wants it: the configuration has no ``CompilationPolicy``.
        case unwanted
        /// Addresses have to be compared, as the memory has no guard pages, and machine code does not do that.
        case comparedAddresses
        /// There is no machine code for this processor or system.
        case processor
        /// The system gives no memory that can be executed, or no address space for it.
        case refused
    }

    /// Makes what nothing has been compiled of.
    public init() {}
}

/// The machine code of a function.
public struct MachineCode: Sendable {
    /// What was made of one instruction of bytecode, or a part of it: what is rarely executed lies behind the rest.
    public struct Piece: Sendable {
        /// Which of the bytes.
        public var bytes: Range<Int>
        /// The cell in the code's arena that the instruction begins at.
        var cell: Int
    }

    /// The bytes, from the function's first one on.
    public var bytes: [UInt8]
    /// The pieces, in the order of the bytes.
    public internal(set) var pieces: [Piece] = []
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
    func compile(_ lowered: LoweredFunction, _ state: inout State) {
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
            var result = CompilationStatistics()
            result.functions = Int(counts.functions)
            result.refusedFunctions = Int(counts.refused)
            result.bytes = counts.bytes
            result.instructions = counts.instructions
            result.nanoseconds = counts.nanoseconds
            result.entries = counts.entries
            if options.compilation == nil {
                result.obstacle = .unwanted
            } else if options.checksAddresses {
                result.obstacle = .comparedAddresses
            } else if !gw_native_is_possible() {
                result.obstacle = .processor
            } else if code.pointee.native == nil || counts.is_refused {
                result.obstacle = .refused
            }
            return result
        }
    }

    /// The machine code of a function, and what each piece of it was made of; nil where there is none.
    func machineCode(_ lowered: LoweredFunction) -> MachineCode? {
        withState { _ in
            var size: UInt64 = 0
            guard let start = gw_native_code(code, UInt32(lowered.function), &size) else { return nil }
            var result = MachineCode(bytes: Array(UnsafeBufferPointer(start: start, count: Int(size))))
            var offset: UInt64 = 0
            while offset < size {
                var next: UInt64 = 0
                let cell = gw_native_cell(code, UInt32(lowered.function), offset, &next)
                if next > offset { result.pieces.append(.init(bytes: Int(offset)..<Int(next), cell: Int(cell))) }
                offset = max(next, offset + 1)
            }
            return result
        }
    }
}
