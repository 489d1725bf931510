/// Text in a field of fixed size: UTF-8, ended by a zero byte where it is shorter than the field.
public enum FixedText {
    /// The bytes up to the first zero byte, or all of them.
    public static func bytes(_ field: some Sequence<UInt8>) -> [UInt8] {
        Array(field.prefix { $0 != 0 })
    }

    /// The same as text; bytes that are not UTF-8 become U+FFFD.
    public static func string(_ field: some Sequence<UInt8>) -> String {
        String(decoding: bytes(field), as: UTF8.self)
    }

    /// `text` in a field of `size` bytes, filled up with zeros.
    ///
    /// - Returns: nil where the text is longer than the field or holds a zero byte.
    public static func field(_ text: String, size: Int) -> [UInt8]? {
        let utf8 = Array(text.utf8)
        guard utf8.count <= size, !utf8.contains(0) else { return nil }
        return utf8 + [UInt8](repeating: 0, count: size - utf8.count)
    }

    /// As much of `text` as fits `size` bytes without cutting a character in two, up to a zero byte.
    public static func truncated(_ text: String, size: Int) -> String {
        var result = ""
        var count = 0
        for character in text {
            let length = character.utf8.count
            guard count + length <= size, character != "\0" else { break }
            result.append(character)
            count += length
        }
        return result
    }
}

/// A tag: at most 16 bytes of UTF-8, as two words of a descriptor.
public struct Tag: Sendable, Hashable {
    /// The first eight bytes, little-endian.
    public let low: UInt64
    public let high: UInt64

    public static let none = Tag(low: 0, high: 0)

    @inlinable
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// - Returns: nil where `text` is longer than 16 bytes of UTF-8 or holds a zero byte.
    public init?(_ text: String) {
        guard let field = FixedText.field(text, size: 16) else { return nil }
        self.init(low: Self.word(field[0..<8]), high: Self.word(field[8..<16]))
    }

    /// The text, or nil where there is none.
    public var text: String? {
        guard self != .none else { return nil }
        let bytes = (0..<16).map { index in
            UInt8(truncatingIfNeeded: (index < 8 ? low : high) >> UInt64(index % 8 * 8))
        }
        return FixedText.string(bytes)
    }

    static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
