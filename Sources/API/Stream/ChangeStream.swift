import HTTPCore
import Synchronization

/// What one client is sent of what changes: a queue that the hub fills and the server empties.
///
/// A client that takes longer than the queue holds is not waited for: what it has not taken is dropped, it is told so
/// (`resync`), and gets everything anew.
final class ChangeStream: BodyStream {
    /// Bytes that wait for a client at most.
    static let queuedBytesMax = 4 << 20
    /// What is handed to the server at one time.
    private static let pieceBytes = 64 << 10

    private struct State {
        var queue: [UInt8] = []
        var isClosed = false
        var isFinished = false
        /// Whether it has to be given everything, as at the beginning.
        var isNew = true
        /// The newest event that the client knows; nil where it knows none.
        var after: UInt64?
        var wake: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>
    private let left: @Sendable (ChangeStream) -> Void

    /// - Parameters:
    ///   - after: the client's `Last-Event-ID`.
    ///   - left: is told when the client is gone.
    init(after: UInt64?, left: @escaping @Sendable (ChangeStream) -> Void) {
        state = Mutex(State(queue: EventFrame.retry(milliseconds: 1000), after: after))
        self.left = left
    }

    // MARK: The hub's side

    /// What it still has to be given: everything, or what changed; and the newest event that it knows.
    var needs: (everything: Bool, after: UInt64?) { state.withLock { ($0.isNew, $0.after) } }

    /// Adds frames to what is sent.
    ///
    /// - Parameters:
    ///   - after: the newest event that the client knows from here on.
    func push(_ frames: [UInt8], after: UInt64?) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isFinished, !state.isClosed else { return nil }
            if state.queue.count + frames.count > Self.queuedBytesMax {
                state.queue = EventFrame.bytes("resync", Array("{}".utf8))
                state.isNew = true
            } else {
                state.queue += frames
                state.isNew = false
                state.after = after ?? state.after
            }
            return state.wake
        }
        wake?()
    }

    /// Ends the stream once what is queued has been sent.
    func close() {
        let wake = state.withLock { state in
            state.isClosed = true
            return state.wake
        }
        wake?()
    }

    // MARK: The server's side

    func start(wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    func next(wanted: Int) -> StreamStep {
        state.withLock { state in
            guard !state.queue.isEmpty else { return state.isClosed ? .end : .wait }
            guard state.queue.count > Self.pieceBytes else {
                defer { state.queue = [] }
                return .bytes(state.queue)
            }
            defer { state.queue.removeFirst(Self.pieceBytes) }
            return .bytes(Array(state.queue.prefix(Self.pieceBytes)))
        }
    }

    func finished() {
        state.withLock { state in
            state.isFinished = true
            state.wake = nil
        }
        left(self)
    }
}
