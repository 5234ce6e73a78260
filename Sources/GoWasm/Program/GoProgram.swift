public import HostSystem
public import WasmFrontend
public import WasmRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a program could not be started or was ended, other than by a trap.
public enum GoProgramError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The module was not made by Go for GOOS=js; the text says what it seems to be.
    case notAGoProgram(String)
    /// Arguments and environment together are longer than Go allows, about 8 KB.
    case argumentsTooLong
    /// Host and guest misunderstood each other: the guest passed an address outside its memory, for example.
    case fault(String)
    /// A JavaScript exception that nobody caught, as text.
    case uncaughtException(String)
    /// The program has ended, so that nothing in it can be called.
    case ended(ExitStatus)

    /// What went wrong, in one sentence.
    public var description: String {
        switch self {
        case .notAGoProgram(let reason): "not a Go program for GOOS=js GOARCH=wasm: \(reason)"
        case .argumentsTooLong: ArgumentBlock.tooLongMessage
        case .fault(let reason): "trap: \(reason)"
        case .uncaughtException(let text): "uncaught exception: \(text)"
        case .ended(let status): "the program has ended (\(status)) and cannot be called"
        }
    }
}

/// A Go program compiled with GOOS=js GOARCH=wasm by any version of Go from 1.11 on.
///
/// ```swift
/// let module = try Module(ModuleBytes(bytes))
/// let status = try GoProgram(module).run(arguments: ["hello"])
/// ```
public struct GoProgram: Sendable {
    /// The module that was given.
    public let module: Module
    let abi: GoABI

    /// What a run is given.
    public struct Options {
        /// `os.Args`, with the program's name first.
        public var arguments: [String]
        /// The environment variables.
        public var environment: [String: String]
        /// Whether `TMPDIR` is added where the environment has none: what Go's own launcher does, from 1.12 on.
        public var addsTemporaryDirectory: Bool
        /// What the program may use of the machine.
        public var access: HostAccess
        /// Gets the calls of Go's imports.
        public var trace: HostCallTrace?
        /// Gets the garbage collections, for which the program's GODEBUG is changed; nil for nobody.
        public var collections: GarbageCollections?

        /// Further functions that the module imports: what `go:wasmimport` names.
        public var imports = Imports()
        /// How the engine runs the program.
        public var engine = Store.Configuration()
        /// Whether programs take this for Node: Go's net/http then stays within the program, as Go's own tests need it.
        package var standsForNode = false
        /// Ends the process with an exit status right where the program exits: nothing is given back to the system piece
        /// by piece that it takes back in one go.
        package var endProcess: ((Int32) -> Never)?

        /// Makes options.
        public init(
            arguments: [String] = ["js"], environment: [String: String] = [:], addsTemporaryDirectory: Bool = false,
            access: HostAccess = .none, trace: HostCallTrace? = nil
        ) {
            self.arguments = arguments
            self.environment = environment
            self.addsTemporaryDirectory = addsTemporaryDirectory
            self.access = access
            self.trace = trace
        }
    }

    /// Recognises the Go version from the module's imports, exports and custom sections.
    ///
    /// Throws ``GoProgramError/notAGoProgram(_:)`` for other modules.
    public init(_ module: Module) throws {
        guard let abi = GoABI(module) else { throw GoProgramError.notAGoProgram(Self.suspicion(module)) }
        self.module = module
        self.abi = abi
    }

    /// The first version of Go whose host functions are as this program expects them, such as "go1.24".
    public var hostInterface: String { "\(abi.generation)".split(separator: "_").joined(separator: ".") }

    /// The version of Go that built the program, where it says.
    public var version: GoVersion? { abi.version }

    /// Runs the program to its end with these arguments and environment variables, but without access to files.
    ///
    /// - Returns: how the program ended: by returning from `main`, `os.Exit`, a panic (2) or a deadlock (2).
    /// - Throws: `LinkError` when imports are missing, ``Trap``, ``GoProgramError``, `HostAccessError`.
    public func run(arguments: [String] = ["js"], environment: [String: String] = [:]) throws -> ExitStatus {
        try run(Options(arguments: arguments, environment: environment))
    }

    /// Runs the program to its end.
    ///
    /// Standard input, output and error are those of the process.
    ///
    /// - Returns: how the program ended: by returning from `main`, `os.Exit`, a panic (2) or a deadlock (2).
    /// - Throws: `LinkError` when imports are missing, ``Trap``, ``GoProgramError``, `HostAccessError`.
    public func run(_ options: Options) throws -> ExitStatus {
        let (instance, host, block) = try prepare(options)
        defer { host.dismantle() }
        defer { withExtendedLifetime(instance) {} }
        return try Self.execute(host, block)
    }

    /// Makes an instance with its host, and puts the arguments into its memory.
    func prepare(_ options: Options) throws -> (Instance, GoHost, ArgumentBlock) {
        var variables = options.environment
        if options.collections != nil { variables["GODEBUG"] = GarbageCollections.setting(variables["GODEBUG"]) }
        if options.addsTemporaryDirectory, abi.generation >= .go1_12, variables["TMPDIR"] == nil {
            variables["TMPDIR"] = P_tmpdir
        }
        let environment = ArgumentBlock.sorted(variables)
        guard let block = ArgumentBlock(arguments: options.arguments, environment: environment, abi) else {
            throw GoProgramError.argumentsTooLong
        }
        let services = HostServices(
            environment: environment, files: try FileSystem(options.access),
            allowsNetwork: options.access.allowsNetwork, argv0: options.standsForNode ? "node" : "gowasm-fast")
        let host = GoHost(abi, host: services, trace: options.trace)
        host.endProcess = options.endProcess
        host.collections = options.collections
        options.engine.statistics?.referenceCount = { [unowned host] in host.references.heldCount }
        var isReady = false
        defer { if !isReady { host.dismantle() } }
        let instance = try Instance(
            module, imports: imports(of: host, and: options.imports), store: Store(configuration: options.engine))
        host.guest = try entryPoints(of: instance)
        services.guestMemory = { [unowned host] in host.memory }
        guard let target = host.memory.slice(ArgumentBlock.start, UInt64(block.bytes.count)) else {
            throw GoProgramError.fault("the memory has no room for the arguments")
        }
        target.copyBytes(from: block.bytes)
        isReady = true
        return (instance, host, block)
    }

    /// Starts Go and runs the event loop until the program has exited.
    static func execute(_ host: GoHost, _ block: ArgumentBlock) throws -> ExitStatus {
        do {
            try host.run(block.argumentCount, block.pointersAddress)
            try host.runEventLoop()
            try host.reportDeadlock()
            return ExitStatus(code: 0)
        } catch {
            return try outcome(of: error, host)
        }
    }

    /// The exit status that an error stands for, or the error that callers get to see.
    static func outcome(of error: any Error, _ host: GoHost) throws -> ExitStatus {
        switch error {
        case let exit as GuestExit: return ExitStatus(code: exit.code)
        case JSFailure.aborted(let cause): return try outcome(of: cause, host)
        case JSFailure.thrown(let value): throw GoProgramError.uncaughtException(host.realm.errorText(value))
        case let fault as GuestFault: throw GoProgramError.fault(fault.description)
        default: throw error
        }
    }

    private func imports(of host: GoHost, and given: Imports) -> Imports {
        var imports = given
        // Only what the module asks for; the rest of its imports the instantiation reports, all at once.
        for wanted in module.imports where GoABI.importModules.contains(wanted.module) {
            guard let row = GoImport(rawValue: wanted.name) else { continue }
            imports.define(wanted.module, wanted.name, host.function(for: row, of: wanted.module))
        }
        if module.imports.contains(where: { $0.module == GoHost.testModule }) { host.defineTestImports(in: &imports) }
        return imports
    }

    private func entryPoints(of instance: Instance) throws -> GuestEntryPoints {
        /// The exported function, if it has the type that Go's linker gives it: the calls below do not look again.
        func function(_ name: String, _ type: FunctionType) throws -> Function {
            let function = try instance.function(named: name)
            guard function.type == type else {
                throw GoProgramError.notAGoProgram(
                    "its export \(name) has the type \(function.type.text), not \(type.text)")
            }
            return function
        }
        let memory = try instance.memory(named: "mem")
        let run = try function("run", FunctionType([.i32, .i32]))
        var entryPoints = GuestEntryPoints(
            run: { count, pointers in try run.callSlots(UInt64(count), UInt64(pointers)) },
            resume: { throw GuestFault(description: "the program has no export resume") },
            stackPointer: { throw GuestFault(description: "the program has no export getsp") },
            memory: memory)
        entryPoints.export = { [unowned instance] name, arguments in
            try instance.function(named: name).call(arguments)
        }
        if !abi.usesRunLoop {
            let resume = try function("resume", FunctionType([]))
            let stackPointer = try function("getsp", FunctionType([], [.i32]))
            entryPoints.resume = { try resume.callSlots() }
            entryPoints.stackPointer = { UInt32(truncatingIfNeeded: try stackPointer.callSlots()) }
        }
        return entryPoints
    }

    private static func suspicion(_ module: Module) -> String {
        if module.imports.contains(where: { $0.module == "wasi_snapshot_preview1" }) {
            return "it was built for WASI, and exports neither _start nor _initialize"
        }
        if module.exports.contains(where: { $0.name == "main" || $0.name == "_start" }) {
            return "it was not built by Go's compiler; exports run and mem are missing"
        }
        return "exports run and mem are missing"
    }
}
