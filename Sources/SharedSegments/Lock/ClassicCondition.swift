import CShmlens
import Glibc
import Observations
import SegmentFormat
import SystemPackage

/// The `pthread_cond_t` in the header, for programs that expect one.
///
/// It is not safe against the death of a waiter, and cannot be: glibc counts waiters in the object itself. After one
/// was killed in its wait, one of the next two signals may wake nobody; after two such deaths a broadcast may block
/// for ever. So nothing of shmlens depends on it, and whoever uses it bounds every wait, tests the predicate again
/// after each, wakes without holding the lock, and may call ``LockedSegment/resetClassicCondition()`` once nobody
/// waits. The segment's own condition, ``Segment/withLock(as:timeout:giveUp:when:_:)``, has none of these limits.
enum ClassicCondition {
    @inline(__always)
    static func address(in memory: LiveMemory) -> UnsafeMutablePointer<pthread_cond_t> {
        unsafe (memory.base + shmlens_header_offset_classic_condition).assumingMemoryBound(to: pthread_cond_t.self)
    }

    /// Makes it process-shared and on CLOCK_MONOTONIC, with nobody waiting, whatever was there before.
    static func initialize(in memory: LiveMemory, name: String) throws(SegmentError) {
        func check(_ operation: String, _ result: Int32) throws(SegmentError) {
            guard result == 0 else { throw .system(operation: operation, object: name, Errno(rawValue: result)) }
        }
        var attributes = pthread_condattr_t()
        try check("pthread_condattr_init", unsafe pthread_condattr_init(&attributes))
        try check(
            "pthread_condattr_setpshared",
            unsafe pthread_condattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED)))
        try check("pthread_condattr_setclock", unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC))
        try check("pthread_cond_init", unsafe pthread_cond_init(address(in: memory), &attributes))
    }
}

extension Segment {
    /// Runs `body` with the lock held as soon as `predicate` holds, sleeping on the classic condition meanwhile.
    ///
    /// The deadline bounds the wait for a wake-up. Taking the lock back afterwards is pthread_cond_timedwait(3)'s own
    /// doing and has no limit: it lasts as long as another owner keeps the lock.
    ///
    /// - Parameters:
    ///   - participant: who waits; only participants may, since those are who ``LockedSegment/resetClassicCondition()``
    ///     asks about.
    ///   - giveUp: asked while waiting for the lock, and after each slice of the wait for a wake-up.
    /// - Returns: nil where the time was up before the predicate held.
    /// - Throws: as ``withLock(as:timeout:giveUp:when:_:)``.
    public func withClassicLock<Result>(
        as participant: Participant, timeout: Duration, giveUp: (() -> Bool)? = nil,
        when predicate: (borrowing LockedSegment) -> Bool,
        _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(SegmentError) -> Result? {
        try mapping.requireWhole()
        let deadline = Deadline(after: timeout).nanoseconds
        var hold: MutexHold?
        do throws(SegmentError) {
            hold = try lock.acquire(deadline: deadline, as: participant.key, giveUp: giveUp)
        } catch {
            if case .lockTimeout = error { return nil }
            throw error
        }
        var wait: Waits.Wait?
        defer {
            core.waits.end(wait, in: core)
            if let hold { lock.release(hold) }
        }
        try core.requireTablesUnprotected()
        core.count(.lock, for: participant.key)
        while true {
            var locked = LockedSegment(
                core: core, actor: participant.key, name: participant.name, liveness: liveness)
            if predicate(locked) {
                core.waits.end(wait, in: core)
                wait = nil
                let result = try body(&locked)
                try mapping.requireWhole()
                return result
            }
            if let giveUp, giveUp() { throw .gaveUp }
            guard Clock.monotonic() < deadline else { return nil }
            let slice = min(deadline, Clock.monotonic() &+ SegmentLock.askingIntervalNanoseconds)
            if wait == nil {
                wait = core.waits.begin(
                    participant.key, waitsFor: UInt32(shmlens_waiting_for_classic_condition), in: core)
            }
            core.heartbeat(participant.key)
            guard let held = hold else { return nil }
            hold = nil
            hold = try lock.waitForClassicCondition(deadline: slice, as: participant.key, held)
        }
    }

    /// Wakes who waits on the classic condition. Call it after giving the lock back: where waiters died, this can block
    /// for ever, and then nobody else must be kept waiting for the lock.
    public func wakeClassicCondition() {
        let result = unsafe pthread_cond_broadcast(ClassicCondition.address(in: core.memory))
        precondition(result == 0, "pthread_cond_broadcast returns no errors (glibc nptl/pthread_cond_broadcast.c)")
    }
}

extension LockedSegment {
    /// Makes the classic condition new, which cures it of waiters that died.
    ///
    /// - Throws: ``SegmentError/participantsAlive(count:)`` while a participant that may live waits on it.
    public mutating func resetClassicCondition() throws(SegmentError) {
        let waiting = core.joinedSlots().count { slot in
            core.isWaitingForClassicCondition(slot: slot) && liveness(core.identity(of: slot)) != .dead
        }
        guard waiting == 0 else { throw .participantsAlive(count: waiting) }
        try ClassicCondition.initialize(in: core.memory, name: "the classic condition")
    }
}

extension SegmentCore {
    func isWaitingForClassicCondition(slot: Int) -> Bool {
        let what = memory.loadHalf(layout.participantOffset(slot) + shmlens_participant_offset_waiting_for)
        return what == UInt32(shmlens_waiting_for_classic_condition)
    }
}

extension SegmentLock {
    /// Gives the lock back, sleeps until a wake-up or the deadline, and takes the lock again.
    ///
    /// The owner's words and the statistics say what is true around the sleep: the hold ends, and what comes after the
    /// sleep is an acquisition of its own. How long it waited for the mutex cannot be told from how long it slept, so
    /// the acquisition counts as one that did not wait.
    ///
    /// - Parameter deadline: on CLOCK_MONOTONIC, nanoseconds.
    /// - Throws: ``SegmentError/lockNotRecoverable`` and ``SegmentError/damaged(what:offset:)``; the lock is not held
    ///   then.
    func waitForClassicCondition(
        deadline: UInt64, as who: OwnerKey, _ hold: MutexHold
    ) throws(SegmentError) -> MutexHold {
        guard isIntact(hold) else {
            release(hold)
            throw overwritten
        }
        noteRelease(hold)
        // The wait gives the mutex back in between: a page that is lost from here on is lost with the mutex.
        mapping.noteReleased(by: hold.tid)
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        let result = unsafe pthread_cond_timedwait(ClassicCondition.address(in: core.memory), mutex, &time)
        switch result {
        // The mutex is held after a timeout as it is after a wake-up.
        case 0, ETIMEDOUT:
            var taken = try settle(0, before: hold.next)
            taken.began = noteOwner(who, waited: nil)
            return taken
        case EOWNERDEAD:
            var taken = try settle(result, before: hold.next)
            taken.began = noteOwner(who, waited: nil)
            return taken
        case ENOTRECOVERABLE:
            // Given back for the wait, and lost to everybody meanwhile.
            return try settle(result, before: hold.next)
        default:
            // Overwritten after the look above, it was not given back: then it is in the list still.
            forget(hold)
            _ = try settle(result, before: hold.next)
            throw overwritten
        }
    }
}
