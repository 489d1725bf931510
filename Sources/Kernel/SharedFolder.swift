import CShmlens
import Glibc
public import Observations
import Parallel
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

    /// The first bytes of a file that a listing just showed to be a regular one; nil where the full way,
    /// ``DescriptorSource``, has to be gone: the file would be marked as read, is refused, or lies in a folder below.
    ///
    /// Of thousands of files this costs three calls each where that takes seven. What stands at the name is not looked at
    /// first: whoever put something else there since the listing owns that, and a pipe or a device is not waited for.
    public func beginning(of name: ByteString, bytesMax: Int) -> [UInt8]? {
        guard let number, !name.bytes.contains(UInt8(ascii: "/")), name != ".", name != "..",
            let path = SystemPath(untrusted: name.bytes),
            let file = try? openDescriptor(path, OpenFlags.file | O_NOFOLLOW | Int32(SHMLENS_O_NOATIME), under: number)
        else { return nil }
        return try? readFully(file, at: 0, count: bytesMax)
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
    /// A name that may be a file's.
    private struct Candidate: Sendable {
        let name: [UInt8]
        let path: SystemPath
    }

    private enum Answer: Sendable {
        case file(FileFacts)
        case gone
        case unreadable
    }

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
        var candidates: [Candidate] = []
        let room = limits.files - inventory.files.elements.count
        let isCounted = try reader.forEachEntry(of: folder, entriesMax: limits.entries) { (name, type) throws(Errno) in
            switch type {
            case .file, .unknown:
                guard candidates.count < room else {
                    inventory.files.omittedCount += 1
                    return
                }
                let bytes = copy(name, 0..<name.count)
                if let path = SystemPath(untrusted: bytes) { candidates.append(Candidate(name: bytes, path: path)) }
            case .folder: addFolder(copy(name, 0..<name.count), prefix)
            case .other: inventory.otherCount += 1
            }
        }
        if !isCounted { inventory.isCounted = false }
        ask(candidates, in: folder.number, prefix)
    }

    /// A question takes a microsecond.
    private static let questionsOfPart = 256

    private mutating func ask(_ candidates: [Candidate], in folder: Int32, _ prefix: [UInt8]) {
        let answers = inParallel(candidates, grain: Self.questionsOfPart) { part in
            part.map { candidate in
                do throws(Errno) {
                    return Answer.file(try fileFacts(candidate.path, under: folder))
                } catch {
                    return error.meansGone ? Answer.gone : Answer.unreadable
                }
            }
        }
        inventory.files.elements.reserveCapacity(inventory.files.elements.count + answers.count)
        for (candidate, answer) in zip(candidates, answers) {
            switch answer {
            case .file(let file): add(candidate.name, file, prefix)
            case .gone: break
            case .unreadable: inventory.unreadableCount += 1
            }
        }
    }

    /// The folder may have left it open what an entry is, or said what it was a moment ago.
    private mutating func add(_ name: [UInt8], _ file: FileFacts, _ prefix: [UInt8]) {
        switch file.mode & S_IFMT {
        case S_IFREG: inventory.files.elements.append(SharedFile(name: ByteString(prefix + name), file: file))
        case S_IFDIR: addFolder(name, prefix)
        default: inventory.otherCount += 1
        }
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

    private mutating func addFolder(_ name: [UInt8], _ prefix: [UInt8]) {
        guard prefix.isEmpty, subfolders.count < limits.folders else {
            inventory.unvisitedFolderCount += 1
            return
        }
        subfolders.append(name)
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
