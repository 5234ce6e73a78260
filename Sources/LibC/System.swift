/// The name of the system as Node has it: `linux` or `darwin`.
@inlinable public var platformName: String {
    #if os(Linux)
        return "linux"
    #else
        return "darwin"
    #endif
}

/// Sockets as the system numbers them.
public enum SystemSocket {
    /// SOCK_STREAM, an enumeration in Glibc's header.
    @inlinable public static var stream: Int32 {
        #if canImport(Glibc)
            return Int32(SOCK_STREAM.rawValue)
        #else
            return SOCK_STREAM
        #endif
    }

    /// SOCK_DGRAM, an enumeration in Glibc's header.
    @inlinable public static var datagram: Int32 {
        #if canImport(Glibc)
            return Int32(SOCK_DGRAM.rawValue)
        #else
            return SOCK_DGRAM
        #endif
    }

    /// The flag that keeps SIGPIPE away from a call that sends; 0 where a socket has an option for that.
    @inlinable public static var noSignal: Int32 {
        #if canImport(Darwin)
            return 0
        #else
            return Int32(MSG_NOSIGNAL)
        #endif
    }

    /// Keeps SIGPIPE away from all calls that send over a socket, where that is an option of the socket.
    public static func preventSignal(_ descriptor: Int32) {
        #if canImport(Darwin)
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }
}

/// Fills at most 256 bytes with the system's randomness.
///
/// - Returns: False with `errno` set where there is none, which happens only before the system has started.
public func fillRandomly(_ bytes: UnsafeMutableRawPointer, _ count: Int) -> Bool {
    #if canImport(Darwin)
        arc4random_buf(bytes, count)
        return true
    #else
        return getentropy(bytes, count) == 0
    #endif
}

/// Lets the process open as many files as it may: raises the limit in force to the highest one.
public func raiseFileLimit() {
    var limit = rlimit()
    #if canImport(Glibc)
        let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
    #else
        let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
}

/// The flags of a private mapping that no file is behind.
///
/// - Parameter sparse: Whether much of it will never be written: the system then gives more than it has.
@inlinable public func privateMapping(sparse: Bool) -> Int32 {
    #if os(Linux)
        return MAP_PRIVATE | MAP_ANONYMOUS | (sparse ? MAP_NORESERVE : 0)
    #else
        return MAP_PRIVATE | MAP_ANON
    #endif
}

/// Asks for large pages for memory that begins at one, where the system has any.
@inlinable public func adviseLargePages(_ address: UnsafeMutableRawPointer, _ count: Int) {
    #if os(Linux)
        madvise(address, count, MADV_HUGEPAGE)
    #endif
}
