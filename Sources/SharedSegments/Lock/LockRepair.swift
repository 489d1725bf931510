import CShmlens
import Glibc
import SegmentFormat
import SystemPackage

/// What comes of asking for the mutex when it is not simply had, and of mutexes that somebody wrote over.
extension SegmentLock {
    /// Repairs what a dead owner left, and turns what is not the lock into an error: the lock is not held then.
    func settle(_ result: Int32) throws(SegmentError) {
        switch result {
        case 0: noteHeld()
        case EOWNERDEAD:
            noteHeld()
            try repair()
        case ETIMEDOUT: throw .lockTimeout(owner())
        case ECANCELED: throw .gaveUp
        case EDEADLK: throw .lockHeldByThisThread
        case ENOTRECOVERABLE:
            dropUnrecoverable()
            throw .lockNotRecoverable
        default:
            throw .damaged(
                what: "the mutex' words are not a mutex (error \(result))", offset: shmlens_header_offset_lock_mutex)
        }
    }

    /// glibc's trylock says that a mutex is not recoverable and leaves it taken by who asked
    /// (nptl/pthread_mutex_trylock.c gives back only what it did not take). Whoever asks next would wait for this thread.
    private func dropUnrecoverable() {
        guard half(MutexWords.lock) & MutexWords.tidMask == UInt32(bitPattern: shmlens_gettid()) else { return }
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
    private func repair() throws(SegmentError) {
        let slots = core.memory.load(shmlens_header_offset_lock_owner_slot)
        // Without its thread the words are of the owner before.
        let isNoted = core.memory.load(shmlens_header_offset_lock_owner_tid) != 0
        let dead = isNoted
            ? OwnerKey(slot: UInt32(truncatingIfNeeded: slots), generation: UInt32(truncatingIfNeeded: slots >> 32))
            : .external
        let lifted = core.protection.lift(from: core.memory)
        defer { core.protection.restore(to: core.memory) }
        guard lifted == 0 else {
            // Unlocked like this it is not recoverable: nobody else takes what is half done for whole.
            _ = unsafe pthread_mutex_unlock(mutex)
            mapping.noteReleased(by: hold.tid)
            throw .system(operation: "mprotect", object: "the segment, to repair it", Errno(rawValue: lifted))
        }
        let damage = core.recover()
        guard unsafe pthread_mutex_consistent(mutex) == 0 else {
            reinstate(hold)
            mapping.noteReleased(by: hold.tid)
            throw .damaged(what: "the mutex' words are not a mutex", offset: shmlens_header_offset_lock_mutex)
        }
        // Its words are others now.
        noteHeld()
        core.announceRecovery(of: dead, damage: damage)
        core.wakeCondition(everyone: true)
    }

    /// Whether the mutex' words still say that the holder has it.
    @inline(__always)
    func isIntact(_ hold: MutexHold) -> Bool {
        half(MutexWords.lock) & MutexWords.tidMask == hold.tid && half(MutexWords.owner) == hold.tid
            && half(MutexWords.kind) == kind
    }

    /// Somebody wrote over the mutex while this thread held it, so that glibc will not unlock it: gives it back all the
    /// same, and takes it out of the thread's list of robust mutexes, which glibc follows at the next one.
    ///
    /// Where another thread has taken the overwritten mutex since, it is that one's and stays as it is.
    func reinstate(_ hold: MutexHold) {
        let other = half(MutexWords.lock) & MutexWords.tidMask
        let isTaken = other != 0 && other != hold.tid && half(MutexWords.owner) == other
        guard !isTaken || half(MutexWords.kind) != kind else { return unlink(hold) }
        let mutex = shmlens_header_offset_lock_mutex
        core.memory.store(mutex + MutexWords.previous, hold.previous)
        core.memory.store(mutex + MutexWords.next, hold.next)
        core.memory.store(mutex + MutexWords.kind, UInt64(kind))
        // The owner, and one user of the mutex.
        core.memory.store(mutex + MutexWords.owner, BlockDescriptor.pack(hold.tid, 1))
        // Nobody knows any more whether anyone sleeps.
        core.memory.store(mutex, UInt64(hold.tid | MutexWords.waiters))
        if unsafe pthread_mutex_unlock(self.mutex) != 0 { unlink(hold) }
    }

    private func unlink(_ hold: MutexHold) {
        shmlens_robust_unlink(UInt(hold.previous), UInt(hold.next))
    }
}
