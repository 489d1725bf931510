import HTTPCore
import Observations

/// A range of an object as a response's body, copied piece by piece while it is sent.
final class ObjectBytes: BodyStream {
    private let pieces: ObjectPieces

    /// - Parameter range: inside the object; where the object ends earlier by then, the body is cut.
    init(_ source: some ByteSource, range: Range<Int>) {
        pieces = ObjectPieces(source, range: range, pieceBytes: 64 << 10)
    }

    func start(wake: @escaping @Sendable () -> Void) {}

    func next(wanted: Int) -> StreamStep {
        switch pieces.next() {
        case .piece(let bytes): .bytes(bytes)
        case .end: .end
        case .short, .failed: .failed
        }
    }

    func finished() {}
}
