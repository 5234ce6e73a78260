public import HostSystem
public import WasmRuntime

extension Program {
    /// What a run is given.
    ///
    /// A new one gives the program this process's standard input, output and error, the clock and randomness, and
    /// nothing else.
    public struct Configuration: Sendable {
        /// The arguments after the program's name: `os.Args[1:]`.
        public var arguments: [String]
        /// The program's name: `os.Args[0]`.
        public var programName = "main"
        /// The environment variables.
        public var environment: [String: String]
        /// Where standard input comes from.
        public var standardInput: StandardInput
        /// Where standard output goes.
        public var standardOutput: StandardOutput
        /// Where standard error goes.
        public var standardError: StandardOutput
        /// What the program may use of the machine: folders and the network.
        public var access: HostAccess
        /// The program's clocks.
        public var clock = ProgramClock.system
        /// What all randomness of the program follows from, the order of Go's maps included; nil for the system's.
        public var randomSeed: UInt64?
        /// How long the program may run and how much memory it may have.
        public var limits: Limits

        /// Adds further functions that the module imports, such as those that `go:wasmimport` names.
        ///
        /// This is called once for each run, on its thread, which also calls the functions.
        public var imports: @Sendable (inout Imports) -> Void = { _ in }
        /// Prepares JavaScript's `globalThis` for a Go program for js/wasm: called once for each run, on its thread,
        /// before the program starts.
        public var javaScript: @Sendable (_ globalThis: JavaScriptValue) throws -> Void = { _ in }
        /// How the engine runs the program; ``limits`` come on top.
        public var engine = Store.Configuration()
        /// Gets the calls of the functions of Go's runtime and of WASI.
        public var trace: HostCallTrace?
        /// Gets what the user should know of the run, one sentence at a time: what the program was denied and which
        /// option of the command grants it, and what JavaScript has and this host does not; each kind once for each run.
        ///
        /// Called on the run's thread. Without it the sentences go to this process's standard error.
        public var reportHint: (@Sendable (_ hint: String) -> Void)?

        /// Is called with the goroutines of a Go program that does not end by itself: that trapped, was cancelled or
        /// reached a limit.
        ///
        /// With nil they are not read. Called at most once for each run, on its thread, before the error is thrown; not
        /// where nothing can be read, see ``GoroutineDump``.
        public var goroutines: (@Sendable (GoroutineDump) -> Void)?

        /// Whether Go's own memory profiler is to note what a Go program allocates, for ``ProgramInstance/allocations()``.
        ///
        /// Go's linker switches it off in programs that do not ask for it themselves; this switches it on, by a byte of
        /// the program's memory. It costs the program some percent of its time. Its rate is the program's
        /// (`runtime.MemProfileRate`, or `memprofilerate` in the variable GODEBUG).
        public var profilesAllocations = false
        /// Is called with the program when it has ended, in whatever way, before its memory goes.
        ///
        /// It gets the reason, unless the program has ended as it wanted to. Called at most once for each run, on its
        /// thread; not where ``endProcess`` is.
        package var endReport: (@Sendable (_ program: ProgramInstance, _ reason: String?) -> Void)?

        /// Gets the garbage collections of a Go program, whose GODEBUG is changed for that.
        ///
        /// With nil it is not changed. Used by the run's thread, and by others when the run is over.
        package nonisolated(unsafe) var collections: GarbageCollections?
        /// Gets what Go's runtime says of the program's end; used by the run's thread only.
        nonisolated(unsafe) var report: RuntimeReport?
        /// What stops the run beside ``limits``; nil if there is none.
        package var control: RunControl?
        /// Whether `TMPDIR` is added where the environment has none: what Go's own launcher does, from 1.12 on.
        package var addsTemporaryDirectory = false
        /// Whether programs take this for Node: Go's net/http then stays within the program, as Go's own tests need it.
        package var standsForNode = false
        /// Ends the process with an exit status right where the program exits: nothing is given back to the system
        /// piece by piece that it takes back in one go.
        package var endProcess: (@Sendable (Int32) -> Never)?

        /// Makes a configuration.
        public init(
            arguments: [String] = [], environment: [String: String] = [:], standardInput: StandardInput = .inherited,
            standardOutput: StandardOutput = .inheritedOutput, standardError: StandardOutput = .inheritedError,
            access: HostAccess = .none, limits: Limits = Limits()
        ) {
            self.arguments = arguments
            self.environment = environment
            self.standardInput = standardInput
            self.standardOutput = standardOutput
            self.standardError = standardError
            self.access = access
            self.limits = limits
        }

        /// Makes the program's run follow from its inputs alone: a simulated clock, and randomness from a seed.
        ///
        /// What comes from outside (files, the network, this process's standard input) is as it is.
        public mutating func makeDeterministic(seed: UInt64 = 0) {
            clock = .simulated()
            randomSeed = seed
        }
    }

    /// How long a program may run, how much it may do, and how much memory it may have.
    public struct Limits: Sendable, Hashable {
        /// The number of bytes that the program's memory, counted in pages of 65,536 bytes, and what this process keeps
        /// for it may take together: values of JavaScript, strings, buffers, timers, open files, bodies of answers.
        ///
        /// Where a value or a buffer is too large for what is left, the program gets a `RangeError`; where its memory
        /// is, Go's "out of memory"; where many small values are, it ends with ``ProgramError/limitReached(_:)``.
        public var memory: UInt64
        /// How many bytes the body of an answer to `fetch` may have, unpacked.
        ///
        /// A transfer of more fails.
        public var responseBody: UInt64
        /// The time, from the start, after which the program is stopped; nil for no limit.
        public var time: Duration?
        /// How many times functions of the program may be called, and loops in them turn, together; nil for no limit.
        ///
        /// A measure of work that is the same on every machine, as ``time`` is not. Each call of a function of the module
        /// takes 1, and so does each arrival at the head of a loop. The program ends when it wants more, with
        /// ``ProgramError/limitReached(_:)``. What the host does for it takes nothing, however long it takes: calls of
        /// JavaScript's functions, of WASI's and of ``Program/Configuration/imports``, and waiting. Nor does the length of
        /// code without loops, or of instructions that work on ranges of memory.
        ///
        /// It is counted in interpreted and in compiled code alike. A program whose run follows from its inputs (see
        /// ``Program/Configuration/makeDeterministic(seed:)``) ends at the same place each time. What loops are there
        /// depends on the version of this library, and on `engine.optimizes`.
        ///
        /// Counting costs: a program with a budget runs code of its own, which programs without one do not share. An
        /// instance's budget is for its whole life, its start included; ``ProgramInstance/remainingBudget`` says what is
        /// left, and can be set between calls.
        public var budget: UInt64?

        /// Makes limits.
        public init(
            memory: UInt64 = .max, time: Duration? = nil, responseBody: UInt64 = .max, budget: UInt64? = nil
        ) {
            self.memory = memory
            self.time = time
            self.budget = budget
            self.responseBody = responseBody
        }
    }
}

/// What a program's clocks show.
public struct ProgramClock: Sendable, Hashable {
    /// In nanoseconds since 1970; nil for the system's clocks.
    let start: Int64?

    /// The system's clocks.
    public static let system = ProgramClock(start: nil)

    /// In seconds: from there clocks can go on for 20 years.
    private static let farthest: Int64 = 1 << 33

    /// Clocks that begin at a moment, by default that of Go's playground (2009-11-10 23:00:00 UTC), and that advance by
    /// a microsecond whenever the program looks at them and by what it waits for when it waits: which then takes no
    /// time.
    ///
    /// - Parameter seconds: Seconds since 1970-01-01 00:00:00 UTC, at most 272 years (2^33 seconds) before or after
    ///   that: what is beyond is taken for this.
    public static func simulated(from seconds: Int64 = 1_257_894_000) -> ProgramClock {
        ProgramClock(start: max(-farthest, min(seconds, farthest)) * 1_000_000_000)
    }
}

extension Program.Configuration {
    /// The files that the program may use.
    func makeFiles() throws(HostAccessError) -> FileSystem {
        let files = try FileSystem(access, streams: streams)
        if let reportHint { files.report = reportHint }
        return files
    }
    var allArguments: [String] { [programName] + arguments }
    /// The environment, with what makes Go's runtime report what ``collections`` wants to know.
    var variables: [String: String] {
        guard collections != nil else { return environment }
        return environment.merging(["GODEBUG": GarbageCollections.setting(environment["GODEBUG"])]) { _, new in new }
    }
    var streams: StandardStreams {
        let error = collections.map { standardError.withoutReports(for: $0) } ?? standardError
        return StandardStreams(input: standardInput, output: standardOutput, error: error)
    }
    /// Ends what waits for output of a program that has not been started.
    func endUnusedStreams() {
        standardOutput.endUnused()
        standardError.endUnused()
    }
    var storeConfiguration: Store.Configuration {
        var configuration = engine
        configuration.memoryLimit = min(configuration.memoryLimit, limits.memory)
        configuration.budget = limits.budget ?? configuration.budget
        return configuration
    }
    /// What can stop a run that no task waits for; nil where nothing does.
    func runControl() throws(ProgramError) -> RunControl? {
        if let control { return control }
        return limits.time == nil ? nil : try RunControl(limits)
    }
    func makeClock() -> Clock { Clock(simulatedFrom: clock.start) }
}
