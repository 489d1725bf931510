/// Tells whether bytes that were read piece by piece are still what they were: whether all of them are of one moment.
///
/// Each piece leaves a sum; at the end the pieces are read again. Where all sums are the same, the object was in the state
/// that was read at the moment between the two, unless what changed was changed back.
public struct ChangeWatch: Sendable {
    /// Bytes that are read a second time at most; of more it is not known whether they changed. Some milliseconds: a server
    /// reads them in one go, while others wait for its thread.
    public static let bytesMax = 33_554_432

    private struct Piece: Sendable {
        let range: Range<Int>
        let sum: UInt64
    }

    private var pieces: [Piece] = []
    private var byteCount = 0

    public init() {}

    /// Notes a piece that was read. O(bytes).
    public mutating func note(_ bytes: [UInt8], at offset: Int) {
        byteCount += bytes.count
        guard byteCount <= Self.bytesMax, !bytes.isEmpty else { return }
        pieces.append(Piece(range: offset..<offset + bytes.count, sum: Self.sum(bytes)))
    }

    /// Reads the pieces again.
    ///
    /// - Returns: those that are not what they were, joined where they touch; nil where there were too many bytes.
    /// - Throws: ``ReadFailure`` where the system refuses.
    public func changed(in source: some ByteSource) throws(ReadFailure) -> [Range<Int>]? {
        guard byteCount <= Self.bytesMax else { return nil }
        var changed: [Range<Int>] = []
        for piece in pieces {
            let bytes = try source.read(at: piece.range.lowerBound, count: piece.range.count)
            guard bytes.count != piece.range.count || Self.sum(bytes) != piece.sum else { continue }
            if let last = changed.last, last.upperBound == piece.range.lowerBound {
                changed[changed.count - 1] = last.lowerBound..<piece.range.upperBound
            } else {
                changed.append(piece.range)
            }
        }
        return changed
    }

    /// FNV-1a over words, which no accident of two pictures of the same bytes makes equal; nobody is kept from making
    /// two that are.
    private static func sum(_ bytes: [UInt8]) -> UInt64 {
        let prime: UInt64 = 0x0000_0100_0000_01b3
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325
        let span = bytes.span
        var index = 0
        while index + 8 <= span.count {
            var word: UInt64 = 0
            for part in 0..<8 { word |= UInt64(span[index + part]) << UInt64(8 * part) }
            sum = (sum ^ word) &* prime
            // A product's low bits know nothing of a word's high ones.
            sum ^= sum >> 32
            index += 8
        }
        while index < span.count {
            sum = (sum ^ UInt64(span[index])) &* prime
            index += 1
        }
        return sum
    }
}
