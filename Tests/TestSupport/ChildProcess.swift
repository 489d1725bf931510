import CShmlens
import Glibc
public import Observations

/// A real process that does nothing until it is killed: `cat`, reading a pipe that nobody writes; or a shell that runs a
/// script, and reads what it is told.
public final class ChildProcess {
    public let pid: Int32
    private let writingEnd: Int32
    private var isReaped = false

    public convenience init() { self.init(["/bin/cat"]) }

    /// A shell with a script. It is told lines by ``tell(_:)``.
    public convenience init(script: String) { self.init(["/bin/sh", "-c", script]) }

    private init(_ words: [String]) {
        var ends: [Int32] = [-1, -1]
        precondition(unsafe pipe(&ends) == 0, "pipe")
        // Another child's copy of the writing end does no harm: this one is ended by a signal.
        writingEnd = ends[1]
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        var child: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { for unsafe argument in unsafe arguments { unsafe free(argument) } }
        precondition(unsafe posix_spawn(&child, words[0], &actions, nil, &arguments, environ) == 0, "posix_spawn")
        close(ends[0])
        pid = child
    }

    deinit {
        if !isReaped {
            kill(pid, SIGKILL)
            reap()
        }
        close(writingEnd)
    }

    /// Writes a line to what it reads.
    public func tell(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        precondition(unsafe write(writingEnd, bytes, bytes.count) == bytes.count, "write")
    }

    /// Kills it and waits until it is a zombie, which it stays.
    public func killUnreaped() {
        kill(pid, SIGKILL)
        var info = unsafe siginfo_t()
        let result = unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT)
        precondition(result == 0, "waitid")
    }

    /// Waits until it has ended, and takes its entry away.
    public func reap() {
        var status: Int32 = 0
        precondition(unsafe waitpid(pid, &status, 0) == pid, "waitpid")
        isReaped = true
    }
}

/// The calling thread's id.
public func currentThread() -> Int32 { shmlens_gettid() }

/// Names a thread of this process; at most 15 bytes are kept.
public func setName(_ name: ByteString, ofThread tid: Int32) {
    let descriptor = unsafe open("/proc/self/task/\(tid)/comm", O_WRONLY | O_CLOEXEC)
    precondition(descriptor >= 0, "open comm")
    defer { close(descriptor) }
    precondition(unsafe write(descriptor, name.bytes, name.bytes.count) == name.bytes.count, "write comm")
}
