import CShmlens
import Glibc
public import Observations
import SystemPackage

/// What a file is, whatever it is called.
public struct FileIdentity: Sendable, Hashable {
    public let device: DeviceNumber
    public let inode: UInt64

    public init(device: DeviceNumber, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    public init(_ file: FileFacts) { self.init(device: file.device, inode: file.inode) }
}

/// Where an object can be opened.
public enum ObjectPlace: Sendable, Hashable {
    /// A file of the shared-memory folder, `NAME` or `FOLDER/NAME`.
    case sharedFile(ByteString)
    /// What a process has open: `/proc/PID/fd/N`.
    case descriptor(pid: Int32, number: Int32)
    /// What a process has mapped: `/proc/PID/map_files/START-END`, of exactly one of its mappings.
    case mapping(pid: Int32, start: UInt64, end: UInt64)
    /// A file by its whole path, as this process sees it.
    case path(ByteString)
}

extension ObjectPlace {
    /// How deep a name may lie below the folder. An inventory looks one folder deep; names that somebody types may
    /// be deeper.
    static let nameDepthMax = 16

    /// A descriptor of the object that cannot read it, and whose making did nothing to it (O_PATH).
    func handle(in proc: ProcFS, _ folder: SharedFolder) throws(Errno) -> Descriptor {
        switch self {
        case .sharedFile(let name): try Self.handle(of: name, in: folder)
        // What is mapped is in memory, and so is the way to it; unless something was mounted over that which may not answer.
        case .path: try openCached(path(in: proc, folder), Self.handleFlags | O_NOFOLLOW)
        // These are links, to what is wanted.
        case .descriptor, .mapping: try openDescriptor(path(in: proc, folder), Self.handleFlags)
        }
    }

    /// What the object is. Opens nothing.
    func facts(in proc: ProcFS, _ folder: SharedFolder) throws(Errno) -> FileFacts {
        switch self {
        case .descriptor, .mapping: try fileFacts(path(in: proc, folder), links: .follow)
        case .sharedFile, .path: try fileFacts(.itself, under: handle(in: proc, folder).number)
        }
    }

    /// For messages, and for what processes have open.
    func path(in proc: ProcFS, _ folder: SharedFolder) -> SystemPath {
        switch self {
        case .sharedFile(let name):
            folder.root.appending(untrusted: name.bytes) ?? folder.root
        case .descriptor(let pid, let number):
            proc.path(pid, "fd").appending(number)
        case .mapping(let pid, let start, let end):
            proc.path(pid, "map_files").appending(String(start, radix: 16) + "-" + String(end, radix: 16))
        case .path(let path):
            SystemPath(untrusted: path.bytes) ?? SystemPath("/")
        }
    }

    private static let handleFlags = Int32(SHMLENS_O_PATH)

    /// Goes down part by part and follows no link on the way: all may write in that folder, and put a link in the
    /// place of what was there a moment ago.
    private static func handle(of name: ByteString, in folder: SharedFolder) throws(Errno) -> Descriptor {
        let parts = name.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= nameDepthMax else { throw .invalidArgument }
        if parts.count == 1, let number = folder.number, let path = SystemPath(untrusted: parts[0]), !isDots(parts[0]) {
            return try openDescriptor(path, handleFlags | O_NOFOLLOW, under: number)
        }
        var current = try folder.open(handleFlags | O_DIRECTORY)
        for (index, part) in parts.enumerated() {
            guard !isDots(part), let path = SystemPath(untrusted: part) else { throw .invalidArgument }
            let isLast = index == parts.count - 1
            current = try openDescriptor(
                path, handleFlags | O_NOFOLLOW | (isLast ? 0 : O_DIRECTORY), under: current.number)
        }
        return current
    }

    /// Whether it names no file, but the folder itself or the one above.
    private static func isDots(_ part: ArraySlice<UInt8>) -> Bool {
        part.isEmpty || part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8)
    }

    /// Whether what was found there is the object that a listing had.
    ///
    /// - Parameter isStacked: whether its file system is made of others (overlay, subvolumes of btrfs): statx(2) tells
    ///   another device of it than maps has, and the same inode number. The file of a mapping is what the mapping shows.
    public func mayLead(to expected: FileIdentity, _ found: FileFacts, isStacked: Bool) -> Bool {
        if isStacked, case .mapping = self { return found.inode == expected.inode }
        return FileIdentity(found) == expected
    }

    var needs: String {
        switch self {
        case .sharedFile, .path: Needs.otherFiles
        case .descriptor: Needs.otherDescriptors
        case .mapping: Needs.mapFiles
        }
    }
}
