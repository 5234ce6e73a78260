internal import HostSystem
internal import LibC
internal import WASI
package import WasmFrontend
internal import WasmRuntime

/// A Go program compiled with GOOS=js GOARCH=wasm by any version of Go from 1.11 on; ``Program`` is its public face.
package struct GoProgram: Sendable {
    /// The module that was given.
    package let module: Module
    let abi: GoABI

    /// Recognises the Go version from the module's imports, exports and custom sections.
    ///
    /// - Throws: ``ProgramError/notRunnable(_:)`` for other modules.
    package init(_ module: Module) throws(ProgramError) {
        guard let abi = GoABI(module) else { throw Self.notRunnable(Self.suspicion(module)) }
        self.module = module
        self.abi = abi
    }

    /// The first version of Go whose host functions are as this program expects them, such as "go1.24".
    package var hostInterface: String { "\(abi.generation)".split(separator: "_").joined(separator: ".") }

    /// The version of Go that built the program, where it says.
    package var version: GoVersion? { abi.version }

    /// Makes an instance with its host, and puts the arguments into its memory.
    func prepare(
        _ options: Program.Configuration, _ store: Store, _ mailbox: Mailbox? = nil
    ) throws -> (Instance, GoHost, ArgumentBlock) {
        var variables = options.variables
        if options.addsTemporaryDirectory, abi.generation >= .go1_12, variables["TMPDIR"] == nil {
            variables["TMPDIR"] = P_tmpdir
        }
        let environment = ArgumentBlock.sorted(variables)
        let block: ArgumentBlock
        do {
            block = try ArgumentBlock(arguments: options.allArguments, environment: environment, abi)
        } catch {
            throw ProgramError.argumentsTooLong(error)
        }
        let files = try options.makeFiles()
        files.waker = mailbox?.waker
        files.runtimeReport = options.report
        let services = HostServices(
            environment: environment, files: files, network: options.access.network,
            maximumBodySize: options.limits.responseBody,
            argv0: options.standsForNode ? "node" : "gowasm-fast", clock: options.makeClock(),
            random: RandomSource(seed: options.randomSeed))
        let host = GoHost(abi, host: services, trace: options.trace)
        host.endProcess = options.endProcess
        options.engine.statistics?.referenceCount = { [unowned host] in host.references.heldCount }
        var isReady = false
        defer { if !isReady { host.dismantle() } }
        host.realm.events.mailbox = mailbox
        var given = Imports()
        options.imports(&given)
        let instance = try Instance(hosting: module, imports: imports(of: host, and: given), store: store)
        host.guest = try entryPoints(of: instance)
        services.guestMemory = { [unowned host] in host.memory }
        guard let target = host.memory.slice(ArgumentBlock.start, UInt64(block.bytes.count)) else {
            throw ProgramError.fault("the memory has no room for the arguments")
        }
        target.copyBytes(from: block.bytes)
        try options.javaScript(JavaScriptValue(.object(host.realm.global), host.realm))
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
        let cause = cause(of: error)
        guard let exit = exit(cause) else { throw shown(cause, host) }
        return exit.status
    }

    /// What an error of JavaScript's stands for that ends the program.
    static func cause(of error: any Error) -> any Error {
        if case JSFailure.aborted(let cause) = error { return self.cause(of: cause) }
        return error
    }

    /// The status of a program that exited, and the functions that it was in, where that was noted.
    static func exit(_ cause: any Error) -> (status: ExitStatus, calls: [Trap.Frame])? {
        switch cause {
        case let exit as GuestExit: (ExitStatus(code: exit.code), exit.calls)
        case let exit as WASIExit: (exit.status, exit.calls)
        default: nil
        }
    }

    /// The error that callers get to see where the program did not exit.
    static func failure(_ cause: any Error, _ host: GoHost?) -> ProgramError { ProgramError(shown(cause, host)) }

    private static func shown(_ cause: any Error, _ host: GoHost?) -> any Error {
        switch cause {
        case JSFailure.thrown(let value):
            ProgramError.exception(JavaScriptError(message: host?.realm.errorText(value) ?? ""))
        case let fault as GuestFault: ProgramError.fault(fault.description)
        default: cause
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
                throw Self.notRunnable(
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
            let function = try instance.function(named: name)
            do throws(ExecutionError) { return try function.call(arguments) } catch { throw error.cause }
        }
        if !abi.usesRunLoop {
            let resume = try function("resume", FunctionType([]))
            let stackPointer = try function("getsp", FunctionType([], [.i32]))
            entryPoints.resume = { try resume.callSlots() }
            entryPoints.stackPointer = { UInt32(truncatingIfNeeded: try stackPointer.callSlots()) }
        }
        return entryPoints
    }

    private static func notRunnable(_ reason: String) -> ProgramError {
        .notRunnable("not a Go program for js/wasm: \(reason)")
    }

    private static func suspicion(_ module: Module) -> String {
        if module.exports.contains(where: { $0.name == "main" || $0.name == "_start" }) {
            return "it was not built by Go's compiler; exports run and mem are missing"
        }
        return "exports run and mem are missing"
    }
}
