internal import CSupport
internal import Synchronization
internal import WasmFrontend

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Finds out where a guest spends processor time, by looking at its stack at regular moments.
///
/// Set one in ``Store/Configuration``, run, and ask for the ``CallProfile`` afterwards. The guest's code is not changed, and
/// without a profiler nothing is done. One profiler works at a time, on Linux, for the thread that made its store.
public final class CallProfiler: Sendable {
    /// Nanoseconds of processor time between samples that are asked for.
    ///
    /// The system looks at its clocks 100 to 1000 times a second. Where several periods passed, a sample counts several times.
    public let period: UInt64

    private struct State {
        var isRunning = false
        var isOver = false
        var startOfRun: UInt64 = 0
        /// By the numbers of codes; they are kept, as places in them are named later.
        var modules: [(module: Module, code: LoweredCode)] = []
        var failure: Int32 = 0
        /// The address of the machine that is sampled; 0 for none.
        var machine: UInt = 0
    }
    private let state = Mutex(State())

    /// Makes a profiler that takes samples each `period` nanoseconds.
    public init(period: UInt64 = 1_000_000) { self.period = period }

    /// Called for each instance that is made in a store with this profiler; the first starts the sampling.
    func add(_ storage: InstanceStorage, _ machine: UnsafeMutablePointer<GWMachine>) {
        state.withLock { state in
            guard !state.isOver, state.failure == 0 else { return }
            if !state.isRunning {
                state.failure = gw_sampler_start(machine, period)
                guard state.failure == 0 else { return }
                state.isRunning = true
                state.machine = UInt(bitPattern: machine)
                state.startOfRun = Self.now()
            }
            let number = Int(gw_sampler_add_code(storage.code.code))
            if number == state.modules.count { state.modules.append((storage.module, storage.code)) }
        }
    }

    /// Called before a machine goes that may be the one that is sampled.
    func remove(_ machine: UnsafeMutablePointer<GWMachine>) {
        state.withLock { state in
            guard state.machine == UInt(bitPattern: machine) else { return }
            state.machine = 0
            _ = gw_sampler_stop()
        }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Ends the sampling, and returns what was found; nil where the system offers no such timer or nothing was run.
    ///
    /// It may be called while the guest is inside a host function. Further calls return nil.
    public func finish() -> CallProfile? {
        state.withLock { state in
            guard state.isRunning, !state.isOver else { return nil }
            state.isOver = true
            state.machine = 0
            let samples = gw_sampler_stop()
            let namer = PlaceNamer(modules: state.modules)
            // Nodes come behind their callers'.
            var functions: [Int] = [-1]
            var profile = CallProfile(period: period, duration: Self.now() - state.startOfRun)
            var indices: [CallProfile.Function: Int] = [:]
            for index in 1..<max(1, Int(samples.count) + 1) {
                let function = namer.function(samples.nodes[index].place)
                let known = indices[function, default: profile.functions.count]
                if known == profile.functions.count {
                    indices[function] = known
                    profile.functions.append(function)
                }
                functions.append(known)
                guard samples.nodes[index].periods > 0 else { continue }
                var frames: [Int] = []
                var node = index
                while node != 0 {
                    // A host function is called by the place that was found.
                    if let caller = namer.caller(samples.nodes[node].place) {
                        frames.append(functions[node])
                        let place = indices[caller, default: profile.functions.count]
                        if place == profile.functions.count {
                            indices[caller] = place
                            profile.functions.append(caller)
                        }
                        frames.append(place)
                    } else {
                        frames.append(functions[node])
                    }
                    node = Int(samples.nodes[node].caller)
                }
                profile.add(frames, periods: Int(samples.nodes[index].periods))
            }
            profile.lostPeriods = Int(samples.lost)
            return profile
        }
    }
}

/// Where a guest spent processor time.
public struct CallProfile: Sendable {
    /// A function, or something else that time is spent in.
    public struct Function: Hashable, Sendable {
        /// The name that the module or the import gives it, or `[…]` for what is no function.
        public var name: String
        /// The index in the module; nil for what is no function.
        public var index: Int?
        /// Whether the host provides it.
        public var isHost: Bool
        /// The source file and the line that it begins in, where somebody has found them out.
        public var file: String?
        /// The line in `file`, from 1.
        public var line = 0
    }

    /// A stack that was found.
    public struct Stack: Sendable {
        /// Indices among ``CallProfile/functions``, innermost first.
        public var frames: [Int]
        /// How many periods were spent there.
        public var periods: Int
    }

    /// Nanoseconds of processor time that a period stands for.
    public var period: UInt64
    /// Nanoseconds that the run took, by the clock on the wall.
    public var duration: UInt64
    /// The functions that were found.
    public var functions: [Function] = []
    /// The stacks, each once.
    public var stacks: [Stack] = []
    /// Periods for whose stacks there was no room.
    public var lostPeriods = 0
    private var indices: [[Int]: Int] = [:]

    init(period: UInt64, duration: UInt64) {
        self.period = period
        self.duration = duration
    }

    mutating func add(_ frames: [Int], periods: Int) {
        if let known = indices[frames] {
            stacks[known].periods += periods
        } else {
            indices[frames] = stacks.count
            stacks.append(Stack(frames: frames, periods: periods))
        }
    }
}

/// Finds the functions of sampled places.
private struct PlaceNamer {
    let modules: [(module: Module, code: LoweredCode)]

    private func guest(_ place: GWSamplePlace) -> CallProfile.Function {
        let (module, code) = modules[Int(place.code)]
        guard let index = code.function(at: Int(place.cell)) else { return Self.other("[unknown]") }
        return function(index, of: module)
    }

    private func function(_ index: Int, of module: Module) -> CallProfile.Function {
        if index < module.importedFunctionCount {
            let imports = module.imports.lazy.filter { if case .function = $0.kind { true } else { false } }
            let found = imports.dropFirst(index).first
            return CallProfile.Function(name: found.map(\.name) ?? "import \(index)", index: index, isHost: true)
        }
        return CallProfile.Function(
            name: module.functionName(index) ?? "function \(index)", index: index, isHost: false)
    }

    private static func other(_ name: String) -> CallProfile.Function {
        CallProfile.Function(name: name, index: nil, isHost: true)
    }

    /// The function that the innermost part of a place is in.
    func function(_ place: GWSamplePlace) -> CallProfile.Function {
        switch Int(place.kind) {
        case GWSample_guest: return guest(place)
        case GWSample_host:
            let (module, code) = modules[Int(place.code)]
            guard let callee = code.directCallee(at: Int(place.cell)) else { return Self.other("[host]") }
            return callee < module.importedFunctionCount
                ? function(callee, of: module) : Self.other("[translating wasm]")
        case GWSample_cut: return Self.other("[outer frames left out]")
        case GWSample_outside: return Self.other("[outside of the program]")
        default: return Self.other("[unknown]")
        }
    }

    /// The guest's function whose call a place is in; nil where the place itself is in a guest's function, or in none.
    func caller(_ place: GWSamplePlace) -> CallProfile.Function? {
        Int(place.kind) == GWSample_host ? guest(place) : nil
    }
}
