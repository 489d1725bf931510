public import Observations

/// What may go wrong with an object though nothing has yet, each with its evidence. Pure: whoever looks at the host says
/// what there is.
public struct Hazards: Sendable {
    /// What is known of an object.
    public struct Facts: Sendable {
        public var kind: SegmentKind
        public var sizeBytes: Int
        public var residentBytes: Int
        public var mode: UInt32
        public var uid: UInt32
        /// Whether it has no name any more, or of a System V segment: is to go with its last attachment.
        public var isDeleted = false
        /// Whether its names are those of the observer's own mount and IPC namespace, and its users those of its accounts.
        public var isOwnNamespace = true
        /// Of a System V segment.
        public var attachCount = 0
        public var mappers: [Mapper] = []
        public var holders: [Holder] = []
        /// The effective users of those processes, where they are known.
        public var users: [Int32: UInt32] = [:]
        /// Of a memfd; nil where they are not known.
        public var seals: Seals?

        public init(kind: SegmentKind, sizeBytes: Int, residentBytes: Int, mode: UInt32, uid: UInt32) {
            self.kind = kind
            self.sizeBytes = sizeBytes
            self.residentBytes = residentBytes
            self.mode = mode
            self.uid = uid
        }
    }

    public let pageBytes: Int
    /// The accounts of the observer's own files; empty where there are none.
    public let accounts: Accounts
    /// Whether the login manager removes what a user leaves behind.
    public let removesIPC: Bool

    public init(pageBytes: Int, accounts: Accounts, removesIPC: Bool) {
        self.pageBytes = pageBytes
        self.accounts = accounts
        self.removesIPC = removesIPC
    }

    /// O(mappings).
    public func findings(of object: Facts) -> [Finding] {
        var found: [Finding] = []
        if let finding = pastEnd(object) { found.append(finding) }
        if let finding = shrinkable(object) { found.append(finding) }
        if let finding = worldWritable(object) { found.append(finding) }
        if let finding = ownerGone(object) { found.append(finding) }
        if let finding = held(object) { found.append(finding) }
        if let finding = leaving(object) { found.append(finding) }
        return found
    }

    /// A mapping that is longer than the object: the next touch behind its end is SIGBUS.
    private func pastEnd(_ object: Facts) -> Finding? {
        guard object.kind != .sysv, object.kind != .sysvSemaphore else { return nil }
        let pages = object.sizeBytes / pageBytes + (object.sizeBytes % pageBytes > 0 ? 1 : 0)
        let (end, overflow) = pages.multipliedReportingOverflow(by: pageBytes)
        let inMemory = UInt64(overflow ? .max : end)
        var pids: [Int32] = []
        var most: UInt64 = 0
        for mapper in object.mappers {
            for range in mapper.ranges {
                let (last, overflow) = range.offset.addingReportingOverflow(range.end - range.start)
                guard !overflow, last > inMemory else { continue }
                most = max(most, last - inMemory)
                if pids.last != mapper.pid { pids.append(mapper.pid) }
            }
        }
        guard !pids.isEmpty else { return nil }
        // A program may map ahead of a file that it lets grow.
        return Finding(
            code: "mappedPastEnd", severity: object.kind == .file ? .info : .warning,
            message: "\(Self.processes(pids)) up to \(most) bytes behind the end of \(object.sizeBytes) bytes: a touch there is SIGBUS",
            offset: object.sizeBytes)
    }

    /// Somebody else can cut it short under who maps it.
    private func shrinkable(_ object: Facts) -> Finding? {
        guard object.mappers.count > 1, object.kind == .memfd || object.kind == .posix, object.seals?.contains(.shrink) != true else { return nil }
        // Without seals of its own a memfd's are not known; what has a name has none.
        if object.kind == .memfd, object.seals == nil { return nil }
        let mapping = Set(object.mappers.compactMap { object.users[$0.pid] })
        let writing = Set(
            object.mappers.filter { $0.ranges.contains { $0.access.contains([.write, .shared]) } }
                .compactMap { object.users[$0.pid] })
        guard mapping.count > 1, let other = writing.first(where: { writer in mapping.contains { $0 != writer } }) else {
            return nil
        }
        let who = accounts.userNames[other]?.text ?? "uid \(other)"
        return Finding(
            code: "shrinkable", severity: .warning,
            message: "\(who) writes it and nothing keeps it from being cut short: a touch behind the new end is SIGBUS for the others who map it"
        )
    }

    private func worldWritable(_ object: Facts) -> Finding? {
        guard object.mode & 0o002 != 0, !object.isDeleted else { return nil }
        switch object.kind {
        case .posix, .semaphore, .sysv, .sysvSemaphore: break
        // A memfd's mode is 0777 and nobody can open it by a name; of files their folders decide.
        case .memfd, .anonymous, .file: return nil
        }
        return Finding(
            code: "worldWritable", severity: .warning, message: "every user of this host may write it, or remove what is in it")
    }

    private func ownerGone(_ object: Facts) -> Finding? {
        guard object.isOwnNamespace, !accounts.userNames.isEmpty, accounts.userNames[object.uid] == nil else { return nil }
        return Finding(
            code: "ownerUnknown", severity: .info,
            message: "its owner, uid \(object.uid), has no account in /etc/passwd")
    }

    private func held(_ object: Facts) -> Finding? {
        guard object.isDeleted, object.residentBytes > 0 else { return nil }
        let pids = Set(object.mappers.map(\.pid) + object.holders.map(\.pid)).sorted()
        let who = pids.isEmpty ? "somebody" : Self.named(pids)
        return Finding(
            code: "deletedHeld", severity: .warning,
            message: "\(object.residentBytes) bytes are held under no name, until \(who) let\(pids.count == 1 ? "s" : "") go of it")
    }

    private func leaving(_ object: Facts) -> Finding? {
        // It leaves System V segments that somebody has attached (systemd, shared/clean-ipc.c).
        guard removesIPC, object.isOwnNamespace, !object.isDeleted, object.kind.isIPC, object.attachCount == 0,
            Self.isPerson(object.uid)
        else { return nil }
        return Finding(
            code: "removedAtLogout", severity: .info,
            message: "the login manager removes it when the last session of its owner ends (RemoveIPC in logind.conf)")
    }

    /// Whom logind takes for a person: not root, no system account, not nobody.
    private static func isPerson(_ uid: UInt32) -> Bool { uid >= 1_000 && uid != 65_534 && uid != .max }

    private static let pidsNamed = 3

    private static func named(_ pids: [Int32]) -> String {
        let first = pids.prefix(pidsNamed).map { "\($0)" }.joined(separator: ", ")
        let rest = pids.count - pidsNamed
        return (pids.count == 1 ? "process " : "processes ") + first + (rest > 0 ? " and \(rest) others" : "")
    }

    private static func processes(_ pids: [Int32]) -> String { named(pids) + (pids.count == 1 ? " maps it" : " map it") }
}

extension SegmentKind {
    /// What the login manager counts as inter-process communication.
    fileprivate var isIPC: Bool {
        switch self {
        case .posix, .semaphore, .sysv, .sysvSemaphore: true
        case .memfd, .anonymous, .file: false
        }
    }
}
