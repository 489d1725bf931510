/// A process that has an object open.
public struct Holder: Hashable, Sendable {
    public let pid: Int32
    /// The thread whose files in `/proc` show them: another than the first where that has ended.
    public let tid: Int32
    /// One of its descriptors of the object, the lowest.
    public let number: Int32
    /// How many descriptors of the object it has.
    public var count: Int

    @inlinable
    public init(pid: Int32, tid: Int32? = nil, number: Int32, count: Int = 1) {
        self.pid = pid
        self.tid = tid ?? pid
        self.number = number
        self.count = count
    }
}

/// A shared object that at least one process has open.
public struct HeldObject: Hashable, Sendable {
    public let key: ObjectKey
    public let kind: ObjectKind
    /// As the link of the first descriptor has it, without the kernel's ` (deleted)`.
    public let name: ByteString
    /// Whether it had no name any more when it was seen.
    public let isDeleted: Bool
    /// What it was when it was seen first in the scan; nil where nobody was asked for it anew.
    public var file: FileFacts?
    /// In the order of their pids.
    public var holders: [Holder]

    @inlinable
    public init(
        key: ObjectKey, kind: ObjectKind, name: ByteString, isDeleted: Bool, file: FileFacts?, holders: [Holder]
    ) {
        self.key = key
        self.kind = kind
        self.name = name
        self.isDeleted = isDeleted
        self.file = file
        self.holders = holders
    }

    /// Descriptors of all processes together.
    public var openCount: Int { holders.reduce(0) { $0 + $1.count } }
}

/// Who has what open, from one pass over all processes' descriptors.
///
/// It is not the picture of one instant: processes were visited one after the other.
public struct HolderScan: Sendable {
    public var objects = ObjectTable<HeldObject>()
    /// How many processes were read.
    public var processCount = 0
    /// How many of them would not be read, for want of a right.
    public var refusedCount = 0
    /// The inode numbers of open files whose file system is not known: each may be of any object with that number.
    public var unplacedInodes: Set<UInt64> = []
    /// What the scan did not see, with what would show it.
    public var hidden: [Hidden] = []

    public init() {}
}
