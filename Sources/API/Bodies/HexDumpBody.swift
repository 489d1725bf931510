import Encoding
import HTTPCore
import Observations
import Synchronization

/// A hex dump of a range as a response's body, written while it is sent.
final class HexDumpBody: BodyStream {
    /// Makes about 70 KiB of text: a piece of work that is soon done.
    static let pieceBytes = 16 << 10
    /// A squeezed run of equal rows makes no text at all. So many pieces of it are gone through at one time, which is
    /// 1 MiB; then others have their turn.
    private static let silentPiecesMax = 64

    private let pieces: ObjectPieces
    /// nil when the last byte is written.
    private let dump: Mutex<HexDump?>
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)

    /// - Parameter askedLength: as the client asked for it, before it was cut to the object's end.
    init(_ source: some ByteSource, range: Range<Int>, style: HexDump.Style, askedLength: Int?) {
        pieces = ObjectPieces(source, range: range, pieceBytes: Self.pieceBytes)
        dump = Mutex(HexDump(style: style, offset: range.lowerBound, askedLength: askedLength))
    }

    func start(wake: @escaping @Sendable () -> Void) { self.wake.withLock { $0 = wake } }

    func next(wanted: Int) -> StreamStep {
        for _ in 0..<Self.silentPiecesMax {
            var output: [UInt8] = []
            if let end = dump.withLock({ step(&$0, &output) }) { return end }
            if !output.isEmpty { return .bytes(output) }
        }
        wake.withLock { $0 }?()
        return .wait
    }

    func finished() { wake.withLock { $0 = nil } }

    /// Writes one piece.
    ///
    /// - Returns: how the stream ends, where it does.
    private func step(_ dump: inout HexDump?, _ output: inout [UInt8]) -> StreamStep? {
        guard dump != nil else { return .end }
        switch pieces.next() {
        case .piece(let bytes): dump?.append(bytes, to: &output)
        case .end:
            dump?.finish(to: &output)
            dump = nil
            return output.isEmpty ? .end : nil
        case .short, .failed:
            dump = nil
            return .failed
        }
        return nil
    }
}
