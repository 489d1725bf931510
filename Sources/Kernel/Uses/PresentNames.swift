import Observations

/// What objects are called now: a process that sleeps keeps what it uses, and others rename or remove it meanwhile.
struct PresentNames: Sendable {
    private struct NamedFile: Hashable {
        let key: ObjectKey
        let name: ByteString
    }

    /// The names of files that folders of shared memory show now, and no other.
    private let listed: [ObjectKey: ByteString]
    /// Other files that still have the name that they had.
    private let files: Set<NamedFile>

    /// - Parameters:
    ///   - answers: whether a file system answers at once. Files on others are not asked for.
    ///   - visits: whose files are looked up. O(different files): a statx(2) each.
    init(listed: [ObjectKey: ByteString], _ visits: [Int32: ProcessVisit], answers: (DeviceNumber) -> Bool) {
        self.listed = listed
        var asked: Set<NamedFile> = []
        for visit in visits.values {
            for mapping in visit.mappings where mapping.kind == .file && !mapping.isDeleted && answers(mapping.key.device) {
                asked.insert(NamedFile(key: mapping.key, name: mapping.name))
            }
        }
        files = asked.filter { file in
            guard let path = SystemPath(untrusted: file.name.bytes), let found = try? fileFacts(path) else { return false }
            return found.key == file.key
        }
    }

    /// Whether an object has the name, or has none, as a visit found it.
    func hold(_ kind: ObjectKind, _ key: ObjectKey, _ name: ByteString, isDeleted: Bool) -> Bool {
        switch kind {
        case .memfd, .anonymous, .sysv: return true
        case .file: return files.contains(NamedFile(key: key, name: name))
        case .posix, .semaphore:
            guard let now = listed[key] else { return isDeleted }
            return !isDeleted && name.isBelowSharedFolder(now)
        }
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
