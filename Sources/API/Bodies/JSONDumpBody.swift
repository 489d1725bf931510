import Diagnostics
import Encoding
import HTTPCore
import Kernel
import Observations
import Reading
import Synchronization

/// A hex dump in JSON as a response's body, written while it is sent.
///
/// What is known only at the end stands at the end: whether the object changed or was cut short meanwhile, and the proof
/// that reading it allocated nothing.
final class JSONDumpBody: BodyStream {
    private struct State: ~Copyable {
        var writer = JSONWriter()
        var rows: JSONHexRows
        var watch = ChangeWatch()
        var position: Int
        var isDone = false
    }

    private let pieces: ObjectPieces
    private let object: DescriptorSource
    private let state: Mutex<State>

    init(_ opened: OpenObject, range: Range<Int>, takenAt: WallTime) {
        object = opened.source
        pieces = ObjectPieces(opened.source, range: range, pieceBytes: HexDumpBody.pieceBytes)
        var state = State(rows: JSONHexRows(offset: range.lowerBound), position: range.lowerBound)
        state.writer.beginObject()
        state.writer.field("takenAt", orNull: takenAt.rfc3339)
        state.writer.field("ageMilliseconds", 0)
        state.writer.field("hidden", array: { _ in })
        if opened.wasAttached { state.writer.field("attached", true) }
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
            case .piece(let bytes): Self.append(bytes, to: &state)
            case .end: finish(&state, isCut: false)
            case .short(let bytes):
                Self.append(bytes, to: &state)
                finish(&state, isCut: true)
            case .failed: return .failed
            }
            return .bytes(state.writer.takeBytes())
        }
    }

    func finished() {}

    private static func append(_ bytes: [UInt8], to state: inout State) {
        state.rows.append(bytes, to: &state.writer)
        state.watch.note(bytes, at: state.position)
        state.position += bytes.count
    }

    private func finish(_ state: inout State, isCut: Bool) {
        state.rows.finish(to: &state.writer)
        state.writer.endArray()
        object.proof(state.watch, isCut: isCut).writeMembers(to: &state.writer)
        state.writer.endObject()
        state.isDone = true
    }
}
