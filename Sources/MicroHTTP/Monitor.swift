import Glibc

/// A moment of the monotonic clock, in nanoseconds.
package struct Deadline: Comparable, Sendable {
    package let nanoseconds: Int64

    package static let never = Deadline(nanoseconds: .max)

    /// A time too far away to be counted is never.
    package static func after(milliseconds: Int) -> Deadline {
        let (span, isTooLong) = Int64(milliseconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, isTooLate) = now.nanoseconds.addingReportingOverflow(span)
        return isTooLong || isTooLate ? .never : Deadline(nanoseconds: sum)
    }

    package static var now: Deadline {
        var time = timespec()
        let result = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        precondition(result == 0, "clock_gettime refused the monotonic clock")
        return Deadline(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    var time: timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}

/// A value that one thread at a time may see or change, and whose changes other threads can wait for.
///
/// `Synchronization.Mutex` cannot be waited on, so this wraps a mutex and a condition of the C library. Bodies are
/// short, never call out to code of others and never wait, with the one exception of `wait` itself.
///
/// Unchecked: `state` is touched only while `mutex` is held.
@safe package final class Monitor<State>: @unchecked Sendable {
    // The C library keeps addresses of both, so that they may not move: a stored property of a class could.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    package init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        unsafe Self.check(pthread_mutex_init(mutex, nil), "pthread_mutex_init")
        unsafe Self.check(pthread_condattr_init(&attributes), "pthread_condattr_init")
        // Waiting by the wall clock would end early or never when somebody sets it.
        unsafe Self.check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock")
        unsafe Self.check(pthread_cond_init(condition, &attributes), "pthread_cond_init")
        unsafe Self.check(pthread_condattr_destroy(&attributes), "pthread_condattr_destroy")
    }

    deinit {
        unsafe Self.check(pthread_cond_destroy(condition), "pthread_cond_destroy")
        unsafe Self.check(pthread_mutex_destroy(mutex), "pthread_mutex_destroy")
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` alone.
    package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe Self.check(pthread_mutex_lock(mutex), "pthread_mutex_lock")
        defer { unsafe Self.check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock") }
        return body(&state)
    }

    /// Waits until `isReady` or the deadline, then runs `body` alone, in either case.
    package func wait<Result>(
        until deadline: Deadline = .never, for isReady: (State) -> Bool, then body: (inout State) -> Result
    ) -> Result {
        unsafe Self.check(pthread_mutex_lock(mutex), "pthread_mutex_lock")
        defer { unsafe Self.check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock") }
        while !isReady(state) {
            if deadline == .never {
                unsafe Self.check(pthread_cond_wait(condition, mutex), "pthread_cond_wait")
                continue
            }
            var time = deadline.time
            let result = unsafe pthread_cond_timedwait(condition, mutex, &time)
            if result == ETIMEDOUT { break }
            Self.check(result, "pthread_cond_timedwait")
        }
        return body(&state)
    }

    /// Lets one waiting thread look again.
    package func signal() { unsafe Self.check(pthread_cond_signal(condition), "pthread_cond_signal") }

    /// Lets all waiting threads look again.
    package func broadcast() { unsafe Self.check(pthread_cond_broadcast(condition), "pthread_cond_broadcast") }

    private static func check(_ result: Int32, _ operation: StaticString) {
        precondition(result == 0, "\(operation) failed with error number \(result)")
    }
}
