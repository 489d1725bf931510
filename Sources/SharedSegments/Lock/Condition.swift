import CShmlens
import Glibc
import SegmentFormat

/// The segment's condition: a sequence word and shared futex calls.
///
/// A waiter remembers the sequence while it still holds the lock, gives the lock back and sleeps for as long as the
/// word has not moved; whoever changes something moves the word and wakes. Nothing is counted in shared memory, so a
/// waiter that dies takes nothing with it, and a wake-up that comes between the two steps is not lost: the word has
/// moved and the kernel refuses to sleep. A return may be spurious; the caller tests its predicate again.
extension SegmentCore {
    /// The word, to be read under the lock before it is given back.
    func conditionSequence() -> UInt32 { memory.loadHalf(shmlens_header_offset_condition_sequence) }

    /// Sleeps until the word has moved, the deadline has passed or a signal came.
    ///
    /// - Parameters:
    ///   - sequence: what ``conditionSequence()`` said under the lock.
    ///   - deadline: on CLOCK_MONOTONIC, nanoseconds.
    ///   - giveUp: asked every ``SegmentLock/askingIntervalNanoseconds``.
    /// - Returns: false where the deadline has passed.
    /// - Throws: ``SegmentError/gaveUp``.
    func waitForCondition(
        since sequence: UInt32, deadline: UInt64, as who: OwnerKey, giveUp: (() -> Bool)?
    ) throws(SegmentError) -> Bool {
        let wait = waits.begin(who, waitsFor: UInt32(shmlens_waiting_for_condition), in: self)
        defer { waits.end(wait, in: self) }
        let word = unsafe UnsafePointer<UInt32>(
            (memory.base + shmlens_header_offset_condition_sequence).assumingMemoryBound(to: UInt32.self))
        while true {
            if let giveUp, giveUp() { throw .gaveUp }
            let next = Clock.monotonic() &+ SegmentLock.askingIntervalNanoseconds
            let slice = giveUp == nil ? deadline : min(deadline, next)
            let result = unsafe shmlens_futex_wait_until(word, sequence, Int64(clamping: slice))
            guard result == ETIMEDOUT else { return true }
            guard slice < deadline else { return false }
            heartbeat(who)
        }
    }

    /// Moves the word and wakes waiters. With the lock held: two at once could move it by one.
    ///
    /// - Parameter everyone: false wakes one at least, where any waits.
    func wakeCondition(everyone: Bool) {
        let offset = shmlens_header_offset_condition_sequence
        raw(offset, UInt64(memory.loadHalf(offset) &+ 1))
        let word = unsafe UnsafePointer<UInt32>(
            (memory.base + offset).assumingMemoryBound(to: UInt32.self))
        var woken: Int32 = 0
        // The word is aligned and mapped, so this fails only where the object was cut short: then nobody waits on it.
        _ = unsafe shmlens_futex_wake(word, everyone ? .max : 1, &woken)
    }
}
