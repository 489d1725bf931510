import Diagnostics
import Kernel
import Observations
import Parallel
import SegmentFormat
import SystemPackage

/// Which objects are managed segments.
///
/// An object is opened and its beginning read when it is new, or was changed as far as its times tell, and again now and
/// then: a store through a mapping need not move them.
struct ManagedLook {
    enum Sight: Sendable {
        indirect case segment(FileFacts, Finding?)
        case other
        case refused(String)
    }

    private struct Known: Sendable {
        /// nil where it could not be looked at.
        let version: Version?
        let sight: Sight
        let seals: Seals?
        /// CLOCK_MONOTONIC.
        let lookedAt: Int64

        /// Whether it is taken to be so still.
        func serves(_ object: HostObject, at now: Int64) -> Bool {
            guard let version, let file = object.file else { return false }
            return version == Version(file) && now - lookedAt < ManagedLook.servesNanoseconds
        }
    }

    /// What of an object's facts moves where it is written, as far as that shows.
    private struct Version: Sendable, Equatable {
        let sizeBytes: Int
        let allocatedBytes: Int
        let modifiedAt: WallTime
        let changedAt: WallTime

        init(_ file: FileFacts) {
            sizeBytes = file.sizeBytes
            allocatedBytes = file.allocatedBytes
            modifiedAt = file.modifiedAt
            changedAt = file.changedAt
        }
    }

    /// What was seen is taken to be so still for so long.
    private static let servesNanoseconds: Int64 = 5_000_000_000

    private(set) var managed: [ObjectKey: FileFacts] = [:]
    private(set) var broken: [ObjectKey: Finding] = [:]
    private(set) var seals: [ObjectKey: Seals] = [:]
    private var refused: [String: Int] = [:]
    private var known: [ObjectKey: Known] = [:]

    init() {}

    /// A look at the objects of an inventory. What the look before it found serves on where nothing changed.
    ///
    /// Only what has a descriptor to be handed on can be a segment: POSIX objects, and memfds.
    init(_ objects: [HostObject], _ sources: HostSources, after before: ManagedLook) {
        let now = Clocks.monotonicNanoseconds()
        var news: [HostObject] = []
        known.reserveCapacity(objects.count)
        for object in objects where object.id.kind == .posix || object.id.kind == .memfd {
            guard let key = object.key else { continue }
            // Sealing a memfd moves none of its times.
            if object.id.kind == .posix, let last = before.known[key], last.serves(object, at: now) {
                add(last, key)
            } else {
                news.append(object)
            }
        }
        let folder = sources.folder.keptOpen()
        let found = inParallel(news, grain: Self.objectsOfPart) { part in
            part.map { object in
                let (sight, seals) = Self.look(at: object, sources, folder)
                return Known(version: object.file.map(Version.init), sight: sight, seals: seals, lookedAt: now)
            }
        }
        for (object, found) in zip(news, found) {
            if let key = object.key { add(found, key) }
        }
    }

    /// A look takes some microseconds.
    private static let objectsOfPart = 64

    private mutating func add(_ found: Known, _ key: ObjectKey) {
        known[key] = found
        if let found = found.seals { seals[key] = found }
        switch found.sight {
        case .segment(let file, let finding):
            managed[key] = file
            if let finding { broken[key] = finding }
        case .refused(let needs): refused[needs, default: 0] += 1
        case .other: break
        }
    }

    private static func look(at object: HostObject, _ sources: HostSources, _ folder: SharedFolder) -> (Sight, Seals?) {
        // The magic alone takes eight bytes.
        if object.id.kind == .posix, let file = object.file, file.sizeBytes < 8 { return (.other, nil) }
        do throws(KernelError) {
            if object.isOfOwnFolder, let beginning = folder.beginning(of: object.name, bytesMax: 8),
                !SegmentIdentity.hasMagic(Image(bytes: beginning))
            {
                return (.other, nil)
            }
            let source = try sources.open(object)
            // A look at all there is leaves no trace on any.
            guard source.leavesAccessTime else { return (.refused("CAP_FOWNER"), source.seals()) }
            return (sight(source), object.id.kind == .memfd ? source.seals() : nil)
        } catch {
            return (error.errno == .permissionDenied || error.errno == .notPermitted ? .refused(error.needs ?? "its owner's rights") : .other, nil)
        }
    }

    /// What an object begins as.
    private static func sight(_ source: DescriptorSource) -> Sight {
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

    /// Objects that could not be opened: whether they are managed is not known.
    var hidden: [Hidden] {
        refused.sorted { $0.key < $1.key }.map {
            Hidden(what: "contents of objects, and so whether they are managed", count: $0.value, needs: $0.key)
        }
    }
}
