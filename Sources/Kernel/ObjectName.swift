import Observations

/// The name that maps, PROCMAP_QUERY or the link of a descriptor has of an object: where in the text it stands, and what
/// it tells. Holds no copy, since a scan passes over thousands of names of objects that it has already seen.
package struct ObjectName: Sendable {
    /// Without the kernel's ` (deleted)`; empty where there is no name.
    package let range: Range<Int>
    package let isDeleted: Bool

    /// Where a process sees its POSIX objects, whatever folder this program was told to list.
    static let sharedFolder = "/dev/shm/"
    /// What the kernel puts after a name that is no longer in any folder.
    static let deletedSuffix = " (deleted)"

    /// - Parameter range: the whole name in the text.
    init(_ text: Span<UInt8>, _ range: Range<Int>) {
        isDeleted = ends(text, range, with: Self.deletedSuffix)
        self.range = isDeleted ? range.lowerBound..<(range.upperBound - Self.deletedSuffix.utf8.count) : range
    }

    /// What the name tells of the object; nil where it is none that can be joined on its inode number:
    /// `[heap]`, nothing, and `anon_inode:…` and its like, whose objects share one.
    ///
    /// The three that the kernel names itself live on mounts of the kernel's own, without a real device, under
    /// names that were never in a folder. A file called `/SYSV00000000` on a disk, or still linked, is a file.
    /// One can be *made* to look like them, on a tmpfs in a mount namespace of one's own, but not on their device.
    func kind(_ text: Span<UInt8>, on device: DeviceNumber) -> ObjectKind? {
        guard !range.isEmpty else { return nil }
        guard text[range.lowerBound] == UInt8(ascii: "/") else {
            return starts(text, range, with: "[anon_shmem:") ? .anonymous : nil
        }
        if isDeleted, device.major == 0 {
            if starts(text, range, with: "/memfd:") { return .memfd }
            if equals(text, range, "/dev/zero") || equals(text, range, "/anon_hugepage") { return .anonymous }
            if isSystemV(text) { return .sysv }
        }
        guard starts(text, range, with: Self.sharedFolder) else { return .file }
        let inFolder = (range.lowerBound + Self.sharedFolder.utf8.count)..<range.upperBound
        guard starts(text, inFolder, with: "sem.") else { return .posix }
        var position = inFolder.lowerBound
        let first = takeUntil(UInt8(ascii: "/"), text, &position)
        return first.upperBound == inFolder.upperBound ? .semaphore : .posix
    }

    private func isSystemV(_ text: Span<UInt8>) -> Bool {
        guard starts(text, range, with: "/SYSV"), range.count == "/SYSV01234567".utf8.count else { return false }
        var position = range.lowerBound + "/SYSV".utf8.count
        return takeHexadecimal(text, &position) != nil && position == range.upperBound
    }
}
