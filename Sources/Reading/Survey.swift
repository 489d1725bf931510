public import Diagnostics
public import Glibc
public import Kernel
public import Observations
import Parallel
import SegmentFormat
import Synchronization
import SystemPackage

/// Where a survey looks: the real system, or folders that a test made up.
public struct HostSources: Sendable {
    public var proc: ProcFS
    public var folder: SharedFolder
    public var accounts: AccountFiles
    public var loginManager: LoginManager
    public var nodes = MemoryNodes()
    /// The user who looks.
    public var uid: UInt32

    public init(
        proc: ProcFS = ProcFS(), folder: SharedFolder = SharedFolder(), accounts: AccountFiles = AccountFiles(),
        loginManager: LoginManager = LoginManager(), uid: UInt32 = geteuid()
    ) {
        self.proc = proc
        self.folder = folder
        self.accounts = accounts
        self.loginManager = loginManager
        self.uid = uid
    }
}

/// One look at the host: what shared memory there is, who maps it and who has it open.
///
/// Not the picture of one instant: folders and processes were visited one after the other, from ``takenAt`` on.
public struct Survey: Sendable {
    /// When the look began: everything in it is at least as new.
    public let takenAt: ClockReading
    public let inventory: Inventory
    public let accounts: Accounts
    /// Objects that begin with the magic of a managed segment, and what they were when they were looked at.
    public let managed: [ObjectKey: FileFacts]
    /// Why some of those cannot be read as a segment.
    public let broken: [ObjectKey: Finding]
    /// The user who looked.
    public let uid: UInt32
    /// Bytes in memory of files that are on no tmpfs, where what a file system keeps tells nothing of that.
    let residency: [FileIdentity: Int]
    /// Seals of memfds.
    let seals: [ObjectKey: Seals]
    let hazards: Hazards
    /// Who the processes act as that share an object with another.
    let users: [Int32: UInt32]
    /// Whether the mappings, and the descriptors, of all processes were seen.
    let seesAllMappings: Bool
    let seesAllDescriptors: Bool
    /// Processes whose mappings were not shown.
    let closedCount: Int
    /// What is said of objects that nobody uses: of those that the kernel counts users of, and of others.
    let orphanCounted = Survey.orphan("nobody has it attached, by the kernel's own count")
    let orphanSeen: Finding
    /// Of objects that two looks found to be used by nobody: when the first did.
    let unusedSince: [UnusedObject: WallTime]
    /// The folders of shared memory, the observer's own first.
    let folders: [HostScan.Folder]
    /// Whether nothing of the host's memory is written out to swap.
    let isWithoutSwap: Bool
    /// What was not seen, and what would show it.
    public let hidden: [Hidden]
    /// The names of users and groups, as they are shown.
    let userTexts: [UInt32: String]
    let groupTexts: [UInt32: String]
    /// The list of all objects, in the order of their ids.
    public private(set) var entries: [SegmentEntry] = []

    init(_ parts: SurveyParts) {
        takenAt = parts.takenAt
        inventory = parts.inventory
        accounts = parts.accounts
        userTexts = parts.accounts.userNames.mapValues(\.text)
        groupTexts = parts.accounts.groupNames.mapValues(\.text)
        managed = parts.look.managed
        broken = parts.look.broken
        seals = parts.look.seals
        hazards = Hazards(pageBytes: parts.pageBytes, accounts: parts.accounts, removesIPC: parts.removesIPC)
        uid = parts.uid
        residency = parts.residency
        users = parts.users
        seesAllMappings = parts.scan.seesAllMappings
        seesAllDescriptors = parts.scan.seesAllDescriptors
        closedCount = parts.scan.uses.mappers.hidden.reduce(0) { $0 + $1.count }
        orphanSeen = Survey.orphan(
            "no process maps it shared or has it open, as two looks one after the other found"
                + (closedCount == 0 ? "" : " (\(closedCount) would not be looked into, whatever the rights)")
                + "; a descriptor on its way through a socket, or of a thread with a table of its own, is not seen")
        unusedSince = parts.unusedSince
        folders = parts.scan.folders
        isWithoutSwap = parts.isWithoutSwap
        hidden = parts.hidden
        let all = self
        entries = inParallel(inventory.objects, grain: Self.entriesOfPart) { part in part.map { all.entry($0) } }
    }
}

extension Survey {
    /// An entry takes two microseconds.
    private static let entriesOfPart = 256
}

/// What a survey is made of.
struct SurveyParts {
    let takenAt: ClockReading
    let scan: HostScan
    let inventory: Inventory
    let look: ManagedLook
    let residency: [FileIdentity: Int]
    let users: [Int32: UInt32]
    let unusedSince: [UnusedObject: WallTime]
    let accounts: Accounts
    let removesIPC: Bool
    let pageBytes: Int
    let isWithoutSwap: Bool
    let uid: UInt32
    let hidden: [Hidden]
}

/// Looks at the host, once for all who ask at the same time.
///
/// Safe to use from any thread.
public final class Surveyor: Sendable {
    /// How old an answer may be that was not asked to be fresh.
    public static let ageMaxNanoseconds: Int64 = 1_000_000_000

    private struct State {
        var last: Survey?
        var look = ManagedLook()
        /// What the last scan left.
        var memory: ScanMemory?
        /// Objects that nobody used when they were looked at last, and when that was first seen.
        var unused: [UnusedObject: WallTime] = [:]
    }

    private let sources: HostSources
    private let state = Mutex(State())

    public init(sources: HostSources = HostSources()) { self.sources = sources }

    /// The newest survey, or a new one where that is too old.
    ///
    /// Whoever waits here waits for a scan that serves them too: the lock is held while one thread scans, and what it
    /// finds is newer than their question.
    ///
    /// - Parameter fresh: nothing that was begun before now will do.
    public func survey(fresh: Bool = false) throws(KernelError) -> Survey {
        let asked = Clocks.monotonicNanoseconds()
        let oldest = fresh ? asked : asked - Self.ageMaxNanoseconds
        let result: Result<Survey, KernelError> = state.withLock { state in
            if let last = state.last, last.takenAt.monotonicNanoseconds >= oldest { return .success(last) }
            let before = state
            let found = Result { () throws(KernelError) in try scan(before) }
            guard case .success(let (survey, after)) = found else { return found.map(\.survey) }
            state = after
            return .success(survey)
        }
        return try result.get()
    }

    /// Drops what is known, so that the next answer shows what this process has just changed.
    public func forget() { state.withLock { $0.last = nil } }

    private func scan(_ before: State) throws(KernelError) -> (survey: Survey, after: State) {
        let takenAt = Clocks.reading()
        let scan = try sources.scan(after: before.memory)
        let inventory = Inventory(scan) { sources.facts(of: $0, scan.local) }
        let unused = try unused(inventory, scan, since: takenAt.realTime, before.unused)
        let look = ManagedLook(inventory.objects, sources, after: before.look)
        let residency = sources.residency(inventory, scan.local)
        let unreadCount = inventory.objects.count { $0.id.kind == .file } - residency.count
        let unread = Hidden(
            what: "bytes in memory of mapped files, shown as 0", count: unreadCount,
            needs: "the rights to open them, on file systems that are sure to answer")
        let parts = SurveyParts(
            takenAt: takenAt, scan: scan, inventory: inventory, look: look, residency: residency,
            users: sources.users(inventory, scan, before.last?.users ?? [:]), unusedSince: unused.sure,
            accounts: sources.loadAccounts(),
            removesIPC: sources.loginManager.removesIPC(), pageBytes: sysconf(Int32(_SC_PAGESIZE)),
            isWithoutSwap: (try? sources.proc.usesSwap()) == false,
            uid: sources.uid, hidden: scan.hidden(inventory) + look.hidden + (unreadCount > 0 ? [unread] : []))
        let survey = Survey(parts)
        return (survey, State(last: survey, look: look, memory: ScanMemory(scan), unused: unused.remembered))
    }

    /// Objects that nobody uses, each with when that was seen first; and what the next look is told of those, which may be
    /// more.
    ///
    /// Processes come, go and hand on between a look at one and a look at the next: that nobody uses an object is said where
    /// two looks found it so, the second right after the first; and from then on while each look finds it so.
    private func unused(
        _ inventory: Inventory, _ scan: HostScan, since now: WallTime, _ before: [UnusedObject: WallTime]
    ) throws(KernelError) -> (sure: [UnusedObject: WallTime], remembered: [UnusedObject: WallTime]) {
        let unused = UnusedObject.all(of: inventory, scan, since: now, before)
        guard unused.keys.contains(where: { !$0.isCounted && before[$0] == nil }) else { return (unused, unused) }
        guard let later = try sources.lookAgain(after: scan) else {
            // Somebody would not be seen. That is no use of any: what is known of them stays known.
            return (unused.filter(\.key.isCounted), unused.filter { before[$0.key] != nil || $0.key.isCounted })
        }
        let sure = unused.filter { unused in unused.key.fileKey.map { !later.mayUse($0) } ?? true }
        return (sure, sure)
    }
}
