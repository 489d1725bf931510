/// Writes bytes as the rows of a dump in JSON, `{"offset":0,"hex":"48690a…","text":"Hi.…"}` for each 16 bytes,
/// while they come in chunks of any length.
///
/// `hex` is the row's bytes, two digits each, without gaps; `text` is the same as in the other styles. The rows
/// are elements of the array that the caller has open; every row is there, equal ones too.
public struct JSONHexRows: Sendable {
    private var offset: Int
    private var pending = PendingRow()

    /// - Parameter offset: where the dump begins in the object; not negative.
    public init(offset: Int) {
        precondition(offset >= 0, "a dump begins inside its object")
        self.offset = offset
    }

    /// Writes all rows that `chunk` completes. O(chunk).
    public mutating func append(_ chunk: Span<UInt8>, to writer: inout JSONWriter) {
        var position = 0
        while position < chunk.count {
            position += pending.fill(from: chunk.extracting(position...))
            if pending.isFull {
                let row = pending.take()
                append(row: row.span, to: &writer)
            }
            while chunk.count - position >= HexRows.byteCount {
                append(row: chunk.extracting(position..<(position + HexRows.byteCount)), to: &writer)
                position += HexRows.byteCount
            }
        }
    }

    /// ``append(_:to:)-(Span<UInt8>,_)`` for an array.
    public mutating func append(_ chunk: [UInt8], to writer: inout JSONWriter) {
        append(chunk.span, to: &writer)
    }

    /// Writes the last row where it is shorter than 16 bytes.
    public mutating func finish(to writer: inout JSONWriter) {
        let row = pending.take()
        if !row.isEmpty { append(row: row.span, to: &writer) }
    }

    private mutating func append(row: Span<UInt8>, to writer: inout JSONWriter) {
        precondition(offset <= Int.max - row.count, "an object is smaller than 2^63 bytes")
        writer.beginObject()
        writer.field("offset", offset)
        writer.key("hex")
        writer.beforeValue()
        writer.output.append(0x22)
        for index in row.indices { writer.output.appendHexadecimal(UInt64(row[index]), digitCount: 2) }
        writer.output.append(0x22)
        writer.key("text")
        writer.beforeValue()
        writer.output.append(0x22)
        for index in row.indices {
            let shown = HexRows.shown(row[index])
            if shown == 0x22 || shown == 0x5C { writer.output.append(0x5C) }
            writer.output.append(shown)
        }
        writer.output.append(0x22)
        writer.endObject()
        offset += row.count
    }
}
