import Diagnostics
import Encoding
import HTTPCore
import Observations
import Synchronization

/// A hex dump in JSON as a response's body, written while it is sent.
///
/// What is known only at the end stands at the end: whether the object was cut short meanwhile.
final class JSONDumpBody: BodyStream {
    private struct State: ~Copyable {
        var writer = JSONWriter()
        var rows: JSONHexRows
        var isDone = false
    }

    private let pieces: ObjectPieces
    private let state: Mutex<State>

    init(_ source: some ByteSource, range: Range<Int>, takenAt: WallTime) {
        pieces = ObjectPieces(source, range: range, pieceBytes: HexDumpBody.pieceBytes)
        var state = State(rows: JSONHexRows(offset: range.lowerBound))
        state.writer.beginObject()
        state.writer.field("takenAt", orNull: takenAt.rfc3339)
        state.writer.field("ageMilliseconds", 0)
        state.writer.field("hidden", array: { _ in })
        state.writer.field("offset", range.lowerBound)
        state.writer.key("rows")
        state.writer.beginArray()
        self.state = Mutex(state)
    }

    func start(wake: @escaping @Sendable () -> Void) {}

    func next(wanted: Int) -> StreamStep {
        state.withLock { state in
            guard !state.isDone else { return .end }
            switch pieces.next() {
            case .piece(let bytes): state.rows.append(bytes, to: &state.writer)
            case .end: Self.finish(&state, .inFlux)
            case .short(let bytes):
                state.rows.append(bytes, to: &state.writer)
                Self.finish(&state, .truncated)
            case .failed: return .failed
            }
            return .bytes(state.writer.takeBytes())
        }
    }

    func finished() {}

    /// - Parameter consistency: bytes that others may write meanwhile are in flux at best.
    private static func finish(_ state: inout State, _ consistency: Consistency) {
        state.rows.finish(to: &state.writer)
        state.writer.endArray()
        state.writer.field("consistency", consistency.rawValue)
        state.writer.endObject()
        state.isDone = true
    }
}
