public import WasmRuntime

/// Instances of one program that tasks take in turns: as many calls run at the same time as there are instances.
///
/// ```swift
/// let pool = ProgramPool(try Program(contentsOf: "plugin.wasm"), size: 4)
/// let text = try await pool.perform { try $0.call("upper", "text") }
/// ```
///
/// An instance is started when it is first needed. One that has ended, by a panic or because a task was cancelled while
/// it ran, is replaced by a new one; the others go on. Each has a memory of its own: a call may or may not find what an
/// earlier call has left in Go's variables.
public actor ProgramPool {
    private let origin: Program.Origin
    private let configuration: Program.Configuration
    /// How many instances there are at most.
    public nonisolated let size: Int
    private var idle: [RunningProgram] = []
    /// How many instances there are, or are being started.
    private var count = 0
    private var waiters: [(number: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    private var nextWaiter = 0

    /// Makes a pool; nothing is started yet.
    ///
    /// - Parameters:
    ///   - program: The program that each instance is of.
    ///   - configuration: What each instance is given; a limit of time counts from the start of each.
    ///   - size: How many instances there are at most, at least 1.
    public init(
        _ program: Program, _ configuration: Program.Configuration = Program.Configuration(), size: Int
    ) {
        origin = .module(program)
        self.configuration = configuration
        self.size = max(1, size)
    }

    /// Makes a pool of instances that begin with a snapshot, in microseconds; nothing is started yet.
    ///
    /// ```swift
    /// let plugin = try Program(contentsOf: "plugin.wasm").start()
    /// let pool = ProgramPool(try plugin.snapshot(), size: 4)
    /// ```
    ///
    /// - Parameters:
    ///   - snapshot: What each instance begins with.
    ///   - configuration: What each instance is given, as to ``ProgramSnapshot/start(_:)``.
    ///   - size: How many instances there are at most, at least 1.
    public init(
        _ snapshot: ProgramSnapshot, _ configuration: Program.Configuration = Program.Configuration(), size: Int
    ) {
        origin = .snapshot(snapshot)
        self.configuration = configuration
        self.size = max(1, size)
    }

    /// Gives `body` an instance that nobody else uses, on its thread; waits until there is one.
    ///
    /// - Throws: As ``Program/startInBackground(_:)`` and ``RunningProgram/perform(_:)``.
    public func perform<Result: Sendable>(
        _ body: @Sendable (ProgramInstance) throws -> Result
    ) async throws(ProgramError) -> Result {
        try await withInstance { instance in try await instance.perform(body) }
    }

    /// Gives `body` an instance that nobody else uses until it returns; waits until there is one.
    ///
    /// - Throws: As ``Program/startInBackground(_:)``; what `body` throws, as ``RunningProgram/perform(_:)`` does.
    public func withInstance<Result: Sendable>(
        _ body: @Sendable (RunningProgram) async throws -> Result
    ) async throws(ProgramError) -> Result {
        let instance = try await take()
        do {
            let result = try await body(instance)
            await giveBack(instance)
            return result
        } catch {
            await giveBack(instance)
            throw ProgramError(error)
        }
    }

    /// Calls a function of an instance with a text or bytes, and waits for its result: as `call` of ``RunningProgram``,
    /// and as many at the same time as there are instances.
    ///
    /// - Throws: As that, and ``Program/startInBackground(_:)``.
    public func call<Argument: PassedBytes & Sendable, Result: PassedBytes & Sendable>(
        _ name: String, _ argument: Argument, as type: Result.Type = Result.self
    ) async throws(ProgramError) -> Result {
        try await withInstance { try await $0.call(name, argument, as: type) }
    }

    /// Calls a function of an instance with a text, and waits for the text that it returns.
    ///
    /// - Throws: As the other one.
    public func call(_ name: String, _ argument: String) async throws(ProgramError) -> String {
        try await call(name, argument, as: String.self)
    }

    /// Calls an export of an instance with numbers, and waits for its result.
    ///
    /// - Throws: As the call of ``ProgramInstance`` with numbers, and ``Program/startInBackground(_:)``.
    public func call<each Parameter: WasmValue & Sendable, Result: WasmValue & Sendable>(
        _ name: String, _ arguments: repeat each Parameter, as type: Result.Type = Result.self
    ) async throws(ProgramError) -> Result {
        try await perform { try $0.call(name, repeat each arguments, as: type) }
    }

    private func take() async throws(ProgramError) -> RunningProgram {
        while true {
            if let instance = idle.popLast() { return instance }
            if count < size {
                count += 1
                do throws(ProgramError) {
                    return try await RunningProgram(origin, configuration)
                } catch {
                    leave()
                    throw error
                }
            }
            guard await wait() else { throw .cancelled }
        }
    }

    private func giveBack(_ instance: RunningProgram) async {
        if await instance.ending == nil {
            idle.append(instance)
            wakeNext()
        } else {
            leave()
        }
    }

    /// One instance less; another may be started.
    private func leave() {
        count -= 1
        wakeNext()
    }

    private func wakeNext() {
        guard !waiters.isEmpty else { return }
        waiters.removeFirst().continuation.resume(returning: true)
    }

    /// Waits for an instance; false where the task is cancelled meanwhile.
    private func wait() async -> Bool {
        nextWaiter += 1
        let number = nextWaiter
        let isWanted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: false)
                } else {
                    waiters.append((number, continuation))
                }
            }
        } onCancel: {
            Task { await self.cancel(number) }
        }
        return isWanted
    }

    private func cancel(_ number: Int) {
        guard let place = waiters.firstIndex(where: { $0.number == number }) else { return }
        waiters.remove(at: place).continuation.resume(returning: false)
    }
}
