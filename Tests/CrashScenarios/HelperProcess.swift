import Glibc
import Synchronization

/// A program of this package that tests talk to, line by line.
public final class HelperProcess {
    public let pid: Int32
    private let toChild: Int32
    private let fromChild: Int32
    private var received: [UInt8] = []

    /// The folder of the program that runs now: the package's other programs stand beside the tests.
    private static var folder: String {
        var path = [UInt8](repeating: 0, count: 4096)
        let length = unsafe path.withUnsafeMutableBytes { buffer in
            unsafe readlink("/proc/self/exe", buffer.baseAddress!, buffer.count)
        }
        precondition(length > 0, "readlink of /proc/self/exe")
        let end = path[..<length].lastIndex(of: UInt8(ascii: "/")) ?? 0
        return String(decoding: path[..<end], as: UTF8.self)
    }

    /// The path of one of the package's programs.
    public static func path(of program: String) -> String { "\(folder)/\(program)" }

    /// Starts a program.
    ///
    /// - Parameter program: a path.
    public init(_ program: String, _ arguments: [String] = []) {
        (pid, toChild, fromChild) = Self.starting.withLock { _ in Self.start(program, arguments) }
    }

    /// One start at a time: a child that inherited another one's pipe would keep it open.
    private static let starting = Mutex(())

    private static func start(_ program: String, _ arguments: [String]) -> (pid: Int32, input: Int32, output: Int32) {
        var input: [Int32] = [-1, -1]
        var output: [Int32] = [-1, -1]
        let piped = unsafe pipe(&input) == 0 && pipe(&output) == 0
        precondition(piped, "pipe")
        for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        defer { for unsafe word in unsafe words { unsafe free(word) } }
        var child: pid_t = 0
        let error = unsafe posix_spawn(&child, program, &actions, nil, &words, environ)
        precondition(error == 0, "posix_spawn of \(program): error \(error)")
        close(input[0])
        close(output[1])
        return (child, input[1], output[0])
    }

    deinit {
        close(toChild)
        close(fromChild)
        kill(pid, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
    }

    /// Writes a line, and reads the one that answers it.
    ///
    /// - Returns: nil where the program ended without an answer.
    public func ask(_ line: String) -> String? {
        say(line)
        return answer()
    }

    public func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        let written = unsafe bytes.withUnsafeBytes { unsafe write(toChild, $0.baseAddress, $0.count) }
        precondition(written == bytes.count, "write to a helper")
    }

    /// The next line; waits for it.
    public func answer() -> String? {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeFirst(end + 1) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            guard receive(atMost: 4096) else { return nil }
        }
    }

    /// The next bytes, so many of them.
    ///
    /// - Returns: nil where the program ended before it wrote them.
    public func bytes(_ count: Int) -> [UInt8]? {
        while received.count < count {
            guard receive(atMost: max(4096, count - received.count)) else { return nil }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    /// A helper that says nothing for so long will not any more. Two minutes: a crowded machine is slow.
    private static let patienceMilliseconds: Int32 = 120_000

    /// - Returns: false where the program has closed its output, or says nothing any more.
    private func receive(atMost limit: Int) -> Bool {
        var wanted = pollfd(fd: fromChild, events: Int16(POLLIN), revents: 0)
        var ready: Int32
        repeat { ready = unsafe poll(&wanted, 1, Self.patienceMilliseconds) } while ready < 0 && errno == EINTR
        guard ready > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: limit)
        var count: Int
        repeat {
            count = unsafe buffer.withUnsafeMutableBytes { unsafe read(fromChild, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count > 0 else { return false }
        received += buffer[..<count]
        return true
    }

    /// Kills it and waits until it is gone.
    public func killAndReap() {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
    }
}
