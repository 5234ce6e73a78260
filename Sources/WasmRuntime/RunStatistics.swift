internal import CSupport
public import WasmFrontend

/// What a run does and what that costs: host calls, lowering, memory, frames.
///
/// Set one in ``Store/Configuration`` before running. Host functions, memories and code of stores without one are made
/// as if there were none.
public final class RunStatistics: @unchecked Sendable {
    // Sendable: it is used by the thread that runs the store, and by others when that has ended.

    /// Calls of an import.
    public struct HostFunction: Sendable {
        /// The first of the import's names.
        public let module: String
        /// The second of the import's names.
        public let name: String
        /// How often it was called.
        public internal(set) var calls = 0
        /// The nanoseconds spent in it, without those spent in other imports that it led to; with those of the guest's
        /// functions that it called back.
        public internal(set) var nanoseconds: UInt64 = 0
    }

    /// What the guest used at a moment.
    public struct Sample: Sendable {
        /// Nanoseconds since the statistics were made.
        public let time: UInt64
        /// The size of linear memory.
        public let memoryBytes: UInt64
        /// The bytes of frames of calls that were under way.
        public let frameBytes: UInt64
        /// What ``RunStatistics/referenceCount`` said.
        public let references: Int?
    }

    /// A linear memory became larger.
    public struct Growth: Sendable {
        /// Nanoseconds since the statistics were made.
        public let time: UInt64
        /// The size before.
        public let from: UInt64
        /// The size afterwards.
        public let to: UInt64
    }

    /// What was validated and lowered.
    public struct Lowering: Sendable {
        /// How many functions.
        public internal(set) var functions = 0
        /// The bytes of WebAssembly that they had.
        public internal(set) var wasmBytes = 0
        /// The bytes of bytecode that became of them.
        public internal(set) var bytecodeBytes = 0
        /// Nanoseconds for their validation.
        public internal(set) var validation: UInt64 = 0
        /// Nanoseconds for the rest of their lowering.
        public internal(set) var lowering: UInt64 = 0
        /// Nanoseconds that finding out the others took, which is no part of any other figure.
        public internal(set) var measuring: UInt64 = 0
    }

    /// The imports, in the order in which they were linked.
    public private(set) var hostFunctions: [HostFunction] = []
    /// How the use of memory went, oldest first: at moments of host calls, at most 256 of them.
    public private(set) var samples: [Sample] = []
    /// The growths of linear memory; the first 1000 of them.
    public private(set) var growths: [Growth] = []
    /// The number of growths.
    public private(set) var growthCount = 0
    /// What was validated and lowered.
    public private(set) var lowering = Lowering()
    /// What was compiled of all modules of the store; nil until an instance has been made.
    ///
    /// Instances of a module in other stores share its code: what they had compiled is counted as well.
    public var compilation: CompilationStatistics? { store?.compilation ?? lastCompilation }
    /// How many references to values of the host the guest holds at the moment; nil where it has none.
    public var referenceCount: (() -> Int)?
    /// The largest number of such references among the samples.
    public private(set) var mostReferences = 0

    private let start = MonotonicClock.now()
    /// The nanoseconds that host functions took that the current one led to.
    private var inner: UInt64 = 0
    private var nextSample: UInt64 = 0
    private var sampleDistance: UInt64 = 100_000
    private unowned(unsafe) var store: Store?
    /// What the store said when it went.
    private var lastFrameBytes: UInt64 = 0
    private var lastCompilation: CompilationStatistics?

    /// Starts the clock.
    public init() {}

    // MARK: - Host functions

    /// The body of an import, with a clock around it.
    func timing(_ body: WasmRuntime.HostFunction.Body, _ module: String, _ name: String)
        -> WasmRuntime.HostFunction.Body
    {
        // Go's linker imports a function once for each package that declares it.
        let known = hostFunctions.firstIndex { $0.module == module && $0.name == name }
        let number = known ?? hostFunctions.count
        if known == nil { hostFunctions.append(HostFunction(module: module, name: name)) }
        switch body {
        case .plain(let body):
            return .plain { [unowned self] argument in try time(number) { try body(argument) } }
        case .raw(let body):
            return .raw { [unowned self] arguments, results, store in
                try time(number) { try body(arguments, results, store) }
            }
        }
    }

    private func time(_ number: Int, _ body: () throws -> Void) rethrows {
        let begin = MonotonicClock.now()
        let outerInner = inner
        inner = 0
        // Counted before: a program may end in the call.
        hostFunctions[number].calls += 1
        defer {
            let end = MonotonicClock.now()
            let whole = end - begin
            hostFunctions[number].nanoseconds += whole - min(whole, inner)
            inner = outerInner + whole
            if end >= nextSample { sample(end) }
        }
        try body()
    }

    // MARK: - Memory

    /// Called for each store that is made with these statistics.
    func watch(_ store: Store) {
        self.store = store
        store.machine.pointee.lowering_observer = Unmanaged.passUnretained(loweringObserver).toOpaque()
    }

    /// Called before the store goes.
    func leave(_ store: Store) {
        finish()
        lastFrameBytes = max(lastFrameBytes, store.mostFrameBytes)
        lastCompilation = store.compilation
        self.store = nil
    }

    /// Has a memory tell its growths.
    func watch(_ memory: UnsafeMutablePointer<GWMemory>) {
        memory.pointee.growth_context = Unmanaged.passUnretained(self).toOpaque()
        memory.pointee.on_growth = { context, memory, old in
            Unmanaged<RunStatistics>.fromOpaque(context!).takeUnretainedValue()
                .grew(from: old, to: memory!.pointee.size)
        }
    }

    private func grew(from old: UInt64, to new: UInt64) {
        growthCount += 1
        if growths.count < 1000 { growths.append(Growth(time: MonotonicClock.now() - start, from: old, to: new)) }
    }

    private func sample(_ now: UInt64) {
        guard let store else { return }
        let references = referenceCount?()
        mostReferences = max(mostReferences, references ?? 0)
        samples.append(
            Sample(
                time: now - start, memoryBytes: store.memoryBytes, frameBytes: store.frameBytes,
                references: references))
        // As many as are worth showing: of each two one is left out, and the next ones are farther apart.
        if samples.count > 256 {
            samples = samples.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            sampleDistance *= 2
        }
        nextSample = now + sampleDistance
    }

    /// Takes a last sample, of the end of the run.
    public func finish() { sample(MonotonicClock.now()) }

    /// The most bytes that frames ever took, as far as they left traces in their memory.
    public var mostFrameBytes: UInt64 { max(lastFrameBytes, store?.mostFrameBytes ?? 0) }

    // MARK: - Lowering

    /// Who is told of each function that is lowered because a store with these statistics calls it.
    private(set) lazy var loweringObserver = LoweringObserver { [unowned self] function in
        lowering.functions += 1
        lowering.wasmBytes += function.wasmBytes
        lowering.bytecodeBytes += function.bytecodeBytes
        let validation = min(function.validation, function.total)
        lowering.validation += validation
        lowering.lowering += function.total - validation
        lowering.measuring += function.measuring
    }
}
