public import Diagnostics
public import Kernel
public import Observations
import SystemPackage
import SegmentFormat

/// An object that is open to be read, whoever made it.
public struct OpenObject: Sendable {
    public let id: SegmentIdentifier
    public let source: DescriptorSource
    /// Whether it was attached to be opened, which left traces.
    public var wasAttached = false

    /// What it was when it was opened.
    public var file: FileFacts { source.file }
}

extension Lens {
    /// Opens an object by its identifier. Reads nothing of it.
    ///
    /// What has a name in the observer's own folder is opened by that. For anything else a survey knows where it can be
    /// opened: the one there is, and a new one where that does not know it, or what it knew is no longer so.
    ///
    /// - Parameter attach: attaches a System V segment for a moment where nobody has it attached, which leaves traces.
    public func object(_ id: SegmentIdentifier, attach: Bool = false) throws(ReadingError) -> OpenObject {
        if let place = Self.place(of: id) {
            return OpenObject(id: id, source: try open(id) { () throws(KernelError) in
                try DescriptorSource.open(place, in: sources.proc, sources.folder)
            })
        }
        if let object = try survey().inventory[id], let source = try? sources.open(object) {
            return OpenObject(id: id, source: source)
        }
        guard let object = try survey(fresh: true).inventory[id] else { throw .notFound(id) }
        if object.semaphores != nil { throw .unsupported(id) }
        if let segment = object.systemV, object.mappers.isEmpty {
            guard attach else { throw .unattached(id) }
            let source = try open(id) { () throws(KernelError) in
                try DescriptorSource.attaching(segment.id, in: sources.proc)
            }
            return OpenObject(id: id, source: source, wasAttached: true)
        }
        return OpenObject(id: id, source: try open(id) { () throws(KernelError) in try sources.open(object) })
    }

    /// A name of the observer's own folder.
    private static func place(of id: SegmentIdentifier) -> ObjectPlace? {
        guard id.namespace == nil else { return nil }
        return switch id.object {
        case .posix(let name): .sharedFile(name)
        case .semaphore(let name): .sharedFile(SharedFile.semaphorePrefix + name)
        default: nil
        }
    }

    private func open(
        _ id: SegmentIdentifier, _ open: () throws(KernelError) -> DescriptorSource
    ) throws(ReadingError) -> DescriptorSource {
        do throws(KernelError) {
            return try open()
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory, .invalidArgument, .staleNFSFileHandle, .isDirectory:
                throw .notFound(id)
            default: throw .refused(error)
            }
        }
    }

    /// A path by which a process that may write a memfd can open it: what some process has open.
    ///
    /// Looking it up opens nothing for writing; that is the caller's to do, who means to change it.
    public func path(ofMemfd id: SegmentIdentifier) throws(ReadingError) -> String {
        guard case .memfd = id.object else { throw .unsupported(id) }
        guard let holder = try survey(fresh: true).inventory[id]?.holders.first else { throw .notFound(id) }
        return "/proc/\(holder.pid)/fd/\(holder.number)"
    }
}
