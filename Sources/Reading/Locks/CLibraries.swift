import ForeignFormats
import Kernel
import Observations
import Synchronization

/// The C libraries of processes. What a library's file tells is asked once, and kept. May be used by several threads at a time.
final class CLibraries: Sendable {
    /// Files whose versions are kept at most: each distribution of a container has its own.
    private static let versionsMax = 1_024

    private let proc: ProcFS
    private let versions = Mutex<[FileIdentity: CLibrary]>([:])

    init(_ proc: ProcFS) { self.proc = proc }

    /// Which layout a process's conditions have; nil where its C library does not tell. O(the process's mappings).
    ///
    /// - Parameter pid: or a thread of it: the first may have ended.
    func layout(of pid: Int32) -> GlibcCondition.Layout? {
        // Where the file was replaced since, its path leads to another version.
        guard let file = proc.cLibraryFile(of: pid), !file.isMusl, !file.mapping.isDeleted else { return nil }
        let key = FileIdentity(device: file.mapping.device, inode: file.mapping.inode)
        let library = versions.withLock { $0[key] } ?? version(of: file, in: pid, key)
        guard case .glibc(let major, let minor) = library else { return nil }
        // Commit c36fc50781, of January 2025.
        return (major, minor) >= (2, 41) ? .withoutReferences : .countingReferences
    }

    private func version(of file: CLibraryFile, in pid: Int32, _ key: FileIdentity) -> CLibrary {
        let found = proc.version(of: file, in: pid)
        versions.withLock { versions in
            if versions.count >= Self.versionsMax { versions = [:] }
            versions[key] = found
        }
        return found
    }

    /// Whether a process runs with musl. O(its mappings).
    func usesMusl(_ pid: Int32) -> Bool { proc.cLibraryFile(of: pid)?.isMusl == true }
}
