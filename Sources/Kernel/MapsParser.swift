package import Observations

/// The numbers of one line of `/proc/PID/maps`, and where in the line its name stands. Holds no copy, since a scan
/// passes over thousands of lines whose object it has already seen.
package struct MapsLine {
    package let range: MappedRange
    package let device: DeviceNumber
    package let inode: UInt64
    /// Without the kernel's ` (deleted)`; empty where there is no name.
    package let name: Range<Int>
    package let isDeleted: Bool

    package enum Outcome {
        case line(MapsLine)
        /// Whole mappings that the caller did not ask for.
        case skipped
        /// Not as proc_pid_maps(5) has it.
        case malformed
    }

    /// Parses `7f5b8c207000-7f5b8c208000 rw-s 00000000 00:01 1025    /memfd:x (deleted)`.
    ///
    /// Any bytes may be given. Complexity: O(line); O(1) for a private mapping when only shared ones are wanted.
    package static func parse(_ text: Span<UInt8>, sharedOnly: Bool) -> Outcome {
        let blank = UInt8(ascii: " ")
        var position = 0
        guard let start = takeHexadecimal(text, &position), take(UInt8(ascii: "-"), text, &position),
            let end = takeHexadecimal(text, &position), start < end, take(blank, text, &position),
            let access = takeAccess(text, &position)
        else { return .malformed }
        if sharedOnly, !access.contains(.shared) { return .skipped }
        guard take(blank, text, &position), let offset = takeHexadecimal(text, &position),
            take(blank, text, &position), let device = takeDevice(text, &position),
            take(blank, text, &position), let inode = takeDecimal(text, &position),
            position == text.count || text[position] == blank
        else { return .malformed }
        skipBlanks(text, &position)
        var name = position..<text.count
        let isDeleted = ends(text, name, with: deletedSuffix)
        if isDeleted { name = name.lowerBound..<(name.upperBound - deletedSuffix.utf8.count) }
        return .line(
            MapsLine(
                range: MappedRange(start: start, end: end, offset: offset, access: access),
                device: device, inode: inode, name: name, isDeleted: isDeleted))
    }

    /// What the line's name tells of the object; nil where it is none that can be joined on its inode number:
    /// `[heap]`, nothing, and `anon_inode:…` and its like, whose objects share one.
    ///
    /// The three that the kernel names itself live on mounts of the kernel's own, without a real device, under
    /// names that were never in a folder. A file called `/SYSV00000000` on a disk, or still linked, is a file.
    /// One can be *made* to look like them, on a tmpfs in a mount namespace of one's own, but not on their device.
    package func kind(_ text: Span<UInt8>) -> ObjectKind? {
        guard !name.isEmpty else { return nil }
        guard text[name.lowerBound] == UInt8(ascii: "/") else {
            return starts(text, name, with: "[anon_shmem:") ? .anonymous : nil
        }
        if isDeleted, device.major == 0 {
            if starts(text, name, with: "/memfd:") { return .memfd }
            if equals(text, name, "/dev/zero") || equals(text, name, "/anon_hugepage") { return .anonymous }
            if isSystemVName(text) { return .sysv }
        }
        guard starts(text, name, with: Self.sharedFolder) else { return .file }
        let inFolder = (name.lowerBound + Self.sharedFolder.utf8.count)..<name.upperBound
        guard starts(text, inFolder, with: "sem.") else { return .posix }
        var position = inFolder.lowerBound
        let first = takeUntil(UInt8(ascii: "/"), text, &position)
        return first.upperBound == inFolder.upperBound ? .semaphore : .posix
    }

    /// The whole mapping, with a copy of its name.
    package func mapping(_ text: Span<UInt8>) -> Mapping {
        Mapping(
            range: range, device: device, inode: inode, name: nameCopy(text), isDeleted: isDeleted, kind: kind(text))
    }

    /// The name with its newlines, which maps writes as `\012`. It escapes nothing else, not even backslashes.
    package func nameCopy(_ text: Span<UInt8>) -> ByteString {
        let escape = Array("\\012".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.count)
        var index = name.lowerBound
        while index < name.upperBound {
            if text[index] == escape[0], starts(text, index..<name.upperBound, with: "\\012") {
                bytes.append(UInt8(ascii: "\n"))
                index += escape.count
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return ByteString(bytes)
    }

    /// Where a process sees its POSIX objects, whatever folder this program was told to list.
    private static let sharedFolder = "/dev/shm/"

    private func isSystemVName(_ text: Span<UInt8>) -> Bool {
        guard starts(text, name, with: "/SYSV"), name.count == "/SYSV01234567".utf8.count else { return false }
        var position = name.lowerBound + "/SYSV".utf8.count
        return takeHexadecimal(text, &position) != nil && position == name.upperBound
    }
}

/// What the kernel puts after a name that is no longer in any folder.
let deletedSuffix = " (deleted)"

/// `rw-s`.
@inline(__always)
private func takeAccess(_ text: Span<UInt8>, _ position: inout Int) -> MappingAccess? {
    guard text.count - position >= 4 else { return nil }
    var access: MappingAccess = []
    switch text[position] {
    case UInt8(ascii: "r"): access.insert(.read)
    case UInt8(ascii: "-"): break
    default: return nil
    }
    switch text[position + 1] {
    case UInt8(ascii: "w"): access.insert(.write)
    case UInt8(ascii: "-"): break
    default: return nil
    }
    switch text[position + 2] {
    case UInt8(ascii: "x"): access.insert(.execute)
    case UInt8(ascii: "-"): break
    default: return nil
    }
    switch text[position + 3] {
    case UInt8(ascii: "s"): access.insert(.shared)
    case UInt8(ascii: "p"): break
    default: return nil
    }
    position += 4
    return access
}

/// `00:1b`, in hex.
private func takeDevice(_ text: Span<UInt8>, _ position: inout Int) -> DeviceNumber? {
    guard let major = takeHexadecimal(text, &position), take(UInt8(ascii: ":"), text, &position),
        let minor = takeHexadecimal(text, &position),
        let majorNumber = UInt32(exactly: major), let minorNumber = UInt32(exactly: minor)
    else { return nil }
    return DeviceNumber(major: majorNumber, minor: minorNumber)
}
