public import Diagnostics
public import Kernel
public import Observations

/// One shared object of the host, with everything that the scans told of it.
public struct HostObject: Sendable {
    public let id: SegmentIdentifier
    /// As people know it: without the folder, `sem.`, or what the kernel puts before the name of a memfd.
    public let name: ByteString
    /// nil of what is no file: semaphore sets, System V segments that nobody has attached.
    public var key: ObjectKey?
    /// What the object is; nil where it could not be looked at.
    public var file: FileFacts?
    /// In the order of their pids.
    public var mappers: [Mapper] = []
    /// In the order of their pids.
    public var holders: [Holder] = []
    private var table: SystemVEntry?
    /// A process that sees the object under its name, where this process does not: of another mount namespace.
    public var neighbour: Int32?
    /// Whether its file system is made of others: ``ObjectPlace/mayLead(to:_:isStacked:)``.
    public var isStacked = false
    /// Whether it has no name any more.
    public var isDeleted = false

    /// What the kernel's tables say of it, which few objects are in: a place of its own keeps the others small, of which
    /// there may be thousands.
    private indirect enum SystemVEntry: Sendable {
        case segment(SystemVSegment)
        case semaphores(SystemVSemaphoreSet)
    }

    public var systemV: SystemVSegment? {
        get { if case .segment(let segment) = table { segment } else { nil } }
        set { table = newValue.map { .segment($0) } }
    }

    public var semaphores: SystemVSemaphoreSet? {
        get { if case .semaphores(let set) = table { set } else { nil } }
        set { table = newValue.map { .semaphores($0) } }
    }

    init(id: SegmentIdentifier, name: ByteString, key: ObjectKey? = nil) {
        self.id = id
        self.name = name
        self.key = key
    }

    /// Whether nothing but its mappings is known of it.
    var isUnseen: Bool { file == nil && table == nil }

    /// Whether it can be opened by a descriptor.
    var isFile: Bool { table == nil }

    /// Whether the observer's own folder shows it, under its name.
    var isOfOwnFolder: Bool { id.kind == .posix && id.namespace == nil && !isDeleted }

    /// Descriptors that processes have of it, all together.
    public var openCount: Int { holders.reduce(0) { $0 + $1.count } }

    /// The highest offset that a mapping shows, which is all that is known of the size of what cannot be looked at.
    var mappedBytes: Int {
        mappers.reduce(0) { most, mapper in
            mapper.ranges.reduce(most) { most, range in
                let (end, overflow) = range.offset.addingReportingOverflow(range.end - range.start)
                return max(most, overflow ? .max : Int(clamping: end))
            }
        }
    }

    /// Where it may be opened, in the order in which that is tried: a name needs the least rights, an entry of
    /// map_files the most.
    public var places: [ObjectPlace] {
        let open = holders.prefix(Self.placesMax).map { ObjectPlace.descriptor(pid: $0.tid, number: $0.number) }
        let mapped = mappers.prefix(Self.placesMax).compactMap { mapper in
            mapper.ranges.first.map { ObjectPlace.mapping(pid: mapper.tid, start: $0.start, end: $0.end) }
        }
        switch id.object {
        case .posix(let name) where isNamedHere: return [.sharedFile(name)]
        case .semaphore(let name) where isNamedHere: return [.sharedFile(SharedFile.semaphorePrefix + name)]
        case .file where !isDeleted: return open + [.path(name)] + mapped
        default: return open + mapped
        }
    }

    /// Whether a folder is known in which its name means it.
    private var isNamedHere: Bool { id.namespace == nil || neighbour != nil }

    /// Processes of each sort that are asked to open an object: where one refuses, others of the same user do too.
    private static let placesMax = 4
}

extension ByteString {
    static func + (left: ByteString, right: ByteString) -> ByteString { ByteString(left.bytes + right.bytes) }

    /// Without `prefix`, where it begins with that.
    func dropping(_ prefix: ByteString) -> ByteString {
        hasPrefix(prefix) ? ByteString(Array(bytes.dropFirst(prefix.bytes.count))) : self
    }
}
