import Observations
import SystemPackage

/// What one visit to a process found that it uses of shared memory.
struct ProcessVisit: Sendable {
    /// How far a list could be read.
    enum Ending: Sendable, Equatable {
        case whole
        /// There was more than the limit.
        case cut
        case gone
        case failed(Int32)
    }

    struct SeenMapping: Sendable {
        let key: ObjectKey
        let kind: ObjectKind
        /// As maps has it, without the kernel's ` (deleted)`.
        let name: ByteString
        let isDeleted: Bool
        let range: MappedRange
    }

    struct SeenDescriptor: Sendable {
        let number: Int32
        let key: ObjectKey
        let kind: ObjectKind
        /// As the link has it, without the kernel's ` (deleted)`.
        var name: ByteString
        let isDeleted: Bool
        /// What it was at this visit; nil where the visit was an earlier one's.
        var file: FileFacts?
    }

    /// A descriptor of a file that may turn out to be mapped shared by somebody, by what fdinfo says of it: its file system
    /// is not asked, which may never answer.
    struct OpenFile: Sendable {
        let number: Int32
        /// ``Mount/id``.
        let mountID: UInt64
        let inode: UInt64
    }

    let pid: Int32
    /// Whose files in `/proc` were read: another thread where the first has ended.
    var tid: Int32
    /// What the process had run when the visit began; nil where it may have run meanwhile.
    var stamp: RunStamp?
    var mappings: [SeenMapping] = []
    var mappingsEnding = Ending.whole
    var malformedLineCount = 0
    var omittedMappingCount = 0
    var descriptors: [SeenDescriptor] = []
    var files: [OpenFile] = []
    var descriptorsEnding = Ending.whole
    var omittedDescriptorCount = 0
    /// Descriptors that were looked at, of whatever.
    var visitedDescriptorCount = 0
    /// Bytes of the names that it keeps.
    var nameBytes = 0

    /// Whether all was seen that there was.
    var isComplete: Bool {
        func isRead(_ ending: Ending) -> Bool { ending == .whole || ending == .gone }
        return isRead(mappingsEnding) && isRead(descriptorsEnding) && omittedMappingCount == 0 && omittedDescriptorCount == 0
            && malformedLineCount == 0
    }

    /// Whether nothing was seen, as of a thread that has ended.
    var isEmpty: Bool { mappings.isEmpty && descriptors.isEmpty && files.isEmpty && visitedDescriptorCount == 0 }

    init(pid: Int32) {
        self.pid = pid
        tid = pid
    }

    /// The visit as one of now, where the process has not run since and what it uses is called what it was called then.
    ///
    /// - Parameter listed: the names of files that folders of shared memory show now, and no other.
    func renewed(in proc: ProcFS, _ listed: [ObjectKey: ByteString]) -> ProcessVisit? {
        guard let stamp, mappingsEnding == .whole, descriptorsEnding == .whole, omittedMappingCount == 0,
            omittedDescriptorCount == 0, malformedLineCount == 0, stamp.holds(in: proc), hasNames(in: proc, listed)
        else { return nil }
        var renewed = self
        for index in renewed.descriptors.indices { renewed.descriptors[index].file = nil }
        return renewed
    }

    /// Mappings of files whose names are asked for at most: of more it takes as long as to look anew.
    private static let namesMax = 64

    /// Whether what it uses is called what it was called: others rename and remove files while it sleeps.
    private func hasNames(in proc: ProcFS, _ listed: [ObjectKey: ByteString]) -> Bool {
        var askedCount = 0
        for mapping in mappings {
            switch mapping.kind {
            case .memfd, .anonymous, .sysv: break
            case .posix, .semaphore:
                guard Self.isUnmoved(mapping.name, mapping.isDeleted, listed[mapping.key]) else { return false }
            case .file:
                askedCount += 1
                guard askedCount <= Self.namesMax, proc.name(of: mapping.range, in: tid) == mapping.fullName else { return false }
            }
        }
        return descriptors.allSatisfy { $0.kind == .memfd || Self.isUnmoved($0.name, $0.isDeleted, listed[$0.key]) }
    }

    private static func isUnmoved(_ name: ByteString, _ isDeleted: Bool, _ now: ByteString?) -> Bool {
        guard let now else { return isDeleted }
        return !isDeleted && name.isBelowSharedFolder(now)
    }
}

extension ProcessVisit.SeenMapping {
    /// With what the kernel puts after a name that is gone.
    fileprivate var fullName: [UInt8] { name.bytes + (isDeleted ? Array(ObjectName.deletedSuffix.utf8) : []) }
}

extension ProcFS {
    /// What a mapping of a process is of, by its link in map_files: asks no file system, where a look-up by the name might
    /// wait for ever for one that does not answer.
    fileprivate func name(of range: MappedRange, in pid: Int32) -> [UInt8]? {
        (try? target(of: ObjectPlace.mapping(pid: pid, start: range.start, end: range.end).path(in: self, SharedFolder()))) ?? nil
    }
}

extension ByteString {
    /// Whether it is the path of `name` below `/dev/shm`.
    fileprivate func isBelowSharedFolder(_ name: ByteString) -> Bool {
        let folder = ObjectName.sharedFolder.utf8
        return bytes.count == folder.count + name.bytes.count && bytes.starts(with: folder)
            && bytes.dropFirst(folder.count).elementsEqual(name.bytes)
    }
}
