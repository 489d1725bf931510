import CShmlens
import Glibc

/// Bounds every wait: no measure of speed, but an end.
let patience = Duration.seconds(60)

/// Why a test cannot go on.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// When to give up.
struct Deadline {
    private let end = ContinuousClock.now + patience

    var isOver: Bool { ContinuousClock.now >= end }

    /// For poll(2), rounded up so that a wait does not end early.
    var milliseconds: Int32 {
        let left = end - ContinuousClock.now
        return left <= .zero ? 0 : Int32(left / .milliseconds(1)) + 1
    }
}

/// Waits for what no event tells: looks again every few milliseconds.
///
/// - Throws: ``CommandError`` where it does not come true in time.
func eventually(_ what: String, _ isTrue: () throws -> Bool) throws {
    let deadline = Deadline()
    while true {
        if try isTrue() { return }
        guard !deadline.isOver else { throw CommandError("\(what): not within \(patience)") }
        poll(nil, 0, 2)
    }
}

/// The program under test, built beside the tests.
enum Program {
    static let path: String = {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let own = buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
        let folder = own.lastIndex(of: UInt8(ascii: "/")).map { own[...$0] } ?? []
        return String(decoding: folder, as: UTF8.self) + "shmlens"
    }()
}

/// How a process ended.
enum Ending: Equatable {
    case exited(Int32)
    case killed(Int32)
}

/// A process that a test started, with pipes from its outputs. It is killed at the latest when this goes.
final class Running {
    /// Whom it runs as.
    enum User {
        case same
        /// Somebody without any right. Only root can start such a process.
        case nobody
    }

    let pid: Int32
    /// Readable once it has ended.
    private let handle: Int32
    /// Standard output and standard error; -1 where it has closed them.
    private var outputs: [Int32] = [-1, -1]
    private var received: [[UInt8]] = [[], []]
    private(set) var ending: Ending?

    /// - Parameters:
    ///   - words: the program, looked for on the PATH, and its arguments.
    ///   - input: its standard input.
    init(_ words: [String], input: [UInt8] = [], user: User = .same) throws {
        let ends = try (0..<2).map { _ in try Self.pipe() }
        defer { for end in ends { close(end.writing) } }
        let inputFile = try Self.file(input)
        defer { close(inputFile) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, inputFile, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[0].writing, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1].writing, 2)
        var words = words
        if case .nobody = user {
            // Through a descriptor: nobody need have a right to the folders that the program stands in.
            let program = unsafe open(words[0], O_RDONLY | O_CLOEXEC)
            guard program >= 0 else { throw CommandError("open \(words[0]): error \(errno)") }
            unsafe posix_spawn_file_actions_adddup2(&actions, program, Self.programNumber)
            let before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            words = before + ["/proc/self/fd/\(Self.programNumber)"] + words.dropFirst()
        }
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let error = unsafe posix_spawnp(&child, words[0], &actions, nil, &pointers, environ)
        guard error == 0 else { throw CommandError("posix_spawn of \(words[0]): error \(error)") }
        pid = child
        var handle: Int32 = -1
        guard unsafe shmlens_pidfd_open(child, &handle) == 0 else { throw CommandError("pidfd_open") }
        self.handle = handle
        outputs = ends.map(\.reading)
    }

    private static let programNumber: Int32 = 100

    deinit {
        if ending == nil {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            unsafe waitpid(pid, &status, 0)
        }
        for number in outputs where number >= 0 { close(number) }
        close(handle)
    }

    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: (reading: Int32, writing: Int32) = (-1, -1)
        guard unsafe shmlens_pipe(&ends.reading, &ends.writing) == 0 else { throw CommandError("no pipe") }
        return ends
    }

    /// An unnamed file with this in it, to be read from its begin.
    private static func file(_ bytes: [UInt8]) throws -> Int32 {
        var path = Array("/tmp/shmlens-input-XXXXXX".utf8CString)
        let number = unsafe mkstemp(&path)
        guard number >= 0 else { throw CommandError("mkstemp: error \(errno)") }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        unsafe unlink(path)
        guard unsafe write(number, bytes, bytes.count) == bytes.count, lseek(number, 0, SEEK_SET) == 0 else {
            throw CommandError("cannot write \(bytes.count) bytes of input")
        }
        return number
    }

    // MARK: What it prints

    /// Takes in what it printed; waits for something.
    ///
    /// - Returns: false where it has closed both.
    private func receive(_ deadline: Deadline) throws -> Bool {
        var polled = outputs.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard outputs.contains(where: { $0 >= 0 }) else { return false }
        guard unsafe poll(&polled, 2, deadline.milliseconds) > 0 else {
            if errno == EINTR, !deadline.isOver { return true }
            throw CommandError("process \(pid) printed nothing for \(patience), after: \(text(0)) \(text(1))")
        }
        for index in 0..<2 where outputs[index] >= 0 && polled[index].revents != 0 {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = unsafe read(outputs[index], &buffer, buffer.count)
            if count > 0 {
                received[index] += buffer[..<count]
            } else if count == 0 || errno != EINTR {
                close(outputs[index])
                outputs[index] = -1
            }
        }
        return true
    }

    private func text(_ index: Int) -> String { String(decoding: received[index], as: UTF8.self) }

    /// The next line that it prints, without its end; waits for it.
    func line() throws -> String {
        let deadline = Deadline()
        while true {
            if let end = received[0].firstIndex(of: UInt8(ascii: "\n")) {
                defer { received[0].removeFirst(end + 1) }
                return String(decoding: received[0][..<end], as: UTF8.self)
            }
            guard outputs[0] >= 0, try receive(deadline) else {
                throw CommandError("no line from process \(pid), but: \(text(0)) \(text(1))")
            }
        }
    }

    // MARK: Its end

    /// Waits until it has ended, and answers all that it printed.
    @discardableResult
    func finish() throws -> Outcome {
        let deadline = Deadline()
        while try receive(deadline) {}
        return Outcome(ending: try reap(deadline), output: received[0], messages: text(1))
    }

    /// Sends a signal and waits until it has ended.
    @discardableResult
    func end(_ signal: Int32) throws -> Outcome {
        kill(pid, signal)
        return try finish()
    }

    private func reap(_ deadline: Deadline) throws -> Ending {
        if let ending { return ending }
        var polled = [pollfd(fd: handle, events: Int16(POLLIN), revents: 0)]
        while unsafe poll(&polled, 1, deadline.milliseconds) <= 0 {
            guard !deadline.isOver else { throw CommandError("process \(pid) did not end within \(patience)") }
        }
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, 0) == pid else { throw CommandError("waitpid: error \(errno)") }
        let ending: Ending = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
        self.ending = ending
        return ending
    }
}

/// What became of a process.
struct Outcome {
    let ending: Ending
    let output: [UInt8]
    let messages: String

    var text: String { String(decoding: output, as: UTF8.self) }

    /// The lines of its output.
    var lines: [Substring] { text.split(separator: "\n") }
}

/// Runs the program until it ends.
func shmlens(_ words: String..., input: [UInt8] = [], user: Running.User = .same) throws -> Outcome {
    try shmlens(words, input: input, user: user)
}

func shmlens(_ words: [String], input: [UInt8] = [], user: Running.User = .same) throws -> Outcome {
    try Running([Program.path] + words, input: input, user: user).finish()
}
