/// The kind of a pthread mutex; the raw value is the API's `mutexType`.
public enum MutexType: String, Sendable, CaseIterable {
    case normal
    case recursive
    case errorCheck
    case adaptive
}

/// The priority protocol of a pthread mutex; the raw value is the API's `protocol`.
public enum MutexProtocol: String, Sendable, CaseIterable {
    case none
    case inherit
    case protect
}

/// What the words of a glibc `pthread_mutex_t` say.
///
/// The layout is that of glibc on 64-bit Linux (sysdeps/x86/nptl/bits/struct_mutex.h; the first 24 bytes stand alike
/// in the generic sysdeps/nptl/bits/struct_mutex.h): `__lock` at 0, `__count` 4, `__owner` 8, `__nusers` 12, `__kind`
/// 16. The bits of `__kind` and the two numbers that stand for no thread are those of nptl/pthreadP.h.
///
/// The bytes may have been copied while a thread took or gave back the mutex, so `__owner` may be one step ahead of
/// `__lock` or behind it: only what no order of those steps can leave behind is called corrupt.
public struct GlibcMutex: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case free
        /// - Parameter tid: in the pid namespace of who locked it; nil where the words do not tell (a mutex that is
        ///   not robust names its owner a moment after it is taken).
        case held(tid: UInt32?)
        /// The kernel marked a robust mutex, or one that inherits priority, when its owner ended holding it.
        case ownerDied
        /// A robust mutex was unlocked by who inherited it without being made consistent; pthread_mutex_consistent(3).
        case notRecoverable
        case destroyed
        /// The words cannot be those of a mutex.
        case corrupt(reason: String)
    }

    public let state: State
    /// nil where `__kind` is senseless, or gone with the mutex.
    public let type: MutexType?
    public let `protocol`: MutexProtocol?
    public let robust: Bool
    public let processShared: Bool
    /// Whether a thread said, before it went to sleep, that it waits; it may have given up since.
    public let hasWaiters: Bool
    /// Who holds it inherited it from a dead owner and has not made it consistent yet.
    public let isInconsistent: Bool

    /// Bytes of the object that are looked at.
    public static let byteCount = 20
    /// The part of the word that is not the ceiling of a priority-protected mutex.
    static let protectedValue: UInt32 = 0x0007_ffff
    /// The largest thread id there can be (PID_MAX_LIMIT of the kernel's include/linux/threads.h).
    static let largestTid: UInt32 = 4 << 20

    /// Decodes a mutex.
    ///
    /// - Parameter bytes: a copy, from the mutex' first byte; what stands behind ``byteCount`` is not looked at.
    /// - Returns: nil where there are fewer bytes than ``byteCount``.
    public init?(_ bytes: some RandomAccessCollection<UInt8>) {
        guard let words = Words(bytes, count: Self.byteCount) else { return nil }
        let kind = words.half(16)
        if kind == Kind.destroyed {
            self.init(state: .destroyed)
        } else if kind & ~Kind.known != 0 || kind & Kind.bothProtocols == Kind.bothProtocols {
            self.init(state: .corrupt(reason: "its kind is \(kind), which no mutex has"))
        } else {
            self.init(kind: kind, lock: words.half(0), owner: words.half(8))
        }
    }

    private init(state: State) {
        self.state = state
        type = nil
        self.protocol = nil
        robust = false
        processShared = false
        hasWaiters = false
        isInconsistent = false
    }

    private init(kind: UInt32, lock: UInt32, owner: UInt32) {
        type = MutexType.allCases[Int(kind & Kind.type)]
        self.protocol = kind & Kind.inherit != 0 ? .inherit : kind & Kind.protect != 0 ? .protect : MutexProtocol.none
        robust = kind & Kind.robust != 0
        processShared = kind & Kind.shared != 0
        if kind & (Kind.robust | Kind.inherit) != 0 {
            hasWaiters = lock & LockWord.waiters != 0
            isInconsistent = robust && owner == Owner.inconsistent && lock & LockWord.tid != 0
            state = Self.stateOfTid(lock: lock, owner: owner, robust: robust)
        } else {
            let value = kind & Kind.protect != 0 ? lock & Self.protectedValue : lock
            hasWaiters = value == 2
            isInconsistent = false
            state = Self.stateOfValue(value, owner: owner)
        }
    }

    /// Of a robust mutex, or one that inherits priority: the word holds the owner's thread id.
    private static func stateOfTid(lock: UInt32, owner: UInt32, robust: Bool) -> State {
        if robust, owner == Owner.notRecoverable { return .notRecoverable }
        let tid = lock & LockWord.tid
        guard tid <= largestTid else { return .corrupt(reason: "its word names thread \(tid), which cannot be") }
        // With priority inheritance the kernel hands the lock on at once and leaves the mark beside the new owner.
        if tid != 0 { return .held(tid: tid) }
        return lock & LockWord.ownerDied != 0 ? .ownerDied : .free
    }

    /// Of any other mutex: 0 free, 1 held, 2 held and waited for; the owner stands beside it.
    private static func stateOfValue(_ value: UInt32, owner: UInt32) -> State {
        guard value <= 2 else { return .corrupt(reason: "its word is \(value), and can be 0, 1 or 2") }
        guard value != 0 else { return .free }
        guard owner <= largestTid else { return .corrupt(reason: "its owner is thread \(owner), which cannot be") }
        return .held(tid: owner == 0 ? nil : owner)
    }

    private enum Kind {
        static let type: UInt32 = 3
        static let robust: UInt32 = 16
        static let inherit: UInt32 = 32
        static let protect: UInt32 = 64
        static let shared: UInt32 = 128
        /// Lock elision asked for, or refused: no meaning for who only looks.
        static let elision: UInt32 = 256 | 512
        static let known = type | robust | inherit | protect | shared | elision
        static let bothProtocols = inherit | protect
        static let destroyed = UInt32.max
    }

    /// FUTEX_TID_MASK, FUTEX_OWNER_DIED and FUTEX_WAITERS of linux/futex.h.
    private enum LockWord {
        static let tid: UInt32 = 0x3fff_ffff
        static let ownerDied: UInt32 = 0x4000_0000
        static let waiters: UInt32 = 0x8000_0000
    }

    /// PTHREAD_MUTEX_INCONSISTENT and PTHREAD_MUTEX_NOTRECOVERABLE of nptl/pthreadP.h.
    private enum Owner {
        static let inconsistent = UInt32(Int32.max)
        static let notRecoverable = UInt32(Int32.max - 1)
    }
}
