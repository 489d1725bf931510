import CMicroHTTPD
import Glibc

/// One client's connection, from its acceptance until the library closes its socket.
///
/// Unchecked: `deadline` and `place` are touched only under the lock of the ``ConnectionWatch`` that holds it.
final class Peer: @unchecked Sendable {
    let descriptor: Int32
    /// `127.0.0.1:40000`
    let address: String
    /// Whether the line of a request was read. The library's thread alone uses it.
    var hasAsked = false
    fileprivate var deadline = Deadline.never
    fileprivate var isCut = false
    fileprivate var place = -1

    init(descriptor: Int32, address: String) {
        self.descriptor = descriptor
        self.address = address
    }
}

/// Ends connections whose client takes too long to say what it wants.
///
/// libmicrohttpd's own time-out begins anew with every byte, so that a client which sends a header byte by byte holds
/// its connection for ever. Here each connection has one deadline for the step it is in. A connection past it has its
/// socket shut down, upon which the library finds it broken and cleans up.
final class ConnectionWatch: Sendable {
    private struct State {
        var peers: [Peer] = []
        /// When the thread looks again by itself.
        var wakesAt = Deadline.never
        var isStopping = false
        var cutCount = 0
    }

    private let state = Monitor(State())

    func start() throws(StartFailure) -> Thread { try Thread(name: "http-watch") { self.watch() } }

    func stop(_ thread: Thread) {
        state.withLock { $0.isStopping = true }
        state.broadcast()
        thread.join()
    }

    /// How many connections there are, and how many were ended.
    var counts: (connections: Int, cut: Int) { state.withLock { ($0.peers.count, $0.cutCount) } }

    func add(_ peer: Peer, _ deadline: Deadline) {
        let isSooner = state.withLock { state in
            peer.place = state.peers.count
            peer.deadline = deadline
            state.peers.append(peer)
            return deadline < state.wakesAt
        }
        if isSooner { state.signal() }
    }

    func set(_ peer: Peer, _ deadline: Deadline) {
        let isSooner = state.withLock { state in
            peer.deadline = deadline
            return deadline < state.wakesAt
        }
        if isSooner { state.signal() }
    }

    /// Must come before the socket is closed: afterwards its number may belong to somebody else.
    ///
    /// - Returns: whether the connection was cut for taking too long.
    func remove(_ peer: Peer) -> Bool {
        state.withLock { state in
            let last = state.peers.removeLast()
            guard last !== peer else { return peer.isCut }
            state.peers[peer.place] = last
            last.place = peer.place
            return peer.isCut
        }
    }

    private func watch() {
        var wakesAt = Deadline.never
        while true {
            let next: Deadline? = state.wait(
                until: wakesAt,
                for: { state in state.isStopping || state.peers.contains { $0.deadline < wakesAt } }
            ) { state in
                if state.isStopping { return nil }
                cutLate(&state)
                state.wakesAt = state.peers.lazy.map(\.deadline).min() ?? .never
                return state.wakesAt
            }
            guard let next else { return }
            wakesAt = next
        }
    }

    private func cutLate(_ state: inout State) {
        let now = Deadline.now
        for peer in state.peers where peer.deadline <= now {
            // Fails only where the client is gone already, which is as good.
            shutdown(peer.descriptor, Int32(SHUT_RDWR))
            peer.deadline = .never
            peer.isCut = true
            state.cutCount += 1
        }
    }
}

extension Peer {
    /// Bytes that came and went since the connection was opened (TCP_INFO in tcp(7), tcpi_bytes_received and
    /// tcpi_bytes_sent in linux/tcp.h, which glibc's own header does not have). Zeros where it cannot be told.
    var traffic: (received: UInt64, sent: UInt64) {
        let (receivedOffset, sentOffset) = (128, 200)
        var info = [UInt8](repeating: 0, count: 256)
        var length = socklen_t(info.count)
        let result = unsafe info.withUnsafeMutableBytes { bytes in
            unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, bytes.baseAddress, &length)
        }
        guard result == 0, Int(length) >= sentOffset + 8 else { return (0, 0) }
        return unsafe info.withUnsafeBytes { bytes in
            unsafe (
                bytes.load(fromByteOffset: receivedOffset, as: UInt64.self),
                bytes.load(fromByteOffset: sentOffset, as: UInt64.self)
            )
        }
    }

    /// The text of a socket address of the internet families.
    static func text(_ address: UnsafePointer<sockaddr>?) -> String {
        guard let address = unsafe address else { return "unknown" }
        var host = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch unsafe Int32(address.pointee.sa_family) {
        case AF_INET:
            return unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                var bytes = unsafe pointer.pointee.sin_addr
                unsafe inet_ntop(AF_INET, &bytes, &host, socklen_t(host.count))
                return unsafe "\(string(host)):\(UInt16(bigEndian: pointer.pointee.sin_port))"
            }
        case AF_INET6:
            return unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                var bytes = unsafe pointer.pointee.sin6_addr
                unsafe inet_ntop(AF_INET6, &bytes, &host, socklen_t(host.count))
                return unsafe "[\(string(host))]:\(UInt16(bigEndian: pointer.pointee.sin6_port))"
            }
        default: return "unknown"
        }
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
