import Diagnostics
import Kernel
import Observations
import SegmentFormat
import SystemPackage

/// Which objects are managed segments.
///
/// An object is opened and its beginning read when it is new, or was changed as far as its times tell, and again now and
/// then: a store through a mapping need not move them.
struct ManagedLook {
    enum Sight {
        case segment(FileFacts, Finding?)
        case other
        case refused(String)
    }

    private struct Known {
        let file: FileFacts?
        let sight: Sight
        let seals: Seals?
        /// CLOCK_MONOTONIC.
        let lookedAt: Int64
    }

    /// What was seen is taken to be so still for so long.
    private static let servesNanoseconds: Int64 = 5_000_000_000

    private(set) var managed: [ObjectKey: FileFacts] = [:]
    private(set) var broken: [ObjectKey: Finding] = [:]
    private(set) var seals: [ObjectKey: Seals] = [:]
    private var refused: [String: Int] = [:]
    private var known: [ObjectKey: Known] = [:]
    private var before: [ObjectKey: Known] = [:]

    init() {}

    /// A look after another one, whose findings serve on where nothing changed.
    init(after before: ManagedLook) { self.before = before.known }

    /// Only what has a descriptor to be handed on can be one: POSIX objects, and memfds.
    mutating func note(_ object: HostObject, in sources: HostSources) {
        guard let key = object.key, object.id.kind == .posix || object.id.kind == .memfd else { return }
        let now = Clocks.monotonicNanoseconds()
        let found: Known
        if let last = before[key], last.file != nil, last.file == object.file, now - last.lookedAt < Self.servesNanoseconds {
            found = last
        } else {
            let (sight, seals) = Self.look(at: object, sources)
            found = Known(file: object.file, sight: sight, seals: seals, lookedAt: now)
        }
        known[key] = found
        seals[key] = found.seals
        switch found.sight {
        case .segment(let file, let finding):
            managed[key] = file
            broken[key] = finding
        case .refused(let needs): refused[needs, default: 0] += 1
        case .other: break
        }
    }

    private static func look(at object: HostObject, _ sources: HostSources) -> (Sight, Seals?) {
        // The magic alone takes eight bytes.
        if object.id.kind == .posix, let file = object.file, file.sizeBytes < 8 { return (.other, nil) }
        do throws(KernelError) {
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
