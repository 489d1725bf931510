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
        defer { core.protection.restore(to: core.memory) }
        guard lifted == 0 else {
            bequeath(hold)
            throw .system(operation: "mprotect", object: "the segment, to repair it", Errno(rawValue: lifted))
        }
        let damage = core.recover()
        guard unsafe pthread_mutex_consistent(mutex) == 0 else {
            if unsafe pthread_mutex_unlock(mutex) != 0 { forget(hold) }
            mapping.noteReleased(by: hold.tid)
            throw overwritten
        }
        // Its words are others now.
        mapping.noteHeld(by: hold.tid)
        core.announceRecovery(of: dead, damage: damage)
        core.wakeCondition(everyone: true)
    }

    /// Whether the mutex' words still say that the holder has it, and lead where its list does.
    ///
    /// A robust mutex of other code that was taken since and is still held stands before this one in the list; the
    /// links are not looked at then.
    @inline(__always)
    func isIntact(_ hold: MutexHold) -> Bool {
        guard half(MutexWords.lock) & MutexWords.tidMask == hold.tid, half(MutexWords.kind) == kind else { return false }
        return unsafe shmlens_robust_first() != shmlens_robust_node(mutex)
            || shmlens_robust_links_are(mutex, hold.next) != 0
    }

    /// Takes the mutex, which somebody wrote over, out of the thread's list of robust mutexes: glibc does not do so, and
    /// would follow the list at the thread's next one. Who sleeps on it looks again, since the word may have lost that
    /// anybody does.
    ///
    /// Two may have been inside at once: the segment is damaged.
    func forget(_ hold: MutexHold) {
        core.memory.store(shmlens_header_offset_damaged, 1)
        unsafe shmlens_robust_remove_first(mutex, hold.next)
        wakeAll()
    }

    /// Gives the mutex back as its dead owner left it, to be repaired by whoever takes it next: as the kernel does where
    /// a thread dies (handle_futex_death in kernel/futex/core.c). Unlocked by glibc it would be lost to everybody.
    private func bequeath(_ hold: MutexHold) {
        unsafe shmlens_robust_bequeath(mutex, hold.next, hold.tid)
        mapping.noteReleased(by: hold.tid)
        wakeAll()
    }
}
