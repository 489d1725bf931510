import CShmlens
import Glibc
import Kernel

/// A value behind a mutex, with a condition that is signalled at each change. Safe to use from any thread.
@safe
package final class Monitor<Value>: @unchecked Sendable {
    // Unchecked because of the value, which is touched with the mutex held only, and of the addresses, which never
    // change: pthread objects must not move.
    private var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init(_ value: Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        let results = unsafe [
            pthread_mutex_init(mutex, nil),
            pthread_condattr_init(&attributes),
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC),
            pthread_cond_init(condition, &attributes),
        ]
        precondition(results.allSatisfy { $0 == 0 }, "initialising a mutex and a condition in fresh memory")
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Looks at the value, or changes it where nobody waits for that.
    package func read<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        lock()
        defer { unlock() }
        return try body(&value)
    }

    /// Changes the value and wakes who waits.
    package func change<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        lock()
        defer {
            unsafe pthread_cond_broadcast(condition)
            unlock()
        }
        return try body(&value)
    }

    /// Waits until `find` finds something in the value.
    ///
    /// - Parameter deadline: on CLOCK_MONOTONIC, nanoseconds.
    /// - Returns: nil where the deadline passed first.
    package func wait<Result>(until deadline: Int64, for find: (inout Value) -> Result?) -> Result? {
        lock()
        defer { unlock() }
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        while true {
            if let found = find(&value) { return found }
            let result = unsafe pthread_cond_timedwait(condition, mutex, &time)
            precondition(result == 0 || result == ETIMEDOUT, "pthread_cond_timedwait")
            if result == ETIMEDOUT { return find(&value) }
        }
    }

    private func lock() {
        let result = unsafe pthread_mutex_lock(mutex)
        precondition(result == 0, "pthread_mutex_lock")
    }

    private func unlock() {
        let result = unsafe pthread_mutex_unlock(mutex)
        precondition(result == 0, "pthread_mutex_unlock")
    }
}
