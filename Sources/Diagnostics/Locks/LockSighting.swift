public import ForeignFormats
public import Observations

/// What was seen of something that threads wait on or hold, before it is judged.
public struct LockSighting: Sendable {
    /// What its bytes say.
    public enum Subject: Sendable, Equatable {
        case glibc(WaitedObject.Kind)
        case ofSet(SystemVSemaphore)
        /// Of nothing that is known here; nil where it could not be read.
        case word(UInt32?)
    }

    /// Who the words name, as the kernel knows it.
    public enum Owner: Sendable, Equatable {
        /// They name nobody.
        case none
        /// Threads of processes that map the object. More than one where numbers of several pid namespaces meet.
        case found([LockOwnerReport])
        /// A living thread whose process does not map the object.
        case notMapping(LockOwnerReport)
        /// No such thread is there any more.
        case gone(tid: UInt32)
        /// It may be of a process that could not be seen.
        case unknown(tid: UInt32)
    }

    /// A thread that sleeps on it.
    public struct Waiter: Sendable, Equatable {
        public let thread: BlockedThread
        /// Where the word stands that it sleeps on, from the object's first byte; nil in a set of semaphores.
        public let word: Int?
        public let isTimed: Bool
        /// Whether a change elsewhere would wake it as well.
        public let isOneOfSeveral: Bool
        /// Since this sleep was seen first.
        public let waitingForMilliseconds: Int

        public init(thread: BlockedThread, word: Int?, isTimed: Bool, isOneOfSeveral: Bool, waitingForMilliseconds: Int) {
            self.thread = thread
            self.word = word
            self.isTimed = isTimed
            self.isOneOfSeveral = isOneOfSeveral
            self.waitingForMilliseconds = waitingForMilliseconds
        }
    }

    public let place: LockPlace
    public let subject: Subject
    public var owner: Owner = .none
    /// Whether the owner sleeps for ever: ``WaitScan/stuck``.
    public var isOwnerStuck = false
    public var waiters: [Waiter] = []
    /// Threads that list it among the robust mutexes that they have.
    public var listedBy: Set<Int32> = []
    public var evidence: [LockReport.Evidence]
    public var caveats: [String] = []
    public var label: String?

    public init(place: LockPlace, subject: Subject, evidence: [LockReport.Evidence]) {
        self.place = place
        self.subject = subject
        self.evidence = evidence
    }
}

/// The threads of all processes that map an object.
public struct MapperThreads: Sendable, Equatable {
    public var tids: Set<Int32> = []
    /// Those that may be anywhere in their programs: awake, or asleep in no call.
    public var unsettledCount = 0
    /// Whether all that map it were seen, and each of their threads.
    public var isWhole = true

    public init() {}

    public mutating func add(_ threads: ProcessThreads) {
        tids.formUnion(threads.tids)
        unsettledCount += threads.unsettledCount
        if threads.unseenCount > 0 { isWhole = false }
    }
}

extension LockSighting {
    /// The thread that the words name; nil where they name none.
    public var ownerTid: UInt32? {
        guard case .glibc(let kind) = subject else { return nil }
        switch kind {
        case .mutex(let mutex):
            guard case .held(let tid) = mutex.state else { return nil }
            return tid
        case .readWriteLock(let lock):
            guard case .written(let tid) = lock.state else { return nil }
            return tid
        case .condition, .semaphore, .barrier: return nil
        }
    }
}
