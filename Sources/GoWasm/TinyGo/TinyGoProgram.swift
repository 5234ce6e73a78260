internal import HostSystem
internal import WASI
internal import WasmFrontend
internal import WasmRuntime

/// A program or library of TinyGo's for JavaScript; ``Program`` is its public face.
struct TinyGoProgram {
    private let module: Module
    private let abi: TinyGoABI

    /// Takes a module that is one.
    init(_ module: Module) {
        self.module = module
        abi = TinyGoABI(module)
    }

    /// Makes an instance with its host.
    func prepare(
        _ options: Program.Configuration, _ store: Store, _ mailbox: Mailbox? = nil
    ) throws -> (Instance, GoHost) {
        let files = try options.makeFiles()
        files.waker = mailbox?.waker
        let clock = options.makeClock()
        let random = RandomSource(seed: options.randomSeed)
        let services = HostServices(
            environment: options.variables.sorted { $0.key < $1.key }, files: files,
            network: options.access.network, maximumBodySize: options.limits.responseBody,
            argv0: options.standsForNode ? "node" : "gowasm-fast", clock: clock, random: random)
        // References are those of Go's newest programs.
        let host = GoHost(GoABI(generation: .go1_24), host: services, trace: options.trace)
        host.arguments = options.allArguments
        options.engine.statistics?.referenceCount = { [unowned host] in host.references.heldCount }
        var isReady = false
        defer { if !isReady { host.dismantle() } }
        host.realm.events.mailbox = mailbox
        files.runtimeReport = options.report
        var wasi = options.wasiOptions(waker: mailbox?.waker)
        wasi.clock = clock
        wasi.random = random
        let functions = try WASIFunctions(for: module, wasi, files)
        var imports = wasi.imports
        functions.define(in: &imports)
        define(host, in: &imports)
        let instance = try Instance(hosting: module, imports: imports, store: store)
        let guest = try entryPoints(of: instance)
        functions.link(guest.memory)
        host.guest = guest
        services.guestMemory = { [unowned host] in host.memory }
        try options.javaScript(JavaScriptValue(.object(host.realm.global), host.realm))
        isReady = true
        return (instance, host)
    }

    /// Adds what the module asks for, in both modules that it may be in.
    private func define(_ host: GoHost, in imports: inout Imports) {
        for wanted in module.imports where TinyGoABI.importModules.contains(wanted.module) {
            guard let row = TinyGoImport(rawValue: wanted.name) else { continue }
            imports.define(
                wanted.module, wanted.name, type: row.type(abi.ticks),
                calling: host.function(for: row, of: wanted.module, abi.ticks))
        }
    }

    private func entryPoints(of instance: Instance) throws -> GuestEntryPoints {
        /// The exported function, if there is one; the calls below do not look at its type again.
        func function(_ name: String) throws -> Function? {
            guard case .function(let function)? = instance.export(named: name) else { return nil }
            guard function.type == FunctionType([]) else {
                throw ProgramError.notRunnable(
                    "its export \(name) has the type \(function.type.text), not \(FunctionType([]).text)")
            }
            return function
        }
        func call(_ name: String) throws -> () throws -> Void {
            guard let function = try function(name) else {
                return { throw GuestFault(description: "the program has no export \(name)") }
            }
            return { try function.callSlots() }
        }
        guard case .memory(let memory)? = instance.export(named: TinyGoABI.Export.memory) else {
            throw ProgramError.notRunnable("it exports no memory named \(TinyGoABI.Export.memory)")
        }
        let start = try call(abi.isLibrary ? TinyGoABI.Export.initialize : TinyGoABI.Export.start)
        var guest = GuestEntryPoints(
            run: { _, _ in try start() }, resume: try call(TinyGoABI.Export.resume),
            stackPointer: { throw GuestFault(description: "the program has no stack pointer of Go's") }, memory: memory)
        guest.schedule = try call(TinyGoABI.Export.schedule)
        return guest
    }

    /// Runs a program, with the event loop, until it has exited or nothing can happen any more.
    func execute(_ host: GoHost) throws -> ExitStatus {
        do {
            try host.run(0, 0)
            try host.runEventLoop()
        } catch {
            return try GoProgram.outcome(of: error, host)
        }
        // Before 0.35 nobody can tell a program that has ended from one that waits for ever.
        guard abi.tellsEnd else { return ExitStatus(code: 0) }
        Self.reportDeadlock(host)
        return .goFailure
    }

    /// Says what Go's runtime says, and TinyGo's does not say in programs for JavaScript.
    private static func reportDeadlock(_ host: GoHost) {
        let files = host.realm.host.files
        guard let file = files.descriptors[2] else { return }
        var line = "fatal error: all goroutines are asleep - deadlock!\n"
        try? line.withUTF8 { try files.writeAll(file, UnsafeRawBufferPointer($0)) }
    }
}
