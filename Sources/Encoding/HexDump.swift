/// Writes bytes as a hex dump, byte for byte as the usual tools do, while they come in chunks of any length.
///
/// Rows hold 16 bytes and count from the dump's own start, as in both tools. In use: one formatter a dump,
/// ``append(_:to:)`` for each chunk in order, ``finish(to:)`` once.
///
/// A chunk of N bytes makes at most ``outputMaximum(forInput:)`` bytes of text.
public struct HexDump: Sendable {
    public enum Style: Sendable, CaseIterable {
        /// As `xxd -s OFFSET -l LENGTH` (of vim 9). Its length can be told beforehand: ``xxdLength(offset:length:)``.
        case xxd
        /// As `hexdump -C -s OFFSET -n LENGTH` (of util-linux) in the C locale: rows equal to the one above
        /// are one `*`, and the offset of the end stands last.
        case canonical
    }

    let style: Style
    /// Where the next row begins in the object.
    private var offset: Int
    private let isLengthZero: Bool
    /// The bytes of a row begun by one chunk and ended by a later one.
    private var pending = PendingRow()
    /// The row above, and whether its repetition has been marked with `*`. Of the canonical style only.
    private var above: SIMD16<UInt8>?
    private var isSqueezing = false

    /// - Parameters:
    ///   - offset: where the dump begins in the object; not negative.
    ///   - askedLength: the length that was asked for, before it was cut to what there is; nil where none was.
    ///     The canonical style tells "nothing was asked for", which is an empty dump, from "nothing is there", which
    ///     is the offset of the end.
    public init(style: Style, offset: Int, askedLength: Int? = nil) {
        precondition(offset >= 0, "a dump begins inside its object")
        self.style = style
        self.offset = offset
        isLengthZero = askedLength == 0
    }

    /// The most text that a chunk of `byteCount` bytes can make, also with the rest of an earlier one; that of 0 bytes
    /// is what ``finish(to:)`` can make. O(1).
    public static func outputMaximum(forInput byteCount: Int) -> Int {
        (byteCount / HexRows.byteCount + 2) * HexRows.textMaximum
    }

    /// Appends the text of all rows that `chunk` completes. O(chunk).
    public mutating func append(_ chunk: Span<UInt8>, to output: inout [UInt8]) {
        let taken = pending.fill(from: chunk)
        guard pending.isFull || taken < chunk.count else { return }
        if pending.isFull {
            let row = pending.take()
            appendRows(row.span, to: &output)
        }
        let whole = (chunk.count - taken) & ~(HexRows.byteCount - 1)
        appendRows(chunk.extracting(taken..<(taken + whole)), to: &output)
        _ = pending.fill(from: chunk.extracting((taken + whole)...))
    }

    /// ``append(_:to:)-(Span<UInt8>,_)`` for an array.
    public mutating func append(_ chunk: [UInt8], to output: inout [UInt8]) {
        append(chunk.span, to: &output)
    }

    /// Appends what stands last: a row shorter than 16 bytes, and the offset of the end in the canonical style.
    public mutating func finish(to output: inout [UInt8]) {
        let rest = pending.take()
        let end = offset + rest.count
        if !rest.isEmpty { appendShortRow(rest, to: &output) }
        guard style == .canonical, !isLengthZero, end > 0 else { return }
        HexRows.appendOffset(end, to: &output)
        output.append(0x0A)
    }

    // MARK: Whole rows

    private mutating func appendRows(_ rows: Span<UInt8>, to output: inout [UInt8]) {
        precondition(offset <= Int.max - rows.count, "an object is smaller than 2^63 bytes")
        switch style {
        case .xxd:
            HexRows.appendXXD(rows, offset: offset, to: &output)
            offset += rows.count
        case .canonical:
            appendSqueezed(rows, to: &output)
        }
    }

    /// Takes `rows` in turns: rows equal to the one above, which are squeezed, then rows unlike the one above.
    private mutating func appendSqueezed(_ rows: Span<UInt8>, to output: inout [UInt8]) {
        var position = 0
        while position < rows.count {
            let repeated = above.map { HexRows.lengthOfRepeats(rows.extracting(position...), of: $0) } ?? 0
            if repeated > 0, !isSqueezing {
                output.append(0x2A)
                output.append(0x0A)
                isSqueezing = true
            }
            offset += repeated
            position += repeated
            guard position < rows.count else { return }
            let rest = rows.extracting(position...)
            let distinct = HexRows.lengthOfDistinct(rest)
            HexRows.appendCanonical(rest.extracting(..<distinct), offset: offset, to: &output)
            above = HexRows.row(rest, at: distinct - HexRows.byteCount)
            isSqueezing = false
            offset += distinct
            position += distinct
        }
    }

    // MARK: The last row

    private func appendShortRow(_ row: [UInt8], to output: inout [UInt8]) {
        HexRows.appendOffset(offset, to: &output)
        if style == .xxd { output.append(0x3A) }
        output.append(0x20)
        for index in 0..<HexRows.byteCount {
            if style == .canonical, index & 7 == 0 { output.append(0x20) }
            if index < row.count {
                output.appendHexadecimal(UInt64(row[index]), digitCount: 2)
            } else {
                output.append(contentsOf: [0x20, 0x20])
            }
            if style == .canonical || index & 1 == 1 { output.append(0x20) }
        }
        output.append(0x20)
        if style == .canonical { output.append(0x7C) }
        for byte in row { output.append(HexRows.shown(byte)) }
        if style == .canonical { output.append(0x7C) }
        output.append(0x0A)
    }
}

extension HexDump {
    /// How long the dump in ``Style/xxd`` of `length` bytes from `offset` is, without writing it. O(1).
    ///
    /// - Parameters:
    ///   - offset: not negative.
    ///   - length: not negative, already cut to the object's end.
    /// - Returns: nil where the dump is longer than an Int can say, as that of a sparse object may be.
    public static func xxdLength(offset: Int, length: Int) -> Int? {
        precondition(offset >= 0 && length >= 0 && offset <= Int.max - length, "a range of an object")
        guard length > 0 else { return 0 }
        let rowCount = (length - 1) / HexRows.byteCount + 1
        // A row is eight digits, ": ", 8 groups of 5, a space, its bytes as text, a line feed.
        var total = UInt128(rowCount) * (8 + 2 + 40 + 1 + 1) + UInt128(length)
        for digits in 9...16 {
            // The rows from the first offset of so many digits on have one digit more.
            let first = 1 << (4 * (digits - 1))
            let rowsBelow = offset >= first ? 0 : (first - offset - 1) / HexRows.byteCount + 1
            total += UInt128(max(rowCount - rowsBelow, 0))
        }
        return Int(exactly: total)
    }
}
