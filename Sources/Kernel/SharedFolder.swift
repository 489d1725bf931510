import CShmlens
import Glibc
public import Observations
import SystemPackage

/// The folder that POSIX shared memory lives in.
public struct SharedFolder: Sendable {
    /// What an inventory looks at and keeps at most.
    public struct Limits: Sendable, Hashable {
        /// Files kept; more are counted.
        public var files = 65_536
        /// Folders looked into; more are counted.
        public var folders = 1_024
        /// Entries counted, in each folder; what lies beyond is not even counted.
        public var entries = 1_048_576

        public init() {}
    }

    let root: SystemPath
    /// The folder that `root` is looked up in, as a process does whose root that is; nil for this process's own.
    private let process: SystemPath?
    private var handle: Handle?

    /// The folder, open.
    private final class Handle: Sendable {
        let descriptor: Descriptor

        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    /// The same folder, kept open for as long as the value lives: its path is not looked up again for each name in it.
    public func keptOpen() -> SharedFolder {
        var kept = self
        if let folder = try? open(Int32(SHMLENS_O_PATH) | O_DIRECTORY) { kept.handle = Handle(folder) }
        return kept
    }

    /// Its descriptor, where it is kept open.
    var number: Int32? { handle?.descriptor.number }

    /// - Parameter root: where the tmpfs is mounted.
    public init(root: String = "/dev/shm") {
        self.root = SystemPath(root)
        process = nil
    }

    /// The folder as another process sees it, which may live in another mount namespace.
    public init(ofProcess pid: Int32, in proc: ProcFS, root: String = "/dev/shm") {
        self.root = SystemPath(root)
        process = proc.path(pid, "root")
    }

    /// For messages.
    var text: String { (process?.text ?? "") + root.text }

    /// Opens the folder itself. Links on the way are followed as the process follows them whose folder it is: one that
    /// leads to `/run/shm` leads there in its own root, not in this process's.
    func open(_ flags: Int32) throws(Errno) -> Descriptor {
        guard let process else { return try openDescriptor(root, flags) }
        let above = try openDescriptor(process, Int32(SHMLENS_O_PATH) | O_DIRECTORY)
        return try openDescriptor(root, flags, inRoot: above.number)
    }

    /// The device of the file system that the folder is on.
    ///
    /// - Throws: ``KernelError`` where there is no such folder.
    public func device() throws(KernelError) -> DeviceNumber {
        do throws(Errno) {
            let folder = try open(Int32(SHMLENS_O_PATH) | O_DIRECTORY)
            return try fileFacts(.itself, under: folder.number).device
        } catch {
            throw KernelError(operation: "open", object: text, errno: error, needs: needs)
        }
    }

    private var needs: String { process == nil ? Needs.otherFiles : Needs.otherProcess }

    /// Lists the regular files of the folder and of the folders in it.
    ///
    /// shm_open(3) makes files in the folder itself only; programs that open files by themselves also make them
    /// one level down, and they fill the same tmpfs. Deeper folders are counted. No symbolic link is followed, and
    /// nothing is opened but folders. Files that vanish meanwhile are left out.
    ///
    /// - Throws: ``KernelError`` where the folder itself cannot be read.
    public func inventory(limits: Limits = Limits()) throws(KernelError) -> SharedFileInventory {
        var lister = Lister(limits: limits)
        var reader = DirectoryReader()
        do throws(Errno) {
            let folder = try open(OpenFlags.folder)
            try lister.list(folder, prefix: [], &reader)
            lister.listSubfolders(of: folder, &reader)
        } catch {
            throw KernelError(operation: "getdents64", object: text, errno: error, needs: needs)
        }
        return lister.finished()
    }

    /// How full the tmpfs is.
    ///
    /// - Throws: ``KernelError`` where there is no such folder.
    public func usage() throws(KernelError) -> FileSystemUsage {
        do throws(Errno) {
            guard process != nil else { return try fileSystemUsage(at: root) }
            let folder = try open(OpenFlags.folder)
            return try fileSystemUsage(at: SystemPath("/proc/self/fd").appending(folder.number))
        } catch {
            throw KernelError(operation: "statvfs", object: text, errno: error, needs: needs)
        }
    }
}

/// Goes through the folder and the folders in it.
private struct Lister {
    private let limits: SharedFolder.Limits
    private var inventory = SharedFileInventory()
    private var subfolders: [[UInt8]] = []

    init(limits: SharedFolder.Limits) { self.limits = limits }

    /// Adds the files of one folder.
    ///
    /// - Parameter prefix: the folder's name and a slash; empty for the folder that the inventory is of.
    mutating func list(
        _ folder: borrowing Descriptor, prefix: [UInt8], _ reader: inout DirectoryReader
    ) throws(Errno) {
        let number = folder.number
        let isCounted = try reader.forEachEntry(of: folder, entriesMax: limits.entries) { (name, type) throws(Errno) in
            switch type {
            case .file, .unknown: addFile(name, isSurelyFile: type == .file, in: number, prefix)
            case .folder: addFolder(name, prefix)
            case .other: inventory.otherCount += 1
            }
        }
        if !isCounted { inventory.isCounted = false }
    }

    mutating func listSubfolders(of folder: borrowing Descriptor, _ reader: inout DirectoryReader) {
        for name in subfolders {
            do throws(Errno) {
                guard let path = SystemPath(untrusted: name) else { continue }
                // Between listing and opening, somebody may have put a link in its place.
                let subfolder = try openDescriptor(path, OpenFlags.folder | O_NOFOLLOW, under: folder.number)
                try list(subfolder, prefix: name + [UInt8(ascii: "/")], &reader)
            } catch {
                if !error.meansGone { inventory.unreadableCount += 1 }
            }
        }
    }

    /// - Parameter isSurelyFile: false where only statx(2) can tell what it is.
    private mutating func addFile(_ name: Span<UInt8>, isSurelyFile: Bool, in folder: Int32, _ prefix: [UInt8]) {
        guard inventory.files.elements.count < limits.files else {
            inventory.files.omittedCount += 1
            return
        }
        let bytes = copy(name, 0..<name.count)
        guard let path = SystemPath(untrusted: bytes) else { return }
        do throws(Errno) {
            let file = try fileFacts(path, under: folder)
            switch file.mode & S_IFMT {
            case S_IFREG: inventory.files.elements.append(SharedFile(name: ByteString(prefix + bytes), file: file))
            case S_IFDIR: addFolder(name, prefix)
            default: inventory.otherCount += 1
            }
        } catch {
            if !error.meansGone { inventory.unreadableCount += 1 }
        }
    }

    private mutating func addFolder(_ name: Span<UInt8>, _ prefix: [UInt8]) {
        guard prefix.isEmpty, subfolders.count < limits.folders else {
            inventory.unvisitedFolderCount += 1
            return
        }
        subfolders.append(copy(name, 0..<name.count))
    }

    func finished() -> SharedFileInventory {
        var finished = inventory
        finished.files.elements.sort { $0.name < $1.name }
        func hide(_ what: String, _ count: Int, _ needs: String) {
            if count > 0 { finished.hidden.append(Hidden(what: what, count: count, needs: needs)) }
        }
        hide("files", inventory.files.omittedCount, "a higher limit of files")
        hide("folders and files that could not be read", inventory.unreadableCount, Needs.otherFiles)
        hide("folders", inventory.unvisitedFolderCount, "a higher limit of folders, or a look by hand into deeper ones")
        hide("ends of long folders", inventory.isCounted ? 0 : 1, "a higher limit of entries")
        return finished
    }
}
