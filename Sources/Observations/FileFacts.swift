/// A time of the real-time clock, which people set.
@frozen
public struct WallTime: Hashable, Sendable, Comparable {
    /// Since the beginning of 1970, UTC.
    public let nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable
    public static func < (left: WallTime, right: WallTime) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// What statx(2) says of a file. Sizes are in bytes.
public struct FileFacts: Hashable, Sendable {
    public let device: DeviceNumber
    public let inode: UInt64
    /// The size that the file pretends to; on a tmpfs, what it promises.
    public let sizeBytes: Int
    /// What the file system keeps for it, in memory or swap where that is a tmpfs.
    public let allocatedBytes: Int
    /// Type and permission bits, as `st_mode` has them.
    public let mode: UInt32
    public let uid: UInt32
    public let gid: UInt32
    /// How many names it has; 0 once it is deleted.
    public let linkCount: UInt32
    /// The last write through a call, or the *first* store to a page through a mapping: later ones do not show.
    public let modifiedAt: WallTime
    /// The last change to the file's own facts.
    public let changedAt: WallTime
    /// When it was made, where the file system keeps that.
    public let createdAt: WallTime?

    public init(
        device: DeviceNumber, inode: UInt64, sizeBytes: Int, allocatedBytes: Int, mode: UInt32, uid: UInt32,
        gid: UInt32, linkCount: UInt32, modifiedAt: WallTime, changedAt: WallTime, createdAt: WallTime?
    ) {
        self.device = device
        self.inode = inode
        self.sizeBytes = sizeBytes
        self.allocatedBytes = allocatedBytes
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.linkCount = linkCount
        self.modifiedAt = modifiedAt
        self.changedAt = changedAt
        self.createdAt = createdAt
    }

    /// Whether it is a regular file, as all shared memory is.
    public var isRegular: Bool { mode & 0o170000 == 0o100000 }

    /// The permission bits with set-user-id, set-group-id and sticky.
    public var permissions: UInt32 { mode & 0o7777 }

    /// The file's key among mapped objects, for a file that has or had a name.
    public var key: ObjectKey { ObjectKey(space: .files, device: device, inode: inode) }
}

/// A regular file of the shared-memory folder.
public struct SharedFile: Hashable, Sendable {
    /// Below the folder, without a leading slash: `NAME`, or `FOLDER/NAME`, which shm_open(3) cannot open but
    /// which fills the same tmpfs.
    public let name: ByteString
    public let file: FileFacts

    public init(name: ByteString, file: FileFacts) {
        self.name = name
        self.file = file
    }

    /// How sem_open(3) names its files.
    public static let semaphorePrefix: ByteString = "sem."

    /// Whether the name is that of a POSIX named semaphore; ``kind`` says the same.
    public var isSemaphore: Bool { name.hasPrefix(Self.semaphorePrefix) && !name.bytes.contains(UInt8(ascii: "/")) }

    public var kind: ObjectKind { isSemaphore ? .semaphore : .posix }
}

/// What stands in the shared-memory folder.
public struct SharedFileInventory: Sendable {
    /// In the order of their names.
    public var files = BoundedList<SharedFile>()
    /// Entries that are not regular files, nor folders that were visited: links, sockets, pipes.
    public var otherCount = 0
    /// Folders that were not looked into: below a folder, or beyond the limit.
    public var unvisitedFolderCount = 0
    /// Folders and files that the system would not show.
    public var unreadableCount = 0
    /// False where there were so many entries that not even counting them came to its end.
    public var isCounted = true
    /// What is missing above, with what would show it.
    public var hidden: [Hidden] = []

    public init() {}
}

/// How full a file system is, in bytes.
public struct FileSystemUsage: Hashable, Sendable {
    /// 0 where a tmpfs has no limit.
    public let sizeBytes: Int
    public let usedBytes: Int
    /// What who is not privileged can still take.
    public let availableBytes: Int

    public init(sizeBytes: Int, usedBytes: Int, availableBytes: Int) {
        self.sizeBytes = sizeBytes
        self.usedBytes = usedBytes
        self.availableBytes = availableBytes
    }
}

/// A mounted file system, from `/proc/self/mountinfo`.
public struct Mount: Hashable, Sendable {
    /// Its number, as `/proc/PID/fdinfo` has it of files that were opened through it; 0 where it was not read.
    public var id: UInt64 = 0
    public let device: DeviceNumber
    /// Where it is mounted. Of two mounts at one path, the later one hides the earlier.
    public let path: ByteString
    /// `tmpfs`.
    public let type: ByteString
    /// The file system's own options: `rw,size=65536k`.
    public let options: ByteString

    public init(device: DeviceNumber, path: ByteString, type: ByteString, options: ByteString) {
        self.device = device
        self.path = path
        self.type = type
        self.options = options
    }
}
