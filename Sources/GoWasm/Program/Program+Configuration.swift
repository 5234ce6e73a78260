public import HostSystem
public import WasmRuntime

extension Program {
    /// What a run is given.
    ///
    /// A new one gives the program this process's standard input, output and error, the clock and randomness, and nothing
    /// else.
    public struct Configuration: Sendable {
        /// The arguments behind the program's name: `os.Args[1:]`.
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

        /// Adds further functions that the module imports, such as `go:wasmimport` names: called once for each run, on its
        /// thread, which also calls the functions.
        public var imports: @Sendable (inout Imports) -> Void = { _ in }
        /// Prepares JavaScript's `globalThis` for a Go program for js/wasm: called once for each run, on its thread, before
        /// the program starts.
        public var javaScript: @Sendable (_ globalThis: JavaScriptValue) throws -> Void = { _ in }
        /// How the engine runs the program; ``limits`` come on top.
        public var engine = Store.Configuration()
        /// Gets the calls of the functions of Go's runtime and of WASI.
        public var trace: HostCallTrace?

        /// Gets the garbage collections of a Go program, whose GODEBUG is changed for that; nil for nobody.
        ///
        /// Used by the run's thread, and by others when the run is over.
        package nonisolated(unsafe) var collections: GarbageCollections?
        /// Whether `TMPDIR` is added where the environment has none: what Go's own launcher does, from 1.12 on.
        package var addsTemporaryDirectory = false
        /// Whether programs take this for Node: Go's net/http then stays within the program, as Go's own tests need it.
        package var standsForNode = false
        /// Ends the process with an exit status right where the program exits: nothing is given back to the system piece
        /// by piece that it takes back in one go.
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

    /// How long a program may run and how much memory it may have.
    public struct Limits: Sendable, Hashable {
        /// The size in bytes beyond which the program's memory does not grow; it is counted in pages of 65,536 bytes.
        public var memory: UInt64
        /// The time, from the start, after which the program is stopped; nil for no limit.
        public var time: Duration?

        /// Makes limits.
        public init(memory: UInt64 = .max, time: Duration? = nil) {
            self.memory = memory
            self.time = time
        }
    }
}

/// What a program's clocks show.
public struct ProgramClock: Sendable, Hashable {
    /// In nanoseconds since 1970; nil for the system's clocks.
    let start: Int64?

    /// The system's clocks.
    public static let system = ProgramClock(start: nil)

    /// Clocks that begin at a moment, by default that of Go's playground (2009-11-10 23:00:00 UTC), and that advance by a
    /// microsecond whenever the program looks at them and by what it waits for when it waits: which then takes no time.
    ///
    /// - Parameter seconds: Seconds since 1970-01-01 00:00:00 UTC.
    public static func simulated(from seconds: Int64 = 1_257_894_000) -> ProgramClock {
        ProgramClock(start: seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
    }
}

extension Program.Configuration {
    var allArguments: [String] { [programName] + arguments }
    var streams: StandardStreams {
        StandardStreams(input: standardInput, output: standardOutput, error: standardError)
    }
    var storeConfiguration: Store.Configuration {
        var configuration = engine
        configuration.memoryLimit = min(configuration.memoryLimit, limits.memory)
        return configuration
    }
    func makeClock() -> Clock { Clock(simulatedFrom: clock.start) }
}
