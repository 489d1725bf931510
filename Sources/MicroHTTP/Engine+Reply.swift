import CMicroHTTPD
import HTTPCore

/// Turning a response into one of the library's.
extension Engine {
    /// The largest buffer that the library fills from a stream of a known length, in bytes.
    private static let blockBytes = 32 << 10

    /// - Returns: nil where there is no memory; a stream has then been told that it is not sent.
    func makeReply(_ exchange: Exchange, _ response: Response, closesConnection: Bool) -> OpaquePointer? {
        let reply: OpaquePointer? =
            switch response.body {
            case .empty: unsafe Self.makeReply([])
            case .bytes(let bytes): unsafe Self.makeReply(bytes)
            case .stream(let length, let stream): unsafe makeReply(exchange, length, stream)
            }
        guard let reply = unsafe reply else { return nil }
        var isWhole = true
        for field in response.headers.fields {
            isWhole = unsafe MHD_add_response_header(reply, field.name, field.value) == .YES && isWhole
        }
        if closesConnection {
            isWhole = unsafe MHD_add_response_header(reply, "Connection", "close") == .YES && isWhole
        }
        // What the library refuses was ruled out before, so that only memory can be missing here.
        guard isWhole else {
            unsafe MHD_destroy_response(reply)
            return nil
        }
        return unsafe reply
    }

    /// The bytes are handed over as they are. The box keeps the array, whose storage nobody writes or moves while a
    /// second owner could exist, until the library calls for its release.
    private static func makeReply(_ bytes: [UInt8]) -> OpaquePointer? {
        guard !bytes.isEmpty else { return unsafe MHD_create_response_from_buffer(0, nil, .RESPMEM_PERSISTENT) }
        let box = unsafe Unmanaged.passRetained(ByteBox(bytes))
        let reply = unsafe bytes.withUnsafeBytes { buffer in
            unsafe MHD_create_response_from_buffer_with_free_callback_cls(
                buffer.count, UnsafeMutableRawPointer(mutating: buffer.baseAddress), releaseBytes, box.toOpaque())
        }
        // The library does not call for the release of what it did not take.
        if unsafe reply == nil { unsafe box.release() }
        return unsafe reply
    }

    private func makeReply(_ exchange: Exchange, _ length: Int?, _ stream: any BodyStream) -> OpaquePointer? {
        let pump = StreamPump(self, exchange, stream, length: length)
        let context = unsafe Unmanaged.passRetained(pump)
        let reply = unsafe MHD_create_response_from_callback(
            length.map { UInt64($0) } ?? CMicroHTTPD_size_unknown,
            max(1, min(length ?? 1, Self.blockBytes)), readStream, context.toOpaque(), releaseStream)
        guard let reply = unsafe reply else {
            unsafe context.release()
            pump.close()
            return nil
        }
        return unsafe reply
    }
}

/// Keeps an array while the library sends it.
private final class ByteBox: Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
}

private func releaseBytes(_ context: UnsafeMutableRawPointer?) {
    guard let context = unsafe context else { return }
    unsafe Unmanaged<ByteBox>.fromOpaque(context).release()
}

private func readStream(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> Int {
    guard let context = unsafe context, let buffer = unsafe buffer else { return CMicroHTTPD_end_with_error }
    let bytes = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: capacity)
    return unsafe Unmanaged<StreamPump>.fromOpaque(context)._withUnsafeGuaranteedRef { unsafe $0.read(into: bytes) }
}

private func releaseStream(_ context: UnsafeMutableRawPointer?) {
    guard let context = unsafe context else { return }
    unsafe Unmanaged<StreamPump>.fromOpaque(context).takeRetainedValue().close()
}
