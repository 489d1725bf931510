/// A System V segment, as `/proc/sysvipc/shm` has it.
public struct SystemVSegment: Sendable, Hashable {
    public let id: Int32
    /// What programs find it by; 0 (IPC_PRIVATE) where none is to.
    public let key: Int32
    /// Permission bits.
    public let permissions: UInt32
    /// Whether it goes with its last attachment (IPC_RMID was called).
    public let isRemoved: Bool
    /// What was asked of shmget(2), not rounded to pages.
    public let sizeBytes: Int
    public let residentBytes: Int
    public let swappedBytes: Int
    /// Who made it, in the pid namespace of `/proc`; 0 where that is none of it.
    public let creatorPID: Int32
    /// Who attached or detached last; 0 where nobody did, or in the same case.
    public let lastPID: Int32
    /// Attachments there are, of all processes: one may have several.
    public let attachCount: Int
    public let uid: UInt32
    public let gid: UInt32
    public let creatorUID: UInt32
    public let creatorGID: UInt32
    /// The last attachment, the last detachment; nil where there was none. To a second.
    public let attachedAt: WallTime?
    public let detachedAt: WallTime?
    /// When it was made, or changed by IPC_SET. To a second.
    public let changedAt: WallTime

    public init(
        id: Int32, key: Int32, permissions: UInt32, isRemoved: Bool, sizeBytes: Int, residentBytes: Int,
        swappedBytes: Int, creatorPID: Int32, lastPID: Int32, attachCount: Int, uid: UInt32, gid: UInt32,
        creatorUID: UInt32, creatorGID: UInt32, attachedAt: WallTime?, detachedAt: WallTime?, changedAt: WallTime
    ) {
        self.id = id
        self.key = key
        self.permissions = permissions
        self.isRemoved = isRemoved
        self.sizeBytes = sizeBytes
        self.residentBytes = residentBytes
        self.swappedBytes = swappedBytes
        self.creatorPID = creatorPID
        self.lastPID = lastPID
        self.attachCount = attachCount
        self.uid = uid
        self.gid = gid
        self.creatorUID = creatorUID
        self.creatorGID = creatorGID
        self.attachedAt = attachedAt
        self.detachedAt = detachedAt
        self.changedAt = changedAt
    }
}

/// A set of System V semaphores, as `/proc/sysvipc/sem` has it.
public struct SystemVSemaphoreSet: Sendable, Hashable {
    public let id: Int32
    public let key: Int32
    public let permissions: UInt32
    /// How many semaphores it has.
    public let count: Int
    public let uid: UInt32
    public let gid: UInt32
    /// The last semop(2); nil where there was none. To a second.
    public let operatedAt: WallTime?
    public let changedAt: WallTime

    public init(
        id: Int32, key: Int32, permissions: UInt32, count: Int, uid: UInt32, gid: UInt32, operatedAt: WallTime?,
        changedAt: WallTime
    ) {
        self.id = id
        self.key = key
        self.permissions = permissions
        self.count = count
        self.uid = uid
        self.gid = gid
        self.operatedAt = operatedAt
        self.changedAt = changedAt
    }
}

/// One semaphore of a set, as semctl(2) tells it.
public struct SystemVSemaphore: Sendable, Hashable {
    public let index: Int
    public let value: Int
    /// The last process that changed it; nil where none did, or it cannot be seen from here.
    public let lastPID: Int32?
    /// Threads that wait for it to rise, and for it to be 0, by the kernel's own count.
    public let raisingCount: Int
    public let zeroCount: Int

    public init(index: Int, value: Int, lastPID: Int32?, raisingCount: Int, zeroCount: Int) {
        self.index = index
        self.value = value
        self.lastPID = lastPID
        self.raisingCount = raisingCount
        self.zeroCount = zeroCount
    }
}

/// What an IPC namespace has: the reader's own, since the kernel shows no other.
public struct SystemVInventory: Sendable {
    public var segments = BoundedList<SystemVSegment>()
    public var semaphoreSets = BoundedList<SystemVSemaphoreSet>()
    /// What is missing above, with what would show it.
    public var hidden: [Hidden] = []

    public init() {}
}
