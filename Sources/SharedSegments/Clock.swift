import Glibc

/// The clocks that a segment's words are written with, in nanoseconds.
enum Clock {
    /// CLOCK_REALTIME as of the last tick: 5 ns to read instead of 20, and good to a few milliseconds.
    @inline(__always) static func realtimeCoarse() -> UInt64 { read(CLOCK_REALTIME_COARSE) }
    @inline(__always) static func realtime() -> UInt64 { read(CLOCK_REALTIME) }
    @inline(__always) static func monotonicCoarse() -> UInt64 { read(CLOCK_MONOTONIC_COARSE) }
    @inline(__always) static func monotonic() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// How far apart two different readings of CLOCK_MONOTONIC_COARSE are at least.
    static func coarseResolution() -> UInt64 {
        var time = timespec()
        guard unsafe clock_getres(CLOCK_MONOTONIC_COARSE, &time) == 0 else { return 0 }
        return nanoseconds(time)
    }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        // The only errors are a bad clock and a bad address (clock_gettime(2)): both would be our own bug.
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "clock_gettime")
        return nanoseconds(time)
    }

    @inline(__always)
    private static func nanoseconds(_ time: timespec) -> UInt64 {
        UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
