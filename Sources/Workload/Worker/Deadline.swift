import CShmlens
import Glibc
import Kernel

/// Points in time on CLOCK_MONOTONIC, in nanoseconds.
enum Deadline {
    static func after(milliseconds: Int) -> Int64 {
        Clocks.monotonicNanoseconds() + Int64(clamping: milliseconds) * 1_000_000
    }

    /// Zero where it has passed.
    static func remaining(until nanoseconds: Int64) -> Duration {
        .nanoseconds(max(0, nanoseconds - Clocks.monotonicNanoseconds()))
    }

    static func sleep(until nanoseconds: Int64) {
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        // EINTR is the only error of a sound time: the same point in time is waited for again.
        while unsafe clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}
