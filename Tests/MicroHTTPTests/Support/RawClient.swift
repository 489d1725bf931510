import Glibc

/// A client that sends bytes exactly as it is told and reads what comes back.
final class RawClient {
    /// No answer of a test's server takes this long.
    static let patienceSeconds = 30

    private var descriptor: Int32
    /// What was read and not yet taken.
    private var buffer: [UInt8] = []

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter host: a numeric IPv4 address.
    init(host: String, port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "socket: error \(errno)") }
        var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw Failure(description: "no address: \(host)")
        }
        let result = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(description: "connect: error \(errno)") }
    }

    deinit { close() }

    func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    /// Leaves without a farewell: the server's next write meets a reset.
    func abort() {
        var option = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { buffer in
                unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "send: error \(errno)") }
            sent += count
        }
    }

    /// Whether the server has closed or reset the connection, waiting for it for some milliseconds.
    func isCut(withinMilliseconds milliseconds: Int32) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&item, 1, milliseconds) > 0 else { return false }
        return buffer.isEmpty && !((try? fill()) ?? false)
    }

    /// One reply: the status line, the header and the body that they announce.
    func reply(toHead isHead: Bool = false) throws -> Reply {
        let lines = try header()
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, let status = Int(words[1]) else { throw Failure(description: "no status: \(lines[0])") }
        var reply = Reply(status: status, fields: [], body: [])
        for line in lines.dropFirst() {
            let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw Failure(description: "no field: \(line)") }
            reply.fields.append((String(sides[0]), String(sides[1].drop { $0 == " " })))
        }
        if isHead || status == 100 || status == 204 || status == 304 { return reply }
        if reply["Transfer-Encoding"] == "chunked" {
            reply.body = try chunks()
        } else if let length = reply["Content-Length"].flatMap({ Int($0) }) {
            reply.body = try take(length)
        } else {
            reply.body = try rest()
        }
        return reply
    }

    /// Everything until the server closes.
    func rest() throws -> [UInt8] {
        while try fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// One chunk of a chunked body; empty for the last.
    func chunk() throws -> [UInt8] {
        let size = Int(try line(), radix: 16)
        guard let size else { throw Failure(description: "no chunk's size") }
        let bytes = try take(size)
        guard try take(2) == [13, 10] else { throw Failure(description: "no end of a chunk") }
        return bytes
    }

    /// A status line and its header, without what follows.
    func header() throws -> [String] {
        var lines = [String]()
        while true {
            let line = try line()
            if line.isEmpty && !lines.isEmpty { return lines }
            lines.append(line)
        }
    }

    private func chunks() throws -> [UInt8] {
        var body = [UInt8]()
        while true {
            let chunk = try chunk()
            if chunk.isEmpty { return body }
            body += chunk
        }
    }

    private func line() throws -> String {
        var end: Int?
        while true {
            end = buffer.firstIndex(of: 10)
            if let end, end > 0, buffer[end - 1] == 13 {
                defer { buffer.removeFirst(end + 1) }
                return String(decoding: buffer[..<(end - 1)], as: UTF8.self)
            }
            guard try fill() else { throw Failure(description: "the connection ended within a line") }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else { throw Failure(description: "\(count) bytes awaited, \(buffer.count) came") }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Reads more; false at the end of the connection, a reset included.
    private func fill() throws -> Bool {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe piece.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count > 0 { buffer += piece[..<count] }
        if count < 0 && errno != ECONNRESET { throw Failure(description: "recv: error \(errno)") }
        return count > 0
    }
}

/// What came back.
struct Reply {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    subscript(name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
