public import HostSystem
public import WasmFrontend
public import WasmRuntime

/// Why a module cannot be run as a program for WASI.
public enum WASIProgramError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The module exports no such function without parameters and results.
    case noEntryPoint(String)

    /// What went wrong, in one sentence.
    public var description: String {
        switch self {
        case .noEntryPoint(let name): "it exports no function \(name) of type () -> ()"
        }
    }
}

/// A module for WASI preview 1, such as Go makes with GOOS=wasip1: a command, which is run once, or a reactor, whose exports
/// are called.
///
/// ```swift
/// let module = try Module(ModuleBytes(bytes))
/// let plugin = try WASIProgram(module).start(.init(arguments: ["plugin"]))
/// let add = try plugin.function(named: "add", as: ((Int32, Int32) -> Int32).self)
/// print(try add(2, 3))
/// ```
public struct WASIProgram: Sendable {
    /// The module that was given.
    public let module: Module

    /// What a run is given.
    public struct Options {
        /// The arguments, with the program's name first.
        public var arguments: [String]
        /// The environment variables.
        public var environment: [String: String]
        /// What the program may use of the machine.
        public var access: HostAccess
        /// Gets the calls of WASI's functions.
        public var trace: HostCallTrace?
        /// Gets the garbage collections of a Go program, whose GODEBUG is changed for that; nil for nobody.
        public var collections: GarbageCollections?
        /// Further functions that the module imports: what `go:wasmimport` names.
        public var imports = Imports()
        /// How the engine runs the program.
        public var engine = Store.Configuration()
        /// Ends the process with an exit status right where the program exits.
        package var endProcess: ((Int32) -> Never)?

        /// Makes options.
        public init(
            arguments: [String] = ["main"], environment: [String: String] = [:], access: HostAccess = .none,
            trace: HostCallTrace? = nil
        ) {
            self.arguments = arguments
            self.environment = environment
            self.access = access
            self.trace = trace
        }
    }

    /// Takes any module; what it lacks is found when it is run.
    public init(_ module: Module) { self.module = module }

    /// Runs a command to its end.
    ///
    /// Standard input, output and error are those of the process.
    ///
    /// - Throws: `LinkError` when imports are missing, ``Trap``, ``WASIProgramError``, `HostAccessError`.
    public func run(_ options: Options = Options()) throws -> ExitStatus {
        let instance = try instantiate(options)
        do {
            try entryPoint("_start", in: instance).callSlots()
            return ExitStatus(code: 0)
        } catch let exit as WASIExit {
            return exit.status
        }
    }

    /// Starts a reactor: instantiates it, and calls `_initialize` if it exports that.
    ///
    /// The instance keeps the files of the guest open. A guest that exits makes the call throw ``WASIExit``.
    ///
    /// - Throws: As ``run(_:)``.
    public func start(_ options: Options = Options()) throws -> Instance {
        let instance = try instantiate(options)
        if module.export(named: "_initialize") != nil { try entryPoint("_initialize", in: instance).callSlots() }
        return instance
    }

    private func entryPoint(_ name: String, in instance: Instance) throws -> Function {
        guard case .function(let function) = instance.export(named: name), function.type == FunctionType([]) else {
            throw WASIProgramError.noEntryPoint(name)
        }
        return function
    }

    private func instantiate(_ options: Options) throws -> Instance {
        let files = try FileSystem(options.access)
        try files.addPreopens()
        var variables = options.environment
        if options.collections != nil { variables["GODEBUG"] = GarbageCollections.setting(variables["GODEBUG"]) }
        // Go looks here for the working directory, of which WASI knows nothing.
        let hasFiles = options.access.allowsAllFiles || !options.access.mounts.isEmpty
        if hasFiles, variables["PWD"] == nil, let path = try? files.workingDirectory() {
            variables["PWD"] = GuestPath.text(path)
        }
        let host = WASIHost(
            files, arguments: options.arguments, environment: variables.sorted { $0.key < $1.key },
            trace: options.trace)
        host.endProcess = options.endProcess
        host.collections = options.collections
        var imports = options.imports
        host.define(module.imports, in: &imports)
        let instance = try Instance(module, imports: imports, store: Store(configuration: options.engine))
        host.link(try? instance.memory(named: "memory"))
        return instance
    }
}
