import CMicroHTTPD
import Glibc
import HTTPCore
import Synchronization

// What the library calls, on its one thread. Each function checks its pointers, finds its objects and calls a method:
// the engine is every callback's first argument, a peer is its connection's context, an exchange its request's. Text
// and bytes behind a pointer are copied before the call returns.

private func engine(_ context: UnsafeMutableRawPointer?) -> Engine? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<Engine>.fromOpaque(context).takeUnretainedValue()
}

/// The library's messages are formats with arguments. This one stands at the head of each answer that it gives by
/// itself (`transmit_error_response_len` in its connection.c).
private let refusalMessage = "Error processing request"

func logCallback(_ context: UnsafeMutableRawPointer?, _ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?) {
    guard let engine = unsafe engine(context), let format = unsafe format else { return }
    guard unsafe strncmp(format, refusalMessage, refusalMessage.utf8.count) == 0 else { return }
    Counters.increment(engine.counters.refusedByParser)
}

/// Once the server stops, a new connection is closed at once.
///
/// This takes the place of `MHD_quiesce_daemon`, which removes the listening socket from the library's epoll set on
/// the caller's thread: where the library's thread is about to do the same, it finds the socket gone and aborts the
/// process (`MHD_epoll` in its daemon.c).
func acceptCallback(
    _ context: UnsafeMutableRawPointer?, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t
) -> MHD_Result {
    guard let engine = unsafe engine(context) else { return .NO }
    return engine.isEnding.load(ordering: .relaxed) ? .NO : .YES
}

func connectionCallback(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ event: MHD_ConnectionNotificationCode
) {
    guard let engine = unsafe engine(context), let place = unsafe place else { return }
    switch event {
    case .CONNECTION_NOTIFY_STARTED:
        let peer = unsafe Peer(
            descriptor: CMicroHTTPD_socket(connection), address: Peer.text(CMicroHTTPD_client_address(connection)))
        engine.watch.add(peer, .after(milliseconds: engine.limits.headerTimeMilliseconds))
        unsafe place.pointee = Unmanaged.passRetained(peer).toOpaque()
    case .CONNECTION_NOTIFY_CLOSED:
        guard let pointer = unsafe place.pointee else { return }
        unsafe place.pointee = nil
        engine.close(unsafe Unmanaged<Peer>.fromOpaque(pointer).takeRetainedValue())
    }
}

/// A request's line is read. What is returned is the request's context from now on.
func targetCallback(
    _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let target = unsafe target, let connection = unsafe connection,
        let place = unsafe CMicroHTTPD_socket_context(connection)
    else { return nil }
    let peer = unsafe Unmanaged<Peer>.fromOpaque(place).takeUnretainedValue()
    peer.hasAsked = true
    // Bytes that are not UTF-8 become U+FFFD, which a target may not hold either.
    let exchange = unsafe Exchange(connection: connection, peer: peer, target: String(cString: target))
    return unsafe Unmanaged.passRetained(exchange).toOpaque()
}

func requestCallback(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
    _ size: UnsafeMutablePointer<Int>?, _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let engine = unsafe engine(context), let connection = unsafe connection, let size = unsafe size,
        let pointer = unsafe place?.pointee, let method = unsafe method, let version = unsafe version
    else { return .NO }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    var piece: UnsafeRawBufferPointer?
    if unsafe size.pointee > 0, let data = unsafe data {
        unsafe piece = UnsafeRawBufferPointer(start: data, count: size.pointee)
    }
    // All of it is taken: what is left behind is never offered again and hangs the connection.
    unsafe size.pointee = 0
    return unsafe engine.proceed(exchange, piece) { () throws(Refusal) in
        try RequestHead(
            method: unsafe String(cString: method), target: exchange.target, version: unsafe String(cString: version),
            headers: unsafe headers(of: connection), remoteAddress: exchange.peer.address)
    }
}

/// The library is done with a request. Runs for every one whose line was read, on whatever way it ended.
func completedCallback(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ reason: MHD_RequestTerminationCode
) {
    guard let engine = unsafe engine(context), let place = unsafe place, let pointer = unsafe place.pointee
    else { return }
    unsafe place.pointee = nil
    engine.leave(unsafe Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue())
}

private func headers(of connection: OpaquePointer) -> HeaderFields {
    var fields = HeaderFields()
    unsafe withUnsafeMutablePointer(to: &fields) { pointer in
        _ = unsafe MHD_get_connection_values_n(connection, .HEADER_KIND, addField, pointer)
    }
    return fields
}

private func addField(
    _ fields: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ name: UnsafePointer<CChar>?, _ nameSize: Int,
    _ value: UnsafePointer<CChar>?, _ valueSize: Int
) -> MHD_Result {
    guard let fields = unsafe fields, let name = unsafe name else { return .NO }
    unsafe fields.assumingMemoryBound(to: HeaderFields.self).pointee.append(
        text(name, nameSize), value.map { unsafe text($0, valueSize) } ?? "")
    return .YES
}

private func text(_ start: UnsafePointer<CChar>, _ count: Int) -> String {
    unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
}
