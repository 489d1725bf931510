/// The rows of hex dumps: how they look, and the parts that need no speed. The rest is in HexRowBytes.swift.
enum HexRows {
    /// Bytes in a row, in both styles.
    static let byteCount = 16
    /// A row's text at its longest: 16 digits of offset in the canonical style, line feed included.
    static let textMaximum = 87

    /// How a byte looks in the column of text: itself where it is printable ASCII, else a point.
    static func shown(_ byte: UInt8) -> UInt8 { 0x20..<0x7F ~= byte ? byte : 0x2E }

    /// Appends an offset as both tools write it: eight digits, more where it needs them.
    static func appendOffset(_ offset: Int, to output: inout [UInt8]) {
        output.appendHexadecimal(UInt64(offset), digitCount: max(8, hexadecimalDigitCount(UInt64(offset))))
    }
}

/// Up to 16 bytes that do not make a row yet.
struct PendingRow {
    private var bytes: [UInt8] = []

    var isFull: Bool { bytes.count == HexRows.byteCount }

    /// Takes bytes from the front of `chunk`, where a row is begun or the chunk is too short for one.
    ///
    /// - Returns: how many were taken.
    mutating func fill(from chunk: Span<UInt8>) -> Int {
        guard !bytes.isEmpty || chunk.count < HexRows.byteCount else { return 0 }
        let count = min(HexRows.byteCount - bytes.count, chunk.count)
        for index in 0..<count { bytes.append(chunk[index]) }
        return count
    }

    mutating func take() -> [UInt8] {
        let taken = bytes
        bytes = []
        return taken
    }
}
