import HTTPCore
import Workload

/// What one client is sent of what changes: a queue that the hub fills and the server empties.
///
/// A client that takes longer than the queue holds is not waited for: what it has not taken is dropped, it is told so
/// (`resync`), and gets everything anew.
final class ChangeStream: BodyStream {
    /// Bytes that wait for a client at most.
    static let queuedBytesMax = 4 << 20
    /// What is handed to the server at one time.
    private static let pieceBytes = 64 << 10

    /// Whole frames.
    private struct Piece {
        /// Counted over all that was ever queued.
        var end: Int
        /// The newest event that the client knows once it has it.
        var after: UInt64?
    }

    private struct State {
        var queue: [UInt8] = []
        /// How many bytes the server has taken.
        var taken = 0
        /// What is in the queue, push by push; the first may be taken in part.
        var pieces: [Piece] = []
        /// The newest event in what has been taken whole, and where that ended.
        var takenWhole = Piece(end: 0, after: nil)
        var isClosed = false
        var isFinished = false
        /// Whether it has to be given everything, as at the beginning.
        var isNew = true
        /// The newest event that the client knows; nil where it knows none.
        var after: UInt64?
        var wake: (@Sendable () -> Void)?

        mutating func add(_ frames: [UInt8], after: UInt64?) {
            queue += frames
            self.after = after ?? self.after
            pieces.append(Piece(end: taken + queue.count, after: self.after))
        }

        mutating func take(_ count: Int) -> [UInt8] {
            let bytes = Array(queue.prefix(count))
            queue.removeFirst(bytes.count)
            taken += bytes.count
            while let first = pieces.first, first.end <= taken {
                takenWhole = first
                pieces.removeFirst()
            }
            return bytes
        }

        /// Drops what has not been taken, but for the rest of what was begun: half a frame could not be told from the
        /// next one. The client knows of no event that it was not sent.
        mutating func drop() {
            let last = taken > takenWhole.end ? pieces.first ?? takenWhole : takenWhole
            queue.removeLast(taken + queue.count - max(taken, last.end))
            pieces.removeAll { $0.end > last.end }
            after = last.after
        }
    }

    // Two threads meet here all the time: of the C library's mutex ThreadSanitizer knows, of the standard library's it does not.
    private let state: Monitor<State>
    private let left: @Sendable (ChangeStream) -> Void

    /// - Parameters:
    ///   - after: the client's `Last-Event-ID`.
    ///   - left: is told when the client is gone.
    init(after: UInt64?, left: @escaping @Sendable (ChangeStream) -> Void) {
        var begin = State(takenWhole: Piece(end: 0, after: after))
        begin.add(EventFrame.retry(milliseconds: 1000), after: after)
        state = Monitor(begin)
        self.left = left
    }

    // MARK: The hub's side

    /// What it still has to be given: everything, or what changed; and the newest event that it knows.
    var needs: (everything: Bool, after: UInt64?) { state.read { ($0.isNew, $0.after) } }

    /// Adds frames to what is sent.
    ///
    /// - Parameters:
    ///   - after: the newest event that the client knows from here on.
    func push(_ frames: [UInt8], after: UInt64?) {
        let wake = state.read { state -> (@Sendable () -> Void)? in
            guard !state.isFinished, !state.isClosed else { return nil }
            if state.queue.count + frames.count > Self.queuedBytesMax {
                state.drop()
                state.add(EventFrame.bytes("resync", Array("{}".utf8)), after: nil)
                state.isNew = true
            } else {
                state.add(frames, after: after)
                state.isNew = false
            }
            return state.wake
        }
        wake?()
    }

    /// Ends the stream once what is queued has been sent.
    func close() {
        let wake = state.read { state in
            state.isClosed = true
            return state.wake
        }
        wake?()
    }

    // MARK: The server's side

    func start(wake: @escaping @Sendable () -> Void) { state.read { $0.wake = wake } }

    func next(wanted: Int) -> StreamStep {
        state.read { state in
            guard !state.queue.isEmpty else { return state.isClosed ? .end : .wait }
            return .bytes(state.take(Self.pieceBytes))
        }
    }

    func finished() {
        state.read { state in
            state.isFinished = true
            state.wake = nil
        }
        left(self)
    }
}
