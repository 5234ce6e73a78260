internal import LibC

/// The clock that measurements of the engine are taken by.
package enum MonotonicClock {
    /// Nanoseconds since a moment that stays the same while the system runs.
    package static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
