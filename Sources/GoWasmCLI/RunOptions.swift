import ArgumentParser
import GoWasm
import HostSystem
import WasmRuntime

/// The options of a run: of `gowasm-fast run`, and of what `GOWASM_OPTIONS` gives to the links for the go command.
struct RunOptions: ParsableArguments {
    // MARK: - What the program is given

    @Option(
        name: .customLong("dir"),
        help: ArgumentHelp(
            """
            Give the program a folder, under its own path or as GUEST, with :ro only to read. May be repeated. \
            HOST::GUEST is the same, for paths with a colon.
            """, valueName: "HOST[:GUEST][:ro]"),
        completion: .directory, transform: OptionValue.folder)
    var folders: [HostAccess.Mount] = []

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp(
            "Set an environment variable for the program, or pass on that of this process. May be repeated.",
            valueName: "NAME[=VALUE]"),
        transform: OptionValue.variable)
    var environment: [OptionValue.Variable] = []

    @Flag(
        help: ArgumentHelp(
            "Pass this process's environment variables to the program; with =NAME,PREFIX*,... only these.",
            discussion: """
                Names may have the wildcards of a shell; those after ! are left out. A program for js has room for about \
                8 KB of arguments and variables.
                """))
    var inheritEnv = false

    @Option(name: .customLong(OptionalValues.hiddenName(of: "inherit-env")), help: .hidden)
    var inheritedNames: [String] = []

    @Flag(
        help: ArgumentHelp(
            "Let the program open network connections; with =HOST[:PORT],... only to these.",
            discussion: """
                HOST is a name, an address, addresses such as 10.0.0.0/8 or [fd00::/8], or * for all; without :PORT all ports. \
                What a program listens on must be named as well.
                """))
    var allowNet = false

    @Option(name: .customLong(OptionalValues.hiddenName(of: "allow-net")), help: .hidden)
    var allowedHosts: [String] = []

    @Option(
        name: .customLong("tcp-listen"),
        help: ArgumentHelp(
            """
            Listen here before a program for WASI starts, which gets the listening socket as descriptor 3, or, if \
            there are folders, after those (the first of them is 4). May be repeated.
            """,
            valueName: "ADDRESS:PORT"),
        transform: OptionValue.listener)
    var listeners: [String] = []

    @Flag(help: "Let the program use all files that you may use, and the network.")
    var allowAll = false

    // MARK: - Limits

    @Option(
        help: ArgumentHelp(
            "Stop the program after this time (seconds, or 500ms, 1s, 2m), with a stack trace and exit code 124.",
            valueName: "TIME"),
        transform: OptionValue.seconds)
    var timeout: Double?

    @Option(
        help: ArgumentHelp(
            """
            Stop the program after so many calls of its functions and turns of its loops together, with a stack trace and \
            exit code 124.
            """, valueName: "NUMBER"),
        transform: OptionValue.count)
    var budget: UInt64?

    @Option(
        help: ArgumentHelp(
            """
            The most memory that the program, and what this process keeps for it, may take: bytes, or 64M, 512MB, \
            1.5GiB.
            """, valueName: "SIZE"),
        transform: OptionValue.bytes)
    var maxMemory: UInt64?

    @Option(
        help: ArgumentHelp(
            "The memory for the frames of nested calls, from 4MiB to 4GiB, which is the default.", valueName: "SIZE"),
        transform: OptionValue.stackSize)
    var maxStack: UInt64?

    @Option(
        help: ArgumentHelp(
            "The largest body that an answer to 'fetch', and so to net/http, may have, unpacked.",
            valueName: "SIZE"),
        transform: OptionValue.bytes)
    var maxResponse: UInt64?

    // MARK: - Looking at the run

    @Flag(help: "Print each call of an import to standard error: when, name, what was passed and returned, how long.")
    var trace = false

    @Option(
        help: ArgumentHelp(
            "Trace only these imports: names with * and ?, with or without the module; ! leaves out. Implies --trace.",
            valueName: "NAMES,..."),
        transform: OptionValue.names)
    var traceFilter: NameFilter?

    @Flag(help: "Print the trace as lines of JSON. Implies --trace.")
    var traceJson = false

    @Flag(
        help: """
            Print what is done with files instead: of a program for js calls of Node's 'fs', such as fs.open and fs.write, \
            of others the imports for files. Implies --trace.
            """)
    var traceFiles = false

    @Option(
        help: ArgumentHelp(
            "Write the trace to this file, and not to standard error. Implies --trace.", valueName: "FILE"),
        completion: .file())
    var traceFile: String?

    @Flag(
        help: """
            Print at the end where time went, calls of imports, memory over time and garbage collections (for which the \
            program's GODEBUG is changed).
            """)
    var stats = false

    @Flag(
        help: """
            Print the same figures as one line of JSON: times in nanoseconds, sizes in bytes, shares from 0 to 1. Implies \
            --stats.
            """)
    var statsJson = false

    @Option(
        help: ArgumentHelp(
            "Write where processor time went, for 'go tool pprof', when the program ends.", valueName: "FILE"),
        completion: .file())
    var cpuprofile: String?

    @Option(
        help: ArgumentHelp(
            """
            Write the same as a flame graph: as a picture (in a browser frames can be enlarged and searched for); as \
            folded stacks if the name ends in .folded or .txt; for speedscope if it ends in .speedscope.json. May be \
            repeated.
            """,
            valueName: "FILE.svg"),
        completion: .file(extensions: ["svg", "folded", "txt", "json"]))
    var flamegraph: [String] = []

    @Option(
        help: ArgumentHelp(
            "Write what a Go program allocated, by function, for 'go tool pprof', when the program ends.",
            discussion: """
                It is what Go's own memory profiler samples: an allocation each 512 KiB on average, or as the program \
                sets runtime.MemProfileRate (--env GODEBUG=memprofilerate=1 takes all). For Go 1.19 and 1.21 to 1.27.
                """,
            valueName: "FILE"),
        completion: .file())
    var memprofile: String?

    @Option(
        help: ArgumentHelp(
            """
            Write the program's memory to this file, which 'gowasm-fast inspect' shows, if it traps, panics, is deadlocked \
            or is stopped: a core dump of WebAssembly. It has the program's secrets.
            """,
            valueName: "FILE"),
        completion: .file())
    var dump: String?

    // MARK: - How the program is run

    @Flag(
        help: """
            Interpret the whole program. (Otherwise functions that run often are compiled to machine code, on x86-64 and \
            arm64.)
            """)
    var noNative = false

    @Flag(help: "Check every memory access in code instead of relying on 8 GiB of reserved address space.")
    var checkedMemory = false

    @Flag(
        name: .customLong("validate"),
        help: "Validate the whole module before it runs. Otherwise each function is validated at its first call.")
    var validatesFirst = false

    @Flag(help: "Translate without superinstructions and other optimisations.")
    var noOptimize = false

    @Flag(
        help: """
            Run a module even if it imports functions that are not there: a call of one of them is a trap, which names it.
            """)
    var stubImports = false

    /// Checks the values whose option the parser knows by another name than the user.
    mutating func validate() throws {
        func check(_ texts: [String], _ option: String, _ body: (String) throws -> Void) throws {
            for text in texts {
                do {
                    try body(text)
                } catch {
                    let value = text == OptionalValues.nothing ? "" : text
                    throw ValidationError("The value '\(value)' is invalid for '\(option)': \(error)")
                }
            }
        }
        try check(allowedHosts, "--allow-net=<HOST[:PORT],...>") { _ = try OptionValue.hosts($0) }
        try check(inheritedNames, "--inherit-env=<NAME,PREFIX*,...>") { _ = try OptionValue.names($0) }
        var outputs: Set<String> = []
        let paths = [cpuprofile, memprofile, dump, traceFile].compactMap { $0 } + flamegraph
        for path in paths where !outputs.insert(path).inserted {
            throw ValidationError("The file '\(path)' is named twice for what is to be written")
        }
    }

    /// What the options grant.
    var access: HostAccess {
        HostAccess(mounts: folders, allowsAllFiles: allowAll, network: network, listeners: listeners)
    }

    private var network: NetworkAccess {
        if allowNet || allowAll { return .all }
        return NetworkAccess(rules: allowedHosts.flatMap { NetworkAccess(parsing: $0)?.rules ?? [] })
    }

    // MARK: - What they mean for a run

    /// Has a run be as the options say, but for profiles and the time.
    func apply(to invocation: inout Invocation) {
        if isTracing {
            invocation.trace = TraceWriter(
                filter: traceFilter ?? NameFilter("*"), level: traceFiles ? .files : .imports, isJSON: traceJson)
        }
        if validatesFirst { invocation.codeValidation = .onLoading }
        if inheritEnv { invocation.inheritedVariables = [NameFilter("*")] }
        if !inheritedNames.isEmpty { invocation.inheritedVariables = inheritedNames.map { NameFilter($0) } }
        for variable in environment {
            if let value = variable.value ?? ProcessSetup.variable(variable.name) {
                invocation.environment[variable.name] = value
            }
        }
        // The local time of a program for JavaScript is that of this process, as in Node.
        if let zone = invocation.environment["TZ"] { ProcessSetup.setTimeZone(zone) }
        invocation.access = access
        invocation.engine.usesGuardPages = !checkedMemory
        invocation.engine.optimizes = !noOptimize
        if noNative { invocation.engine.compilation = nil }
        if let maxMemory { invocation.engine.memoryLimit = maxMemory }
        if let maxStack { invocation.engine.callStackSize = maxStack }
        invocation.engine.budget = budget
        if let maxResponse { invocation.limits.responseBody = maxResponse }
        invocation.stubsImports = stubImports
        invocation.notes = { OptionNotes(self, $0).lines }
    }

    /// Whether one of the options for traces was given.
    private var isTracing: Bool { trace || traceJson || traceFiles || traceFilter != nil || traceFile != nil }

    /// The options among those that were given which only a run has a use for.
    var namesOfWatching: [String] {
        [
            ("--timeout", timeout != nil), ("--trace", isTracing),
            ("--stats", stats || statsJson), ("--cpuprofile", cpuprofile != nil), ("--flamegraph", !flamegraph.isEmpty),
            ("--memprofile", memprofile != nil), ("--dump", dump != nil),
        ].filter(\.1).map(\.0)
    }

    /// Has a run write a trace, profiles and statistics, and be ended after its time and by signals.
    ///
    /// To be called when everything else is set.
    ///
    /// - Returns: False, after saying why, where that cannot be done.
    func watch(_ invocation: inout Invocation) -> Bool {
        let profiles: [(ProfileSession.Format, String)] =
            (cpuprofile.map { [(.pprof, $0)] } ?? [])
            + flamegraph.map { (ProfileSession.Format(ofFlameGraph: $0), $0) }
        do {
            if let traceFile { invocation.traceFile = try TraceFile(path: traceFile, access: invocation.access) }
            if !profiles.isEmpty {
                let session = try ProfileSession(
                    program: invocation.file, loaded: invocation.loaded, files: profiles, access: invocation.access)
                invocation.profiling = session
                invocation.engine.profiler = session.profiler
            }
            if memprofile != nil || dump != nil {
                invocation.endSession = try EndSession(
                    program: invocation.file, profile: memprofile, dump: dump, access: invocation.access,
                    report: invocation.report)
            }
        } catch {
            invocation.report("gowasm-fast: \(error)")
            return false
        }
        if stats || statsJson {
            let profiler = invocation.profiling?.profiler ?? CallProfiler(findsCallers: false)
            let session = StatisticsSession(invocation.loaded, profiler: profiler, isJSON: statsJson)
            invocation.statistics = session
            invocation.engine.profiler = profiler
            invocation.engine.statistics = session.statistics
        }
        return invocation.startWatch(timeout: timeout)
    }
}
