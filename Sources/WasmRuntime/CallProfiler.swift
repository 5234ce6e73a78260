internal import CSupport
internal import Synchronization
package import WasmFrontend

/// Finds out where a guest spends processor time, by looking at its stack at regular moments.
///
/// Set one in ``Store/Configuration``, run, and ask for the ``CallProfile`` afterwards. The guest's code is not
/// changed, and without a profiler nothing is done. One profiler works at a time, on Linux, for the thread that made
/// its store.
public final class CallProfiler: Sendable {
    /// Nanoseconds of processor time between samples that are asked for.
    ///
    /// The system looks at its clocks 100 to 1000 times a second. Where several periods passed, a sample counts several
    /// times.
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
        var counts: SampleCounts?
        /// By module.
        var goStacks: [ObjectIdentifier: GoStackTable] = [:]
    }
    private let state = Mutex(State())

    /// Whether the callers of functions are wanted, and not only where time is spent.
    package let findsCallers: Bool

    /// Makes a profiler that takes samples each `period` nanoseconds.
    public convenience init(period: UInt64 = 1_000_000) { self.init(period: period, findsCallers: true) }

    /// Makes a profiler, which is to find callers only if it is said.
    package init(period: UInt64 = 1_000_000, findsCallers: Bool) {
        self.period = period
        self.findsCallers = findsCallers
    }

    /// Has the callers of a Go module's functions looked for on Go's stack.
    ///
    /// Wasm's own has them only since the goroutine was resumed last. To be called before the module has instances.
    package func describe(_ module: Module, _ table: GoStackTable) {
        state.withLock { $0.goStacks[ObjectIdentifier(module)] = table }
    }

    deinit {
        let isUnfinished = state.withLock { $0.isRunning && !$0.isOver }
        guard isUnfinished else { return }
        _ = gw_sampler_stop()
        gw_sampler_release()
    }

    /// Called for each instance that is made in a store with this profiler; the first starts the sampling.
    func add(_ storage: InstanceStorage, _ machine: UnsafeMutablePointer<GWMachine>) {
        state.withLock { state in
            guard !state.isOver, state.failure == 0 else { return }
            if !state.isRunning {
                state.failure = gw_sampler_start(machine, period)
                guard state.failure == 0 else { return }
                state.isRunning = true
                state.machine = UInt(bitPattern: machine)
                state.startOfRun = MonotonicClock.now()
            }
            let stacks = state.goStacks[ObjectIdentifier(storage.module)]?.stacks
            let number = Int(gw_sampler_add_code(storage.code.code, storage.pointer, stacks))
            if number == state.modules.count { state.modules.append((storage.module, storage.code)) }
        }
    }

    /// Called before a machine goes that may be the one that is sampled; what was found is kept for ``finish()``.
    func remove(_ machine: UnsafeMutablePointer<GWMachine>) {
        state.withLock { state in
            guard state.machine == UInt(bitPattern: machine) else { return }
            state.machine = 0
            _ = gw_sampler_stop()
        }
    }

    /// Ends the sampling, and returns what was found; nil where the system offers no such timer or nothing was run.
    ///
    /// It may be called while the guest is inside a host function. Further calls return nil.
    public func finish() -> CallProfile? {
        state.withLock { state in
            guard state.isRunning, !state.isOver else { return nil }
            let samples = stop(&state)
            defer { gw_sampler_release() }
            var namer = PlaceNamer(modules: state.modules)
            var profile = CallProfile(period: period, duration: MonotonicClock.now() - state.startOfRun)
            // The locations of nodes, innermost first. Nodes come behind their callers'.
            var locations: [[Int]] = [[]]
            for index in 1..<max(1, Int(samples.count) + 1) {
                let node = samples.nodes[index]
                locations.append(namer.locations(node.place).map { profile.number(of: $0) })
                guard node.periods > 0 else { continue }
                var frames: [Int] = []
                var place = index
                while place != 0 {
                    frames += locations[place]
                    place = Int(samples.nodes[place].caller)
                }
                profile.add(
                    frames, periods: Int(node.periods), isNative: Int(node.place.kind) == GWSample_native)
            }
            profile.lostPeriods = Int(samples.lost)
            return profile
        }
    }

    /// In what kinds of code the samples were taken; nil where there are none.
    ///
    /// Ends the sampling if ``finish()`` has not.
    public func counts() -> SampleCounts? {
        state.withLock { state in
            if state.isRunning, !state.isOver {
                _ = stop(&state)
                gw_sampler_release()
            }
            return state.counts
        }
    }

    /// Ends the sampling; what it returns is there until the sampler is released.
    private func stop(_ state: inout State) -> GWSamples {
        state.isOver = true
        state.machine = 0
        let samples = gw_sampler_stop()
        var counts = SampleCounts()
        for index in 1..<max(1, Int(samples.count) + 1) {
            let periods = Int(samples.nodes[index].periods)
            switch Int(samples.nodes[index].place.kind) {
            case GWSample_native: counts.native += periods
            case GWSample_guest, GWSample_unknown: counts.interpreted += periods
            default: counts.other += periods
            }
        }
        state.counts = counts
        return samples
    }
}

/// How many periods of a guest's processor time were spent in what kind of code.
public struct SampleCounts: Hashable, Sendable {
    /// In machine code that was made of the guest's functions.
    public var native = 0
    /// In the interpreter's loop.
    public var interpreted = 0
    /// Elsewhere: in host functions, in lowering and compiling, in what instructions call, in starting.
    public var other = 0

    /// Makes counts.
    public init(native: Int = 0, interpreted: Int = 0, other: Int = 0) {
        self.native = native
        self.interpreted = interpreted
        self.other = other
    }

    /// All of them.
    public var all: Int { native + interpreted + other }
}

/// Finds the functions of sampled places.
private struct PlaceNamer {
    let modules: [(module: Module, code: LoweredCode)]
    /// What the calls of functions push, by the code and the function.
    private var pushes: [[Int]: [(cell: Int, word: Int)]] = [:]
    /// What finds blocks in functions, likewise; nil for those that have none.
    private var finders: [[Int]: BlockFinder?] = [:]

    init(modules: [(module: Module, code: LoweredCode)]) { self.modules = modules }

    /// A place in a function of the guest; `isCall` says whether the function is in the call at the place.
    private mutating func guest(_ place: GWSamplePlace, isCall: Bool) -> CallProfile.Place {
        let (module, code) = modules[Int(place.code)]
        let cell = Int(place.cell)
        guard let index = code.function(at: cell) else { return Self.other("[unknown]") }
        var result = CallProfile.Place(function: function(index, of: module))
        let key = [Int(place.code), index]
        let calls = pushes[key] ?? code.pushedWords(ofFunctionAt: cell)
        if pushes[key] == nil { pushes[key] = calls }
        if isCall, let word = calls.first(where: { $0.cell == cell })?.word {
            result.returnAddress = word
            return result
        }
        let finder = finders[key] ?? code.blockFinder(ofFunctionAt: cell)
        finders[key] = .some(finder)
        if let blocks = finder?.blocks(at: cell) {
            result.previousAddress = blocks.lowerBound
            result.nextAddress = blocks.upperBound + 1
            return result
        }
        result.previousAddress = calls.last { $0.cell < cell }?.word
        result.nextAddress = calls.first { $0.cell >= cell }?.word
        return result
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

    private static func other(_ name: String) -> CallProfile.Place {
        CallProfile.Place(function: CallProfile.Function(name: name, index: nil, isHost: true))
    }

    /// What a place says, the innermost first: a host function is called by the guest's function at the place.
    mutating func locations(_ place: GWSamplePlace) -> [CallProfile.Place] {
        switch Int(place.kind) {
        case GWSample_guest, GWSample_native, GWSample_engine:
            // An outer frame is in its call; in an innermost one the call is the next to come, if it is one.
            return [guest(place, isCall: true)]
        case GWSample_host:
            let (module, code) = modules[Int(place.code)]
            let caller = guest(place, isCall: true)
            guard let callee = code.directCallee(at: Int(place.cell)) else {
                // Loops count, too, and have what is executed often compiled.
                let work = code.isCall(at: Int(place.cell)) ? "[host]" : "[translating wasm]"
                return [Self.other(work), caller]
            }
            return callee < module.importedFunctionCount
                ? [CallProfile.Place(function: function(callee, of: module)), caller]
                : [Self.other("[translating wasm]"), caller]
        case GWSample_goCaller:
            var found = CallProfile.Place(function: function(Int(place.cell), of: modules[Int(place.code)].module))
            found.returnAddress = Int(place.block)
            return [found]
        case GWSample_cut: return [Self.other("[outer frames left out]")]
        case GWSample_outside: return [Self.other("[outside of the program]")]
        default: return [Self.other("[unknown]")]
        }
    }
}
