/// What a thread runs, as an object that C can hand over.
private final class ThreadEntry {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}

/// Starts a thread.
///
/// - Parameters:
///   - stackSize: The size of its stack in bytes; nil for the system's own, or 8 MiB where that is too small for
///     programs (Darwin's threads have half a MiB).
///   - isJoinable: Whether somebody waits for its end by `pthread_join`; nobody can otherwise.
///   - body: What it runs.
/// - Returns: The thread, which is to be joined; or why there is none: an error number, which is 0 otherwise.
public func startThread(
    stackSize: Int? = nil, isJoinable: Bool = false, _ body: @escaping () -> Void
) -> (thread: pthread_t?, failure: Int32) {
    var attributes = pthread_attr_t()
    let refusal = pthread_attr_init(&attributes)
    guard refusal == 0 else { return (nil, refusal) }
    defer { pthread_attr_destroy(&attributes) }
    if !isJoinable { pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)) }
    #if canImport(Darwin)
        pthread_attr_setstacksize(&attributes, stackSize ?? 8 << 20)
    #else
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
    #endif
    // A number in Glibc, a pointer elsewhere.
    #if canImport(Glibc)
        var thread = pthread_t()
    #else
        var thread: pthread_t?
    #endif
    let entry = Unmanaged.passRetained(ThreadEntry(body))
    let failure = pthread_create(&thread, &attributes, runThread, entry.toOpaque())
    guard failure == 0 else {
        entry.release()
        return (nil, failure)
    }
    return (thread, 0)
}

#if canImport(Darwin)
    private func runThread(_ entry: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<ThreadEntry>.fromOpaque(entry).takeRetainedValue().run()
        return nil
    }
#else
    private func runThread(_ entry: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        Unmanaged<ThreadEntry>.fromOpaque(entry!).takeRetainedValue().run()
        return nil
    }
#endif

/// How many bytes of the current thread's stack are left below an address in it; nil where the system does not say.
public func remainingStack(below address: UInt) -> UInt? {
    #if canImport(Darwin)
        let top = UInt(bitPattern: pthread_get_stackaddr_np(pthread_self()))
        let bottom = top - UInt(pthread_get_stacksize_np(pthread_self()))
        return address > bottom ? address - bottom : 0
    #else
        // Where this thread's stack ends cannot be asked for from Swift. New threads, and the first one unless its limit
        // was changed, have the size that new attributes say; callers have not used more than a quarter of it yet.
        var attributes = pthread_attr_t()
        var size = 0
        guard pthread_attr_init(&attributes) == 0 else { return nil }
        defer { pthread_attr_destroy(&attributes) }
        guard pthread_attr_getstacksize(&attributes, &size) == 0 else { return nil }
        return UInt(size) / 4 * 3
    #endif
}

/// Takes back one of the signals, which has come to the current thread while it was blocked, if it is still there.
public func takeBackSignal(_ signals: inout sigset_t) {
    #if canImport(Darwin)
        var signal: Int32 = 0
        sigwait(&signals, &signal)
    #else
        var none = timespec()
        while sigtimedwait(&signals, nil, &none) < 0, __errno_location().pointee == EINTR {}
    #endif
}

extension sigaction {
    /// What a signal does, as a number: a function's address, or that of SIG_DFL or SIG_IGN.
    public var handlerAddress: Int {
        #if canImport(Glibc)
            return unsafeBitCast(__sigaction_handler.sa_handler, to: Int.self)
        #elseif canImport(Musl)
            return unsafeBitCast(__sa_handler.sa_handler, to: Int.self)
        #else
            return unsafeBitCast(__sigaction_u.__sa_handler, to: Int.self)
        #endif
    }
}

#if canImport(Darwin)
    /// What a program that is started does with its descriptors first.
    public typealias SpawnFileActions = posix_spawn_file_actions_t?
#else
    /// What a program that is started does with its descriptors first.
    public typealias SpawnFileActions = posix_spawn_file_actions_t
#endif

/// File actions to be initialised by `posix_spawn_file_actions_init`.
public func makeSpawnFileActions() -> SpawnFileActions {
    #if canImport(Darwin)
        return nil
    #else
        return posix_spawn_file_actions_t()
    #endif
}
