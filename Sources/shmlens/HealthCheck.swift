import ArgumentParser
import Glibc
import MicroHTTP
import SystemPackage

/// Asks a server one question, as a container's health check does: the image needs no other client.
struct HealthCheck {
    /// How long connecting, asking and answering may each take.
    private static let patienceSeconds = 3

    private let address: ListenAddress
    private let path: String

    /// - Parameter url: `http://HOST:PORT/PATH` with a numeric host or localhost; without a path, `/healthz`.
    init(_ url: String) throws {
        guard url.hasPrefix("http://") else { throw ValidationError("\(url) does not begin with http://") }
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/")
        address = try ListenAddress(String(rest[..<(slash ?? rest.endIndex)]))
        path = slash.map { String(rest[$0...]) } ?? "/healthz"
        guard path.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { throw ValidationError("\(url) is no URL") }
    }

    /// - Throws: `ExitCode` 1 where the answer is not one of success, or does not come.
    func run() throws {
        let descriptor = try connect()
        let answer = try descriptor.closeAfter {
            let request = "GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
            try descriptor.writeAll(Array(request.utf8))
            return try statusLine(descriptor)
        }
        guard answer.hasPrefix("HTTP/1.1 2") else {
            Terminal.note("the server answered: \(answer)")
            throw ExitCode(Exit.failed.rawValue)
        }
    }

    private func connect() throws -> FileDescriptor {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let error = unsafe getaddrinfo(address.host, "\(address.port)", &hints, &list)
        guard error == 0, let first = unsafe list else { throw ValidationError("\(address) is no address") }
        defer { unsafe freeaddrinfo(first) }
        let number = unsafe socket(first.pointee.ai_family, first.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        let length = socklen_t(MemoryLayout<timeval>.size)
        // The time to send bounds connecting too; socket(7).
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] { unsafe setsockopt(number, SOL_SOCKET, option, &patience, length) }
        guard unsafe Glibc.connect(number, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else {
            let failure = Errno(rawValue: errno)
            close(number)
            throw failure
        }
        return FileDescriptor(rawValue: number)
    }

    /// The answer's first line, as far as its first packets have it.
    private func statusLine(_ descriptor: FileDescriptor) throws -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        var filled = 0
        while filled < bytes.count, !bytes.prefix(filled).contains(UInt8(ascii: "\r")) {
            let room = filled..<bytes.count
            let count = try unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[room]))
            }
            guard count > 0 else { break }
            filled += count
        }
        let line = bytes.prefix(filled).prefix { $0 != UInt8(ascii: "\r") }
        return String(decoding: line, as: UTF8.self)
    }
}
