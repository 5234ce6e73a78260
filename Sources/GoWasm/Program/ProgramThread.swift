internal import HostSystem
internal import LibC
internal import Synchronization

/// The thread that a running program lives on: it runs what tasks want done there, and between that the program's
/// events.
///
/// Programs do not run on the threads of Swift's tasks, of which there are as many as processors: a program may wait
/// for its input, or compute, as long as it likes.
final class ProgramThread: SerialExecutor {
    /// What the thread works for; used on the thread only.
    final class Resident {
        var program: ProgramInstance?
        /// Called when the program has ended.
        var onEnd: (Result<ExitStatus, ProgramError>) -> Void = { _ in }
        /// How the program ended.
        var ending: Result<ExitStatus, ProgramError>?
    }
    private struct State {
        var jobs: [UnownedJob] = []
        var isFinished = false
        var thread: pthread_t?
    }
    private let state = Mutex(State())
    private let resident = ThreadBound(Resident())
    /// Ends the thread's own waiting.
    private let idle: Waker
    /// Ends the program's waiting.
    private let control: RunControl

    init(_ control: RunControl) throws(ProgramError) {
        guard let idle = Waker() else {
            throw .exhausted(.pipe, errorNumber: ErrorCode.last.number)
        }
        self.idle = idle
        self.control = control
        // A program that waits for nothing of its own is not woken by its waker.
        control.onStop { idle.wake() }
    }

    /// Starts the thread, which ends after ``finish()``.
    func start() throws(ProgramError) { try Self.start { self.serve() } }

    /// The program's events are handled here, too, and not in jobs.
    func checkIsolated() {
        let isHere = state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
        precondition(isHere, "this is not the program's thread")
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Tasks hold executors without owning them: the job may be done, and the last reference gone with it, before
        // the next line.
        let kept = Unmanaged.passRetained(self)
        defer { kept.release() }
        state.withLock { $0.jobs.append(job) }
        idle.wake()
        control.waker.wake()
    }

    /// Lets the program go, and the thread end.
    func finish() {
        state.withLock { $0.isFinished = true }
        idle.wake()
        control.waker.wake()
    }

    /// Gives `body` what only the thread may use.
    ///
    /// - Precondition: It is called on the thread.
    func withResident<Result>(_ body: (Resident) throws -> Result) rethrows -> Result { try body(resident.value) }

    private var hasWork: Bool { state.withLock { !$0.jobs.isEmpty || $0.isFinished } }

    private func serve() {
        let resident = resident.value
        state.withLock { $0.thread = pthread_self() }
        while true {
            let (jobs, isFinished) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isFinished)
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isFinished, jobs.isEmpty { break }
            if let program = resident.program, resident.ending == nil {
                resident.ending = program.nextEnding { [self] in !hasWork }
                if let ending = resident.ending { resident.onEnd(ending) }
            }
            if !hasWork { idle.wait() }
            idle.acknowledge()
        }
        resident.program = nil
    }

    // MARK: - Threads

    /// Runs `body` on a thread of its own.
    static func perform<Result: Sendable>(
        _ body: @escaping @Sendable () throws(ProgramError) -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try start { continuation.resume(with: Swift.Result(catching: body)) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Starts a thread with enough stack for Go and JavaScript to call each other.
    static func start(_ body: @escaping @Sendable () -> Void) throws(ProgramError) {
        let failure = startThread(body).failure
        if failure != 0 { throw .exhausted(.thread, errorNumber: failure) }
    }
}
