public import Observations
public import SegmentFormat

/// A segment as a list shows it: anyone's.
public struct SegmentSummary: Sendable, Equatable {
    public var id: SegmentIdentifier
    public var kind: SegmentKind
    /// As the kernel has it; need not be UTF-8.
    public var name: ByteString
    /// Whether its header says that it is one of ours.
    public var managed: Bool
    /// Whether it has no name any more and lives only as long as somebody has it mapped or open.
    public var deleted: Bool
    /// Of a System V segment what was asked of shmget(2); of a semaphore set 0.
    public var sizeBytes: Int
    public var residentBytes: Int
    /// nil where it is not known.
    public var swappedBytes: Int?
    /// Permission bits; others are left out.
    public var mode: UInt32
    public var uid: UInt32
    public var gid: UInt32
    /// The name of ``uid``, if it has one here.
    public var user: String?
    public var group: String?
    /// Processes that map it; nil where that cannot be known.
    public var mapperCount: Int?
    /// `shm_nattch` of a System V segment, which counts mappings and sees other pid namespaces too.
    public var attachCount: Int?
    /// Descriptors of it that processes have, all together; nil where that cannot be known.
    public var openCount: Int?
    /// Who made a System V segment, and who attached or detached it last.
    public var creatorPID: Int32?
    public var lastPID: Int32?
    /// Of a memfd; nil where they are not known.
    public var seals: Seals?
    public var inode: UInt64?
    public var device: DeviceNumber?
    public var createdAt: WallTime?
    /// The last change to the object's own facts or, of a System V segment, by IPC_SET.
    public var changedAt: WallTime?
    /// Nobody has it mapped, as far as can be seen, and nobody will clean it up.
    public var orphaned: Bool
    /// When it was first seen so; nil where it is not.
    public var orphanedSince: WallTime?
    /// When somebody attached a System V segment last, and detached from it last.
    public var attachedAt: WallTime?
    public var detachedAt: WallTime?
    /// The pattern of a known program's names that the name fits: ``NameFamily/pattern``.
    public var family: String?
    public var findings: [Finding]

    /// What every segment has; the rest is set afterwards where it is known.
    public init(
        id: SegmentIdentifier, name: ByteString, sizeBytes: Int, residentBytes: Int, mode: UInt32, uid: UInt32,
        gid: UInt32
    ) {
        self.id = id
        kind = id.kind
        self.name = name
        self.sizeBytes = sizeBytes
        self.residentBytes = residentBytes
        self.mode = mode
        self.uid = uid
        self.gid = gid
        managed = false
        if case .deleted = id.object { deleted = true } else { deleted = false }
        orphaned = false
        family = NameFamily.of(name: name, kind: id.kind)?.pattern
        findings = []
    }
}

/// One segment in full. What a managed one has beside its summary is nil where it is not ours, or cannot be read;
/// a finding says why.
public struct SegmentDetail: Sendable, Equatable {
    public var summary: SegmentSummary
    public var header: HeaderReport?
    public var lock: LockReport?
    public var heap: HeapReport?
    /// Slots that are taken, `external` not counted.
    public var participantCount: Int?
    /// The ranges of the server's own mapping that differ from read-write and unlocked, by offset.
    public var protection: [ProtectionReport]?

    public init(
        summary: SegmentSummary, header: HeaderReport? = nil, lock: LockReport? = nil, heap: HeapReport? = nil,
        participantCount: Int? = nil, protection: [ProtectionReport]? = nil
    ) {
        self.summary = summary
        self.header = header
        self.lock = lock
        self.heap = heap
        self.participantCount = participantCount
        self.protection = protection
    }
}

/// What a managed segment says of itself.
public struct HeaderReport: Sendable, Equatable {
    /// Who made it, in the creator's own pid namespace.
    public struct Creator: Sendable, Equatable {
        public let pid: Int
        public let uid: UInt32
        public let name: String
    }

    /// In the form of RFC 9562: groups of 8, 4, 4, 4 and 12 digits.
    public let uuid: String
    public let formatVersion: UInt32
    /// `x86_64`, `aarch64`, `riscv64`, or `elf-N` by the machine's number in an ELF header.
    public let architecture: String
    /// The C library that made the lock: `glibc 2.36`, `musl`, `other`.
    public let libc: String
    public let createdAt: WallTime
    public let creator: Creator
    public let counter: UInt64
    /// As the segment has it; need not be UTF-8.
    public let text: ByteString
    public let flag: UInt64
    /// Damage was found: changes are refused, reading goes on.
    public let damaged: Bool

    public init(identity: SegmentIdentity, state: SegmentState) {
        uuid = Self.uuidText(identity.uuid)
        formatVersion = identity.formatVersion
        architecture = Self.architectureName(identity.architecture)
        libc = Self.libcName(identity.libc, version: identity.libcVersion)
        createdAt = WallTime(clampingNanoseconds: identity.createdAtNanoseconds)
        creator = Creator(
            pid: Int(identity.creatorPid), uid: identity.creatorUid, name: identity.creatorName)
        counter = state.counter
        text = ByteString(state.text)
        flag = state.flag
        damaged = state.damaged
    }

    package static func uuidText(_ bytes: [UInt8]) -> String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            if byte < 16 { text += "0" }
            text += String(byte, radix: 16)
        }
        return text
    }

    /// The machine's name in uname(2), by its number in an ELF header.
    public static func architectureName(_ machine: UInt32) -> String {
        switch machine {
        case 62: "x86_64"
        case 183: "aarch64"
        case 243: "riscv64"
        default: "elf-\(machine)"
        }
    }

    /// - Parameter version: major * 1000 + minor.
    public static func libcName(_ libc: UInt32, version: UInt32) -> String {
        let name = SegmentLibc(rawValue: libc) ?? .other
        guard version > 0 else { return name.rawName }
        return "\(name.rawName) \(version / 1000).\(version % 1000)"
    }
}
