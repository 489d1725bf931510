/// Bytes to look for.
public struct SearchPattern: Sendable, Hashable {
    public let bytes: [UInt8]
    /// How far one may go on after a mismatch, by the byte under the pattern's last place (Horspool's table).
    private let shifts: [Int]

    /// Bytes of a pattern at most.
    public static let bytesMax = 256

    public enum ByteOrder: String, Sendable, CaseIterable {
        case little
        case big
    }

    public enum TextEncoding: String, Sendable, CaseIterable {
        case utf8 = "utf-8"
        case utf16 = "utf-16"
    }

    /// How many bits an integer may have.
    public static let widths = [8, 16, 32, 64]

    /// - Throws: ``QueryError`` where there are none, or too many.
    public init(bytes: [UInt8], field: String) throws(QueryError) {
        guard !bytes.isEmpty else { throw .malformed(field: field, reason: "is empty: there is nothing to look for") }
        guard bytes.count <= Self.bytesMax else {
            throw .outOfRange(field: field, reason: "has \(bytes.count) bytes, more than \(Self.bytesMax)")
        }
        self.bytes = bytes
        var shifts = [Int](repeating: bytes.count, count: 256)
        for (index, byte) in bytes.dropLast().enumerated() { shifts[Int(byte)] = bytes.count - 1 - index }
        self.shifts = shifts
    }

    /// Pairs of hex digits, with blanks between them or not.
    public init(hex text: String) throws(QueryError) {
        let malformed = QueryError.malformed(
            field: "hex", reason: "must be pairs of hex digits as in deadbeef, not “\(text)”")
        var digits: [UInt8] = []
        for byte in text.utf8 where byte != UInt8(ascii: " ") {
            guard let digit = Self.digit(byte) else { throw malformed }
            digits.append(digit)
        }
        guard digits.count.isMultiple(of: 2) else { throw malformed }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        try self.init(bytes: bytes, field: "hex")
    }

    public init(text: String, encoding: TextEncoding, byteOrder: ByteOrder) throws(QueryError) {
        let bytes =
            switch encoding {
            case .utf8: Array(text.utf8)
            case .utf16: text.utf16.flatMap { Self.bytes(of: $0, byteOrder) }
            }
        try self.init(bytes: bytes, field: "text")
    }

    /// - Parameter text: decimal, or hexadecimal with 0x; negative ones in two's complement.
    public init(integer text: String, width: Int, byteOrder: ByteOrder) throws(QueryError) {
        guard Self.widths.contains(width) else {
            throw .outOfRange(field: "width", reason: "must be one of 8, 16, 32, 64 bits, not \(width)")
        }
        guard let word = Self.word(text) else {
            throw .malformed(
                field: "integer", reason: "must be a number of at most 64 bits, in decimal or in hex as in 0xff, not “\(text)”")
        }
        // What is cut off must be the sign's bits and nothing else.
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let rest = width == 64 ? 0 : word >> UInt64(width)
        let isSignKept = word >> UInt64(width - 1) & 1 == 1
        guard isNegative ? rest == (width == 64 ? 0 : .max >> UInt64(width)) && isSignKept : rest == 0 else {
            throw .outOfRange(field: "integer", reason: "does not fit \(width) bits: \(text)")
        }
        let bytes =
            switch width {
            case 8: [UInt8(truncatingIfNeeded: word)]
            case 16: Self.bytes(of: UInt16(truncatingIfNeeded: word), byteOrder)
            case 32: Self.bytes(of: UInt32(truncatingIfNeeded: word), byteOrder)
            default: Self.bytes(of: word, byteOrder)
            }
        try self.init(bytes: bytes, field: "integer")
    }

    private static func word(_ text: String) -> UInt64? {
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return UInt64(text.dropFirst(2), radix: 16) }
        guard text.utf8.first != UInt8(ascii: "+") else { return nil }
        if text.utf8.first == UInt8(ascii: "-") { return Int64(text).map { UInt64(bitPattern: $0) } }
        return UInt64(text)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func bytes<Word: FixedWidthInteger & UnsignedInteger>(of word: Word, _ order: ByteOrder) -> [UInt8] {
        let little = (0..<(Word.bitWidth / 8)).map { UInt8(truncatingIfNeeded: word >> Word($0 * 8)) }
        return order == .little ? little : little.reversed()
    }

    /// Where the pattern stands in `text`, from an index on; also where occurrences overlap. O(text) at best divided by
    /// the pattern's length, at worst times it.
    public func first(in text: Span<UInt8>, from start: Int) -> Int? {
        let last = bytes.count - 1
        var position = max(0, start)
        while position + last < text.count {
            var index = last
            while text[position + index] == bytes[index] {
                guard index > 0 else { return position }
                index -= 1
            }
            position += shifts[Int(text[position + last])]
        }
        return nil
    }
}

/// What somebody wants to be looked for, as it was asked.
public struct SearchQuestion: Sendable {
    public var hex: String?
    public var text: String?
    public var integer: String?
    /// Bits of ``integer``; 32 where it is not said.
    public var width: Int?
    /// Of ``integer``, and of ``text`` in UTF-16; the machine's where it is not said, little on all that Swift runs on.
    public var byteOrder: SearchPattern.ByteOrder?
    /// Of ``text``; UTF-8 where it is not said.
    public var encoding: SearchPattern.TextEncoding?

    public init(
        hex: String? = nil, text: String? = nil, integer: String? = nil, width: Int? = nil,
        byteOrder: SearchPattern.ByteOrder? = nil, encoding: SearchPattern.TextEncoding? = nil
    ) {
        self.hex = hex
        self.text = text
        self.integer = integer
        self.width = width
        self.byteOrder = byteOrder
        self.encoding = encoding
    }

    /// - Throws: ``QueryError`` where not exactly one thing is asked for, or something that says nothing of it.
    public func pattern() throws(QueryError) -> SearchPattern {
        let asked = [("hex", hex), ("text", text), ("integer", integer)].filter { $0.1 != nil }.map(\.0)
        guard asked.count == 1 else {
            throw .malformed(
                field: asked.dropFirst().first ?? "hex", reason: "one of hex, text and integer says what to look for")
        }
        if width != nil, integer == nil { throw Self.meaningless("width", "integer") }
        if encoding != nil, text == nil { throw Self.meaningless("encoding", "text") }
        if byteOrder != nil, integer == nil, encoding != .utf16 {
            throw Self.meaningless("byteOrder", "integer, or to text in utf-16")
        }
        if let hex { return try SearchPattern(hex: hex) }
        if let text { return try SearchPattern(text: text, encoding: encoding ?? .utf8, byteOrder: byteOrder ?? .little) }
        return try SearchPattern(integer: integer ?? "", width: width ?? 32, byteOrder: byteOrder ?? .little)
    }

    private static func meaningless(_ field: String, _ of: String) -> QueryError {
        .malformed(field: field, reason: "belongs to \(of)")
    }
}
