import Encoding
import Glibc
import HTTPCore
import Kernel
import Observations
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport
import Testing

@testable import API

/// The program itself, as a process with a socket.
@Suite struct ServeProcessTests {
    @Test func `serves, and ends cleanly on SIGTERM`() throws {
        let folder = TemporaryFolder()
        let server = try ServerProcess(["--public", folder.path])
        let name = Unique.name("live")
        defer { removeObject(name) }
        let made = try server.ask(
            "POST", "/api/v1/segments", [("Content-Type", "application/json")],
            #"{"name":"\#(name)","capacityBytes":"64KiB"}"#)
        #expect(made.hasPrefix("HTTP/1.1 201"), "\(made)")
        #expect(made.contains("Location: /api/v1/segments/posix:\(name)\r\n"))
        for path in ["", "/bytes", "/hexdump", "/layout", "/heap", "/blocks", "/locks", "/participants", "/events"] {
            let reply = try server.ask("GET", "/api/v1/segments/\(name)\(path)")
            #expect(reply.hasPrefix("HTTP/1.1 200"), "\(path): \(reply.prefix(200))")
        }
        #expect(try server.ask("GET", "/api/v1/segments/\(name)/hexdump?length=16").contains("00000000: 5348 4d4c 454e 5300"))
        let head = try server.ask("HEAD", "/api/v1/segments/\(name)/hexdump?length=16")
        #expect(head.contains("Content-Length: 68\r\n") && head.hasSuffix("\r\n\r\n"), "\(head)")
        #expect(try server.ask("GET", "/").hasPrefix("HTTP/1.1 404"))
        #expect(try server.ask("GET", "/healthz").hasSuffix("\r\n\r\nok"))
        let worker = try server.ask(
            "POST", "/api/v1/workers", [("Content-Type", "application/json")],
            #"{"segment":"\#(name)","workload":"counter"}"#)
        #expect(worker.hasPrefix("HTTP/1.1 201"), "\(worker)")
        #expect(server.end(SIGTERM) == 0)
        let segment = try Segment.open(name: name)
        #expect(try segment.livingParticipants() == 0)
    }

    @Test(.disabled(if: replacesLockingOfMemory, "a sanitizer answers mlock itself"))
    func `locks pages into memory and releases them, by the kernel's own count`() throws {
        let server = try ServerProcess([])
        let name = Unique.name("lock")
        let segment = try Segment.create(name: name, options: SegmentOptions(capacityBytes: 65536))
        defer { removeObject(name) }
        func protect(_ locked: String) throws -> String {
            try server.ask(
                "PUT", "/api/v1/segments/\(name)/protection", [("Content-Type", "application/json")],
                #"{"offset":\#(segment.layout.poolOffset),"length":65536,"locked":"\#(locked)"}"#)
        }
        func lockedBytes() throws -> Int? { try ProcFS().status(of: server.pid)?.lockedBytes }
        #expect(try lockedBytes() == 0)
        let locked = try protect("all")
        #expect(locked.contains(#""access":"readWrite","locked":"all""#), "\(locked)")
        #expect(try lockedBytes() == 65536)
        #expect(try protect("no").contains(#""protection":[]"#))
        #expect(try lockedBytes() == 0)
        #expect(server.end(SIGTERM) == 0)
    }

    @Test func `makes a token where others reach it, and prints the URL to click`() throws {
        let server = try ServerProcess(["--listen", "0.0.0.0:0"])
        let line = try server.line()
        let prefix = "open http://127.0.0.1:\(server.port)/?token="
        #expect(line.hasPrefix(prefix), "\(line)")
        let token = line.dropFirst(prefix.count)
        #expect(try server.ask("GET", "/api/v1/status").hasPrefix("HTTP/1.1 401"))
        #expect(try server.ask("GET", "/api/v1/status", [("Authorization", "Bearer \(token)")]).hasPrefix("HTTP/1.1 200"))
        #expect(try server.ask("GET", "/healthz").hasPrefix("HTTP/1.1 200"))
        #expect(server.end(SIGINT) == 0)
    }
}

/// `shmlens serve`, listening on a port of its own.
final class ServerProcess {
    let pid: Int32
    private let output: FileDescriptor
    private(set) var port: UInt16 = 0
    private var isRunning = true

    init(_ arguments: [String]) throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw BenchError(what: "pipe: error \(errno)") }
        output = FileDescriptor(rawValue: ends[0])
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_addclose(&actions, ends[0])
        let listening = arguments.contains("--listen") ? [] : ["--listen", "127.0.0.1:0"]
        let words = [Program.path.string, "serve"] + listening + arguments
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let error = unsafe posix_spawn(&child, Program.path.string, &actions, nil, &pointers, environ)
        close(ends[1])
        guard error == 0 else { throw BenchError(what: "posix_spawn: error \(error)") }
        pid = child
        let line = try line()
        guard line.hasPrefix("listening on http://"), let colon = line.lastIndex(of: ":"),
            let port = UInt16(line[line.index(after: colon)...])
        else { throw BenchError(what: line) }
        self.port = port
    }

    deinit {
        if isRunning { _ = end(SIGKILL) }
        try? output.close()
    }

    /// The next line that it prints.
    func line() throws -> String {
        var bytes: [UInt8] = []
        var byte: [UInt8] = [0]
        while bytes.count < 1000 {
            let count = try unsafe byte.withUnsafeMutableBytes { unsafe try output.read(into: $0) }
            guard count > 0, byte[0] != UInt8(ascii: "\n") else { break }
            bytes += byte
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends a request on a connection of its own.
    ///
    /// - Returns: the whole answer as it came.
    func ask(_ method: String, _ path: String, _ fields: [(String, String)] = [], _ body: String = "") throws -> String {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let socket = FileDescriptor(rawValue: number)
        return try socket.closeAfter {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let result = unsafe withUnsafePointer(to: address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else { throw BenchError(what: "connect: error \(errno)") }
            var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
            for (name, value) in fields { head += "\(name): \(value)\r\n" }
            if !body.isEmpty { head += "Content-Length: \(body.utf8.count)\r\n" }
            try socket.writeAll((head + "\r\n" + body).utf8)
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { unsafe try socket.read(into: $0) }
                guard count > 0 else { break }
                answer += buffer[..<count]
            }
            return String(decoding: answer, as: UTF8.self)
        }
    }

    /// Sends a signal and waits.
    ///
    /// - Returns: the exit status; nil where a signal ended it.
    func end(_ signal: Int32) -> Int32? {
        isRunning = false
        kill(pid, signal)
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, 0) == pid else { return nil }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : nil
    }
}
