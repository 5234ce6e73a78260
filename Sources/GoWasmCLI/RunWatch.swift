import GoWasm
import HostSystem
import LibC
import Synchronization
import WasmRuntime

/// Ends a run from outside: at SIGQUIT and after a time with a stack trace, at SIGINT and SIGTERM where something is to
/// be written first.
///
/// A thread of its own waits for these signals and stops the run. The run's thread then says where it was, writes what
/// is to be written and ends the process: nobody else looks at what it uses. A second signal, half a second later, ends
/// the process at once.
final class RunWatch: Sendable {
    /// Why the run was ended.
    enum Reason: Equatable {
        case quit
        case timeout(seconds: Double)
        /// A signal that nothing is said of.
        case signal(Int32)

        /// What is said of it.
        var message: String? {
            switch self {
            case .quit: "SIGQUIT: quit"
            case .timeout(let seconds): "stopped after \(seconds.formatted) s (--timeout)"
            case .signal: nil
            }
        }

        /// The exit code: that of Go's programs at SIGQUIT, that of timeout(1), or what shells say of a signal.
        var exitCode: Int32 {
            switch self {
            case .quit: CommandExit.goFailure
            case .timeout: CommandExit.limit
            case .signal(let number): CommandExit.signal(number)
            }
        }
    }

    private struct State {
        var reason: Reason?
        var isEnding = false
        /// When the timer that was started last runs out, in nanoseconds of ``Clock/monotonic``; nil where there is none.
        var deadline: Int64?
    }
    private let state = Mutex(State())
    private let timeout: Double?
    private let signals: [Int32]
    /// Prints a message about the run.
    private let report: @Sendable (String) -> Void
    /// Stops the run.
    let control: RunControl

    /// How many seconds the run's thread has to begin with its report; it may be in a call of the system that nothing
    /// ends.
    private static let patience = 3.0
    /// How many nanoseconds after a signal another one is still the same: timeout(1) sends its own to the process and
    /// to the process's group.
    private static let repetition: Int64 = 500_000_000

    /// Makes a watch; nothing is watched before ``start(stackSize:)``.
    ///
    /// - Parameters:
    ///   - timeout: Seconds after which the run is ended.
    ///   - isToFinish: Whether something is to be written when the run ends, also by SIGINT and SIGTERM.
    ///   - report: Prints a message about the run.
    /// - Throws: ``ProgramError/exhausted(_:errorNumber:)``.
    init(
        timeout: Double?, isToFinish: Bool, report: @escaping @Sendable (_ message: String) -> Void
    ) throws(ProgramError) {
        control = try RunControl()
        self.timeout = timeout
        self.report = report
        // What a shell has ignored for a command in the background stays so.
        let wanted = [SIGQUIT] + (isToFinish ? [SIGINT, SIGTERM] : [])
        signals = wanted.filter { !Self.isIgnored($0) } + [SIGALRM]
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0 else { return false }
        return action.handlerAddress == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Why the run was ended from outside, if it was.
    var reason: Reason? { state.withLock { $0.reason } }

    /// Says that the run's thread reports and ends the process now; returns why, if the run was ended from outside.
    @discardableResult func beginReport() -> Reason? {
        state.withLock { state in
            state.isEnding = true
            return state.reason
        }
    }

    /// Starts the thread, and the time.
    ///
    /// To be called before other threads are made, which inherit that the signals are blocked.
    ///
    /// - Parameter stackSize: The size of the thread's stack, in bytes.
    /// - Throws: ``ProgramError/exhausted(_:errorNumber:)``, after which signals do what they do by default.
    func start(stackSize: Int = 512 << 10) throws(ProgramError) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals { sigaddset(&set, number) }
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, &set, &before)
        let failure = startThread(stackSize: stackSize) { self.wait() }.failure
        guard failure == 0 else {
            pthread_sigmask(SIG_SETMASK, &before, nil)
            throw .exhausted(.thread, errorNumber: failure)
        }
        // A signal that is ignored may never come.
        signal(SIGALRM, SIG_DFL)
        if let timeout { startTimer(timeout) }
    }

    /// Has SIGALRM come after so many seconds.
    private func startTimer(_ seconds: Double) {
        var times = itimerval()
        // A time of zero would switch the timer off.
        times.it_value.tv_sec = Int(seconds)
        times.it_value.tv_usec = .init(max(1, (seconds - seconds.rounded(.down)) * 1_000_000))
        let wait = Int64(times.it_value.tv_sec) &* 1_000_000_000 &+ Int64(times.it_value.tv_usec) * 1000
        state.withLock { $0.deadline = Clock.moment(wait, after: Clock.monotonic) }
        // ITIMER_REAL, which is an enumeration in Glibc's header and a number in others.
        setitimer(0, &times, nil)
    }

    private func wait() -> Never {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals { sigaddset(&set, number) }
        var start: Int64 = 0
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            // Anybody may send SIGALRM; the timer's comes when its time has come.
            let isTimer = number == SIGALRM && state.withLock { $0.deadline.map { $0 <= Clock.monotonic } ?? false }
            let reason: Reason =
                switch (number, timeout) {
                case (SIGQUIT, _): .quit
                case (_, let timeout?) where isTimer: .timeout(seconds: timeout)
                default: .signal(number)
                }
            let (first, isEnding) = state.withLock { state in
                defer { state.reason = state.reason ?? reason }
                return (state.reason, state.isEnding)
            }
            guard let first else {
                control.stop(.cancelled)
                start = Clock.monotonic
                startTimer(Self.patience)
                continue
            }
            guard Clock.monotonic - start > Self.repetition else { continue }
            guard isTimer else { _exit(reason.exitCode) }
            if isEnding { continue }
            // Nor may this wait for whoever reads standard error.
            if Descriptors.isReady(STDERR_FILENO, Int16(POLLOUT)) {
                report(
                    (first.message ?? "signal \(first.exitCode - 128)")
                        + "; it did not react, and says nothing of where it was")
            }
            _exit(first.exitCode)
        }
    }
}

extension Double {
    /// The number without a fraction that says nothing.
    fileprivate var formatted: String { self == rounded() && abs(self) < 1e15 ? "\(Int(self))" : "\(self)" }
}

extension Invocation {
    /// Has signals and a time end the run; to be called when everything else is set, before it runs.
    ///
    /// - Returns: False, after saying why, where the time could not be kept; where only signals do what they do by
    ///   default, the run may begin.
    mutating func startWatch(timeout: Double? = nil) -> Bool {
        do throws(ProgramError) {
            let watch = try RunWatch(
                timeout: timeout, isToFinish: profiling != nil || statistics != nil || endSession != nil,
                report: { [file, report] message in report(Failure.line(file, message)) })
            try watch.start()
            self.watch = watch
            return true
        } catch {
            guard timeout != nil else { return true }
            report(Failure.line(file, "cannot be stopped after a time: \(error)"))
            return false
        }
    }
}
