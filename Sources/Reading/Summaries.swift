public import Diagnostics
import Kernel
public import Observations

/// The host's shared memory as a list.
extension Survey {
    /// Everything in the folder of shared memory, and the managed segments that have no name.
    public func entries() -> [SegmentEntry] {
        inventory.files.elements.map { file in
            SegmentEntry(summary: summary(of: file), pids: pids(mapping: file.file.key))
        } + unnamed()
    }

    private func pids(mapping key: ObjectKey) -> [Int32] { mappers.objects[key]?.mappers.map(\.pid) ?? [] }

    /// One object of the folder.
    public func summary(of file: SharedFile) -> SegmentSummary {
        let id: SegmentIdentifier
        let name: ByteString
        if file.isSemaphore {
            name = ByteString(Array(file.name.bytes.dropFirst(SharedFile.semaphorePrefix.bytes.count)))
            id = SegmentIdentifier(.semaphore(name))
        } else {
            name = file.name
            id = .posix(name)
        }
        return summary(id, name: name, file: file.file)
    }

    /// One object whose facts are known.
    public func summary(_ id: SegmentIdentifier, name: ByteString, file: FileFacts) -> SegmentSummary {
        var summary = SegmentSummary(
            id: id, name: name, sizeBytes: file.sizeBytes, residentBytes: file.allocatedBytes,
            mode: file.permissions, uid: file.uid, gid: file.gid)
        let key = id.kind == .memfd ? ObjectKey(space: .unnamed, device: file.device, inode: file.inode) : file.key
        summary.user = accounts.userNames[file.uid]?.text
        summary.group = accounts.groupNames[file.gid]?.text
        summary.inode = file.inode
        summary.device = file.device
        summary.createdAt = file.createdAt
        summary.changedAt = file.changedAt
        summary.managed = managed[key] != nil
        if let finding = broken[key] { summary.findings.append(finding) }
        // An ordinary user sees nothing of other users' processes, so of other users' objects nothing is known. Where
        // single processes cannot be looked at, what was seen is told, and `hidden` says what was not.
        let isKnown = mappers.hidden.isEmpty || uid == 0 || uid == file.uid
        summary.mapperCount = isKnown ? mappers.objects[key]?.mappers.count ?? 0 : nil
        summary.orphaned = summary.mapperCount == 0
        return summary
    }

    private func unnamed() -> [SegmentEntry] {
        mappers.objects.values
            .filter { $0.kind == .memfd && managed[$0.key] != nil }
            .sorted { $0.key.inode < $1.key.inode }
            .compactMap { object in
                guard let file = managed[object.key] else { return nil }
                let summary = summary(
                    SegmentIdentifier(.memfd(inode: object.key.inode)), name: memfdName(object), file: file)
                return SegmentEntry(summary: summary, pids: pids(mapping: object.key))
            }
    }

    /// The name that a memfd was given, without what the kernel puts before it.
    func memfdName(_ object: MappedObject) -> ByteString {
        let prefix = Array("/memfd:".utf8)
        let bytes = object.name.bytes
        return bytes.starts(with: prefix) ? ByteString(Array(bytes.dropFirst(prefix.count))) : object.name
    }

    /// How long ago the picture was taken.
    public func ageMilliseconds(at now: ClockReading) -> Int {
        Int(max(0, now.monotonicNanoseconds - takenAt.monotonicNanoseconds) / 1_000_000)
    }
}
