public import HostSystem
public import WasmRuntime

internal import LibC
internal import WASI

/// A program that has been started: its exports can be called, by one thread at a time.
///
/// ```swift
/// let plugin = try Program(contentsOf: "plugin.wasm").start()
/// let add = try plugin.function(named: "add", as: ((Int32, Int32) -> Int32).self)
/// print(try add(2, 3))
/// ```
///
/// From Go 1.24 on `go:wasmexport` makes exports: of plugins for WASI (`-buildmode=c-shared`), and of programs for
/// js/wasm whose `main` does not return. An export of the latter that waits for an event, such as the end of an output
/// of package fmt, returns early with a meaningless result: so Go has made it. Functions that may wait return a promise
/// there (`hostcall.Promise`), which ``RunningProgram`` awaits. Goroutines that exports start run when
/// ``runReadyEvents()`` is called. An export of a plugin for WASI may wait for whatever it likes: the other goroutines
/// run meanwhile, and no longer when it has returned, until an export is called again.
///
/// An export that does not return (it calls `os.Exit`, panics, traps, is stopped, or a function of the host's that it
/// calls throws) is the program's end: what was under way in it will never be finished. The call says why it ended, as
/// does ``ending``; all later calls throw ``ProgramError/ended(_:)``.
public final class ProgramInstance {
    /// The module's instance.
    ///
    /// Functions that are called by it, and not by `function(named:as:)`, throw what the engine throws.
    public let instance: Instance
    /// How the program ended, if it has ended by itself.
    public private(set) var exitStatus: ExitStatus?
    /// Why nothing in the program can be called any more; nil as long as it can.
    public private(set) var ending: ProgramError? { didSet { hasEnded = ending != nil } }
    /// Whether there is an ``ending``: what each call looks at.
    private var hasEnded = false

    let host: GoHost?
    /// The program for WASI, or for nothing, with its host; nil for programs for JavaScript.
    private let guest: WASIGuest?
    private let program: Program
    private let block: ArgumentBlock?
    private let control: RunControl?
    private let report = RuntimeReport()
    /// What a program for WASI has under way of Swift's async functions; nil for others.
    private let asyncCalls: AsyncCalls?
    /// What calls that pass bytes need; nil before the first.
    var passing: PassingConvention?
    /// Whether nobody calls exports.
    private var isRunToEnd = false
    /// What Go's `nanotime` returns now.
    private let nanotime: () -> Int64
    private let goroutineReport: (@Sendable (GoroutineDump) -> Void)?
    /// Is told of the program's end while all of it is there; nil once it has been.
    private var endReport: (@Sendable (ProgramInstance, _ reason: String?) -> Void)?
    /// Where Go's memory profiler has its variables; nil where it was not asked for, or cannot be read.
    private var memoryProfile: MemoryProfileSwitch?

    /// - Parameter snapshot: What the program begins with; nil for what its module says.
    init(
        _ program: Program, _ configuration: Program.Configuration, _ control: RunControl?,
        _ snapshot: WASISnapshot? = nil
    ) throws {
        try configuration.check()
        var configuration = configuration
        configuration.report = report
        self.program = program
        self.control = control
        goroutineReport = configuration.goroutines
        endReport = configuration.endReport
        if let profiler = configuration.engine.profiler, profiler.findsCallers,
            let stacks = GoStackTable(program.module)
        {
            profiler.describe(program.module, stacks)
        }
        let store = Store(configuration: configuration.storeConfiguration)
        try control?.attach(store)
        var isReady = false
        defer { if !isReady { control?.detach() } }
        var asyncCalls: AsyncCalls?
        do {
            (instance, host, block, guest) = try store.charging {
                () throws -> (Instance, GoHost?, ArgumentBlock?, WASIGuest?) in
                switch program.kind {
                case .goProgram:
                    let mailbox = control.map { Mailbox($0.waker) }
                    let (instance, host, block) = try program.makeGoProgram().prepare(configuration, store, mailbox)
                    return (instance, host, block, nil)
                case .tinyGoProgram, .tinyGoLibrary:
                    let mailbox = control.map { Mailbox($0.waker) }
                    let (instance, host) = try TinyGoProgram(program.module).prepare(configuration, store, mailbox)
                    return (instance, host, nil, nil)
                case .wasiCommand, .wasiReactor, .plain:
                    var options = configuration.wasiOptions(waker: control?.waker)
                    options.findGoFunctions = program.findGoFunctions
                    asyncCalls = options.asyncCalls
                    let guest = try WASIProgram(program.module).instantiate(options, store, snapshot)
                    return (guest.instance, nil, nil, guest)
                }
            }
            let isSimulated = configuration.clock.start != nil
            // Simulated clocks go on where they are looked at.
            nanotime = { [host] in isSimulated ? 0 : host?.realm.host.clock.nanotime ?? Clock.monotonic }
        } catch CallError.memoryLimit {
            throw ProgramError.limitReached(.memory)
        }
        self.asyncCalls = asyncCalls
        if configuration.profilesAllocations { turnOnMemoryProfile() }
        isReady = true
    }

    deinit {
        control?.detach()
        asyncCalls?.cancel()
        host?.dismantle()
    }

    /// Runs the program to its end.
    func runToEnd() throws(ProgramError) -> ExitStatus {
        isRunToEnd = true
        let status = try running {
            if let host, let block { return try GoProgram.execute(host, block) }
            if let host { return try TinyGoProgram(program.module).execute(host) }
            try WASIProgram.enter(instance, "_start")
            return ExitStatus(code: 0)
        }
        return status ?? ExitStatus(code: 0)
    }

    /// Starts the program; see ``Program/start(_:)``.
    func start() throws(ProgramError) {
        let status = try running {
            if let host {
                try host.run(block?.argumentCount ?? 0, block?.pointersAddress ?? 0)
                try host.runEventLoop(onlyReady: true)
            } else if instance.export(named: "_initialize") != nil {
                try WASIProgram.enter(instance, "_initialize")
            }
            return nil
        }
        if let ending { throw ending }
        if status != nil { host?.endEvents() }
    }

    /// What the program is between two calls, so that others can begin with it.
    ///
    /// The program goes on as before. The snapshot has a copy of its memory without the pages that are zero, and its
    /// globals and tables; bytecode and machine code belong to the ``Program``. ``ProgramSnapshot`` says what comes from
    /// where in a program that begins with it.
    ///
    /// Programs for JavaScript have no snapshots, as much of their state is values of JavaScript.
    ///
    /// - Throws: ``ProgramError/snapshot(_:)``; ``ProgramError/ended(_:)``, where the program has ended.
    public func snapshot() throws(ProgramError) -> ProgramSnapshot {
        try checkEnding()
        guard let guest else { throw .snapshot(.javaScript) }
        do {
            return ProgramSnapshot(program: program, state: try guest.snapshot())
        } catch {
            throw ProgramError(error)
        }
    }

    /// Whether the program has ended, and its exports are functions that can be called nevertheless: `main` of a
    /// program of TinyGo's is often empty, and what `//export` names needs no goroutines.
    private var canBeCalledAfterExit: Bool { program.kind == .tinyGoProgram && exitStatus?.isSuccess == true }

    // MARK: - Its end

    /// Runs `body`, in which the program runs, and notes how it ends, if it does.
    ///
    /// - Returns: The status, where it ended by itself.
    private func running(_ body: () throws -> ExitStatus?) throws(ProgramError) -> ExitStatus? {
        try checkEnding()
        // It need not be the thread of the last time.
        host?.realm.adoptCurrentThread()
        do {
            guard let status = try instance.store.charging(body) else { return nil }
            return try end(with: status, []).get()
        } catch {
            return try end(by: error).get()
        }
    }

    private func checkEnding() throws(ProgramError) {
        if _slowPath(hasEnded), let ending { throw .ended(ending) }
    }

    /// Notes that the program ended by an error, and says how.
    private func end(by error: any Error) -> Result<ExitStatus, ProgramError> {
        // What called the program while it ended hears of it, too, whatever it has become on its way.
        if let ending { return .failure(error as? ProgramError ?? ending) }
        let cause = GoProgram.cause(of: error)
        let exit = GoProgram.exit(cause)
        if exit == nil, let goroutineReport, let goroutines = goroutines() { goroutineReport(goroutines) }
        if exit == nil { reportEnd("\(GoProgram.failure(cause, host))") }
        do throws(ProgramError) {
            try control?.check(cause)
            if let exit { return end(with: exit.status, exit.calls) }
            if let trap = cause as? Trap, trap.code == .budgetExhausted { throw .limitReached(.budget) }
            // Not of errors of the caller's or of a host function, which come about without the program, too.
            if cause is Trap, instance.store.hasReachedMemoryLimit { throw .limitReached(.memory) }
            // What a whole run ends with is a status or a trap, as on every system.
            if !isRunToEnd, let trap = cause as? Trap, trap.code == .unreachable,
                let crash = GoCrash.error(trap.backtrace, program.module, report.message)
            {
                throw crash
            }
            let failure = GoProgram.failure(cause, host)
            if cause is MemoryLimitReached || isRefusal(failure) { throw .limitReached(.memory) }
            throw failure
        } catch {
            end(error)
            return .failure(error)
        }
    }

    /// Notes that the program ended by itself.
    ///
    /// - Parameter calls: The functions that it was in, where they may say more.
    private func end(with status: ExitStatus, _ calls: [Trap.Frame]) -> Result<ExitStatus, ProgramError> {
        exitStatus = status
        reportEnd(crashReason(status, calls))
        do throws(ProgramError) {
            try control?.check()
            if !status.isSuccess, instance.store.hasReachedMemoryLimit { throw .limitReached(.memory) }
        } catch {
            end(error)
            return .failure(error)
        }
        if !canBeCalledAfterExit { end(GoCrash.error(calls, program.module, report.message) ?? .exited(status)) }
        return .success(status)
    }

    /// Lets nothing run in the program any more.
    private func end(_ reason: ProgramError) {
        ending = reason
        exitStatus = exitStatus ?? reason.exitStatus
        // A function of the host's that has called the program returns to it otherwise.
        instance.store.interrupt()
        asyncCalls?.cancel()
        host?.realm.events.cancelSwiftTasks()
    }

    /// Whether an error is an exception that nobody caught, about memory that the host did not get.
    private func isRefusal(_ error: ProgramError) -> Bool {
        guard case .exception(let exception) = error else { return false }
        return exception.message.hasPrefix("RangeError:") && instance.store.hasRefusedHost
    }

    /// Runs `body`, in which the program is called.
    ///
    /// - Throws: What `body` throws; ``ProgramError``, where that is how the program ended.
    package func perform<Result>(_ body: () throws -> Result) throws -> Result {
        var result: Swift.Result<Result, any Error>?
        _ = try running {
            do {
                result = .success(try body())
            } catch let error as ExecutionError where Self.isEnd(error.cause) {
                throw error.cause
            } catch  where !Self.isEnd(error) {
                result = .failure(error)
            }
            return nil
        }
        guard let result else { throw ending ?? ProgramError.exited(exitStatus ?? ExitStatus(code: 0)) }
        return try result.get()
    }

    /// Whether the program ends with an error, as the engine and the hosts throw it; all others are the caller's.
    private static func isEnd(_ error: any Error) -> Bool {
        switch error {
        case is Trap, is WASIExit, is GuestExit, is GuestFault, is JSFailure, is CodeSpaceError: true
        default: false
        }
    }

    /// Runs events until none can come any more, or while something is so; returns how the program has ended, if it
    /// has, also where that was in a call before.
    func nextEnding(while isWanted: () -> Bool) -> Result<ExitStatus, ProgramError>? {
        if let ending, ending.exitStatus == nil { return .failure(ending) }
        if let exitStatus { return .success(exitStatus) }
        do throws(ProgramError) {
            let status = try running {
                try control?.check()
                try host?.runEventLoop(while: isWanted)
                return nil
            }
            return status.map { .success($0) }
        } catch {
            return .failure(error)
        }
    }

    // MARK: - Calling exports

    /// The function that is exported under a name, as a Swift function with a result.
    ///
    /// It may be called again from host functions that the program calls while it runs. It throws
    /// ``ProgramError``: where it does not return, the program has ended, and the error says why, in particular
    /// ``ProgramError/exited(_:)``, ``ProgramError/panicked(_:)``, ``ProgramError/deadlocked``,
    /// ``ProgramError/trap(_:)``, ``ProgramError/limitReached(_:)`` and ``ProgramError/hostFunction(_:)``.
    ///
    /// - Throws: ``ProgramError/uncallable(_:)``, where there is none of the name or it has another type.
    public func function<each Parameter: WasmValue, Result: WasmValue>(
        named name: String, as type: ((repeat each Parameter) -> Result).Type
    ) throws(ProgramError) -> (repeat each Parameter) throws(ProgramError) -> Result {
        let function: (repeat each Parameter) throws -> Result
        do {
            function = try instance.function(named: name, as: type)
        } catch {
            throw ProgramError(error)
        }
        return { (arguments: repeat each Parameter) throws(ProgramError) -> Result in
            try self.calling { () throws -> Result in try function(repeat each arguments) }
        }
    }

    /// The function that is exported under a name, as a Swift function without a result.
    ///
    /// - Throws: As the other one.
    public func function<each Parameter: WasmValue>(
        named name: String, as type: ((repeat each Parameter) -> Void).Type
    ) throws(ProgramError) -> (repeat each Parameter) throws(ProgramError) -> Void {
        let function: (repeat each Parameter) throws -> Void
        do {
            function = try instance.function(named: name, as: type)
        } catch {
            throw ProgramError(error)
        }
        return { (arguments: repeat each Parameter) throws(ProgramError) -> Void in
            try self.calling { () throws -> Void in try function(repeat each arguments) }
        }
    }

    /// Runs `body`, which calls a function of the program.
    @inline(__always)
    func calling<Result>(_ body: () throws -> Result) throws(ProgramError) -> Result {
        try checkEnding()
        host?.noteEntry()
        do {
            return try instance.store.charging(body)
        } catch {
            throw endCall(error)
        }
    }

    /// The program's end by an error that left one of its functions.
    private func endCall(_ error: any Error) -> ProgramError {
        switch end(by: error) {
        case .failure(let error): error
        case .success(let status): ending ?? .exited(status)
        }
    }

    /// The memory that is exported under a name: `mem` for Go's js/wasm, `memory` for others.
    ///
    /// - Throws: ``ProgramError/uncallable(_:)``.
    public func memory(named name: String) throws(ProgramError) -> Memory {
        do {
            return try instance.memory(named: name)
        } catch {
            throw ProgramError(error)
        }
    }

    /// What is left of ``Program/Limits/budget``; nil where there is none.
    ///
    /// It may be set between calls, so that each call has a budget of its own, and in functions of the host's that the
    /// program calls. Where there was no budget at the start, setting it has no effect.
    public var remainingBudget: UInt64? {
        get { instance.store.budget }
        set { instance.store.budget = newValue }
    }

    // MARK: - Goroutines

    /// The goroutines of a Go program as they are now: while a host function is called, between calls, and after the
    /// program has ended, in whatever way.
    ///
    /// - Returns: nil for programs of other compilers and of versions of Go that are not known (see ``GoroutineDump``),
    ///   and before the program has started.
    public func goroutines() -> GoroutineDump? {
        // Go's linker makes the stack pointer the first global.
        guard instance.module.globalTypes.first?.value == .i32, let memory = guestMemory else { return nil }
        var reader = GoroutineReader(
            instance.module, memory, stackPointer: instance.globalCell(0).pointee & 0xFFFF_FFFF,
            backtrace: instance.backtrace.prefix(2).map(CallPlace.init), now: nanotime())
        return reader?.read()
    }

    /// The memory as it is now; nil for programs that do not export it.
    private var guestMemory: GuestMemory? {
        let memory = (try? instance.memory(named: "mem")) ?? (try? instance.memory(named: "memory"))
        return memory.map { GuestMemory(base: $0.baseAddress, count: UInt64($0.byteCount)) }
    }

    /// Why Go's runtime ended the program, if it did; the functions that it was in are those that it left last.
    private func crashReason(_ status: ExitStatus, _ calls: [Trap.Frame]) -> String? {
        guard status == .goFailure else { return nil }
        let calls = calls.isEmpty ? instance.backtrace : calls
        switch GoCrash.error(calls, program.module, report.message) {
        case .deadlocked?: return "all goroutines are asleep"
        case .panicked(let message)?: return "panic: \(message)"
        case let error?: return "\(error)"
        case nil: return nil
        }
    }

    private func reportEnd(_ reason: @autoclosure () -> String?) {
        guard let report = endReport else { return }
        endReport = nil
        report(self, reason())
    }

    // MARK: - Allocations

    /// Has Go's memory profiler work, which the linker has switched off in most programs.
    private func turnOnMemoryProfile() {
        guard GoVersion(of: instance.module).flatMap({ GoRuntimeLayout($0) }) != nil,
            let table = GoLineTable(instance.module), let memory = guestMemory
        else { return }
        memoryProfile = MemoryProfileSwitch(instance.module, table)
        memoryProfile?.turnOn(memory)
    }

    /// What the program has allocated until now, by the functions that did it; see
    /// ``Program/Configuration/profilesAllocations``.
    ///
    /// - Returns: nil where that was not asked for, and for programs of other compilers and of versions of Go that are
    ///   not known (see ``GoroutineDump``).
    public func allocations() -> AllocationProfile? {
        guard let memoryProfile, let memory = guestMemory, let table = GoLineTable(instance.module),
            let layout = GoVersion(of: instance.module).flatMap({ GoRuntimeLayout($0) })
        else { return nil }
        return MemoryProfileReader(table, layout, memory, rate: memoryProfile.rate).read()
    }

    // MARK: - Dumps

    /// Writes the program's memory and globals, and what is being executed, for tools that look at it later: a core dump
    /// of WebAssembly (tool-conventions, Coredump.md), which ``CoreDump`` reads.
    ///
    /// It has all that the program had in its memory, its secrets included. It may be called when the program has ended,
    /// in whatever way, and otherwise as ``goroutines()``.
    ///
    /// - Parameters:
    ///   - program: The path of the module.
    ///   - reason: Why it was written.
    ///   - write: Gets the parts of the dump in their order.
    /// - Throws: What `write` throws.
    public func writeCoreDump(
        program: String, reason: String, to write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let module = instance.module
        let frames = instance.backtrace.map { frame in
            let body = frame.function - module.importedFunctionCount
            let start = module.bodies.indices.contains(body) ? module.bodies[body].bytes.lowerBound : 0
            return CoreDumpWriter.Frame(place: CallPlace(frame), offset: frame.offset.map { max(0, $0 - start) } ?? 0)
        }
        try withoutActuallyEscaping(write) { write in
            try CoreDumpWriter(
                CoreDumpWriter.Contents(
                    program: program, module: module, reason: reason, now: nanotime(), frames: frames,
                    globals: module.globalTypes.indices.map(globalValue), memory: guestMemory ?? .empty),
                to: write
            ).writeAll()
        }
    }

    /// The value of a global, if it is a number; for others null.
    private func globalValue(_ index: Int) -> Value {
        let bits = instance.globalCell(index).pointee
        return switch instance.module.globalTypes[index].value {
        case .i32: .i32(UInt32(truncatingIfNeeded: bits))
        case .i64: .i64(bits)
        case .f32: .f32(UInt32(truncatingIfNeeded: bits))
        case .f64: .f64(bits)
        default: .function(nil)
        }
    }

    // MARK: - JavaScript

    /// JavaScript's global object, as a program of Go's or TinyGo's for JavaScript sees it; `undefined` to others.
    public var globalThis: JavaScriptValue {
        host.map { JavaScriptValue(.object($0.realm.global), $0.realm) } ?? .none
    }

    /// Whether a name stands for an export: not where the global object has such a function.
    func prefersExport(_ name: String) -> Bool {
        guard host != nil else { return true }
        guard case .function? = instance.export(named: name) else { return false }
        return (try? globalThis.get(name))?.kind != .function
    }

    /// Runs what is to be done now in a program of Go's or TinyGo's for JavaScript: completed file operations, timers that are due,
    /// goroutines that they wake.
    ///
    /// - Returns: How the program ended, if it has.
    /// - Throws: ``ProgramError``.
    @discardableResult
    public func runReadyEvents() throws(ProgramError) -> ExitStatus? {
        if canBeCalledAfterExit { return exitStatus }
        try checkEnding()
        guard let host else { return nil }
        return try running {
            try host.runEventLoop(onlyReady: true)
            return nil
        }
    }
}

extension Program.Configuration {
    func wasiOptions(waker: Waker?) -> WASIProgram.Options {
        var options = WASIProgram.Options(
            arguments: allArguments, environment: variables, access: access, trace: trace)
        options.streams = streams
        options.reportHint = reportHint
        options.clock = makeClock()
        options.random = RandomSource(seed: randomSeed)
        options.waker = waker
        options.report = report
        options.endProcess = endProcess
        imports(&options.imports)
        return options
    }
}
