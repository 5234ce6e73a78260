#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A thread for a call of the system's that blocks, and that nothing else can be had from than its waiting.
///
/// It ends by itself; nobody waits for it.
enum DetachedThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a new thread, which gets no signals: they go to the threads that run guests, and one about a pipe
    /// without a reader to nobody.
    static func start(_ body: @escaping @Sendable () -> Void) throws(ErrorCode) {
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let retained = Unmanaged.passRetained(Body(body))
        let failure = pthread_create(
            &thread, nil,
            { context in
                #if canImport(Darwin)
                    let body = Unmanaged<Body>.fromOpaque(context)
                #else
                    let body = Unmanaged<Body>.fromOpaque(context!)
                #endif
                body.takeRetainedValue().run()
                return nil
            }, retained.toOpaque())
        guard failure == 0 else {
            retained.release()
            throw ErrorCode(failure)
        }
        #if canImport(Darwin)
            pthread_detach(thread!)
        #else
            pthread_detach(thread)
        #endif
    }
}
