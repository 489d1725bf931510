public import Observations

/// What names a thread, as far as the words of a segment tell.
public struct ThreadKey: Sendable, Hashable {
    public let tid: UInt32
    /// 0 where it is not known.
    public let pid: UInt32
    /// The inode number of the namespace that both numbers belong to; 0 where it is not known.
    public let pidNamespace: UInt64
    /// When the process started, in clock ticks since boot, so that another with its number is told apart; 0 where
    /// it is not known.
    public let startTime: UInt64

    public init(tid: UInt32, pid: UInt32, pidNamespace: UInt64, startTime: UInt64) {
        self.tid = tid
        self.pid = pid
        self.pidNamespace = pidNamespace
        self.startTime = startTime
    }
}

/// What the kernel says of a thread now.
public struct ThreadFacts: Sendable, Equatable {
    /// `dead` too where its numbers belong to another by now.
    public let liveness: Liveness
    /// The process; nil where the thread is gone.
    public let pid: Int?
    public let command: ByteString?
    public let state: ThreadState
    /// Whether its process maps the object; nil where that is not known.
    public let mapsObject: Bool?
    /// nil where it is awake, or that could not be seen.
    public let sleepsIn: SleepPlace?

    public init(
        liveness: Liveness, pid: Int?, command: ByteString?, state: ThreadState, mapsObject: Bool?, sleepsIn: SleepPlace? = nil
    ) {
        self.liveness = liveness
        self.pid = pid
        self.command = command
        self.state = state
        self.mapsObject = mapsObject
        self.sleepsIn = sleepsIn
    }

    /// Of a thread that could not be asked.
    public static let unknown = ThreadFacts(
        liveness: .unknown, pid: nil, command: nil, state: .unknown, mapsObject: nil)
    /// Of a thread that is not there any more.
    public static let gone = ThreadFacts(liveness: .dead, pid: nil, command: nil, state: .dead, mapsObject: nil)
}
