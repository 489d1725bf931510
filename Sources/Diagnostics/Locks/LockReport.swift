public import ForeignFormats
public import Observations

/// A lock, or what one waits on, in shared memory: the API's LOCK.
public struct LockReport: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case mutex
        case condition
    }

    public enum State: String, Sendable, CaseIterable {
        // Of a mutex.
        case free
        case held
        /// The owner is gone without giving it back.
        case ownerDead
        case notRecoverable
        case corrupt
        case destroyed
        // Of a condition.
        case idle
        case waitedOn
    }

    /// How it is known.
    public enum Evidence: String, Sendable, CaseIterable {
        /// The segment's own header says where it is and who owns it.
        case header
    }

    /// What is to be made of it.
    public enum Verdict: String, Sendable, CaseIterable {
        case ok
        case ownerDead
        /// The owner lives and no longer maps the object: it cannot give it back.
        case ownerNotMapping
        /// The owner was stopped by a signal or a debugger while it held it.
        case ownerStopped
        /// The words contradict themselves, or the owner cannot be seen from here.
        case ambiguous
    }

    /// Counters and times that the lock's owners keep.
    public struct Statistics: Sendable, Equatable {
        public let acquisitions: UInt64
        /// Acquisitions that found it held.
        public let contended: UInt64
        /// Owners that died and were recovered from.
        public let ownerDeaths: UInt64
        /// Uncontended acquisitions that were timed.
        public let sampled: UInt64
        /// Every contended acquisition and the sampled ones.
        public let waitHistogram: [TimeCount]
        public let holdHistogram: [TimeCount]
    }

    /// The first byte, from the object's first.
    public let offset: Int
    public let type: Kind
    public let label: String?
    public let state: State
    /// Whether the next who locks it will be told that its owner died; nil where nobody needs to be.
    public let recoverable: Bool?
    public let owner: LockOwnerReport?
    /// Those that wait, the longest first.
    public let waiters: [WaiterReport]
    public let mutexType: MutexType?
    public let robust: Bool?
    public let processShared: Bool?
    public let `protocol`: MutexProtocol?
    public let evidence: [Evidence]
    public let verdict: Verdict
    public let statistics: Statistics?
}

/// Times of about one length.
public struct TimeCount: Sendable, Equatable {
    /// A power of two. Counted are times below it and not below its half; nil for all that are longer than the
    /// longest that is told apart.
    public let upToNanoseconds: UInt64?
    public let count: UInt64

    public init(upToNanoseconds: UInt64?, count: UInt64) {
        self.upToNanoseconds = upToNanoseconds
        self.count = count
    }
}

/// Who holds a lock.
public struct LockOwnerReport: Sendable, Equatable {
    /// nil where only the thread is known.
    public let pid: Int?
    /// In the owner's own pid namespace.
    public let tid: Int
    /// The thread's name; where it cannot be asked, the one that the participant gave itself.
    public let command: String?
    public let alive: Liveness
    public let threadState: ThreadState
    /// nil where the owner died, or was looked at, before it wrote down when it took the lock. Good to the
    /// resolution of the coarse clock, a few milliseconds.
    public let heldForMilliseconds: Int?

    public init(
        pid: Int?, tid: Int, command: String?, alive: Liveness, threadState: ThreadState, heldForMilliseconds: Int?
    ) {
        self.pid = pid
        self.tid = tid
        self.command = command
        self.alive = alive
        self.threadState = threadState
        self.heldForMilliseconds = heldForMilliseconds
    }
}

/// A thread that waits.
public struct WaiterReport: Sendable, Equatable {
    public let pid: Int
    /// In the waiter's own pid namespace.
    public let tid: Int
    /// As that of ``LockOwnerReport``.
    public let command: String?
    public let threadState: ThreadState
    /// Good to the resolution of the coarse clock, a few milliseconds.
    public let waitingForMilliseconds: Int?

    public init(pid: Int, tid: Int, command: String?, threadState: ThreadState, waitingForMilliseconds: Int?) {
        self.pid = pid
        self.tid = tid
        self.command = command
        self.threadState = threadState
        self.waitingForMilliseconds = waitingForMilliseconds
    }
}

/// The locks of a segment.
public struct LocksReport: Sendable, Equatable {
    public let locks: [LockReport]

    public init(locks: [LockReport]) { self.locks = locks }
}
