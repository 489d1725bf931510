public import Observations

/// Finds what can only be one of glibc's locks among bytes of which nothing else tells what they are.
///
/// Most bytes are zero, and so are most of a lock's: what is found is what nothing but a lock is likely to look like. A lock
/// that was never used, other than a mutex, is not found; and a program's own numbers can look like one.
public enum LockPattern {
    /// Bytes from a place on that have to be known to tell.
    public static let byteCount = 56

    /// - Parameters:
    ///   - offset: from the object's first byte; a multiple of eight.
    ///   - image: ``byteCount`` from there, or what there is of them.
    ///   - layouts: those that conditions may have.
    /// - Returns: what it is, and how many bytes it takes.
    public static func match(
        at offset: Int, in image: Image, layouts: [GlibcCondition.Layout] = GlibcCondition.Layout.allCases
    ) -> (kind: WaitedObject.Kind, byteCount: Int)? {
        let count = min(byteCount, image.range.upperBound - offset)
        guard count > 0, let known = image.slice(offset..<offset + count) else { return nil }
        // Nothing that goes on behind the end is one.
        let bytes = count == byteCount ? known : known + [UInt8](repeating: 0, count: byteCount - count)
        guard let found = match(bytes, layouts), found.byteCount <= count else { return nil }
        return found
    }

    private static func match(
        _ bytes: ArraySlice<UInt8>, _ layouts: [GlibcCondition.Layout]
    ) -> (kind: WaitedObject.Kind, byteCount: Int)? {
        if let mutex = mutex(bytes) { return (.mutex(mutex), 40) }
        if let lock = GlibcReadWriteLock(bytes), lock.processShared, lock.state != .free { return (.readWriteLock(lock), 56) }
        if let condition = condition(bytes, layouts) { return condition }
        if let semaphore = semaphore(bytes) { return (.semaphore(semaphore), 32) }
        if let barrier = barrier(bytes) { return (.barrier(barrier), 32) }
        return nil
    }

    /// Whether a place is worth a closer look: the words that say that processes share a thing stand at 8, 12, 16, 28 or 36.
    @inlinable
    public static func mayMatch(_ word8: UInt32, _ word12: UInt32, _ word16: UInt32, _ word28: UInt32, _ word36: UInt32) -> Bool {
        word16 & 0xFFFF_FC80 == 128 || word8 == 128 || word12 == 128 || word28 != 0 || word36 != 0
    }

    private static func mutex(_ bytes: ArraySlice<UInt8>) -> GlibcMutex? {
        guard let words = Words(bytes, count: 40), let mutex = GlibcMutex(bytes), mutex.processShared else { return nil }
        let (lock, count, owner, users) = (words.half(0), words.half(4), words.half(8), words.half(12))
        let isListed = words.word(24) != 0 || words.word(32) != 0
        // Of what is not adaptive these are zero. Who waits on a condition with it counts as one of its users.
        guard mutex.type == .adaptive || words.half(20) == 0, users <= GlibcMutex.largestTid else { return nil }
        switch mutex.state {
        case .free: return lock == 0 && owner == 0 && count == 0 && !isListed ? mutex : nil
        case .held(let tid):
            guard let tid, owner == tid || mutex.robust || mutex.protocol == .inherit, count <= 1 || mutex.type == .recursive
            else { return nil }
            return mutex.robust || mutex.protocol == .inherit || !isListed ? mutex : nil
        case .ownerDied, .notRecoverable: return mutex
        case .destroyed, .corrupt: return nil
        }
    }

    private static func condition(
        _ bytes: ArraySlice<UInt8>, _ layouts: [GlibcCondition.Layout]
    ) -> (kind: WaitedObject.Kind, byteCount: Int)? {
        for layout in layouts {
            guard let condition = GlibcCondition(bytes, layout: layout), condition.processShared, condition.waiterCount > 0,
                !condition.isBeingDestroyed, condition.hasFittingCounts,
                condition.referenceCount ?? UInt64(condition.waiterCount) == UInt64(condition.waiterCount)
            else { continue }
            return (.condition(condition, layout), GlibcCondition.byteCount)
        }
        return nil
    }

    private static func semaphore(_ bytes: ArraySlice<UInt8>) -> GlibcSemaphore? {
        guard let words = Words(bytes, count: 32), let semaphore = GlibcSemaphore(bytes), semaphore.processShared,
            semaphore.value > 0 || semaphore.waiterCount > 0, semaphore.waiterCount <= GlibcMutex.largestTid,
            words.word(16) == 0, words.word(24) == 0
        else { return nil }
        return semaphore
    }

    private static func barrier(_ bytes: ArraySlice<UInt8>) -> GlibcBarrier? {
        guard let words = Words(bytes, count: 32), let barrier = GlibcBarrier(bytes), barrier.processShared,
            barrier.count <= GlibcMutex.largestTid, words.half(20) == 0, words.word(24) == 0, words.half(0) > 0
        else { return nil }
        return barrier
    }
}
