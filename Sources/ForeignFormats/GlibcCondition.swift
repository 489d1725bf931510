/// What the words of a glibc `pthread_cond_t` say, on 64-bit Linux (sysdeps/nptl/bits/thread-shared-types.h, `struct
/// __pthread_cond_s`). They are laid out in one of two ways: up to 2.40 each group of waiters has a count of references,
/// which 2.41 took away, so that what followed moved up. The object does not say which: the C library of who made it does,
/// or where its waiters wait.
public struct GlibcCondition: Sendable, Equatable {
    public enum Layout: Sendable, CaseIterable {
        /// From 2.25 to 2.40.
        case countingReferences
        /// From 2.41 on.
        case withoutReferences

        fileprivate var sizesOffset: Int { self == .countingReferences ? 24 : 16 }
        fileprivate var formerSizeOffset: Int { sizesOffset + 8 }
        fileprivate var waitersOffset: Int { sizesOffset + 12 }

        /// Where waiters wait, from the object's first byte: those of either group.
        public var waitOffsets: [Int] { [sizesOffset + 16, sizesOffset + 20] }

        /// Where threads wait, what for, and what they expect of the word there.
        var waits: [(offset: Int, purpose: WaitPurpose, expects: (UInt32) -> Bool)] {
            // Until a signal comes, a count of signals; of some versions it is always 0.
            var waits: [(Int, WaitPurpose, (UInt32) -> Bool)] = waitOffsets.map { ($0, .signal, { _ in true }) }
            waits.append((waitersOffset, .waitersToLeave, { $0 & Waiters.destroying != 0 }))
            // Who signals, and has to wait until those of the older group have left it, asks to be woken by the lowest bit.
            if self == .countingReferences { for group in [16, 20] { waits.append((group, .groupToLeave, { $0 & 1 != 0 })) } }
            return waits
        }
    }

    /// What a thread waits for that sleeps on one of a condition's words. Who sleeps on its inner lock, two bits of a size, is not
    /// told from who sleeps on a program's own: each is waited on with the 2 of a lock that others want.
    public enum WaitPurpose: Sendable, Equatable {
        /// In pthread_cond_wait(3).
        case signal
        /// In pthread_cond_destroy(3), for the last waiter.
        case waitersToLeave
        /// In pthread_cond_signal(3) or pthread_cond_broadcast(3), for who was woken before.
        case groupToLeave
    }

    /// What a thread waits for whose word stands so far from the first byte.
    public static func purpose(ofWaitAt offset: Int, layout: Layout) -> WaitPurpose? {
        layout.waits.first { $0.offset == offset }?.purpose
    }

    /// Who waits, or is about to leave after having waited. One that was killed is counted for ever, and a call of
    /// pthread_cond_destroy(3) waits for it.
    public let waiterCount: UInt32
    /// How often somebody has begun to wait in all.
    public let waitCount: UInt64
    /// How many of those that wait hold on to one of the two groups; nil of a layout that does not count them.
    public let referenceCount: UInt64?
    public let processShared: Bool
    /// Whether limits of time are those of CLOCK_MONOTONIC, and not of CLOCK_REALTIME.
    public let isMonotonic: Bool
    /// Whether somebody waits in pthread_cond_destroy(3) for the last waiter to leave.
    public let isBeingDestroyed: Bool

    /// Whether no more wait than have begun to, and no more hold on to a group than wait; and whether that is a number that a
    /// program comes to.
    var hasFittingCounts: Bool {
        waitCount >= UInt64(waiterCount) && waitCount <= UInt32.max && referenceCount ?? 0 <= UInt64(waiterCount)
    }

    /// Bytes of the object that are looked at: all of it.
    public static let byteCount = 48

    fileprivate enum Waiters {
        static let shared: UInt32 = 1
        static let monotonic: UInt32 = 2
        static let destroying: UInt32 = 4
        static let shift: UInt32 = 3
    }

    /// - Parameters:
    ///   - bytes: a copy, from the condition's first byte.
    ///   - layout: how it is laid out.
    /// - Returns: nil where there are fewer bytes than ``byteCount``, or they cannot be those of a condition so laid out.
    public init?(_ bytes: some RandomAccessCollection<UInt8>, layout: Layout) {
        guard let words = Words(bytes, count: Self.byteCount) else { return nil }
        let waiters = words.half(layout.waitersOffset)
        waiterCount = waiters >> Waiters.shift
        // Both count waiters by twos: the lowest bit is the number of a group. The older group cannot begin behind the last.
        let (last, first) = (words.word(0) >> 1, words.word(8) >> 1)
        let former = words.half(layout.formerSizeOffset) >> 2
        guard waiterCount <= GlibcMutex.largestTid, first <= last, former <= GlibcMutex.largestTid else { return nil }
        if layout == .withoutReferences {
            // The end is filled up with zeros.
            guard words.word(40) == 0 else { return nil }
        }
        waitCount = last
        referenceCount = layout == .countingReferences ? UInt64(words.half(16) >> 1) + UInt64(words.half(20) >> 1) : nil
        processShared = waiters & Waiters.shared != 0
        isMonotonic = waiters & Waiters.monotonic != 0
        isBeingDestroyed = waiters & Waiters.destroying != 0
    }
}
