public import Observations

/// A tree of files that reads like `/proc`.
public final class MadeUpProc {
    public let folder = TemporaryFolder()
    /// What a `ProcFS` is given.
    public var root: String { folder.path }

    public init() {}

    /// Adds a process with the files that the kernel gives each: stat, status, maps, cmdline, comm, ns, task, fd.
    ///
    /// - Parameters:
    ///   - namespacePIDs: its id in each pid namespace, from that of this tree to its own.
    ///   - pidNamespace: inode number of its own pid namespace.
    public func add(
        _ pid: Int32, command: ByteString = "program", state: Character = "S", threadCount: Int = 1,
        startTicks: UInt64 = 1_000, maps: String = "", uid: UInt32 = 1_000, namespacePIDs: [Int32]? = nil,
        pidNamespace: UInt64 = 4_026_531_836
    ) {
        let stat = Self.stat(pid, command, state, threadCount: threadCount, startTicks: startTicks)
        folder.write(stat, to: "\(pid)/stat")
        folder.write(stat, to: "\(pid)/task/\(pid)/stat")
        folder.write(command.bytes + [UInt8(ascii: "\n")], to: "\(pid)/comm")
        folder.write(command.bytes + [0], to: "\(pid)/cmdline")
        folder.write(maps, to: "\(pid)/maps")
        let ids = (namespacePIDs ?? [pid]).map { "\t\($0)" }.joined()
        folder.write(
            "Name:\t\(command.text)\nUid:\t\(uid)\t\(uid)\t\(uid)\t\(uid)\nNSpid:\(ids)\nVmLck:\t       8 kB\n",
            to: "\(pid)/status")
        folder.link("\(pid)/ns/pid", to: "pid:[\(pidNamespace)]")
        folder.link("\(pid)/ns/ipc", to: "ipc:[4026531839]")
        folder.link("\(pid)/ns/mnt", to: "mnt:[4026531841]")
    }

    /// Adds a thread to a process.
    public func addThread(_ tid: Int32, to pid: Int32, command: ByteString = "thread", state: Character = "S") {
        folder.write(
            Self.stat(tid, command, state, threadCount: 2, startTicks: 1_000), to: "\(pid)/task/\(tid)/stat")
    }

    /// One line of stat, as proc_pid_stat(5) has it.
    public static func stat(
        _ pid: Int32, _ command: ByteString, _ state: Character, threadCount: Int, startTicks: UInt64
    ) -> [UInt8] {
        let head = Array("\(pid) (".utf8) + command.bytes
        let tail = ") \(state) 1 1 1 0 -1 4194304 78 0 0 0 0 0 0 0 20 0 \(threadCount) 0 \(startTicks) 2400256 245\n"
        return head + Array(tail.utf8)
    }
}

extension ByteString: ExpressibleByStringInterpolation {}
