import Encoding
import Glibc
import Testing

/// `shmlens serve` on a port of its own.
final class Server {
    let process: Running
    let port: UInt16

    init(_ arguments: String...) throws {
        process = try Running([Program.path, "serve", "--listen", "127.0.0.1:0"] + arguments)
        let line = try process.line()
        guard line.hasPrefix("listening on http://127.0.0.1:"), let colon = line.lastIndex(of: ":"),
            let port = UInt16(line[line.index(after: colon)...]), port > 0
        else { throw CommandError("the server printed: \(line)") }
        self.port = port
    }

    /// Ends it as its user would.
    func stop() throws {
        let outcome = try process.end(SIGTERM)
        #expect(outcome.ending == .exited(0), "\(outcome.messages)")
    }

    /// Sends a request and reads its answer.
    ///
    /// - Parameter path: behind `/api/v1`, or with two slashes before it, from the root.
    func send(
        _ method: String, _ path: String, _ fields: [String: String] = [:], json: String? = nil, body: [UInt8]? = nil
    ) throws -> Reply {
        try Connection(self, method, path, fields, json: json, body: body).reply()
    }

    func get(_ path: String, _ fields: [String: String] = [:]) throws -> Reply { try send("GET", path, fields) }

    /// A JSON answer that has to be one of success.
    func json(_ method: String, _ path: String, json: String? = nil) throws -> JSONValue {
        let reply = try send(method, path, json: json)
        guard 200..<300 ~= reply.status else { throw CommandError("\(method) \(path): \(reply.status) \(reply.text)") }
        return try reply.json()
    }

    /// Starts a worker.
    ///
    /// - Returns: its process' number.
    func startWorker(_ segment: String, _ workload: String, options: String = "{}") throws -> Int32 {
        let json = #"{"segment":"\#(segment)","workload":"\#(workload)","options":\#(options)}"#
        let answer = try self.json("POST", "/workers", json: json)
        return Int32(try number(answer, "workers", "0", "pid"))
    }
}

/// A request under way on a connection of its own.
final class Connection {
    private let socket: Int32

    init(
        _ server: Server, _ method: String, _ path: String, _ fields: [String: String] = [:], json: String? = nil,
        body: [UInt8]? = nil
    ) throws {
        guard let socket = try Self.connect(port: server.port) else {
            throw CommandError("nobody listens on port \(server.port)")
        }
        self.socket = socket
        let body = json.map { Array($0.utf8) } ?? body
        let target = path.hasPrefix("//") ? String(path.dropFirst()) : "/api/v1" + path
        var head = "\(method) \(target) HTTP/1.1\r\nConnection: close\r\n"
        if fields["Host"] == nil { head += "Host: 127.0.0.1:\(server.port)\r\n" }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if json != nil { head += "Content-Type: application/json\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        var rest = Array((head + "\r\n").utf8)[...] + (body ?? [])
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw CommandError("send: error \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    deinit { close(socket) }

    /// - Returns: nil where the connection is refused.
    static func connect(port: UInt16) throws -> Int32? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            unsafe setsockopt(socket, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return socket }
        let error = errno
        close(socket)
        guard error == ECONNREFUSED else { throw CommandError("connect: error \(error)") }
        return nil
    }

    /// Some bytes of the answer, empty at its end.
    func read() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe recv(socket, &buffer, buffer.count, 0)
        guard count >= 0 else { throw CommandError("recv: error \(errno)") }
        return Array(buffer[..<count])
    }

    /// The whole answer.
    ///
    /// - Parameter begin: what was read of it already.
    func reply(after begin: [UInt8] = []) throws -> Reply {
        var bytes = begin
        while true {
            let more = try read()
            guard !more.isEmpty else { return try Reply(bytes) }
            bytes += more
        }
    }
}

/// An answer, taken apart.
struct Reply {
    let status: Int
    let body: [UInt8]

    init(_ bytes: [UInt8]) throws {
        let lineEnd = Array("\r\n".utf8)
        var rest = bytes[...]
        func line() throws -> String {
            guard let end = rest.firstRange(of: lineEnd) else {
                throw CommandError("no answer, but: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
            }
            defer { rest = rest[end.upperBound...] }
            return String(decoding: rest[..<end.lowerBound], as: UTF8.self)
        }
        let words = try line().split(separator: " ")
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw CommandError("no status: \(words)")
        }
        self.status = status
        var isChunked = false
        var length: Int?
        while true {
            let field = try line()
            if field.isEmpty { break }
            let parts = field.lowercased().split(separator: ":", maxSplits: 1)
            let value = parts.count == 2 ? String(parts[1].drop { $0 == " " }) : ""
            if parts[0] == "transfer-encoding", value == "chunked" { isChunked = true }
            if parts[0] == "content-length" { length = Int(value) }
        }
        guard isChunked else {
            guard length == nil || length == rest.count else {
                throw CommandError("\(rest.count) bytes came of \(length ?? 0)")
            }
            body = Array(rest)
            return
        }
        var whole: [UInt8] = []
        while let size = Int(try line(), radix: 16), size > 0 {
            guard rest.count >= size + 2 else { throw CommandError("the answer ends inside a chunk") }
            whole += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        body = whole
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> JSONValue { try JSONValue(parsing: body) }
}
