import Glibc
import Observations
import SystemPackage

/// How this room opens what it trusts the path of; O_CLOEXEC is added everywhere. O_NONBLOCK keeps a pipe or a
/// leased file from holding the caller.
enum OpenFlags {
    static let file = O_RDONLY | O_NONBLOCK
    static let folder = O_RDONLY | O_DIRECTORY
}

/// The first bytes of a file.
struct FileContents {
    let bytes: [UInt8]
    /// Whether the file went on.
    let isTruncated: Bool

    /// - Parameter bytesMax: how many bytes are kept at most.
    init(_ path: SystemPath, bytesMax: Int, flags: Int32 = OpenFlags.file) throws(Errno) {
        let pieceBytes = 4_096
        let descriptor = try openDescriptor(path, flags)
        var buffer: [UInt8] = []
        var filled = 0
        while filled <= bytesMax {
            if filled == buffer.count {
                // One byte past the limit tells a file that ends there from one that goes on.
                let room = min(max(pieceBytes, buffer.count), bytesMax + 1 - filled)
                buffer.append(contentsOf: repeatElement(0, count: room))
            }
            let got = try read(descriptor, into: &buffer, from: filled)
            guard got > 0 else { break }
            filled += got
        }
        isTruncated = filled > bytesMax
        bytes = Array(buffer[0..<min(filled, bytesMax)])
    }
}

/// What an entry of a folder says it is; a file system may leave it open.
enum EntryType {
    case file, folder, other, unknown

    fileprivate init(_ raw: UInt8) {
        switch Int(raw) {
        case Int(DT_REG): self = .file
        case Int(DT_DIR): self = .folder
        case Int(DT_UNKNOWN): self = .unknown
        default: self = .other
        }
    }
}

/// Goes through the entries of folders, over one buffer that serves folder after folder.
struct DirectoryReader {
    /// Holds the longest entry (a name of 255 bytes) a hundred times over.
    private var buffer = [UInt8](repeating: 0, count: 32_768)

    /// Hands each entry but `.` and `..` to `body`, in the file system's order.
    ///
    /// - Parameter entriesMax: after how many entries it stops.
    /// - Returns: whether it came to the end.
    mutating func forEachEntry(
        of folder: borrowing Descriptor, entriesMax: Int, _ body: (Span<UInt8>, EntryType) throws(Errno) -> Void
    ) throws(Errno) -> Bool {
        var entryCount = 0
        while true {
            let filled = try readEntries(folder, into: &buffer)
            guard filled > 0 else { return true }
            var position = 0
            while let entry = RawEntry(buffer.span.extracting(0..<filled), at: position) {
                position = entry.end
                let name = buffer.span.extracting(entry.name)
                if equals(name, 0..<name.count, ".") || equals(name, 0..<name.count, "..") { continue }
                guard entryCount < entriesMax else { return false }
                entryCount += 1
                try body(name, EntryType(entry.type))
            }
        }
    }
}

/// Where the parts of one entry stand in what getdents64(2) wrote: u64 inode number, i64 position, u16 length of
/// the entry, u8 type, the name, a zero byte and padding.
private struct RawEntry {
    let name: Range<Int>
    let type: UInt8
    let end: Int

    /// Nil at the end of `bytes`.
    init?(_ bytes: Span<UInt8>, at position: Int) {
        let lengthOffset = 16
        let typeOffset = 18
        let nameOffset = 19
        guard bytes.count - position > nameOffset else { return nil }
        let length = Int(bytes[position + lengthOffset]) | Int(bytes[position + lengthOffset + 1]) << 8
        guard length > nameOffset, length <= bytes.count - position else { return nil }
        end = position + length
        type = bytes[position + typeOffset]
        var nameEnd = position + nameOffset
        name = takeUntil(0, bytes.extracting(0..<end), &nameEnd)
    }
}
