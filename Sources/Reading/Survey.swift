public import Glibc
public import Kernel
public import Observations
import SegmentFormat
import Synchronization
import SystemPackage

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
    /// Why some of those cannot be read as a segment.
    public let broken: [ObjectKey: Finding]
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
        var look = ManagedLook()
        for file in inventory.files.elements { look.note(file.file.key, segment(.sharedFile(file.name), file.file)) }
        for (key, object) in mappers.objects where object.kind == .memfd {
            let found = sources.places(ofMapped: object).lazy.map { self.segment($0, nil) }
            look.note(key, found.first { if case .segment = $0 { true } else { false } } ?? .other)
        }
        return Survey(
            begunAt: begunAt, takenAt: Clocks.reading(), inventory: inventory, mappers: mappers,
            accounts: sources.accounts.load(), usage: try? sources.folder.usage(), managed: look.managed,
            broken: look.broken, uid: sources.uid, hidden: inventory.hidden + mappers.hidden + look.hidden)
    }

    /// What an object begins as.
    private func segment(_ place: ObjectPlace, _ file: FileFacts?) -> ManagedLook.Sight {
        // The magic alone takes eight bytes.
        if let file, file.sizeBytes < 8 { return .other }
        let source: DescriptorSource
        do throws(KernelError) {
            source = try DescriptorSource.open(
                place, in: sources.proc, sources.folder, expecting: file.map { FileIdentity($0) })
        } catch {
            return error.errno == .permissionDenied ? .refused(error.needs ?? "its owner's rights") : .other
        }
        guard let bytes = try? source.read(at: 0, count: 256), SegmentIdentity.hasMagic(Image(bytes: bytes)) else {
            return .other
        }
        do throws(FormatError) {
            _ = try SegmentIdentity(image: Image(bytes: bytes), objectBytes: source.file.sizeBytes)
            return .segment(source.file, nil)
        } catch {
            return .segment(
                source.file, Finding(code: "undecodable", severity: .error, message: error.description))
        }
    }
}

/// Which objects are managed segments.
private struct ManagedLook {
    enum Sight {
        case segment(FileFacts, Finding?)
        case other
        case refused(String)
    }

    var managed: [ObjectKey: FileFacts] = [:]
    var broken: [ObjectKey: Finding] = [:]
    private var refused: [String: Int] = [:]

    mutating func note(_ key: ObjectKey, _ sight: Sight) {
        switch sight {
        case .segment(let file, let finding):
            managed[key] = file
            broken[key] = finding
        case .refused(let needs): refused[needs, default: 0] += 1
        case .other: break
        }
    }

    /// Objects that could not be opened: whether they are managed is not known.
    var hidden: [Hidden] {
        refused.sorted { $0.key < $1.key }.map {
            Hidden(what: "contents of objects, and so whether they are managed", count: $0.value, needs: $0.key)
        }
    }
}
