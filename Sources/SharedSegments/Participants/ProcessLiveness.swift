import Glibc
import SystemPackage

extension ProcessIdentity {
    /// This process.
    static func current() throws(SegmentError) -> ProcessIdentity {
        guard let start = startTimeOfProcess(getpid()) else {
            throw .system(operation: "read", object: "/proc/self/stat", .noSuchFileOrDirectory)
        }
        var status = stat()
        guard unsafe fstatat(AT_FDCWD, "/proc/self/ns/pid", &status, 0) == 0 else {
            throw .system(operation: "stat", object: "/proc/self/ns/pid", Errno(rawValue: errno))
        }
        return ProcessIdentity(
            pid: UInt32(getpid()), uid: geteuid(), pidNamespace: UInt64(status.st_ino), startTime: start)
    }

    /// Whether this process lives, as one can tell from another process' pid namespace.
    ///
    /// A process whose number was used again since is dead. One that exists and whose start time is hidden (a /proc
    /// mounted with `hidepid`) stays unknown: nothing of it may be taken away.
    func liveness(seenFrom here: ProcessIdentity) -> Liveness {
        guard pidNamespace == here.pidNamespace else { return .unknown }
        guard let pid = Int32(exactly: pid), pid > 0 else { return .dead }
        if kill(pid, 0) != 0, errno == ESRCH { return .dead }
        guard let start = Self.startTimeOfProcess(pid) else {
            return kill(pid, 0) != 0 && errno == ESRCH ? .dead : .unknown
        }
        return start == startTime ? .alive : .dead
    }

    /// Field 22 of /proc/PID/stat: what comes after the last parenthesis is separated by single spaces; proc(5).
    private static func startTimeOfProcess(_ pid: Int32) -> UInt64? {
        guard let descriptor = try? FileDescriptor.open(FilePath("/proc/\(pid)/stat"), .readOnly, options: .closeOnExec)
        else { return nil }
        defer { try? descriptor.close() }
        var bytes = [UInt8](repeating: 0, count: 1024)
        guard let count = try? unsafe bytes.withUnsafeMutableBytes({ unsafe try descriptor.read(into: $0) }),
            let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(end + 1)..<count].split(separator: UInt8(ascii: " "))
        // State is field 3 and the first here.
        guard fields.count > 19, let state = fields.first?.first else { return nil }
        guard state != UInt8(ascii: "Z"), state != UInt8(ascii: "X") else { return 0 }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }
}
