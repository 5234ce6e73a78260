#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The clocks of a program, in nanoseconds.
package struct Clock {
    /// The wall clock when the program started, in nanoseconds since 1970.
    package let origin: Int64
    private let monotonicOrigin: Int64

    /// Starts the clocks.
    package init() {
        origin = Self.read(CLOCK_REALTIME)
        monotonicOrigin = Self.read(CLOCK_MONOTONIC)
    }

    /// Nanoseconds since 1970, now.
    package var wall: Int64 { Self.read(CLOCK_REALTIME) }

    /// Nanoseconds since the program started; never goes back.
    package var elapsed: Int64 { Self.read(CLOCK_MONOTONIC) - monotonicOrigin }

    /// What Go's `nanotime` returns: the wall clock at the start plus the time since then.
    package var nanotime: Int64 { origin + elapsed }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Minutes that local time is behind UTC at a moment, in seconds since 1970.
    package static func minutesBehindUTC(at seconds: Double) -> Int {
        guard seconds.isFinite, abs(seconds) < 8.64e12 else { return 0 }
        var moment = time_t(seconds.rounded(.down))
        var parts = tm()
        guard localtime_r(&moment, &parts) != nil else { return 0 }
        return -Int(parts.tm_gmtoff) / 60
    }
}

/// The system's randomness.
package enum RandomSource {
    /// Fills bytes; they may lie in the memory of the guest.
    package static func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        var offset = 0
        while offset < bytes.count {
            let piece = min(bytes.count - offset, 256)
            #if canImport(Darwin)
                arc4random_buf(bytes.baseAddress! + offset, piece)
            #else
                // At most 256 bytes at a time, for which it cannot fail once the system has started.
                guard getentropy(bytes.baseAddress! + offset, piece) == 0 else {
                    fatalError("getentropy: \(ErrorCode.last.message)")
                }
            #endif
            offset += piece
        }
    }
}
