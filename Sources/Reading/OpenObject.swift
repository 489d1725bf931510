public import Diagnostics
public import Kernel
public import Observations
import SystemPackage
import SegmentFormat

/// An object that is open to be read, whoever made it.
public struct OpenObject: Sendable {
    public let id: SegmentIdentifier
    public let source: DescriptorSource

    /// What it was when it was opened.
    public var file: FileFacts { source.file }
}

extension HostSources {
    /// Opens an object by its identifier. Reads nothing of it.
    ///
    /// - Parameter survey: knows which processes have an unnamed object; asked only where one is wanted.
    func open(
        _ id: SegmentIdentifier, survey: () throws(ReadingError) -> Survey
    ) throws(ReadingError) -> OpenObject {
        // Names of other namespaces than the server's are not looked up yet.
        guard id.namespace == nil else { throw .notFound(id) }
        switch id.object {
        case .posix(let name):
            return OpenObject(id: id, source: try open(.sharedFile(name), id))
        case .semaphore(let name):
            return OpenObject(id: id, source: try open(.sharedFile(ByteString(Array("sem.".utf8) + name.bytes)), id))
        case .memfd(let inode):
            return try openMemfd(id, inode: inode, survey: try survey())
        case .sysv, .sysvSemaphore, .anonymous, .file, .deleted:
            throw .notFound(id)
        }
    }

    private func openMemfd(
        _ id: SegmentIdentifier, inode: UInt64, survey: Survey
    ) throws(ReadingError) -> OpenObject {
        let found = survey.mappers.objects.values.first { $0.kind == .memfd && $0.key.inode == inode }
        guard let object = found else { throw .notFound(id) }
        var refusal: ReadingError = .notFound(id)
        for place in places(ofMapped: object) {
            do throws(ReadingError) {
                let source = try open(place, id, expecting: FileIdentity(device: object.key.device, inode: inode))
                return OpenObject(id: id, source: source)
            } catch {
                refusal = error
            }
        }
        throw refusal
    }

    private func open(
        _ place: ObjectPlace, _ id: SegmentIdentifier, expecting identity: FileIdentity? = nil
    ) throws(ReadingError) -> DescriptorSource {
        do throws(KernelError) {
            return try DescriptorSource.open(place, in: proc, folder, expecting: identity)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory, .invalidArgument, .staleNFSFileHandle, .isDirectory:
                throw .notFound(id)
            default: throw .refused(error)
            }
        }
    }
}

extension Lens {
    /// A path by which a process that may write a memfd can open it: what some process has open.
    ///
    /// Looking it up opens nothing for writing; that is the caller's to do, who means to change it.
    public func path(ofMemfd id: SegmentIdentifier) throws(ReadingError) -> String {
        guard case .memfd(let inode) = id.object else { throw .unsupported(id) }
        let survey = try survey(fresh: true)
        let found = survey.mappers.objects.values.first { $0.kind == .memfd && $0.key.inode == inode }
        guard let object = found else { throw .notFound(id) }
        for place in sources.places(ofMapped: object) {
            if case .descriptor(let pid, let number) = place { return "/proc/\(pid)/fd/\(number)" }
        }
        throw .notFound(id)
    }
}
