/// What a thread is doing, as the scheduler sees it.
public enum ThreadState: String, Sendable, Hashable, CaseIterable {
    /// On a processor or ready for one (`R`).
    case running
    /// Waiting, and a signal would wake it (`S`); an idle or parked thread of the kernel (`I`, `P`).
    case sleeping
    /// Waiting for a device or a page, deaf to signals (`D`).
    case waiting
    /// Stopped by SIGSTOP or its like (`T`).
    case stopped
    /// Stopped by a debugger (`t`).
    case traced
    /// Ended, not yet waited for by its parent (`Z`).
    case zombie
    /// Ended (`X`, `x`), or no longer there to be asked.
    case dead
    /// It could not be asked, or answered with a letter that is not known here.
    case unknown

    /// The state that a letter of `/proc/PID/stat` stands for; proc_pid_stat(5), field 3.
    public init(letter: UInt8) {
        switch letter {
        case UInt8(ascii: "R"): self = .running
        case UInt8(ascii: "S"), UInt8(ascii: "I"), UInt8(ascii: "P"): self = .sleeping
        case UInt8(ascii: "D"): self = .waiting
        case UInt8(ascii: "T"): self = .stopped
        case UInt8(ascii: "t"): self = .traced
        case UInt8(ascii: "Z"): self = .zombie
        case UInt8(ascii: "X"), UInt8(ascii: "x"): self = .dead
        default: self = .unknown
        }
    }
}

/// Whether a process that was seen before is still that process.
public enum Liveness: String, Sendable, Hashable {
    case alive
    /// Ended, a zombie, or its pid belongs to another process by now.
    case dead
    /// The system would not say: the process is hidden, or lives in a pid namespace that cannot be seen from here.
    case unknown
}

/// One thread or process as `/proc/PID/stat` and `/proc/PID/task/TID/stat` tell it.
public struct TaskFacts: Sendable, Hashable {
    /// The thread's id, or the process's, in the pid namespace of the `/proc` that was read.
    public let id: Int32
    /// The name that it runs under, at most 15 bytes for a thread of a program. Any bytes, also `)` and newline.
    public let command: ByteString
    public let state: ThreadState
    /// The parent *process*; 0 where it lies outside the pid namespace.
    public let parentPID: Int32
    /// How many threads the process has.
    public let threadCount: Int
    /// When it started, in clock ticks since boot (``HostFacts/ticksPerSecond``). With the id, this names a
    /// process for good: an id is used again, but not in the same tick.
    public let startTicks: UInt64
    /// The size of its address space, in bytes; 0 where there is none, or it was not asked for.
    public var virtualBytes = 0

    public init(
        id: Int32, command: ByteString, state: ThreadState, parentPID: Int32, threadCount: Int, startTicks: UInt64
    ) {
        self.id = id
        self.command = command
        self.state = state
        self.parentPID = parentPID
        self.threadCount = threadCount
        self.startTicks = startTicks
    }

    /// Whether the process has ended, though its entry is still there.
    ///
    /// A first thread that ended by `pthread_exit` shows as a zombie while others of its process run on.
    public var hasEnded: Bool { state == .dead || (state == .zombie && threadCount <= 1) }
}

/// What `/proc/PID/status` adds to ``TaskFacts``. Fields that the kernel leaves out are nil or empty.
public struct ProcessStatus: Sendable, Hashable {
    /// The name, with the kernel's escapes (`\n`, `\\`) undone.
    public var command = ByteString([])
    /// The process that a thread is of: its own id where it is the first.
    public var threadGroup: Int32?
    /// Real, effective, saved and file-system user.
    public var uids: [UInt32] = []
    /// Real, effective, saved and file-system group.
    public var gids: [UInt32] = []
    /// The process's id in each pid namespace, from that of the `/proc` that was read to its own, the last.
    public var namespacePIDs: [Int32] = []
    /// Memory locked into RAM (`VmLck`), in bytes; nil for a thread of the kernel.
    public var lockedBytes: Int?

    public init() {}
}

/// The arguments that a process was started with, which it may have overwritten since.
public struct ProcessCommandLine: Sendable, Hashable {
    /// Empty for threads of the kernel and zombies.
    public let arguments: [ByteString]
    /// Whether there was more than was read.
    public let isTruncated: Bool

    public init(arguments: [ByteString], isTruncated: Bool) {
        self.arguments = arguments
        self.isTruncated = isTruncated
    }
}

/// A kind of namespace, by its name under `/proc/PID/ns`.
public enum NamespaceKind: String, Sendable, Hashable, CaseIterable {
    case pid, ipc, mnt, user
}
