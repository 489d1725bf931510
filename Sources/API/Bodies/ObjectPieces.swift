import Observations
import Synchronization

/// Goes through a range of an object in pieces. Each is one copy, which takes some ten microseconds.
final class ObjectPieces: Sendable {
    enum Piece {
        case piece([UInt8])
        case end
        /// The object ended inside the range; these bytes were still there.
        case short([UInt8])
        case failed(ReadFailure)
    }

    private let source: any ByteSource
    private let range: Range<Int>
    private let pieceBytes: Int
    private let offset: Mutex<Int>

    init(_ source: some ByteSource, range: Range<Int>, pieceBytes: Int) {
        self.source = source
        self.range = range
        self.pieceBytes = pieceBytes
        offset = Mutex(range.lowerBound)
    }

    func next() -> Piece {
        offset.withLock { offset in
            let count = min(pieceBytes, range.upperBound - offset)
            guard count > 0 else { return .end }
            do throws(ReadFailure) {
                let bytes = try source.read(at: offset, count: count)
                guard bytes.count == count else {
                    offset = range.upperBound
                    return .short(bytes)
                }
                offset += count
                return .piece(bytes)
            } catch {
                offset = range.upperBound
                return .failed(error)
            }
        }
    }
}
