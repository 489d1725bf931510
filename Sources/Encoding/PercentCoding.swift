/// Percent-encoding of identifiers (RFC 3986 section 2.1), over bytes: the name of a shared-memory object is any
/// bytes but `/` and NUL, UTF-8 or not.
public enum PercentCoding {
    /// Whether `byte` stands for itself: A–Z a–z 0–9 - . _ ~, the unreserved characters of RFC 3986.
    @inlinable
    public static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    /// Encodes every byte that is not unreserved, with digits in upper case as RFC 3986 asks. O(count).
    public static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for byte in bytes {
            if isUnreserved(byte) {
                text.append(byte)
                continue
            }
            text.append(0x25)
            text.append(upperCaseDigit(byte >> 4))
            text.append(upperCaseDigit(byte & 0xF))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Decodes what ``encode(_:)`` made, and what a client may have encoded more than it needed to (`%41`).
    ///
    /// - Throws: ``PercentCodingError`` at the first byte that should have been encoded, or at a `%` without two
    ///   hexadecimal digits.
    public static func decode(_ text: String) throws(PercentCodingError) -> [UInt8] {
        try decode(Array(text.utf8))
    }

    /// ``decode(_:)-(String)`` for text that is still bytes.
    public static func decode(_ text: [UInt8]) throws(PercentCodingError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if isUnreserved(byte) {
                bytes.append(byte)
                index += 1
                continue
            }
            guard byte == 0x25 else { throw PercentCodingError(offset: index, reason: .notEncoded) }
            guard text.count - index > 2, let high = hexadecimalValue(text[index + 1]),
                let low = hexadecimalValue(text[index + 2])
            else { throw PercentCodingError(offset: index, reason: .incompleteEscape) }
            bytes.append(high << 4 | low)
            index += 3
        }
        return bytes
    }

    private static func upperCaseDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x37 + nibble
    }
}

/// Why a text is not percent-encoded.
public struct PercentCodingError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable {
        /// A byte that is reserved, or not ASCII, stands there as itself.
        case notEncoded
        /// A `%` is not followed by two hexadecimal digits.
        case incompleteEscape
    }

    /// Of the byte that is wrong, from the text's first.
    public let offset: Int
    public let reason: Reason

    public var description: String {
        switch reason {
        case .notEncoded: "byte \(offset) must be percent-encoded: only A-Z a-z 0-9 - . _ ~ stand for themselves"
        case .incompleteEscape: "the % at byte \(offset) needs two hexadecimal digits after it"
        }
    }
}
