/// The device that a file lives on.
@frozen
public struct DeviceNumber: Hashable, Sendable {
    public let major: UInt32
    public let minor: UInt32

    @inlinable
    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }
}

/// What kind of shared object a mapping's name tells of.
public enum ObjectKind: String, Sendable, Hashable, CaseIterable {
    /// A file below `/dev/shm`, which is what shm_open(3) makes.
    case posix
    /// A named semaphore, `/dev/shm/sem.NAME`; sem_overview(7).
    case semaphore
    /// A System V segment: `/SYSVxxxxxxxx`, the key in hex.
    case sysv
    /// `/memfd:NAME`.
    case memfd
    /// `MAP_SHARED | MAP_ANONYMOUS`: `/dev/zero`, `/anon_hugepage`, `[anon_shmem:NAME]`.
    case anonymous
    /// Any other file.
    case file
}

/// Which counter a shared object's inode number comes from.
///
/// Device and inode number alone do not name an object: the inode number of a System V segment is its id,
/// while memfds and anonymous memory take theirs from a counter on the *same* device.
@frozen
public enum InodeSpace: UInt8, Hashable, Sendable {
    /// Files with a name, on whatever mount.
    case files
    /// System V segments; the inode number is the shmid, of which each IPC namespace has its own.
    case sysv
    /// memfds and anonymous memory.
    case unnamed
}

/// What names a shared object on this host.
@frozen
public struct ObjectKey: Hashable, Sendable {
    public let space: InodeSpace
    public let device: DeviceNumber
    public let inode: UInt64
    /// Of a System V segment the inode number of its IPC namespace, where that is not the observer's own; else 0.
    public let namespace: UInt64

    @inlinable
    public init(space: InodeSpace, device: DeviceNumber, inode: UInt64, namespace: UInt64 = 0) {
        self.space = space
        self.device = device
        self.inode = inode
        self.namespace = namespace
    }

    /// Inode numbers tell objects of one device apart, and namespaces segments of one number: the space is left to the
    /// comparison of those few that have the same.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(inode)
        hasher.combine(UInt64(device.major) << 32 | UInt64(device.minor))
        if namespace != 0 { hasher.combine(namespace) }
    }
}

extension ObjectKind {
    @inlinable
    public var space: InodeSpace {
        switch self {
        case .posix, .semaphore, .file: .files
        case .sysv: .sysv
        case .memfd, .anonymous: .unnamed
        }
    }
}

/// What a mapping allows, as maps writes it: `"rw-s"`.
@frozen
public struct MappingAccess: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let read = MappingAccess(rawValue: 1)
    public static let write = MappingAccess(rawValue: 2)
    public static let execute = MappingAccess(rawValue: 4)
    /// Stores reach the object; without it they stay the process's own.
    public static let shared = MappingAccess(rawValue: 8)
}

extension MappingAccess: CustomStringConvertible {
    public var description: String {
        (contains(.read) ? "r" : "-") + (contains(.write) ? "w" : "-") + (contains(.execute) ? "x" : "-")
            + (contains(.shared) ? "s" : "p")
    }
}

/// One stretch of a process's addresses and what of an object it shows.
@frozen
public struct MappedRange: Hashable, Sendable {
    /// The first address.
    public let start: UInt64
    /// The address after the last; above `start`.
    public let end: UInt64
    /// Where in the object the range begins, in bytes. May lie past the object's end.
    public let offset: UInt64
    public let access: MappingAccess

    @inlinable
    public init(start: UInt64, end: UInt64, offset: UInt64, access: MappingAccess) {
        self.start = start
        self.end = end
        self.offset = offset
        self.access = access
    }

    @inlinable
    public func contains(_ address: UInt64) -> Bool { start <= address && address < end }
}

/// One line of `/proc/PID/maps`.
public struct Mapping: Hashable, Sendable {
    public let range: MappedRange
    public let device: DeviceNumber
    /// 0 means no object only where `name` is empty as well: the System V segment 0 has it too.
    public let inode: UInt64
    /// The object's path with newlines restored, without the kernel's ` (deleted)`; `[heap]` and its like; or
    /// empty. A newline and a literal `\012` in a name look alike in maps: trust device and inode.
    public let name: ByteString
    /// Whether maps said that the name is gone. Also true of a file that its maker gave a name only after
    /// opening it (`O_TMPFILE`), so ask the file for its links where that matters.
    public let isDeleted: Bool
    /// What the name tells; nil where no object is behind the range.
    public let kind: ObjectKind?

    @inlinable
    public init(
        range: MappedRange, device: DeviceNumber, inode: UInt64, name: ByteString, isDeleted: Bool, kind: ObjectKind?
    ) {
        self.range = range
        self.device = device
        self.inode = inode
        self.name = name
        self.isDeleted = isDeleted
        self.kind = kind
    }
}

/// A process that maps an object, and where.
public struct Mapper: Hashable, Sendable {
    public let pid: Int32
    /// The thread whose files in `/proc` show them: another than the first where that has ended.
    public let tid: Int32
    /// In address order, at least one.
    public var ranges: [MappedRange]

    @inlinable
    public init(pid: Int32, tid: Int32? = nil, ranges: [MappedRange]) {
        self.pid = pid
        self.tid = tid ?? pid
        self.ranges = ranges
    }
}

/// A shared object that at least one process maps.
public struct MappedObject: Hashable, Sendable {
    public let key: ObjectKey
    /// The best that any mapper's name tells: a path below `/dev/shm` counts for more than another path, under
    /// which the same file may show in another mount namespace.
    public var kind: ObjectKind
    /// The name that told ``kind``; among those of one kind, one that is not deleted.
    public var name: ByteString
    /// Whether every mapper's name is deleted.
    public var isDeleted: Bool
    /// Whether the name is.
    public var isNameDeleted: Bool
    /// In the order of their pids.
    public var mappers: [Mapper]

    @inlinable
    public init(key: ObjectKey, kind: ObjectKind, name: ByteString, isDeleted: Bool, mappers: [Mapper]) {
        self.key = key
        self.kind = kind
        self.name = name
        self.isDeleted = isDeleted
        isNameDeleted = isDeleted
        self.mappers = mappers
    }
}

/// A process whose mappings could not be seen.
public struct UnreadableProcess: Hashable, Sendable {
    public let pid: Int32
    /// The system's error number: EACCES where a right is missing.
    public let errorNumber: Int32

    public init(pid: Int32, errorNumber: Int32) {
        self.pid = pid
        self.errorNumber = errorNumber
    }
}

/// Who maps what, from one pass over all processes.
///
/// It is not the picture of one instant: processes were visited one after the other.
public struct MapperScan: Sendable {
    public var objects = ObjectTable<MappedObject>()
    /// All processes there were, ascending, whether they could be read or not.
    public var pids: [Int32] = []
    /// How many processes were read.
    public var processCount = 0
    /// How many ended between being listed and being read.
    public var vanishedCount = 0
    /// Those that could not be read, by name up to a limit and counted beyond it.
    public var unreadable = BoundedList<UnreadableProcess>()
    /// Processes beyond the scan's limit, not looked at.
    public var omittedProcessCount = 0
    /// Shared mappings beyond the scan's limit, seen and not kept.
    public var omittedMappingCount = 0
    /// Processes with more text in maps than the scan reads of one; what lies beyond was not seen.
    public var truncatedCount = 0
    /// Lines that are not as proc_pid_maps(5) has them.
    public var malformedLineCount = 0
    /// What the scan did not see, with what would show it.
    public var hidden: [Hidden] = []

    public init() {}
}
