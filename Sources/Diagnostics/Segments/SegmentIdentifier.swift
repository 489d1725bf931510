public import Observations

/// What kind of shared object a segment is; the raw value is the API's `kind`.
public enum SegmentKind: String, Sendable, Hashable, CaseIterable {
    /// A file below /dev/shm, which is what shm_open(3) makes.
    case posix
    /// A POSIX named semaphore.
    case semaphore
    /// A System V segment.
    case sysv
    /// A System V semaphore set.
    case sysvSemaphore
    case memfd
    /// MAP_SHARED | MAP_ANONYMOUS.
    case anonymous
    /// Any other file that is mapped shared.
    case file

    public init(_ kind: ObjectKind) {
        switch kind {
        case .posix: self = .posix
        case .semaphore: self = .semaphore
        case .sysv: self = .sysv
        case .memfd: self = .memfd
        case .anonymous: self = .anonymous
        case .file: self = .file
        }
    }
}

/// What names a segment on this host, and in a URL.
///
/// The text form, and reading it, belong to the encodings.
public struct SegmentIdentifier: Sendable, Hashable {
    public enum Object: Sendable, Hashable {
        /// A file below /dev/shm, without a leading slash.
        case posix(ByteString)
        /// A named semaphore, without the `sem.` of its file.
        case semaphore(ByteString)
        /// A System V segment by its shmid.
        case sysv(Int32)
        /// A System V semaphore set by its semid.
        case sysvSemaphore(Int32)
        case memfd(inode: UInt64)
        case anonymous(inode: UInt64)
        case file(device: DeviceNumber, inode: UInt64)
        /// An object of /dev/shm that has no name any more.
        case deleted(device: DeviceNumber, inode: UInt64)
    }

    public let object: Object
    /// The inode number of the mount or IPC namespace where the name means this object; nil for the server's own,
    /// and for objects that are the same in each.
    public let namespace: UInt64?

    public init(_ object: Object, namespace: UInt64? = nil) {
        self.object = object
        self.namespace = object.isNamedPerNamespace ? namespace : nil
    }

    /// - Parameter name: without a leading slash.
    public static func posix(_ name: ByteString) -> SegmentIdentifier { SegmentIdentifier(.posix(name)) }

    public var kind: SegmentKind {
        switch object {
        case .posix, .deleted: .posix
        case .semaphore: .semaphore
        case .sysv: .sysv
        case .sysvSemaphore: .sysvSemaphore
        case .memfd: .memfd
        case .anonymous: .anonymous
        case .file: .file
        }
    }
}

extension SegmentIdentifier.Object {
    /// Whether another namespace may give the same name to another object: names of a mounted tmpfs, numbers of an
    /// IPC namespace. Inode numbers belong to one device, and a device to the whole host.
    public var isNamedPerNamespace: Bool {
        switch self {
        case .posix, .semaphore, .sysv, .sysvSemaphore: true
        case .memfd, .anonymous, .file, .deleted: false
        }
    }
}

extension SegmentIdentifier: Comparable {
    /// By kind, then by name or number, then by namespace, this server's first.
    public static func < (left: SegmentIdentifier, right: SegmentIdentifier) -> Bool {
        // As the parts of `order` are, without making them: a host's thousands are compared again and again.
        let (first, second) = (left.rank, right.rank)
        guard first == second else { return first < second }
        switch (left.object, right.object) {
        case (.posix(let one), .posix(let other)), (.semaphore(let one), .semaphore(let other)):
            return one == other ? precedes(left.namespace, right.namespace) : one < other
        case (.sysv(let one), .sysv(let other)), (.sysvSemaphore(let one), .sysvSemaphore(let other)):
            return one == other ? precedes(left.namespace, right.namespace) : one < other
        case (.memfd(let one), .memfd(let other)), (.anonymous(let one), .anonymous(let other)):
            return Int(truncatingIfNeeded: one) < Int(truncatingIfNeeded: other)
        case (.file(let device, let inode), .file(let otherDevice, let otherInode)),
            (.deleted(let device, let inode), .deleted(let otherDevice, let otherInode)):
            return (device.major, device.minor, Int(truncatingIfNeeded: inode))
                < (otherDevice.major, otherDevice.minor, Int(truncatingIfNeeded: otherInode))
        default: return false
        }
    }

    private static func precedes(_ left: UInt64?, _ right: UInt64?) -> Bool {
        guard let right else { return false }
        return left.map { Int(truncatingIfNeeded: $0) < Int(truncatingIfNeeded: right) } ?? true
    }

    private var rank: Int {
        switch object {
        case .posix: 0
        case .semaphore: 1
        case .sysv: 2
        case .sysvSemaphore: 3
        case .memfd: 4
        case .anonymous: 5
        case .file: 6
        case .deleted: 7
        }
    }

    /// The parts that order identifiers, one that is unlike for each identifier.
    var order: [Cursor.Part] {
        let namespace: [Cursor.Part] = namespace.map { [.number(Int(truncatingIfNeeded: $0))] } ?? []
        return switch object {
        case .posix(let name): [.number(0), .bytes(name.bytes)] + namespace
        case .semaphore(let name): [.number(1), .bytes(name.bytes)] + namespace
        case .sysv(let id): [.number(2), .number(Int(id))] + namespace
        case .sysvSemaphore(let id): [.number(3), .number(Int(id))] + namespace
        case .memfd(let inode): [.number(4), .number(Int(truncatingIfNeeded: inode))]
        case .anonymous(let inode): [.number(5), .number(Int(truncatingIfNeeded: inode))]
        case .file(let device, let inode): [.number(6)] + Self.parts(device, inode)
        case .deleted(let device, let inode): [.number(7)] + Self.parts(device, inode)
        }
    }

    private static func parts(_ device: DeviceNumber, _ inode: UInt64) -> [Cursor.Part] {
        [.number(Int(device.major)), .number(Int(device.minor)), .number(Int(truncatingIfNeeded: inode))]
    }
}

extension Cursor.Part {
    /// Numbers before bytes.
    static func isOrdered(_ left: Cursor.Part, _ right: Cursor.Part) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left < right
        case (.bytes(let left), .bytes(let right)): left.lexicographicallyPrecedes(right)
        case (.number, .bytes): true
        case (.bytes, .number): false
        }
    }
}
