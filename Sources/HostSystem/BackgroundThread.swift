internal import LibC

/// Threads that wait for something of the system's in place of a guest.
package enum BackgroundThread {
    private final class Entry: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a thread of its own, which gets no signals: these go to the threads that run guests, and one about
    /// a pipe without a reader to nobody.
    ///
    /// - Throws: EAGAIN where the system has no threads left.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(ErrorCode) {
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let entry = Unmanaged.passRetained(Entry(body))
        let failure = pthread_create(
            &thread, nil,
            { context in
                #if canImport(Darwin)
                    let entry = Unmanaged<Entry>.fromOpaque(context)
                #else
                    let entry = Unmanaged<Entry>.fromOpaque(context!)
                #endif
                entry.takeRetainedValue().run()
                return nil
            }, entry.toOpaque())
        guard failure == 0 else {
            entry.release()
            throw ErrorCode(failure)
        }
        #if canImport(Darwin)
            pthread_detach(thread!)
        #else
            pthread_detach(thread)
        #endif
    }
}
