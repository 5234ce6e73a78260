public import HostSystem
internal import Synchronization

/// A program that runs on a thread of its own, and that tasks call.
///
/// ```swift
/// let running = try await program.startInBackground()
/// // In Go: js.Global().Set("greet", js.FuncOf(…))
/// let text = try await running.call("greet", "World", as: String.self)
/// // In Go: //go:wasmexport add
/// let sum = try await running.perform { program in
///     try program.call("add", Int32(2), Int32(3), as: Int32.self)
/// }
/// ```
///
/// The program goes on between calls: timers, goroutines, its network. It is stopped with the last reference to it, by
/// ``stop()``, or where a task is cancelled that waits for a call: a program that was stopped in the middle of
/// something cannot go on. All that is called then throws ``ProgramError/ended(_:)``.
public actor RunningProgram {
    private let thread: ProgramThread
    private let control: RunControl
    private var waiters: [Int: @Sendable (Result<ExitStatus, ProgramError>) -> Void] = [:]
    private var nextWaiter = 0

    /// The thread that the program runs on.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ origin: Program.Origin, _ configuration: Program.Configuration) async throws(ProgramError) {
        control = try RunControl(configuration.limits)
        let thread = try ProgramThread(control)
        try thread.start()
        // From here on the initializer runs on that thread.
        self.thread = thread
        do {
            try await withTaskCancellationHandler {
                try open(origin, configuration)
            } onCancel: { [control] in
                control.stop(.cancelled)
            }
        } catch {
            thread.finish()
            throw ProgramError(error)
        }
    }

    deinit {
        control.stop(.cancelled)
        thread.finish()
    }

    private func open(_ origin: Program.Origin, _ configuration: Program.Configuration) throws {
        let instance = try origin.start(configuration, control)
        thread.withResident { resident in
            resident.program = instance
            resident.onEnd = { [weak self] ending in self?.assumeIsolated { $0.end(ending) } }
        }
    }

    private func end(_ ending: Result<ExitStatus, ProgramError>) {
        let waiters = self.waiters
        self.waiters = [:]
        for (_, waiter) in waiters { waiter(ending) }
    }

    /// Adds somebody who hears of the program's end; returns the number to remove it by.
    private func addWaiter(_ waiter: @escaping @Sendable (Result<ExitStatus, ProgramError>) -> Void) -> Int {
        nextWaiter += 1
        waiters[nextWaiter] = waiter
        return nextWaiter
    }

    /// Stops the program, whatever it does; calls that are under way throw ``ProgramError/cancelled``.
    public nonisolated func stop() { control.stop(.cancelled) }

    /// Waits until the program has ended by itself.
    ///
    /// - Throws: ``ProgramError``, where it ends otherwise.
    public func waitUntilExit() async throws(ProgramError) -> ExitStatus {
        let ending: Result<ExitStatus, ProgramError> =
            if let ended = thread.withResident({ $0.ending }) {
                ended
            } else {
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        _ = addWaiter { continuation.resume(returning: $0) }
                    }
                } onCancel: { [control] in
                    control.stop(.cancelled)
                }
            }
        return try ending.get()
    }

    /// Why nothing in the program can be called any more; nil as long as it can.
    public var ending: ProgramError? { thread.withResident { $0.program?.ending } }

    /// Gives `body` the program, on the program's thread.
    ///
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws: a ``ProgramError`` as it is, a `JavaScriptError` and a `CallError` as the cases
    ///   ``ProgramError/exception(_:)`` and ``ProgramError/uncallable(_:)``, and everything else as
    ///   ``ProgramError/hostFunction(_:)``. ``ProgramError/ended(_:)``, where the program had ended before.
    public func perform<Result: Sendable>(
        _ body: @Sendable (ProgramInstance) throws -> Result
    ) async throws(ProgramError) -> Result {
        do {
            return try await withTaskCancellationHandler {
                try thread.withResident { resident in
                    let program = try resident.current()
                    return try program.perform { try body(program) }
                }
            } onCancel: { [control] in
                control.stop(.cancelled)
            }
        } catch {
            throw ProgramError(error)
        }
    }

    /// The goroutines of a Go program as they are when it waits next; see ``ProgramInstance/goroutines()``.
    ///
    /// - Throws: ``ProgramError``, where the program has ended.
    public func goroutines() async throws -> GoroutineDump? { try await perform { $0.goroutines() } }

    // MARK: - Exports

    /// Calls a function of the program with a text or bytes, and waits for its result, which is one of these, too.
    ///
    /// ```swift
    /// let text = try await running.call("fetchAll", "one,two", as: String.self)
    /// ```
    ///
    /// The function is one that JavaScript's global object has, in a program for JavaScript, which is called as by
    /// `call` with other arguments; otherwise an export of the package `hostcall`, see ``ProgramInstance``. Either may
    /// wait in Go: for time to pass, for another goroutine, for an async function of Swift's. Meanwhile the calling
    /// task is suspended, and no thread of Swift's tasks waits.
    ///
    /// Calls of an export run one after another, each as long as it takes, as Go's runtime for WASI cannot be called
    /// while an export waits. A ``ProgramPool`` runs several at the same time. Functions of JavaScript's that return
    /// a promise wait beside each other.
    ///
    /// - Throws: ``ProgramError``; ``ProgramError/functionFailed(_:)``, where an export returned an error. Where the
    ///   calling task is cancelled, the program is stopped.
    public func call<Argument: PassedBytes & Sendable, Result: PassedBytes & Sendable>(
        _ name: String, _ argument: Argument, as type: Result.Type = Result.self
    ) async throws(ProgramError) -> Result {
        if isExport(name) { return try await perform { try $0.call(name, argument, as: type) } }
        return try await invoke(name, [PassedValue(value: argument)], PassedValue<Result>.self).value
    }

    /// Whether a name is that of an export, and not of a function of JavaScript's.
    private func isExport(_ name: String) -> Bool {
        thread.withResident { $0.program?.prefersExport(name) ?? true }
    }

    // MARK: - JavaScript

    /// Calls a function of JavaScript's, such as a Go program made with `js.FuncOf` and put on the global object.
    ///
    /// Where it returns a promise, this waits for what becomes of it.
    ///
    /// - Parameters:
    ///   - path: The names that lead from the global object to the function, with dots between: `app.greet`.
    ///   - arguments: What the function gets.
    ///   - type: What its result is taken for.
    /// - Throws: ``ProgramError/exception(_:)``, where the function throws, the promise is rejected, or the result is
    ///   something else; what else ``ProgramError`` has, where the program ends.
    public func call<Result: JavaScriptConvertible & Sendable>(
        _ path: String, _ arguments: any JavaScriptConvertible & Sendable..., as type: Result.Type = Result.self
    ) async throws(ProgramError) -> Result {
        try await invoke(path, arguments, type)
    }

    /// Calls a function of JavaScript's whose result is of no interest, as the other one does.
    public func call(
        _ path: String, _ arguments: any JavaScriptConvertible & Sendable...
    ) async throws(ProgramError) {
        _ = try await invoke(path, arguments, JavaScriptIgnored.self)
    }

    private func invoke<Result: JavaScriptConvertible & Sendable>(
        _ path: String, _ arguments: [any JavaScriptConvertible & Sendable], _ type: Result.Type
    ) async throws(ProgramError) -> Result {
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { start(path, arguments, type, Once($0)) }
            } onCancel: { [control] in
                control.stop(.cancelled)
            }
        } catch {
            throw ProgramError(error)
        }
    }

    /// Calls a function, and has the result given to who waits for it, or how the program ends before.
    private func start<Result: JavaScriptConvertible & Sendable>(
        _ path: String, _ arguments: [any JavaScriptConvertible & Sendable], _ type: Result.Type, _ once: Once<Result>
    ) {
        let waiter = addWaiter { [thread] ending in
            switch ending {
            case .success(let status):
                let reason = thread.withResident { $0.program?.ending }
                once.resume(.failure(reason ?? .exited(status)))
            case .failure(let error): once.resume(.failure(error))
            }
        }
        let finish = { [weak self] (result: Swift.Result<Result, any Error>) in
            self?.assumeIsolated { _ = $0.waiters.removeValue(forKey: waiter) }
            once.resume(result)
        }
        thread.withResident { resident in
            do {
                let program = try resident.current()
                try program.perform {
                    let result = try program.globalThis.callFunction(at: path, arguments)
                    try result.settle { outcome throws(JSFailure) in
                        do {
                            finish(.success(try Result(javaScript: outcome.get())))
                        } catch let failure as JSFailure {
                            throw failure
                        } catch {
                            finish(.failure(error))
                        }
                    }
                }
            } catch {
                finish(.failure(error))
            }
        }
    }
}

/// What can pass as bytes, on its way to and from JavaScript: as the value that it is there, or as bytes.
private struct PassedValue<Value: PassedBytes & Sendable>: JavaScriptConvertible, Sendable {
    let value: Value

    init(value: Value) { self.value = value }

    init(javaScript value: JavaScriptValue) throws {
        if let type = Value.self as? any JavaScriptConvertible.Type,
            let value = try type.init(javaScript: value) as? Value
        {
            self.value = value
        } else {
            self.value = try [UInt8](javaScript: value).withUnsafeBytes { Value(passedBytes: $0) }
        }
    }

    func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue {
        if let value = value as? any JavaScriptConvertible { return value.javaScriptValue(for: context) }
        let bytes = try? value.withPassedBytes { (bytes) throws(ProgramError) in [UInt8](bytes) }
        return bytes?.javaScriptValue(for: context) ?? context.undefined
    }
}

/// What a result becomes that nobody wants.
private struct JavaScriptIgnored: JavaScriptConvertible, Sendable {
    init(javaScript value: JavaScriptValue) {}
    func javaScriptValue(for context: JavaScriptValue) -> JavaScriptValue { context.undefined }
}

extension ProgramThread.Resident {
    /// The program, where it can be called.
    func current() throws(ProgramError) -> ProgramInstance {
        guard let program else { throw .cancelled }
        if let reason = program.ending { throw .ended(reason) }
        return program
    }
}

/// A continuation that is resumed by whoever comes first.
private final class Once<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

    init(_ continuation: CheckedContinuation<Value, any Error>) { self.continuation = Mutex(continuation) }

    func resume(_ result: Result<Value, any Error>) {
        continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }?.resume(with: result)
    }
}
