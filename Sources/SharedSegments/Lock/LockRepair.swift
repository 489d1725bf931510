import CShmlens
import Glibc
import SegmentFormat
import SystemPackage

/// What comes of asking for the mutex when it is not simply had, and of mutexes that somebody wrote over.
extension SegmentLock {
    /// Repairs what a dead owner left, and turns what is not the lock into an error: the lock is not held then.
    ///
    /// - Parameter before: the first of the thread's robust mutexes before it asked for this one.
    func settle(_ result: Int32, before: UInt) throws(SegmentError) -> MutexHold {
        switch result {
        case 0, EOWNERDEAD:
            let hold = MutexHold(tid: half(MutexWords.lock) & MutexWords.tidMask, next: before)
            // Taken while its kind was another one, it is no lock that anybody could recover.
            guard unsafe shmlens_robust_first() == shmlens_robust_node(mutex) else {
                _ = unsafe pthread_mutex_unlock(mutex)
                throw overwritten
            }
            mapping.noteHeld(by: hold.tid)
            if result == EOWNERDEAD { try repair(hold) }
            return hold
        case ETIMEDOUT: throw .lockTimeout(owner())
        case ECANCELED: throw .gaveUp
        case EDEADLK: throw .lockHeldByThisThread
        case ENOTRECOVERABLE:
            if half(MutexWords.lock) & MutexWords.tidMask == UInt32(bitPattern: shmlens_gettid()) { clear() }
            throw .lockNotRecoverable
        default:
            throw .damaged(
                what: "the mutex' words are not a mutex (error \(result))", offset: shmlens_header_offset_lock_mutex)
        }
    }

    var overwritten: SegmentError {
        .damaged(what: "the mutex was overwritten", offset: shmlens_header_offset_lock_mutex)
    }

    /// Makes the mutex free, and has everybody look again.
    ///
    /// glibc's trylock says that a mutex is not recoverable and leaves it taken by who asked
    /// (nptl/pthread_mutex_trylock.c gives back only what it did not take). Whoever asks next would wait for this thread.
    func clear() {
        // The other half is a count that no mutex of this kind uses.
        core.memory.store(shmlens_header_offset_lock_mutex, 0)
        wakeAll()
    }

    private func wakeAll() {
        var woken: Int32 = 0
        _ = unsafe shmlens_futex_wake(
            UnsafePointer((core.memory.base + shmlens_header_offset_lock_mutex).assumingMemoryBound(to: UInt32.self)),
            .max, &woken)
    }

    /// The owner died. The state is repaired first, so that whoever dies in here leaves the mutex as inconsistent as
    /// it was; only then is it marked consistent, and the recovery told as an operation like any other.
    ///
    /// Waiters are woken: what they wait for may have been committed by an owner that died before it woke them.
    ///
    /// Recovery writes wherever the dead one did, also to pages that this process made unwritable for itself: those
    /// are writable meanwhile.
    private func repair(_ hold: MutexHold) throws(SegmentError) {
        let slots = core.memory.load(shmlens_header_offset_lock_owner_slot)
        // Without its thread the words are of the owner before.
        let isNoted = core.memory.load(shmlens_header_offset_lock_owner_tid) != 0
        let dead = isNoted
            ? OwnerKey(slot: UInt32(truncatingIfNeeded: slots), generation: UInt32(truncatingIfNeeded: slots >> 32))
            : .external
        let lifted = core.protection.lift(from: core.memory)
        guard lifted == 0 else {
            bequeath(hold)
            throw .system(operation: "mprotect", object: "the segment, to repair it", Errno(rawValue: lifted))
        }
        let damage = core.recover()
        guard unsafe pthread_mutex_consistent(mutex) == 0 else {
            core.protection.restore(to: core.memory)
            if unsafe pthread_mutex_unlock(mutex) != 0 { forget(hold) }
            noteGone(hold)
            throw overwritten
        }
        // Its words are others now.
        mapping.noteHeld(by: hold.tid)
        core.announceRecovery(of: dead, damage: damage)
        core.protection.restore(to: core.memory)
        core.wakeCondition(everyone: true)
    }

    /// Whether the mutex' words still say that the holder has it, and lead where its list does.
    ///
    /// A robust mutex of other code that was taken since and is still held stands before this one in the list; the
    /// links are not looked at then. One that was taken before and given back since leads to the one before that, which
    /// only is known where there is none. The list of a forked child is empty: it holds nothing.
    @inline(__always)
    func isIntact(_ hold: MutexHold) -> Bool {
        guard half(MutexWords.lock) & MutexWords.tidMask == hold.tid, half(MutexWords.kind) == kind else { return false }
        let first = shmlens_robust_first()
        let end = shmlens_robust_end()
        guard unsafe first == shmlens_robust_node(mutex) else { return first != end }
        return unsafe shmlens_robust_links_are(mutex, hold.next) != 0 || shmlens_robust_links_are(mutex, end) != 0
    }

    /// Lets go of a mutex that somebody wrote over: glibc does not take it out of the thread's list of robust mutexes, and
    /// would follow the list at the thread's next one. Where the lock word still names this thread, whoever comes next is
    /// told that its owner died, and repairs it. Who sleeps on it looks again, since the word may have lost that anybody
    /// does.
    ///
    /// Two may have been inside at once: the segment is damaged. No event tells of it, since the ring needs the lock.
    func forget(_ hold: MutexHold) {
        // A child that was forked inside has what its parent had, and never held anything.
        guard shmlens_robust_first() != shmlens_robust_end() else { return }
        core.memory.store(shmlens_header_offset_damaged, 1)
        unsafe shmlens_robust_bequeath(mutex, hold.next, UInt32(bitPattern: shmlens_gettid()))
    }

    /// Gives the mutex back as its dead owner left it, to be repaired by whoever takes it next: as the kernel does where
    /// a thread dies. Unlocked by glibc it would be lost to everybody.
    private func bequeath(_ hold: MutexHold) {
        unsafe shmlens_robust_bequeath(mutex, hold.next, hold.tid)
        noteGone(hold)
    }

    /// Notes that this thread holds it no more. Afterwards, so that the words are put back where the page is lost on the
    /// way; by now another thread may have left its own.
    func noteGone(_ hold: MutexHold) {
        mapping.noteReleased(by: hold.tid)
        // Lost between the two, the page came back locked by this thread.
        if mapping.isLost, half(MutexWords.lock) & MutexWords.tidMask == hold.tid { clear() }
    }
}
