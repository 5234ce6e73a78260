public import HostSystem
public import WasmRuntime

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
/// of package fmt, returns early with a meaningless result: so Go has made it. Goroutines that exports start run when
/// ``runReadyEvents()`` is called.
public final class ProgramInstance {
    /// The module's instance.
    public let instance: Instance
    /// How the program ended, if it has.
    public private(set) var exitStatus: ExitStatus?

    let host: GoHost?
    private let program: Program
    private let block: ArgumentBlock?
    private let control: RunControl?

    init(_ program: Program, _ configuration: Program.Configuration, _ control: RunControl?) throws {
        self.program = program
        self.control = control
        let store = Store(configuration: configuration.storeConfiguration)
        try control?.attach(store)
        var isReady = false
        defer { if !isReady { control?.detach() } }
        do {
            (instance, host, block) = try store.charging { () throws -> (Instance, GoHost?, ArgumentBlock?) in
                switch program.kind {
                case .goProgram:
                    let mailbox = control.map { Mailbox($0.waker) }
                    return try program.makeGoProgram().prepare(configuration, store, mailbox)
                case .tinyGoProgram, .tinyGoLibrary:
                    let mailbox = control.map { Mailbox($0.waker) }
                    let (instance, host) = try TinyGoProgram(program.module).prepare(configuration, store, mailbox)
                    return (instance, host, nil)
                case .wasiCommand, .wasiReactor, .plain:
                    var options = configuration.wasiOptions(waker: control?.waker)
                    options.findGoFunctions = program.findGoFunctions
                    return (try WASIProgram(program.module).instantiate(options, store), nil, nil)
                }
            }
        } catch CallError.memoryLimit {
            throw ProgramError.limitReached(.memory)
        }
        isReady = true
    }

    deinit {
        control?.detach()
        host?.dismantle()
    }

    /// Runs the program to its end.
    func runToEnd() throws(ProgramError) -> ExitStatus {
        let status = try ending {
            if let host, let block { return try GoProgram.execute(host, block) }
            if let host { return try TinyGoProgram(program.module).execute(host) }
            try WASIProgram.enter(instance, "_start")
            return ExitStatus(code: 0)
        }
        return status ?? ExitStatus(code: 0)
    }

    /// Starts the program; see ``Program/start(_:)``.
    func start() throws(ProgramError) {
        let status = try ending {
            if let host {
                try host.run(block?.argumentCount ?? 0, block?.pointersAddress ?? 0)
                try host.runEventLoop(onlyReady: true)
            } else if instance.export(named: "_initialize") != nil {
                try WASIProgram.enter(instance, "_initialize")
            }
            return nil
        }
        guard let status else { return }
        guard canBeCalledAfterExit else { throw .exited(status) }
        host?.endEvents()
    }

    /// Whether the program has ended, and its exports are functions that can be called nevertheless: `main` of a
    /// program of TinyGo's is often empty, and what `//export` names needs no goroutines.
    var canBeCalledAfterExit: Bool { program.kind == .tinyGoProgram && exitStatus?.isSuccess == true }

    /// Runs `body`, and turns what it throws into how the program ended or what callers get to see.
    private func ending(_ body: () throws -> ExitStatus?) throws(ProgramError) -> ExitStatus? {
        if let exitStatus, !canBeCalledAfterExit { throw .exited(exitStatus) }
        // It need not be the thread of the last time.
        host?.realm.adoptCurrentThread()
        let status: ExitStatus?
        do {
            do {
                status = try instance.store.charging { () throws -> ExitStatus? in try body() }
            } catch {
                status = try outcome(of: error)
            }
        } catch {
            try control?.check(error)
            // Not of errors of the caller's or of a host function, which come about without the program, too.
            if error is Trap, instance.store.hasReachedMemoryLimit { throw .limitReached(.memory) }
            if error is MemoryLimitReached || isRefusal(error) { throw .limitReached(.memory) }
            throw ProgramError(error)
        }
        guard let status else { return nil }
        exitStatus = status
        try control?.check()
        if !status.isSuccess, instance.store.hasReachedMemoryLimit { throw .limitReached(.memory) }
        return status
    }

    /// Whether an exception that nobody caught is one about memory that the host did not get.
    private func isRefusal(_ error: any Error) -> Bool {
        guard case ProgramError.exception(let exception) = error else { return false }
        return exception.message.hasPrefix("RangeError:") && instance.store.hasRefusedHost
    }

    /// Runs `body`, in which the program is called.
    ///
    /// - Throws: What `body` throws; ``ProgramError``, where that is how the program ended.
    package func perform<Result>(_ body: () throws -> Result) throws -> Result {
        var result: Swift.Result<Result, any Error>?
        let status = try ending {
            do {
                result = .success(try body())
            } catch let error as ExecutionError where Self.isEnd(error.cause) {
                throw error.cause
            } catch  where !Self.isEnd(error) {
                result = .failure(error)
            }
            return nil
        }
        guard let result else { throw ProgramError.exited(status ?? ExitStatus(code: 0)) }
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
        if let exitStatus { return .success(exitStatus) }
        do throws(ProgramError) {
            try control?.check()
            let status = try ending {
                try host?.runEventLoop(while: isWanted)
                return nil
            }
            return status.map { .success($0) }
        } catch {
            return .failure(error)
        }
    }

    private func outcome(of error: any Error) throws -> ExitStatus {
        if let host { return try GoProgram.outcome(of: error, host) }
        guard let exit = error as? WASIExit else { throw error }
        return exit.status
    }

    // MARK: - Calling exports

    /// The function that is exported under a name, as a Swift function with a result.
    ///
    /// It may be called again from host functions that the program calls while it runs. It throws `Trap`, and what host
    /// functions throw.
    ///
    /// - Throws: ``ProgramError/uncallable(_:)``, where there is none of the name or it has another type.
    public func function<each Parameter: WasmValue, Result: WasmValue>(
        named name: String, as type: ((repeat each Parameter) -> Result).Type
    ) throws(ProgramError) -> (repeat each Parameter) throws -> Result {
        do {
            return try instance.function(named: name, as: type)
        } catch {
            throw ProgramError(error)
        }
    }

    /// The function that is exported under a name, as a Swift function without a result.
    ///
    /// - Throws: As the other one.
    public func function<each Parameter: WasmValue>(
        named name: String, as type: ((repeat each Parameter) -> Void).Type
    ) throws(ProgramError) -> (repeat each Parameter) throws -> Void {
        do {
            return try instance.function(named: name, as: type)
        } catch {
            throw ProgramError(error)
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

    // MARK: - JavaScript

    /// JavaScript's global object, as a program of Go's or TinyGo's for JavaScript sees it; `undefined` to others.
    public var globalThis: JavaScriptValue {
        host.map { JavaScriptValue(.object($0.realm.global), $0.realm) } ?? .none
    }

    /// Runs what is to be done now in a program of Go's or TinyGo's for JavaScript: completed file operations, timers that are due,
    /// goroutines that they wake.
    ///
    /// - Returns: How the program ended, if it has.
    /// - Throws: ``ProgramError``.
    @discardableResult
    public func runReadyEvents() throws(ProgramError) -> ExitStatus? {
        guard let host else { return nil }
        if canBeCalledAfterExit { return exitStatus }
        return try ending {
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
        options.endProcess = endProcess
        imports(&options.imports)
        return options
    }
}
