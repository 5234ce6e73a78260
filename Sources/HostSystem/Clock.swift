package import LibC

/// The clocks of a program, in nanoseconds: the system's, or ones that stand still while nobody looks at them.
package final class Clock {
    /// The wall clock when the program started, in nanoseconds since 1970.
    package let origin: Int64
    private let monotonicOrigin: Int64
    /// Nanoseconds that have passed on simulated clocks, which stand still at the last that there is; nil for the
    /// system's.
    private var simulated: Int64?

    /// What each look at a simulated clock takes, so that a program that waits for a time by looking gets there.
    private static let step: Int64 = 1000

    /// Starts the clocks.
    ///
    /// - Parameter start: What the wall clock shows where time is simulated, in nanoseconds since 1970; nil for the
    ///   system's clocks.
    package init(simulatedFrom start: Int64? = nil) {
        origin = start ?? Self.read(CLOCK_REALTIME)
        monotonicOrigin = start == nil ? Self.read(CLOCK_MONOTONIC) : 0
        simulated = start == nil ? nil : 0
    }

    /// Goes on where simulated clocks were.
    package init(continuing moment: SimulatedMoment) {
        origin = moment.origin
        monotonicOrigin = 0
        simulated = moment.elapsed
    }

    /// What simulated clocks show, by which others can go on.
    package struct SimulatedMoment: Sendable {
        fileprivate var origin: Int64
        fileprivate var elapsed: Int64
    }
    /// What the clocks show, without a look that takes time; nil for the system's.
    package var simulatedMoment: SimulatedMoment? {
        simulated.map { SimulatedMoment(origin: origin, elapsed: $0) }
    }

    /// Whether waiting takes no time but on these clocks.
    package var isSimulated: Bool { simulated != nil }

    /// Nanoseconds since 1970, now.
    package var wall: Int64 { simulated == nil ? Self.read(CLOCK_REALTIME) : nanotime }

    /// Nanoseconds since the program started; never goes back.
    package var elapsed: Int64 {
        guard let now = simulated else { return Self.read(CLOCK_MONOTONIC) - monotonicOrigin }
        simulated = Self.moment(Self.step, after: now)
        return now
    }

    /// Lets so much time pass at once on simulated clocks.
    package func skip(_ nanoseconds: Int64) {
        guard let now = simulated else { return }
        simulated = Self.moment(nanoseconds, after: now)
    }

    /// The moment that comes so many nanoseconds after another: the last that there is, where it would come later.
    ///
    /// Every deadline is made by this, and simulated clocks go on by it: so they reach all of them.
    package static func moment(_ nanoseconds: Int64, after moment: Int64) -> Int64 {
        let sum = moment.addingReportingOverflow(max(0, nanoseconds))
        return sum.overflow ? .max : sum.partialValue
    }

    /// What Go's `nanotime` returns: the wall clock at the start plus the time since then.
    package var nanotime: Int64 { Self.moment(elapsed, after: origin) }

    /// What one of the system's clocks shows, or its simulation.
    package func time(of clock: clockid_t) -> Int64 {
        guard isSimulated else { return Self.read(clock) }
        return clock == CLOCK_REALTIME ? wall : elapsed
    }

    /// Nanoseconds of the system's clock that never goes back.
    package static var monotonic: Int64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        // Modulo 2^64: files can have any time, and clocks nearly so.
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Seconds that local time is ahead of UTC at a moment, in seconds since 1970.
    package static func secondsAheadOfUTC(at seconds: Double) -> Int {
        guard seconds.isFinite, abs(seconds) < 8.64e12 + 172_800 else { return 0 }
        var moment = time_t(seconds.rounded(.down))
        var parts = tm()
        guard localtime_r(&moment, &parts) != nil else { return 0 }
        return Int(parts.tm_gmtoff)
    }
}
