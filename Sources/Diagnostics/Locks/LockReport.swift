public import ForeignFormats
public import Observations

/// A lock, or what one waits on, in shared memory: the API's LOCK.
public struct LockReport: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case mutex
        case condition
        case rwlock
        case semaphore
        case barrier
        case sysvSemaphore
        /// A word that threads wait on, of nothing that is known here.
        case futex
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
        // Of a condition, a barrier, an unknown word.
        case idle
        case waitedOn
        // Of a semaphore.
        case available
        case empty
    }

    /// How it is known.
    public enum Evidence: String, Sendable, CaseIterable {
        /// A thread waits on it.
        case waiter
        /// A thread's own list of robust mutexes that it holds.
        case robustList
        /// Its bytes are those of such a lock; nothing else tells of it.
        case scan
        /// The object is of a kind that has it there.
        case layout
        /// The segment's own header says where it is and who owns it.
        case header
    }

    /// What is to be made of it.
    public enum Verdict: String, Sendable, CaseIterable {
        case ok
        /// It is one of a circle of threads that wait for one another.
        case deadlock
        case ownerDead
        /// The owner of one that inherits priority and is not robust is dead: whoever waits is ended by an assertion of the C
        /// library, and who comes later sleeps for ever.
        case willAbort
        /// The owner lives and no longer maps the object: it cannot give it back.
        case ownerNotMapping
        /// The owner was stopped by a signal or a debugger while it held it.
        case ownerStopped
        /// Readers hold it, and each thread that could be one of them waits for it for ever.
        case phantomReaders
        /// It counts more waiters than there are: some were ended while they waited.
        case deadWaiters
        /// Threads sleep on it although it is free, and nobody is left who would wake them; or its owner sleeps for ever.
        case waitingOnNobody
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

    public let place: LockPlace
    public let type: Kind
    public var label: String?
    public var state: State
    /// Whether the next who locks it will be told that its owner died; nil where nobody needs to be.
    public var recoverable: Bool?
    public var owner: LockOwnerReport?
    /// Where more than one thread may be it: all of them.
    public var ownerCandidates: [LockOwnerReport] = []
    /// Those that wait, the longest first.
    public var waiters: [WaiterReport] = []
    public var mutexType: MutexType?
    public var robust: Bool?
    public var processShared: Bool?
    public var `protocol`: MutexProtocol?
    /// Of a semaphore its value, of a lock that readers hold how many, of a condition or barrier how many it counts as
    /// waiting, of an unknown word the word.
    public var value: Int?
    /// Of a condition or barrier how many came to wait in all: while that is the same, nobody has come.
    public var arrivals: UInt64?
    public var evidence: [Evidence]
    public var verdict: Verdict
    /// What the verdict rests on, in a sentence; nil where nothing is wrong.
    public var message: String?
    /// What would help; nil where nothing needs to be done.
    public var advice: String?
    /// What is not sure of all this.
    public var caveats: [String] = []
    public var statistics: Statistics?
    /// Of a managed segment: who changed something under the lock last, the latest first.
    public var lastHolders: [LastHolder] = []

    public init(place: LockPlace, type: Kind, state: State, evidence: [Evidence], verdict: Verdict) {
        self.place = place
        self.type = type
        self.state = state
        self.evidence = evidence
        self.verdict = verdict
    }
}

/// Where a lock stands.
public enum LockPlace: Sendable, Hashable, Comparable {
    /// The first byte, from the object's first.
    case offset(Int)
    /// The number of a semaphore in its set.
    case index(Int)

    public var number: Int {
        switch self {
        case .offset(let number), .index(let number): number
        }
    }

    public var offset: Int? {
        if case .offset(let offset) = self { offset } else { nil }
    }

    public var index: Int? {
        if case .index(let index) = self { index } else { nil }
    }
}

/// Who changed something under a managed segment's lock.
public struct LastHolder: Sendable, Equatable {
    public let owner: OwnerReport
    /// The number of the last operation, and when it was.
    public let sequence: UInt64
    public let at: WallTime

    public init(owner: OwnerReport, sequence: UInt64, at: WallTime) {
        self.owner = owner
        self.sequence = sequence
        self.at = at
    }
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
    /// As the observer numbers it where it was found; otherwise as the lock's words have it.
    public let tid: Int
    /// The thread's name; where it cannot be asked, the one that the participant gave itself.
    public let command: String?
    public let alive: Liveness
    public let threadState: ThreadState
    /// nil where the owner died, or was looked at, before it wrote down when it took the lock. Good to the
    /// resolution of the coarse clock, a few milliseconds.
    public var heldForMilliseconds: Int?
    /// nil where it is awake, or that could not be seen.
    public var sleepsIn: SleepPlace?

    public init(
        pid: Int?, tid: Int, command: String?, alive: Liveness, threadState: ThreadState, heldForMilliseconds: Int?,
        sleepsIn: SleepPlace? = nil
    ) {
        self.pid = pid
        self.tid = tid
        self.command = command
        self.alive = alive
        self.threadState = threadState
        self.heldForMilliseconds = heldForMilliseconds
        self.sleepsIn = sleepsIn
    }

    /// What it does: `running`, `sleeping in read of pipe:[4711]`.
    public var doing: String { threadState.rawValue + (sleepsIn.map { " in \($0.words)" } ?? "") }

    /// nil where it does not live, or is not known as this host numbers it.
    public var thread: WaitGraph.Thread? {
        guard alive == .alive, let pid = pid.flatMap({ Int32(exactly: $0) }), let tid = Int32(exactly: tid) else { return nil }
        return WaitGraph.Thread(pid: pid, tid: tid)
    }

    /// As people know it: `pgm (4711)`, `thread 4712` where no more of it is known.
    public var words: String { thread.map { ThreadName(thread: $0, command: command).words } ?? "thread \(tid)" }
}

/// A thread that waits.
public struct WaiterReport: Sendable, Equatable {
    public let pid: Int
    /// As that of ``LockOwnerReport``.
    public let tid: Int
    /// As that of ``LockOwnerReport``.
    public let command: String?
    public let threadState: ThreadState
    /// At least so long: since the same sleep was seen first. As a participant tells it, to the resolution of the coarse
    /// clock, a few milliseconds.
    public let waitingForMilliseconds: Int?
    /// Whether it gives up at some time; nil where that is not known.
    public let timed: Bool?
    /// Whether a change elsewhere would wake it as well.
    public var isOneOfSeveral = false

    public init(
        pid: Int, tid: Int, command: String?, threadState: ThreadState, waitingForMilliseconds: Int?, timed: Bool? = nil
    ) {
        self.pid = pid
        self.tid = tid
        self.command = command
        self.threadState = threadState
        self.waitingForMilliseconds = waitingForMilliseconds
        self.timed = timed
    }

    /// nil where its numbers are none of this host's.
    public var thread: WaitGraph.Thread? {
        guard let pid = Int32(exactly: pid), let tid = Int32(exactly: tid) else { return nil }
        return WaitGraph.Thread(pid: pid, tid: tid)
    }
}

/// The locks of a segment.
public struct LocksReport: Sendable, Equatable {
    public let locks: [LockReport]

    public init(locks: [LockReport]) { self.locks = locks }
}
