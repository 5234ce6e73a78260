public import ArgumentParser
import GoWasm
import HostSystem

/// The command `gowasm-fast`: runs a Go program compiled to WebAssembly.
public struct GoWasmFast: ParsableCommand {
    /// How the command presents itself.
    public static let configuration = CommandConfiguration(
        commandName: "gowasm-fast",
        abstract: "Runs programs that Go or TinyGo compiled to WebAssembly, without a JavaScript engine.",
        usage: "gowasm-fast [options] FILE.wasm [arguments ...]",
        discussion: """
            What kind of module it is (GOOS=js of Go 1.11 to 1.27, -target=wasm of TinyGo 0.29 and newer, GOOS=wasip1), is found \
            out from the file. The program gets standard input, output and error, \
            the arguments behind FILE, the clock and randomness; environment variables, files and the network only as options say.

            'gowasm-fast inspect [--json] FILE.wasm' says what a module is, without running it: Go version, build, imports, \
            exports, features, sizes by section and by package.

            What a program's functions become is kept for its next run, in gowasm-fast in the folder of your caches, or in the one that \
            GOWASM_CACHE names; GOWASM_CACHE=off keeps nothing. GOWASM_NATIVE=off is --no-native where there is no \
            command line, as under 'go test'; a number is how often a function is entered until it is compiled.

            The exit status is the program's; 1 also when it traps or cannot be loaded, 64 for wrong options.
            """,
        version: "gowasm-fast \(version)")

    /// The version of this project.
    public static let version = "0.1.0"

    @Flag(help: "Print each call of an import to standard error: when, name, what was passed and returned, how long.")
    var trace = false

    @Option(
        help: ArgumentHelp(
            "Of these imports only: names with * and ?, with or without the module; ! leaves out. Implies --trace.",
            valueName: "NAMES,..."))
    var traceFilter: String?

    @Flag(help: "As lines of JSON. Implies --trace.")
    var traceJson = false

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp("Set an environment variable for the program. May be repeated.", valueName: "K=V"))
    var environment: [String] = []

    @Flag(
        help: ArgumentHelp(
            "Pass this process's environment variables to the program; with =NAME,PREFIX*,... only these.",
            discussion: """
                Names may have the wildcards of a shell; those behind ! are left out. A program for js has room for about 8 KB of \
                arguments and variables.
                """))
    var inheritEnv = false

    @Option(name: .customLong(OptionalValues.hiddenName(of: "inherit-env")), help: .hidden)
    var inheritedNames: [String] = []

    @Option(
        name: .customLong("dir"),
        help: ArgumentHelp(
            "Give the program a folder, under its own path or as GUEST, with :ro only to read. May be repeated.",
            valueName: "HOST[:GUEST][:ro]"))
    var folders: [String] = []

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
            Listen here before a program for WASI starts, which gets the listening socket as descriptor 3, or, where \
            there are folders, behind those (the first of them is 4). May be repeated.
            """,
            valueName: "ADDRESS:PORT"))
    var listeners: [String] = []

    @Flag(help: "Let the program use all files that you may use, and the network.")
    var allowAll = false

    @Option(
        help: ArgumentHelp(
            "Call this export with the arguments behind FILE, and print its results, instead of running the program.",
            valueName: "NAME"))
    var invoke: String?

    @Option(
        help: ArgumentHelp(
            "Write where processor time went, for 'go tool pprof', when the program ends.", valueName: "FILE"))
    var cpuprofile: String?

    @Option(
        help: ArgumentHelp(
            "Write the same as a picture that a browser opens, in which frames can be enlarged.",
            valueName: "FILE.svg"))
    var flamegraph: String?

    @Flag(
        help: """
            Print at the end where time went, calls of imports, memory over time and garbage collections (for which the \
            program's GODEBUG is changed).
            """)
    var stats = false

    @Option(
        help: ArgumentHelp(
            "Stop the program after this time, with a stack trace and exit code 124.", valueName: "SECONDS"))
    var timeout: Double?

    @Option(
        help: ArgumentHelp(
            """
            The memory that the program, and what this process keeps for it, may take at most: bytes, or as 64M, with K, M \
            or G.
            """, valueName: "SIZE"))
    var maxMemory: String?

    @Flag(help: "Check every memory access in code instead of relying on 8 GiB of reserved address space.")
    var checkedMemory = false

    @Flag(
        help: """
            Make no machine code: interpret the whole program. (Otherwise functions that turn out to be hot are compiled, on \
            x86-64.)
            """)
    var noNative = false

    @Flag(
        name: .customLong("validate"),
        help: "Validate the whole module first. Otherwise each function is validated when it is called first.")
    var validatesFirst = false

    @Flag(help: "Translate without superinstructions and other optimisations.")
    var noOptimize = false

    @Flag(
        help: """
            Print the WebAssembly of the functions named behind FILE, or of all, and beside it the bytecode that it becomes, \
            instead of running the program.
            """)
    var disassemble = false

    @Flag(
        help: """
            With --disassemble, in a third column: the machine code that all of it would become. Instructions have names \
            where llvm-objdump or objdump is installed.
            """)
    var machineCode = false

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp(
            "The program, or - for standard input, and its arguments: all after FILE goes to it as it is.",
            valueName: "FILE.wasm"))
    var command: [String] = []

    /// Makes a command without arguments; the parser fills it.
    public init() {}

    /// Checks what the parser cannot: that there is a file, and that the settings are settings.
    public mutating func validate() throws {
        for list in allowedHosts where NetworkAccess(parsing: list) == nil {
            throw ValidationError("The value '\(list)' is invalid for '--allow-net=<HOST[:PORT],...>'")
        }
        // A separator before the file is ours; one behind it belongs to the program.
        if command.first == "--" {
            command.removeFirst()
        } else if let first = command.first, first.hasPrefix("-"), first.utf8.count > 1 {
            // Capturing everything behind the file also captures the options that the parser would add.
            switch first {
            case "--help", "-h": throw CleanExit.helpRequest()
            case "--version": throw CleanExit.message(Self.configuration.version)
            default: throw ValidationError("Unknown option '\(first)'")
            }
        }
        if command.isEmpty { throw ValidationError("Missing expected argument 'FILE.wasm'") }
        for names in inheritedNames where names.split(separator: ",").allSatisfy({ $0 == "!" }) {
            throw ValidationError("The value '\(names)' is invalid for '--inherit-env=<NAME,PREFIX*,...>'")
        }
        for folder in folders where HostAccess.Mount(parsing: folder) == nil {
            throw ValidationError("The value '\(folder)' is invalid for '--dir <HOST[:GUEST][:ro]>'")
        }
        if machineCode, !disassemble { throw ValidationError("'--machine-code' goes with '--disassemble' only") }
        if machineCode, noNative { throw ValidationError("'--machine-code' and '--no-native' contradict each other") }
        if let timeout, !(timeout > 0 && timeout < 1e9) {
            throw ValidationError("The value '\(timeout)' is invalid for '--timeout <SECONDS>'")
        }
        if let maxMemory, Quantity.bytes(maxMemory) == nil {
            throw ValidationError("The value '\(maxMemory)' is invalid for '--max-memory <SIZE>'")
        }
        for setting in environment
        where setting.utf8.first == UInt8(ascii: "=") || !setting.utf8.contains(UInt8(ascii: "=")) {
            throw ValidationError("The value '\(setting)' is invalid for '--env <K=V>': it must be NAME=VALUE")
        }
    }

    /// What the options grant; nil where one of them says nothing.
    private var access: HostAccess? {
        let mounts = folders.map { HostAccess.Mount(parsing: $0) }
        guard !mounts.contains(nil) else { return nil }
        return HostAccess(
            mounts: mounts.compactMap { $0 }, allowsAllFiles: allowAll, network: network, listeners: listeners)
    }

    private var network: NetworkAccess {
        if allowNet || allowAll { return .all }
        return NetworkAccess(rules: allowedHosts.flatMap { NetworkAccess(parsing: $0)?.rules ?? [] })
    }

    /// Runs the program, and ends with its exit code.
    public func run() throws {
        throw ExitCode(execute())
    }

    /// Runs the program and returns the exit code.
    func execute() -> Int32 {
        var invocation = Invocation(file: command[0], arguments: command)
        invocation.endProcess = endProcess
        if trace || traceJson || traceFilter != nil {
            invocation.trace = TraceWriter(filter: traceFilter ?? "*", isJSON: traceJson)
        }
        if validatesFirst { invocation.codeValidation = .onLoading }
        invocation.inheritedVariables =
            inheritEnv ? [NameFilter("*")] : inheritedNames.map { NameFilter($0) }
        invocation.access = access ?? .none
        invocation.engine.usesGuardPages = !checkedMemory
        invocation.engine.optimizes = !noOptimize
        if noNative { invocation.engine.compilation = nil }
        if let limit = maxMemory.flatMap(Quantity.bytes) { invocation.engine.memoryLimit = limit }
        for setting in environment {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            invocation.environment[String(parts[0])] = String(parts[1])
        }
        let profiles: [(ProfileSession.Format, String)] =
            (cpuprofile.map { [(.pprof, $0)] } ?? []) + (flamegraph.map { [(.flameGraph, $0)] } ?? [])
        if !profiles.isEmpty, !disassemble {
            do {
                let session = try ProfileSession(
                    program: command[0], loaded: invocation.loaded, files: profiles, access: invocation.access)
                invocation.profiling = session
                invocation.engine.profiler = session.profiler
            } catch {
                invocation.report("gowasm-fast: \(error)")
                return CommandExit.failure
            }
        }
        if stats {
            let profiler = invocation.profiling?.profiler ?? CallProfiler()
            let session = StatisticsSession(invocation.loaded, profiler: profiler)
            invocation.statistics = session
            invocation.engine.profiler = profiler
            invocation.engine.statistics = session.statistics
        }
        if !disassemble, !invocation.startWatch(timeout: timeout) { return CommandExit.failure }
        if let invoke { return invocation.invoke(invoke, arguments: Array(command.dropFirst())) }
        guard disassemble else { return invocation.run() }
        return invocation.disassemble(functions: Array(command.dropFirst()), withMachineCode: machineCode)
    }

    /// The command line's entry: runs the process to its end.
    ///
    /// Called `go_js_wasm_exec` or `go_wasip1_wasm_exec`, it stands for Go's script of that name, which `go run` and
    /// `go test` look for in PATH: all arguments are the program's, which has the whole environment, all files, and the
    /// working directory of the process.
    public static func launch(_ arguments: [String] = CommandLine.arguments) -> Never {
        ProcessSetup.run()
        let name = arguments.first?.split(separator: "/").last
        if arguments.count > 1, name == "go_js_wasm_exec" || name == "go_wasip1_wasm_exec" {
            var invocation = Invocation(file: arguments[1], arguments: Array(arguments.dropFirst()))
            invocation.endProcess = endProcess
            invocation.inheritedVariables = [NameFilter("*")]
            invocation.access = .all
            invocation.standsForNode = true
            _ = invocation.startWatch()
            endProcess(invocation.run())
        }
        // A file of this name is run as ./inspect.
        if arguments.count > 2, arguments[1] == "inspect" { endProcess(Inspection.run(Array(arguments.dropFirst(2)))) }
        // Without options there is nothing to parse; looking at the options' declarations takes longer than a small
        // program.
        if arguments.count > 1, !arguments[1].hasPrefix("-"), !arguments[1].isEmpty {
            var invocation = Invocation(file: arguments[1], arguments: Array(arguments.dropFirst()))
            invocation.endProcess = endProcess
            _ = invocation.startWatch()
            endProcess(invocation.run())
        }
        do {
            let given = Array(arguments.dropFirst())
            var command = try parseAsRoot(OptionalValues.rewritten(given))
            guard var run = command as? GoWasmFast else {
                try command.run()
                endProcess(0)
            }
            run.command = OptionalValues.restored(run.command, from: given)
            endProcess(run.execute())
        } catch {
            exit(withError: error)
        }
    }
}
