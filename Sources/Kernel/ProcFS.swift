public import Observations
import SystemPackage

/// A proc file system, by the folder that it is mounted on.
///
/// Functions that ask for one process answer nil where it is not there (any more): between two looks a process
/// can always end. All functions may be called from any thread; nothing is kept between calls.
public struct ProcFS: Sendable {
    /// What is read at most.
    public enum Limit {
        /// Processes in a listing: as many as the kernel can have (`PID_MAX_LIMIT`, kernel/pid.c).
        public static let processes = 4_194_304
        /// Threads listed of one process.
        public static let threads = 65_536
        /// Bytes of one small file: stat, cmdline.
        public static let fileBytes = 65_536
        /// Bytes of one status, whose list of groups can be long.
        public static let statusBytes = 2_097_152
        /// Bytes of one process's maps: more than 65,530 mappings, the default of `vm.max_map_count`, with
        /// paths of 400 bytes.
        public static let mapsBytes = 33_554_432
        /// Bytes of one process's smaps: 24 lines for each mapping of maps.
        public static let smapsBytes = 268_435_456
        /// Bytes of mountinfo.
        public static let mountinfoBytes = 16_777_216
        /// pid namespaces within one another (`MAX_PID_NS_LEVEL`, include/linux/pid_namespace.h).
        public static let namespaceLevels = 32
    }

    let root: SystemPath
    /// Whether a process of this number exists, also where the folder does not show it; nil in a made-up tree.
    let taskExists: (@Sendable (Int32) -> Bool)?

    /// - Parameter root: where it is mounted. Of any other folder than `/proc` it is not assumed that its
    ///   processes are this kernel's.
    public init(root: String = "/proc") {
        self.init(root: root, taskExists: root == "/proc" ? answersToSignal : nil)
    }

    /// - Parameter taskExists: stands for kill(2) with signal 0.
    package init(root: String, taskExists: (@Sendable (Int32) -> Bool)?) {
        self.root = SystemPath(root)
        self.taskExists = taskExists
    }

    /// The ids of all processes, in ascending order.
    ///
    /// - Throws: ``KernelError`` where the folder cannot be read.
    public func processes(limit: Int = Limit.processes) throws(KernelError) -> BoundedList<Int32> {
        guard let list = try numbers(in: root, limit: limit) else {
            throw KernelError(operation: "open", object: root.text, errno: .noSuchFileOrDirectory)
        }
        return list
    }

    /// The path of something about a process: `maps`.
    func path(_ pid: Int32, _ name: String) -> SystemPath { root.appending(pid).appending(name) }

    /// The entries of a folder that are numbers, ascending; nil where the folder is gone.
    ///
    /// - Parameter lowest: the least number that is meant: 1 of a process or thread, 0 of a descriptor.
    func numbers(in folder: SystemPath, from lowest: Int32 = 1, limit: Int) throws(KernelError) -> BoundedList<Int32>? {
        var list = BoundedList<Int32>()
        do throws(Errno) {
            let descriptor = try openDescriptor(folder, OpenFlags.folder)
            var reader = DirectoryReader()
            _ = try reader.forEachEntry(of: descriptor, entriesMax: .max) { (name, _) throws(Errno) in
                var position = 0
                guard let number = takeDecimal(name, &position), position == name.count,
                    let id = Int32(exactly: number), id >= lowest
                else { return }
                list.append(id, limit: limit)
            }
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "getdents64", object: folder.text, errno: error, needs: Needs.otherProcess)
        }
        list.elements.sort()
        return list
    }

    /// A small file's bytes; nil where its process is gone.
    func contents(_ path: SystemPath, bytesMax: Int = Limit.fileBytes) throws(KernelError) -> FileContents? {
        do throws(Errno) {
            return try FileContents(path, bytesMax: bytesMax)
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "read", object: path.text, errno: error, needs: Needs.otherProcess)
        }
    }

    /// How long files are that the kernel writes in one piece: proc_pid_stat(5) has 52 numbers of 64 bits at most.
    private static let pieceBytesMax = 2_048

    /// A small file's bytes, read by one call where it is as short as the kernel writes those; nil where its process is gone.
    func piece(_ path: SystemPath) throws(KernelError) -> [UInt8]? {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try readOnce(try openDescriptor(path, OpenFlags.file), bytesMax: Self.pieceBytesMax)
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "read", object: path.text, errno: error, needs: Needs.otherProcess)
        }
        return bytes.count < Self.pieceBytesMax ? bytes : try contents(path)?.bytes
    }

    /// A symbolic link's target; nil where its process is gone, or has no such thing.
    func target(of path: SystemPath) throws(KernelError) -> [UInt8]? {
        do throws(Errno) {
            return try readLink(path)
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "readlink", object: path.text, errno: error, needs: Needs.otherProcess)
        }
    }
}

/// The rights that show what is hidden, by the names of capabilities(7).
enum Needs {
    /// maps, exe and ns of a process of another user.
    static let otherProcess = "CAP_SYS_PTRACE"
    /// fd of a process of another user, which has a folder's mode as well.
    static let otherDescriptors = "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
    /// Opening an entry of map_files, even of one's own process.
    static let mapFiles = "CAP_CHECKPOINT_RESTORE and CAP_SYS_PTRACE"
    /// Files that their mode keeps to others.
    static let otherFiles = "CAP_DAC_READ_SEARCH"
}
