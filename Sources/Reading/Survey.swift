public import Glibc
public import Kernel
public import Observations
import SegmentFormat
import Synchronization

/// Where a survey looks: the real system, or folders that a test made up.
public struct HostSources: Sendable {
    public var proc: ProcFS
    public var folder: SharedFolder
    public var accounts: AccountFiles
    /// The user who looks.
    public var uid: UInt32

    public init(
        proc: ProcFS = ProcFS(), folder: SharedFolder = SharedFolder(), accounts: AccountFiles = AccountFiles(),
        uid: UInt32 = geteuid()
    ) {
        self.proc = proc
        self.folder = folder
        self.accounts = accounts
        self.uid = uid
    }
}

extension HostSources {
    /// Where an object that has no name may be opened: what its mappers have open, and their mappings, which takes
    /// another right.
    func places(ofMapped object: MappedObject) -> [ObjectPlace] {
        var limits = ProcFS.SearchLimits()
        limits.processes = 0
        let identity = FileIdentity(device: object.key.device, inode: object.key.inode)
        let search = try? proc.findMemfd(identity, lookingFirstIn: object.mappers.map(\.pid), limits: limits)
        let mappings = object.mappers.compactMap { mapper in
            mapper.ranges.first.map { ObjectPlace.mapping(pid: mapper.pid, start: $0.start, end: $0.end) }
        }
        return (search?.place.map { [$0] } ?? []) + mappings.prefix(4)
    }
}

/// One look at the host: what shared memory there is and who maps it.
///
/// Not the picture of one instant: folder and processes were visited one after the other, between ``begunAt`` and
/// ``takenAt``.
public struct Survey: Sendable {
    /// CLOCK_MONOTONIC nanoseconds when the look began: everything in it is at least as new.
    public let begunAt: Int64
    public let takenAt: ClockReading
    public let inventory: SharedFileInventory
    public let mappers: MapperScan
    public let accounts: Accounts
    /// nil where the folder of shared memory is not there.
    public let usage: FileSystemUsage?
    /// Objects that begin with the magic of a managed segment, and what they were when they were looked at.
    public let managed: [ObjectKey: FileFacts]
    /// The user who looked.
    public let uid: UInt32
    /// What was not seen, and what would show it.
    public let hidden: [Hidden]
}

/// Looks at the host, once for all who ask at the same time.
///
/// Safe to use from any thread.
public final class Surveyor: Sendable {
    /// How old an answer may be that was not asked to be fresh.
    public static let ageMaxNanoseconds: Int64 = 1_000_000_000

    private let sources: HostSources
    private let last = Mutex<Survey?>(nil)

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
        let result: Result<Survey, KernelError> = last.withLock { last in
            if let last, last.begunAt >= oldest { return .success(last) }
            let found = Result { () throws(KernelError) in try scan() }
            if case .success(let survey) = found { last = survey }
            return found
        }
        return try result.get()
    }

    /// Drops what is known, so that the next answer shows what this process has just changed.
    public func forget() { last.withLock { $0 = nil } }

    private func scan() throws(KernelError) -> Survey {
        let begunAt = Clocks.monotonicNanoseconds()
        let inventory = try sources.folder.inventory()
        let mappers = try sources.proc.mapperScan()
        var managed: [ObjectKey: FileFacts] = [:]
        for file in inventory.files.elements {
            if let facts = segment(.sharedFile(file.name), file.file) { managed[file.file.key] = facts }
        }
        for (key, object) in mappers.objects where object.kind == .memfd {
            managed[key] = sources.places(ofMapped: object).lazy.compactMap { self.segment($0, nil) }.first
        }
        return Survey(
            begunAt: begunAt, takenAt: Clocks.reading(), inventory: inventory, mappers: mappers,
            accounts: sources.accounts.load(), usage: try? sources.folder.usage(), managed: managed,
            uid: sources.uid, hidden: inventory.hidden + mappers.hidden)
    }

    /// What an object is, where it begins as a managed segment does; else nil.
    private func segment(_ place: ObjectPlace, _ file: FileFacts?) -> FileFacts? {
        // The smallest segment is larger than its header.
        if let file, file.sizeBytes < 8192 { return nil }
        let expected = file.map { FileIdentity($0) }
        guard let source = try? DescriptorSource.open(place, in: sources.proc, sources.folder, expecting: expected),
            let bytes = try? source.read(at: 0, count: 8), SegmentIdentity.hasMagic(Image(bytes: bytes))
        else { return nil }
        return source.file
    }
}
