import CMicroHTTPD
import HTTPCore

/// Carries a stream's bytes to the library, and suspends the connection while there are none.
///
/// Unchecked: `stream`, `hasStarted`, `chunk` and `taken` are touched on the library's thread only; `isOpen` and
/// `wasWoken` only under the engine's lock.
final class StreamPump: @unchecked Sendable {
    private let engine: Engine
    private let exchange: Exchange
    private let length: Int?
    /// Nil once it has been told that it is finished.
    private var stream: (any BodyStream)?
    private var hasStarted = false
    /// What the stream gave and is not sent yet: its bytes from `taken` on.
    private var chunk: [UInt8] = []
    private var taken = 0
    /// While it is, the exchange's connection exists.
    private var isOpen = true
    /// Whether there was a call of `wake` since the stream was last asked.
    private var wasWoken = false

    init(_ engine: Engine, _ exchange: Exchange, _ stream: any BodyStream, length: Int?) {
        self.engine = engine
        self.exchange = exchange
        self.stream = stream
        self.length = length
    }

    /// Fills as much of `buffer` as there is at once.
    ///
    /// - Returns: how many bytes, one of the library's codes for the end, or 0, which the library takes for "ask at
    ///   once again" unless the connection is suspended.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if taken == chunk.count {
            guard let stream else { return CMicroHTTPD_end_with_error }
            if !hasStarted {
                hasStarted = true
                // Weak, so that a stream that keeps the closure for ever keeps nothing of the server.
                stream.start { [weak self] in self?.wake() }
            }
            engine.state.withLock { _ in wasWoken = false }
            switch stream.next(wanted: buffer.count) {
            case .bytes(let bytes):
                guard !bytes.isEmpty, bytes.count <= Limits.maxChunkBytes else { return CMicroHTTPD_end_with_error }
                chunk = bytes
                taken = 0
            case .wait: return park()
            // Short of a length that was promised, the library cuts the connection at this code as well.
            case .end: return CMicroHTTPD_end_of_stream
            case .failed: return CMicroHTTPD_end_with_error
            }
        }
        let count = min(buffer.count, chunk.count - taken)
        unsafe buffer.copyBytes(from: chunk[taken..<taken + count])
        taken += count
        return count
    }

    /// Suspends the connection until the stream wakes it, unless it has done so already: a wake-up between the
    /// stream's answer and the suspension would otherwise be lost.
    private func park() -> Int {
        engine.state.withLock { state in
            switch state.phase {
            case .running: break
            // A stream that waits would wait for ever: its end is here. One with a length is then cut short.
            case .draining: return CMicroHTTPD_end_of_stream
            case .cutting, .stopped: return CMicroHTTPD_end_with_error
            }
            exchange.isSuspended = true
            exchange.isStreaming = true
            unsafe MHD_suspend_connection(exchange.connection)
            if wasWoken { engine.resume(exchange) }
            return 0
        }
    }

    /// The stream has more, or thinks so. From any thread.
    private func wake() {
        engine.state.withLock { _ in
            guard isOpen else { return }
            wasWoken = true
            if exchange.isSuspended { engine.resume(exchange) }
        }
    }

    /// The library will not ask again.
    func close() {
        engine.state.withLock { _ in isOpen = false }
        guard let stream else { return }
        self.stream = nil
        chunk = []
        taken = 0
        Counters.release(engine.counters.streams, 1)
        stream.finished()
    }
}
