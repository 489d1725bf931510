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
    // class has no mutable property.
    let mutex: UnsafeMutablePointer<pthread_mutex_t>
    let core: SegmentCore
    let mapping: Mapping
    private let pid: UInt32
    private let pidNamespace: UInt64
    /// What the mutex' kind must be, as ``initialize(_:name:)`` makes it.
    let kind: UInt32

    init(core: SegmentCore, mapping: Mapping, pidNamespace: UInt64) {
        self.core = core
        self.mapping = mapping
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

    private static let expectedKind: UInt32 = {
        var mutex = unsafe pthread_mutex_t()
        guard (try? unsafe initialize(&mutex, name: "a mutex")) != nil else { return 0 }
        return unsafe withUnsafeBytes(of: mutex) { unsafe $0.load(fromByteOffset: MutexWords.kind, as: UInt32.self) }
    }()

    /// Takes the lock, and repairs the segment where the owner before died.
    ///
    /// - Parameters:
    ///   - deadline: on CLOCK_MONOTONIC, nanoseconds; nil waits for ever.
    ///   - who: the participant to note as owner and, while this waits, as waiter.
    ///   - giveUp: asked every ``askingIntervalNanoseconds`` while this waits.
    /// - Returns: what ``release(_:)`` needs.
    /// - Throws: ``SegmentError/lockTimeout(_:)``, ``SegmentError/lockHeldByThisThread``,
    ///   ``SegmentError/lockNotRecoverable``, ``SegmentError/gaveUp``.
    func acquire(deadline: UInt64?, as who: OwnerKey, giveUp: (() -> Bool)? = nil) throws(SegmentError) -> MutexHold {
        // Of another kind a mutex would be one that glibc aborts on or that nobody recovers: somebody overwrote it.
        guard half(MutexWords.kind) == kind else {
            throw .damaged(what: "the mutex is not of the kind that it was made", offset: shmlens_header_offset_lock_mutex)
        }
        var waited: UInt64?
        let before = shmlens_robust_first()
        var result = unsafe pthread_mutex_trylock(mutex)
        var wait: Waits.Wait?
        if result == EBUSY {
            let begin = Clock.monotonic()
            wait = core.waits.begin(who, waitsFor: UInt32(shmlens_waiting_for_lock), in: core)
            result = block(until: deadline, as: who, giveUp: giveUp)
            waited = Clock.monotonic() &- begin
        }
        defer { core.waits.end(wait, in: core) }
        var hold = try settle(result, before: before)
        hold.began = noteOwner(who, waited: waited)
        return hold
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

    /// Writes down who has the lock now: the thread last, so that the rest is its own where it is there.
    ///
    /// - Returns: when the hold began, where it is timed.
    func noteOwner(_ who: OwnerKey, waited: UInt64?) -> UInt64? {
        core.raw(shmlens_header_offset_lock_owner_slot, BlockDescriptor.pack(who.slot, who.generation))
        core.raw(shmlens_header_offset_lock_owner_pid_namespace, pidNamespace)
        core.raw(shmlens_header_offset_lock_taken_at_ns, Clock.monotonicCoarse())
        // The mutex knows the thread's number; asking the kernel takes longer than all the rest of locking.
        let tid = half(MutexWords.lock) & MutexWords.tidMask
        core.raw(shmlens_header_offset_lock_owner_tid, BlockDescriptor.pack(tid, pid))
        return core.countAcquisition(waited: waited)
    }

    /// Writes down that nobody has it any more, which is true right afterwards.
    func noteRelease(_ hold: MutexHold) {
        if let began = hold.began { core.countHold(since: began) }
        core.raw(shmlens_header_offset_lock_owner_tid, 0)
        core.raw(shmlens_header_offset_lock_taken_at_ns, 0)
    }

    /// Gives the lock back.
    ///
    /// Where somebody wrote over the mutex meanwhile, its words stay as they are, since they may be another holder's by
    /// now; the thread forgets that it had it.
    func release(_ hold: MutexHold) {
        if isIntact(hold) {
            noteRelease(hold)
            if unsafe pthread_mutex_unlock(mutex) != 0 { forget(hold) }
        } else {
            forget(hold)
        }
        noteGone(hold)
    }

    /// Half a word of the mutex.
    @inline(__always)
    func half(_ offset: Int) -> UInt32 { core.memory.loadHalf(shmlens_header_offset_lock_mutex + offset) }

    /// Who the lock's words name now. Read without the lock: it may be gone by the time it is looked at.
    func owner() -> LockOwner? {
        let tid = half(MutexWords.lock) & MutexWords.tidMask
        guard tid != 0 else { return nil }
        let noted = core.memory.load(shmlens_header_offset_lock_owner_tid)
        let isNoted = UInt32(truncatingIfNeeded: noted) == tid
        let slots = core.memory.load(shmlens_header_offset_lock_owner_slot)
        return LockOwner(
            pid: isNoted ? UInt32(truncatingIfNeeded: noted >> 32) : 0, tid: tid,
            slot: isNoted ? UInt32(truncatingIfNeeded: slots) : 0,
            generation: isNoted ? UInt32(truncatingIfNeeded: slots >> 32) : 0)
    }
}

/// Where glibc keeps what in a mutex, on every 64-bit machine (sysdeps/nptl/bits/struct_mutex.h).
enum MutexWords {
    static var lock: Int { 0 }
    static var owner: Int { 8 }
    static var kind: Int { 16 }
    /// The bits of a robust mutex' first word that are its owner's thread id (FUTEX_TID_MASK in linux/futex.h).
    static var tidMask: UInt32 { 0x3fff_ffff }
}

/// What a holder knows of its hold by itself: the words in shared memory may be overwritten meanwhile.
struct MutexHold {
    /// As the mutex said right after it was taken.
    var tid: UInt32
    /// The robust mutex that the thread had taken before this one, as its own list names it.
    var next: UInt
    /// CLOCK_MONOTONIC, nanoseconds, where the hold is timed.
    var began: UInt64?
}
