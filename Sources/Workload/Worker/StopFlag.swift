import CShmlens
import Glibc
import Kernel
import Synchronization

/// Tells a worker to end, also while it sleeps. Safe to use from any thread.
public final class StopFlag: Sendable {
    /// 0 or 1. In memory of its own, because futex(2) wants its address.
    private let word: Word

    public init() { word = Word() }

    @inlinable
    public var isRaised: Bool { isSet() }

    @usableFromInline
    func isSet() -> Bool { word.value != 0 }

    /// Wakes who waits. It is never lowered again.
    public func raise() { word.raise() }

    /// Sleeps until the flag is raised or a point in time.
    ///
    /// - Parameter nanoseconds: on CLOCK_MONOTONIC.
    /// - Returns: whether it is raised.
    @discardableResult
    public func wait(until nanoseconds: Int64) -> Bool {
        while !isSet() {
            guard Clocks.monotonicNanoseconds() < nanoseconds else { return false }
            word.sleep(until: nanoseconds)
        }
        return true
    }

    @safe
    private final class Word: @unchecked Sendable {
        // Unchecked because of the address, which never changes; what stands there is atomic.
        private let address: UnsafeMutablePointer<Atomic<UInt32>>

        init() {
            unsafe address = .allocate(capacity: 1)
            unsafe address.initialize(to: Atomic(0))
        }

        deinit {
            unsafe address.deinitialize(count: 1)
            unsafe address.deallocate()
        }

        var value: UInt32 { unsafe address.pointee.load(ordering: .acquiring) }

        private var raw: UnsafePointer<UInt32> {
            unsafe UnsafeRawPointer(address).assumingMemoryBound(to: UInt32.self)
        }

        func raise() {
            unsafe address.pointee.store(1, ordering: .releasing)
            var woken: Int32 = 0
            let result = unsafe shmlens_futex_wake(raw, .max, &woken)
            precondition(result == 0, "futex wake on an aligned word")
        }

        /// Returns sooner where the flag is raised or a signal comes: the caller looks again.
        func sleep(until nanoseconds: Int64) {
            _ = unsafe shmlens_futex_wait_until(raw, 0, nanoseconds)
        }
    }
}
