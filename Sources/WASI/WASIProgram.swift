package import HostSystem
package import WasmFrontend
package import WasmRuntime

/// Why a module cannot be run as a program for WASI.
package enum WASIProgramError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The module exports no such function without parameters and results.
    case noEntryPoint(String)

    /// What went wrong, in one sentence.
    package var description: String {
        switch self {
        case .noEntryPoint(let name): "it exports no function \(name) of type () -> ()"
        }
    }
}

/// A module for WASI preview 1, such as Go makes with GOOS=wasip1: a command, which is run once, or a reactor, whose
/// exports are called.
package struct WASIProgram: Sendable {
    /// The module that was given.
    package let module: Module

    /// What a run is given.
    package struct Options {
        /// The arguments, with the program's name first.
        package var arguments: [String]
        /// The environment variables.
        package var environment: [String: String]
        /// What the program may use of the machine.
        package var access: HostAccess
        /// Gets the calls of WASI's functions.
        package var trace: HostCallTrace?
        /// Further functions that the module imports: what `go:wasmimport` names.
        package var imports = Imports()
        /// Standard input, output and error.
        package var streams = StandardStreams()
        /// The program's clocks.
        package var clock = Clock()
        /// The program's randomness.
        package var random = RandomSource()
        /// Gets what the user should know; nil for standard error.
        package var reportHint: (@Sendable (String) -> Void)?
        /// What can end the program's waiting.
        package var waker: Waker?
        /// Finds the indices of functions of a Go program by their names, or nil unless there are all of them; nil for
        /// other programs.
        package var findGoFunctions: (([String]) -> [Int]?)?
        /// The calls of async functions that the program has under way; of one program.
        package var asyncCalls = AsyncCalls()
        /// Gets what Go's runtime says of the program's end.
        package var report: RuntimeReport?
        /// Ends the process with an exit status right where the program exits.
        package var endProcess: ((Int32) -> Never)?

        /// Makes options.
        package init(
            arguments: [String] = ["main"], environment: [String: String] = [:], access: HostAccess = .none,
            trace: HostCallTrace? = nil
        ) {
            self.arguments = arguments
            self.environment = environment
            self.access = access
            self.trace = trace
        }
    }

    /// The module that programs for WASI preview 1 import from.
    package static let importModule = WASIFunction.module

    /// Takes any module; what it lacks is found when it is run.
    package init(_ module: Module) { self.module = module }

    /// Calls the function that a command or a reactor begins with.
    ///
    /// - Throws: ``WASIProgramError``; what the guest ends with, ``WASIExit`` among it.
    package static func enter(_ instance: Instance, _ name: String) throws {
        guard case .function(let function) = instance.export(named: name), function.type == FunctionType([]) else {
            throw WASIProgramError.noEntryPoint(name)
        }
        try function.callSlots()
    }

    /// Makes an instance with its host, which keeps the files of the guest open.
    ///
    /// - Parameter snapshot: What the guest begins with; nil for what the module says. Then what `options` say of
    ///   arguments, environment and a simulated clock's beginning is not looked at.
    /// - Throws: ``WASISnapshotProblem``; all that keeps a module from being instantiated.
    package func instantiate(
        _ options: Options, _ store: Store, _ snapshot: WASISnapshot? = nil
    ) throws -> WASIGuest {
        let files = try FileSystem(options.access, streams: options.streams)
        files.waker = options.waker
        if let reportHint = options.reportHint { files.report = reportHint }
        files.runtimeReport = options.report
        try files.addPreopens()
        let started = files.descriptors
        try snapshot?.descriptors.apply(to: files)
        let arguments = snapshot?.arguments ?? options.arguments
        let environment = snapshot?.environment ?? variables(options, files)
        let host = WASIHost(
            files, arguments: arguments, environment: environment.sorted { $0.key < $1.key },
            clock: try snapshot?.clock(options.clock) ?? options.clock, random: options.random, trace: options.trace)
        host.endProcess = options.endProcess
        var imports = options.imports
        host.define(module, in: &imports)
        options.asyncCalls.define(module, in: &imports, for: host)
        let instance =
            if let snapshot {
                try Instance(restoring: snapshot.instance, imports: imports, store: store)
            } else {
                try Instance(hosting: module, imports: imports, store: store)
            }
        let memory = try? instance.memory(named: "memory")
        host.link(memory)
        if let memory, let findFunctions = options.findGoFunctions {
            host.scheduler = GoScheduler(instance, memory, findFunctions: findFunctions)
        }
        return WASIGuest(
            instance: instance, host: host, started: started, arguments: arguments, environment: environment)
    }

    private func variables(_ options: Options, _ files: FileSystem) -> [String: String] {
        var variables = options.environment
        // Go looks here for the working directory, of which WASI knows nothing.
        let hasFiles = options.access.allowsAllFiles || options.access.hasMounts
        if hasFiles, variables["PWD"] == nil, let path = try? files.workingDirectory() {
            variables["PWD"] = GuestPath.text(path)
        }
        return variables
    }
}

/// The functions of WASI for a program that has another host as well, whose files, clocks and randomness they share.
package struct WASIFunctions {
    private let module: Module
    private let host: WASIHost

    /// The imports that lead to folders: without them nothing looks for those among the open files.
    private static let folderImports: Set = ["fd_prestat_get", "path_open"]

    /// Prepares what the module asks for; what `options` say of streams, access and imports is not looked at.
    ///
    /// - Throws: `HostAccessError`, where a granted folder cannot be opened.
    package init(for module: Module, _ options: WASIProgram.Options, _ files: FileSystem) throws {
        self.module = module
        let wanted = module.imports.lazy.filter { $0.module == WASIFunction.module }
        if wanted.contains(where: { Self.folderImports.contains($0.name) }) { try files.addPreopens() }
        host = WASIHost(
            files, arguments: options.arguments, environment: options.environment.sorted { $0.key < $1.key },
            clock: options.clock, random: options.random, trace: options.trace)
        host.endProcess = options.endProcess
    }

    /// Adds the functions that the module imports.
    package func define(in imports: inout Imports) { host.define(module, in: &imports) }

    /// Says which memory the addresses of the guest mean.
    package func link(_ memory: Memory) { host.link(memory) }
}
