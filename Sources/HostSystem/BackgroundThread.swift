internal import LibC

/// Threads that wait for something of the system's in place of a guest.
package enum BackgroundThread {
    /// Runs `body` on a thread of its own, which gets no signals: these go to the threads that run guests, and one about
    /// a pipe without a reader to nobody.
    ///
    /// - Throws: EAGAIN where the system has no threads left.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(ErrorCode) {
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let failure = startThread(body).failure
        if failure != 0 { throw ErrorCode(failure) }
    }
}
