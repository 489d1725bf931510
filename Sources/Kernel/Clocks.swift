import Glibc
public import Observations

/// The kernel's clocks.
public enum Clocks {
    /// All of them, within some tens of nanoseconds of one another unless the thread loses its processor.
    public static func reading() -> ClockReading {
        ClockReading(
            realTime: WallTime(nanoseconds: nanoseconds(of: CLOCK_REALTIME)),
            monotonicNanoseconds: monotonicNanoseconds(),
            coarseNanoseconds: coarseNanoseconds(),
            bootNanoseconds: nanoseconds(of: CLOCK_BOOTTIME))
    }

    /// CLOCK_MONOTONIC.
    public static func monotonicNanoseconds() -> Int64 { nanoseconds(of: CLOCK_MONOTONIC) }

    /// CLOCK_MONOTONIC_COARSE: the same clock as it stood at the kernel's last tick, for a third of the price.
    public static func coarseNanoseconds() -> Int64 { nanoseconds(of: CLOCK_MONOTONIC_COARSE) }
}
