/// What the words of a glibc `pthread_rwlock_t` say, on 64-bit Linux (sysdeps/x86/nptl/bits/struct_rwlock.h): `__readers`
/// at 0, `__writers` 4, `__wrphase_futex` 8, `__writers_futex` 12, `__cur_writer` 24, `__shared` 28, `__flags` 48. What the
/// bits of the first two mean is told in nptl/pthread_rwlock_common.c.
///
/// Readers leave no name: a lock that readers hold says how many, and not who.
public struct GlibcReadWriteLock: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case free
        /// - Parameter count: readers that hold it; one that was killed holds it for ever.
        case read(count: UInt32)
        /// - Parameter tid: in the pid namespace of who locked it; nil where the words do not tell yet.
        case written(tid: UInt32?)
    }

    /// Whom it prefers where readers and writers wait; the raw value is `__flags`.
    public enum Preference: UInt32, Sendable, CaseIterable {
        case readers, writers, writersNotRecursive
    }

    public let state: State
    /// Readers that wait for a writer to leave.
    public let waitingReaderCount: UInt32
    /// Whether a writer said that it waits: which are counted, and where, depends on whom the lock prefers. It may have given
    /// up since.
    public let hasWaitingWriters: Bool
    public let processShared: Bool
    public let preference: Preference

    /// Bytes of the object that are looked at, of 56.
    public static let byteCount = 52
    /// Where readers, and a writer that is the next, wait; and where other writers do.
    public static let phaseWaitOffset = 8
    public static let writersWaitOffset = 12
    /// Where readers wait that let a writer go first, of a lock that prefers writers and is not recursive.
    public static let politeReadersWaitOffset = 0

    /// Whether what a thread expects of the word that it waits on is what such readers expect: somebody waits there, readers
    /// have it, and a writer is the next.
    public static func isPolite(_ value: UInt32) -> Bool {
        value & (Readers.writePhase | Readers.writeLocked | Readers.readersWait) == Readers.writeLocked | Readers.readersWait
            && value >> Readers.shift > 0
    }

    private enum Readers {
        /// It is the writers' turn.
        static let writePhase: UInt32 = 1
        /// A writer has it, or is the next to have it.
        static let writeLocked: UInt32 = 2
        /// Readers wait on this very word.
        static let readersWait: UInt32 = 4
        static let shift: UInt32 = 3
    }

    /// PTHREAD_RWLOCK_FUTEX_USED of a word that is waited on.
    private static let mayBeWaitedOn: UInt32 = 2

    private enum Writers {
        /// A writer that leaves hands the lock to the next.
        static let handover: UInt32 = 1 << 31
    }

    /// - Parameter bytes: a copy, from the lock's first byte; what stands behind ``byteCount`` is not looked at.
    /// - Returns: nil where there are fewer bytes, or they cannot be those of a lock.
    public init?(_ bytes: some RandomAccessCollection<UInt8>) {
        guard let words = Words(bytes, count: Self.byteCount) else { return nil }
        let (readers, writers) = (words.half(0), words.half(4))
        let (phase, queue, owner) = (words.half(8), words.half(12), words.half(24))
        // Here it is one, and not what the other objects have.
        guard words.half(28) <= 1, let preference = Preference(rawValue: words.half(48)),
            phase & ~3 == 0, queue & ~3 == 0, owner <= GlibcMutex.largestTid,
            // Padding, and the byte of lock elision with what fills it up.
            words.half(16) == 0, words.half(20) == 0, words.word(40) == 0
        else { return nil }
        let count = readers >> Readers.shift
        let counted = writers & ~Writers.handover
        guard count <= GlibcMutex.largestTid, counted <= GlibcMutex.largestTid else { return nil }
        // While readers have it, the one that is to write next has marked it; others sleep on a word that tells of them.
        let isNext = readers & (Readers.writePhase | Readers.writeLocked) == Readers.writeLocked
        hasWaitingWriters = counted > 0 || isNext || queue & Self.mayBeWaitedOn != 0
        processShared = words.half(28) == 1
        self.preference = preference
        if readers & Readers.writePhase != 0 {
            let isLocked = readers & Readers.writeLocked != 0
            state = isLocked ? .written(tid: owner == 0 ? nil : owner) : .free
            waitingReaderCount = count
        } else {
            // Whoever is to write next waits for these to leave.
            state = count > 0 ? .read(count: count) : .free
            waitingReaderCount = 0
        }
    }
}
