import CShmlens
import Glibc
import SegmentFormat
import SystemPackage

/// The segment's lock: taking it, with or without a time limit, and giving it back.
///
/// The mutex is robust: where its owner dies, the next locker is told, and recovers before anything else happens.
/// It is error-checking: a thread that holds it and asks again gets an error instead of a deadlock.
@safe
final class SegmentLock: @unchecked Sendable {
    // Unchecked because of the pointer into the mapping, which lives as long as the segment that owns this; the
    // mutable property is guarded by the mutex itself.
    let mutex: UnsafeMutablePointer<pthread_mutex_t>
    let core: SegmentCore
    private let pid: UInt32
    private let pidNamespace: UInt64
    /// What the mutex' kind must be, as ``initialize(_:name:)`` makes it.
    private let kind: UInt32
    /// When the hold under way began, where it is timed.
    private var holdBegan: UInt64?

    init(core: SegmentCore, pidNamespace: UInt64) {
        self.core = core
        self.pidNamespace = pidNamespace
        pid = UInt32(getpid())
        kind = Self.expectedKind
        unsafe mutex = unsafe (core.memory.base + shmlens_header_offset_lock_mutex)
            .assumingMemoryBound(to: pthread_mutex_t.self)
    }

    /// Makes a mutex: process-shared, robust, error-checking.
    static func initialize(_ mutex: UnsafeMutablePointer<pthread_mutex_t>, name: String) throws(SegmentError) {
        func check(_ operation: String, _ result: Int32) throws(SegmentError) {
            guard result == 0 else { throw .system(operation: operation, object: name, Errno(rawValue: result)) }
        }
        var attributes = pthread_mutexattr_t()
        try check("pthread_mutexattr_init", unsafe pthread_mutexattr_init(&attributes))
        try check(
            "pthread_mutexattr_setpshared",
            unsafe pthread_mutexattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED)))
        try check(
            "pthread_mutexattr_setrobust",
            unsafe pthread_mutexattr_setrobust(&attributes, Int32(PTHREAD_MUTEX_ROBUST)))
        try check(
            "pthread_mutexattr_settype",
            unsafe pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ERRORCHECK)))
        try check("pthread_mutex_init", unsafe pthread_mutex_init(mutex, &attributes))
    }

    /// Where glibc keeps a mutex' kind, on every 64-bit machine (sysdeps/nptl/bits/struct_mutex.h: lock, count, owner,
    /// users, kind).
    private static var kindOffset: Int { 16 }

    /// The bits of a robust mutex' first word that are its owner's thread id (FUTEX_TID_MASK in linux/futex.h).
    private static var tidMask: UInt32 { 0x3fff_ffff }

    private static let expectedKind: UInt32 = {
        var mutex = unsafe pthread_mutex_t()
        guard (try? unsafe initialize(&mutex, name: "a mutex")) != nil else { return 0 }
        return unsafe withUnsafeBytes(of: mutex) { unsafe $0.load(fromByteOffset: kindOffset, as: UInt32.self) }
    }()

    /// Takes the lock, and repairs the segment where the owner before died.
    ///
    /// - Parameters:
    ///   - deadline: on CLOCK_MONOTONIC, nanoseconds; nil waits for ever.
    ///   - who: the participant to note as owner and, while this waits, as waiter.
    ///   - giveUp: asked every ``askingIntervalNanoseconds`` while this waits.
    /// - Throws: ``SegmentError/lockTimeout(_:)``, ``SegmentError/lockHeldByThisThread``,
    ///   ``SegmentError/lockNotRecoverable``, ``SegmentError/gaveUp``.
    func acquire(deadline: UInt64?, as who: OwnerKey, giveUp: (() -> Bool)? = nil) throws(SegmentError) {
        // Of another kind a mutex would be one that glibc aborts on or that nobody recovers: somebody overwrote it.
        guard core.memory.loadHalf(shmlens_header_offset_lock_mutex + Self.kindOffset) == kind else {
            throw .damaged(what: "the mutex is not of the kind that it was made", offset: shmlens_header_offset_lock_mutex)
        }
        var waited: UInt64?
        var result = unsafe pthread_mutex_trylock(mutex)
        if result == EBUSY {
            let begin = Clock.monotonic()
            let wait = WaitNote(core: core, slot: who.slot, waitsFor: UInt32(shmlens_waiting_for_lock))
            result = block(until: deadline, as: who, giveUp: giveUp)
            wait.end()
            waited = Clock.monotonic() &- begin
        }
        try settle(result)
        noteOwner(who, waited: waited)
    }

    /// How often a waiter asks whether it shall go on: soon enough for a person, rarely enough to cost nothing.
    static var askingIntervalNanoseconds: UInt64 { 100_000_000 }

    /// Waits for the mutex.
    ///
    /// - Returns: what the last call said; ECANCELED where `giveUp` answered true.
    private func block(until deadline: UInt64?, as who: OwnerKey, giveUp: (() -> Bool)?) -> Int32 {
        guard let giveUp else {
            guard let deadline else { return unsafe pthread_mutex_lock(mutex) }
            return unsafe shmlens_mutex_lock_until(mutex, Int64(clamping: deadline))
        }
        let deadline = deadline ?? UInt64(Int64.max)
        while true {
            guard !giveUp() else { return ECANCELED }
            let slice = min(deadline, Clock.monotonic() &+ Self.askingIntervalNanoseconds)
            let result = unsafe shmlens_mutex_lock_until(mutex, Int64(clamping: slice))
            guard result == ETIMEDOUT, slice < deadline else { return result }
            core.heartbeat(who)
        }
    }

    /// Repairs what a dead owner left, and turns what is not the lock into an error: the lock is not held then.
    func settle(_ result: Int32) throws(SegmentError) {
        switch result {
        case 0: break
        case EOWNERDEAD: try repair()
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
        let word = core.memory.loadHalf(shmlens_header_offset_lock_mutex)
        guard word & Self.tidMask == UInt32(bitPattern: shmlens_gettid()) else { return }
        // The other half is a count that no mutex of this kind uses.
        core.memory.store(shmlens_header_offset_lock_mutex, 0)
        var woken: Int32 = 0
        _ = unsafe shmlens_futex_wake(
            UnsafePointer((core.memory.base + shmlens_header_offset_lock_mutex).assumingMemoryBound(to: UInt32.self)),
            .max, &woken)
    }

    /// Writes down who has the lock now: the thread last, so that the rest is its own where it is there.
    func noteOwner(_ who: OwnerKey, waited: UInt64?) {
        core.raw(shmlens_header_offset_lock_owner_slot, BlockDescriptor.pack(who.slot, who.generation))
        core.raw(shmlens_header_offset_lock_owner_pid_namespace, pidNamespace)
        core.raw(shmlens_header_offset_lock_taken_at_ns, Clock.monotonicCoarse())
        // The mutex knows the thread's number; asking the kernel takes longer than all the rest of locking.
        let tid = core.memory.loadHalf(shmlens_header_offset_lock_mutex) & Self.tidMask
        core.raw(shmlens_header_offset_lock_owner_tid, BlockDescriptor.pack(tid, pid))
        holdBegan = core.countAcquisition(waited: waited)
    }

    /// Writes down that nobody has it any more, which is true right afterwards.
    func noteRelease() {
        if let began = holdBegan { core.countHold(since: began) }
        core.raw(shmlens_header_offset_lock_owner_tid, 0)
        core.raw(shmlens_header_offset_lock_taken_at_ns, 0)
    }

    /// Gives the lock back.
    func release() {
        noteRelease()
        // It fails only where somebody overwrote the mutex meanwhile; then there is nothing left to give back, and
        // whoever asks for it next is told.
        _ = unsafe pthread_mutex_unlock(mutex)
    }

    /// Who the lock's words name now. Read without the lock: it may be gone by the time it is looked at.
    func owner() -> LockOwner? {
        let word = core.memory.loadHalf(shmlens_header_offset_lock_mutex)
        let tid = word & Self.tidMask
        guard tid != 0 else { return nil }
        let noted = core.memory.load(shmlens_header_offset_lock_owner_tid)
        let isNoted = UInt32(truncatingIfNeeded: noted) == tid
        let slots = core.memory.load(shmlens_header_offset_lock_owner_slot)
        return LockOwner(
            pid: isNoted ? UInt32(truncatingIfNeeded: noted >> 32) : 0, tid: tid,
            slot: isNoted ? UInt32(truncatingIfNeeded: slots) : 0,
            generation: isNoted ? UInt32(truncatingIfNeeded: slots >> 32) : 0)
    }

    /// The owner died. The state is repaired first, so that whoever dies in here leaves the mutex as inconsistent as
    /// it was; only then is it marked consistent, and the recovery told as an operation like any other.
    ///
    /// Waiters are woken: what they wait for may have been committed by an owner that died before it woke them.
    private func repair() throws(SegmentError) {
        let slots = core.memory.load(shmlens_header_offset_lock_owner_slot)
        // Without its thread the words are of the owner before.
        let isNoted = core.memory.load(shmlens_header_offset_lock_owner_tid) != 0
        let dead = isNoted
            ? OwnerKey(slot: UInt32(truncatingIfNeeded: slots), generation: UInt32(truncatingIfNeeded: slots >> 32))
            : .external
        let damage = core.recover()
        guard unsafe pthread_mutex_consistent(mutex) == 0 else {
            _ = unsafe pthread_mutex_unlock(mutex)
            throw .damaged(what: "the mutex' words are not a mutex", offset: shmlens_header_offset_lock_mutex)
        }
        core.announceRecovery(of: dead, damage: damage)
        core.wakeCondition(everyone: true)
    }
}

/// A participant's note that it waits, which observers show: written before it blocks, cleared when it goes on.
struct WaitNote {
    private let core: SegmentCore
    private let base: Int?

    /// - Parameters:
    ///   - slot: the participant's; slot 0, which stands for many, notes nothing.
    ///   - waitsFor: one of the format's `shmlens_waiting_for_` values.
    init(core: SegmentCore, slot: UInt32, waitsFor: UInt32) {
        self.core = core
        guard slot > 0, Int(slot) < core.layout.participantCount, core.mayWrite(slot: Int(slot)) else {
            base = nil
            return
        }
        let base = core.layout.participantOffset(Int(slot))
        self.base = base
        let tid = UInt32(bitPattern: shmlens_gettid())
        let now = Clock.monotonicCoarse()
        core.memory.store(base + shmlens_participant_offset_waiting_tid, BlockDescriptor.pack(tid, waitsFor))
        core.memory.store(base + shmlens_participant_offset_waiting_since_ns, now)
        core.memory.store(base + shmlens_participant_offset_heartbeat_ns, now)
    }

    func end() {
        guard let base else { return }
        core.memory.store(base + shmlens_participant_offset_waiting_since_ns, 0)
        core.memory.store(base + shmlens_participant_offset_waiting_tid, 0)
    }
}
