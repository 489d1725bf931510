import Glibc

/// A socket that listens, and the address that it was bound to.
struct ListenSocket {
    /// Connections that the kernel completes while the server is busy.
    static let backlog: Int32 = 511

    let descriptor: Int32
    let address: ListenAddress

    /// Opens it. The descriptor belongs to the caller.
    init(_ wanted: ListenAddress) throws(StartFailure) {
        let isV4 = wanted.family == .v4
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(isV4 ? AF_INET : AF_INET6, type, 0)
        guard descriptor >= 0 else { throw StartFailure("socket", wanted.description, errno) }
        do throws(StartFailure) {
            // A server that was just stopped leaves connections in TIME_WAIT, which would keep the port for a minute.
            try Self.set(descriptor, SOL_SOCKET, SO_REUSEADDR, wanted)
            // [::] would otherwise take IPv4 as well, which is not what was asked for.
            if !isV4 { try Self.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, wanted) }
            let bound = unsafe Self.withSocketAddress(wanted) { unsafe bind(descriptor, $0, $1) }
            guard bound == 0 else { throw StartFailure("bind", wanted.description, errno) }
            guard listen(descriptor, Self.backlog) == 0 else {
                throw StartFailure("listen", wanted.description, errno)
            }
            address = wanted.with(port: try Self.port(of: descriptor, wanted))
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    private static func set(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, _ address: ListenAddress
    ) throws(StartFailure) {
        var on: Int32 = 1
        let result = unsafe setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
        guard result == 0 else { throw StartFailure("setsockopt", address.description, errno) }
    }

    private static func port(of descriptor: Int32, _ address: ListenAddress) throws(StartFailure) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard result == 0 else { throw StartFailure("getsockname", address.description, errno) }
        // The port stands in the same place in both families: bytes 2 and 3, in network order.
        return unsafe withUnsafeBytes(of: storage) { UInt16(unsafe $0[2]) << 8 | UInt16(unsafe $0[3]) }
    }

    private static func withSocketAddress(
        _ address: ListenAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        switch address.family {
        case .v4:
            var socketAddress = sockaddr_in()
            socketAddress.sin_family = sa_family_t(AF_INET)
            socketAddress.sin_port = address.port.bigEndian
            unsafe withUnsafeMutableBytes(of: &socketAddress.sin_addr) { unsafe $0.copyBytes(from: address.bytes) }
            return unsafe withUnsafePointer(to: socketAddress) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .v6:
            var socketAddress = sockaddr_in6()
            socketAddress.sin6_family = sa_family_t(AF_INET6)
            socketAddress.sin6_port = address.port.bigEndian
            unsafe withUnsafeMutableBytes(of: &socketAddress.sin6_addr) { unsafe $0.copyBytes(from: address.bytes) }
            return unsafe withUnsafePointer(to: socketAddress) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }
}
