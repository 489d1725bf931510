/// How often a thread was put on a processor, and for how long it was there in all.
public struct Turns: Sendable, Hashable {
    public let nanoseconds: UInt64
    public let count: UInt64

    public init(nanoseconds: UInt64, count: UInt64) {
        self.nanoseconds = nanoseconds
        self.count = count
    }
}

/// One sleep of one thread: while a thread has the same turns, it has not been awake.
public struct Sleep: Sendable, Hashable {
    public let tid: Int32
    /// With the id, this names a thread for good.
    public let startTicks: UInt64
    public let turns: Turns

    public init(tid: Int32, startTicks: UInt64, turns: Turns) {
        self.tid = tid
        self.startTicks = startTicks
        self.turns = turns
    }
}

/// A thread that slept in a call when it was looked at.
public struct BlockedThread: Sendable, Hashable {
    public let pid: Int32
    public let command: ByteString
    public let state: ThreadState
    public let call: BlockedCall
    public let sleep: Sleep

    public var tid: Int32 { sleep.tid }

    public init(pid: Int32, command: ByteString, state: ThreadState, call: BlockedCall, sleep: Sleep) {
        self.pid = pid
        self.command = command
        self.state = state
        self.call = call
        self.sleep = sleep
    }
}

/// The threads of a process, as a look at what they wait for found them.
public struct ProcessThreads: Sendable, Hashable {
    /// Those that live, ascending.
    public var tids: [Int32] = []
    /// Those that were awake, or asleep in no call: in the middle of whatever.
    public var unsettledCount = 0
    /// Those of which it could not be told what they do.
    public var unseenCount = 0

    public init() {}
}

/// What a thread says of the robust mutexes that it holds: an entry of its list, or what it is about to take or give back.
public struct RobustEntry: Sendable, Hashable {
    public let pid: Int32
    public let tid: Int32
    public let object: ObjectKey
    /// Of the word that names the owner, which is the mutex' first.
    public let offset: Int
    /// Whether the thread has it, or was about to take it or give it back.
    public let isHeld: Bool

    public init(pid: Int32, tid: Int32, object: ObjectKey, offset: Int, isHeld: Bool) {
        self.pid = pid
        self.tid = tid
        self.object = object
        self.offset = offset
        self.isHeld = isHeld
    }
}

/// A thread that waits for a word of a shared object.
public struct WordWait: Sendable, Hashable {
    public let thread: BlockedThread
    public let object: ObjectKey
    /// Of the word, from the object's first byte.
    public let offset: Int
    /// What the word was expected to be.
    public let value: UInt32
    /// Whether the kernel is to hand a lock over.
    public let takesLock: Bool
    /// Whether it gives up at some time.
    public let isTimed: Bool
    /// Whether a change of another word would wake it as well.
    public let isOneOfSeveral: Bool

    public init(
        thread: BlockedThread, object: ObjectKey, offset: Int, value: UInt32, takesLock: Bool, isTimed: Bool,
        isOneOfSeveral: Bool
    ) {
        self.thread = thread
        self.object = object
        self.offset = offset
        self.value = value
        self.takesLock = takesLock
        self.isTimed = isTimed
        self.isOneOfSeveral = isOneOfSeveral
    }
}

/// A thread that waits in semop(2).
public struct SemaphoreWait: Sendable, Hashable {
    public let thread: BlockedThread
    public let set: Int32
    /// What it asked for, in the order in which the kernel tries it; empty where that could not be read.
    public let operations: [SemaphoreOperation]
    public let isTimed: Bool

    public init(thread: BlockedThread, set: Int32, operations: [SemaphoreOperation], isTimed: Bool) {
        self.thread = thread
        self.set = set
        self.operations = operations
        self.isTimed = isTimed
    }
}

/// `struct sembuf` of semop(2).
public struct SemaphoreOperation: Sendable, Hashable {
    public let index: Int
    /// What is added; 0 waits for the value to be 0.
    public let change: Int

    public init(index: Int, change: Int) {
        self.index = index
        self.change = change
    }
}

/// Who waits for what in shared memory, and who says to hold what, from one pass over threads.
public struct WaitScan: Sendable {
    public var words: [WordWait] = []
    public var semaphores: [SemaphoreWait] = []
    public var robust: [RobustEntry] = []
    /// Threads that sleep for ever, each on a word of its own memory: so glibc leaves one to which the kernel refused a mutex that
    /// inherits priority, for it would have closed a circle, or its owner is gone (nptl/pthread_mutex_lock.c).
    public var stuck: [BlockedThread] = []
    public var processes: [Int32: ProcessThreads] = [:]
    /// Threads that were looked at.
    public var threadCount = 0
    /// What was not seen, with what would show it.
    public var hidden: [Hidden] = []

    public init() {}

    /// Which process each thread is of.
    public var processOfThreads: [Int32: Int32] {
        var found: [Int32: Int32] = [:]
        found.reserveCapacity(threadCount)
        for (pid, threads) in processes { for tid in threads.tids { found[tid] = pid } }
        return found
    }
}
