import Glibc
import Observations
import SystemPackage
import TestSupport

/// One run of the program: what it printed, and how it ended.
struct ProgramRun {
    let output: String
    let messages: String
    /// nil where a signal ended it.
    let status: Int32?

    /// Runs it to its end, with nothing on standard input.
    init(_ arguments: String...) throws { try self.init(words: arguments) }

    init(words arguments: [String]) throws {
        let folder = TemporaryFolder()
        for name in ["output", "messages"] { folder.write("", to: .init(Array(name.utf8))) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, folder.path + "/output", O_WRONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, folder.path + "/messages", O_WRONLY, 0)
        let words = [Program.path.string] + arguments
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let error = unsafe posix_spawn(&child, Program.path.string, &actions, nil, &pointers, environ)
        guard error == 0 else { throw BenchError(what: "posix_spawn: error \(error)") }
        var ended: Int32 = 0
        guard unsafe waitpid(child, &ended, 0) == child else { throw BenchError(what: "waitpid: error \(errno)") }
        status = ended & 0x7F == 0 ? ended >> 8 & 0xFF : nil
        output = try Self.text(folder.path + "/output")
        messages = try Self.text(folder.path + "/messages")
    }

    private static func text(_ path: String) throws -> String {
        let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { unsafe try descriptor.read(into: $0) }
                guard count > 0 else { return String(decoding: all, as: UTF8.self) }
                all += buffer[..<count]
            }
        }
    }
}
