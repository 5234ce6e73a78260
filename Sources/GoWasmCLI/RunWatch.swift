import HostSystem
import Synchronization
import WasmRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ends a run from outside: at SIGQUIT and after a time with a stack trace, at SIGINT and SIGTERM where something is to be
/// written first.
///
/// A thread of its own waits for these signals. It stops the guest, whose thread then reports where it was; where that waits
/// in a host function, or for an event, this thread reports.
final class RunWatch: Sendable {
    /// Why the run was ended.
    enum Reason: Equatable {
        case quit
        case timeout(seconds: Double)

        /// What is said of it.
        var message: String {
            switch self {
            case .quit: "SIGQUIT: quit"
            case .timeout(let seconds): "stopped after \(seconds.formatted) s (--timeout)"
            }
        }

        /// The exit code: that of Go's programs at SIGQUIT, or that of timeout(1).
        var exitCode: Int32 {
            switch self {
            case .quit: 2
            case .timeout: 124
            }
        }
    }

    private struct State {
        /// The address of the store, which is kept until the process ends, so that it can be interrupted at any time.
        var store: UInt = 0
        var reason: Reason?
        var isReported = false
    }
    private let state = Mutex(State())
    private let timeout: Double?
    /// Prints a stack trace.
    private let report: @Sendable (_ message: String, Trap?) -> Void
    /// What is to be done before the process ends; returns whether it worked.
    private let finish: (@Sendable () -> Bool)?

    /// Makes a watch; nothing is watched before ``start()``.
    init(
        timeout: Double?, report: @escaping @Sendable (_ message: String, Trap?) -> Void,
        finish: (@Sendable () -> Bool)? = nil
    ) {
        self.timeout = timeout
        self.report = report
        self.finish = finish
    }

    /// Says which store runs the guest.
    func adopt(_ store: Store) {
        let kept = UInt(bitPattern: Unmanaged.passRetained(store).toOpaque())
        state.withLock { state in if state.store == 0 { state.store = kept } }
    }

    /// The reason for which the guest was interrupted, for the one who reports it; nil for everybody else.
    func claimReport() -> Reason? {
        state.withLock { state in
            guard let reason = state.reason, !state.isReported else { return nil }
            state.isReported = true
            return reason
        }
    }

    /// Starts the thread.
    ///
    /// To be called before other threads are made, which inherit that the signals are blocked.
    func start() {
        var signals = self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        if let timeout {
            var times = itimerval()
            // A time of zero would switch the timer off.
            times.it_value.tv_sec = Int(timeout)
            times.it_value.tv_usec = .init(max(1, (timeout - timeout.rounded(.down)) * 1_000_000))
            // ITIMER_REAL, which is an enumeration in Glibc's header and a number in others.
            setitimer(0, &times, nil)
        }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 512 << 10)
        #if os(Linux)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        pthread_create(
            &thread, &attributes,
            { watch in Unmanaged<RunWatch>.fromOpaque(watch!).takeUnretainedValue().wait() },
            Unmanaged.passRetained(self).toOpaque())
        pthread_attr_destroy(&attributes)
    }

    private var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGQUIT)
        if timeout != nil { sigaddset(&signals, SIGALRM) }
        if finish != nil {
            sigaddset(&signals, SIGINT)
            sigaddset(&signals, SIGTERM)
        }
        return signals
    }

    private func wait() -> Never {
        var signals = self.signals
        while true {
            var number: Int32 = 0
            guard sigwait(&signals, &number) == 0 else { continue }
            switch number {
            case SIGQUIT: end(.quit)
            case SIGALRM: end(.timeout(seconds: timeout ?? 0))
            default:
                _ = finish?()
                _exit(128 + number)
            }
        }
    }

    private func end(_ reason: Reason) -> Never {
        let address = state.withLock { state in
            state.reason = reason
            return state.store
        }
        guard let address = UnsafeRawPointer(bitPattern: address) else { leave(reason, nil) }
        let store = Unmanaged<Store>.fromOpaque(address).takeUnretainedValue()
        store.interrupt()
        // The guest's thread is on its way out of the guest now, if it is not waiting in the host.
        usleep(300_000)
        leave(reason, store.interruption())
    }

    /// Reports what the guest's thread has not, and ends the process.
    private func leave(_ reason: Reason, _ trap: Trap?) -> Never {
        if claimReport() != nil {
            report(
                reason.message + (trap?.backtrace.isEmpty == false ? "; it was waiting" : "; no function was running"),
                trap)
            _ = finish?()
            _exit(reason.exitCode)
        }
        // The guest's thread ends the process as soon as it has reported.
        while true { pause() }
    }
}

extension Double {
    /// The number without a fraction that says nothing.
    fileprivate var formatted: String { self == rounded() && abs(self) < 1e15 ? "\(Int(self))" : "\(self)" }
}

extension Invocation {
    /// Has signals and a time end the run; to be called when everything else is set, before it runs.
    mutating func startWatch(timeout: Double? = nil) {
        let (file, loaded, report) = (self.file, self.loaded, Self.writeError)
        let (profiling, statistics) = (self.profiling, self.statistics)
        let finishing: (@Sendable () -> Bool)? =
            profiling == nil && statistics == nil
            ? nil : { @Sendable () -> Bool in Invocation.finish(profiling, statistics) }
        let watch = RunWatch(
            timeout: timeout,
            report: { message, trap in
                for line in Failure.report(file, message, trap, loaded.module) { report(line) }
            }, finish: finishing)
        engine.onCreation = { watch.adopt($0) }
        self.watch = watch
        watch.start()
    }
}
