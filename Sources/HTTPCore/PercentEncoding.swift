/// Percent-encoding (RFC 3986 §2.1), applied and removed exactly once.
public enum PercentEncoding {
    /// `bytes` as one segment of a URL's path: everything except A–Z a–z 0–9 - . _ ~ becomes `%XX`, in capitals.
    ///
    /// The bytes need not be UTF-8. A segment's identifier is its kind, a colon and the encoded name:
    /// `"posix:" + PercentEncoding.segment(name)`.
    ///
    /// - Complexity: O(n); the text is at most three times as long as `bytes`.
    public static func segment(_ bytes: some Sequence<UInt8>) -> String {
        var text = [UInt8]()
        for byte in bytes {
            if Characters.isUnreserved(byte) {
                text.append(byte)
            } else {
                text.append(UInt8(ascii: "%"))
                text.append(digit(byte >> 4))
                text.append(digit(byte & 15))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `text` as one segment of a URL's path.
    public static func segment(_ text: String) -> String { segment(text.utf8) }

    /// The bytes that `text` stands for, or nil where a `%` is not followed by two hexadecimal digits.
    ///
    /// - Parameters:
    ///   - text: with escapes; other characters stand for their own bytes.
    ///   - plusIsSpace: true in a query, where `+` stands for a space (the form encoding of the WHATWG URL standard).
    public static func bytes(_ text: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8]? {
        var bytes = [UInt8]()
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(value), let low = rest.next().flatMap(value) else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    /// The text that `text` stands for, or nil where an escape is broken, stands for a zero byte (which would end a
    /// name early wherever it meets C) or the bytes are not UTF-8.
    public static func text(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        let isPlain = text.utf8.allSatisfy {
            $0 != UInt8(ascii: "%") && $0 != 0 && !(plusIsSpace && $0 == UInt8(ascii: "+"))
        }
        if isPlain { return String(text) }
        guard let bytes = bytes(text, plusIsSpace: plusIsSpace), !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
