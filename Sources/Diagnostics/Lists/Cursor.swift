/// Where a list goes on: opaque text for clients, a place in the list's order for us.
///
/// A cursor names a *place*, not an element, so it stays good while elements come and go: the next page begins with
/// the first element that stands behind the place then. What appears before the place is not shown any more, and
/// nothing is shown twice unless it moved.
public struct Cursor: Sendable, Hashable {
    /// Which list it belongs to: a cursor of one list is refused by every other.
    public enum List: UInt8, Sendable, CaseIterable {
        case segments = 1
        case blocks = 2
        case participants = 3
        case events = 4
        case workers = 5
        case pages = 6
        case mappings = 7
        case processes = 8
        case search = 9
    }

    /// One number or some bytes of the place.
    public enum Part: Sendable, Hashable {
        case number(Int)
        case bytes([UInt8])
    }

    public let list: List
    public let parts: [Part]

    /// Longest text of a cursor that is looked at: a value, a name with its folder's, and some numbers.
    public static let textMaximum = 2048

    public init(_ list: List, _ parts: [Part]) {
        self.list = list
        self.parts = parts
    }

    /// A place in a list that is ordered by one number.
    public init(_ list: List, number: Int) { self.init(list, [.number(number)]) }

    /// The number of a list that is ordered by one.
    ///
    /// - Throws: ``QueryError`` where the cursor is of another shape.
    public func number() throws(QueryError) -> Int {
        guard parts.count == 1, case .number(let number) = parts[0] else { throw Self.invalid }
        return number
    }

    static let invalid = QueryError.malformed(
        field: "cursor", reason: "is not one that this list gave out; begin without a cursor")

    // MARK: Text

    /// The text for `next`: base64url (RFC 4648 section 5) without padding.
    public var text: String {
        var bytes: [UInt8] = [list.rawValue]
        for part in parts {
            switch part {
            case .number(let number):
                bytes.append(Mark.number)
                for shift in stride(from: 56, through: 0, by: -8) {
                    bytes.append(UInt8(truncatingIfNeeded: number >> shift))
                }
            case .bytes(let content):
                precondition(content.count <= UInt16.max, "names are short")
                bytes.append(Mark.bytes)
                bytes.append(UInt8(truncatingIfNeeded: content.count >> 8))
                bytes.append(UInt8(truncatingIfNeeded: content.count))
                bytes += content
            }
        }
        return Base64URL.encode(bytes)
    }

    /// Reads what a client sent.
    ///
    /// - Throws: ``QueryError`` where the text is not a cursor of this list.
    public init(text: String, list: List) throws(QueryError) {
        guard text.utf8.count <= Self.textMaximum, let bytes = Base64URL.decode(text), bytes.first == list.rawValue
        else { throw Self.invalid }
        self.list = list
        var parts: [Part] = []
        var rest = bytes.dropFirst()
        while let mark = rest.popFirst() {
            guard let part = Self.part(mark, &rest) else { throw Self.invalid }
            parts.append(part)
        }
        self.parts = parts
    }

    private static func part(_ mark: UInt8, _ rest: inout ArraySlice<UInt8>) -> Part? {
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        switch mark {
        case Mark.number:
            return take(8).map { .number($0.reduce(0) { $0 << 8 | Int($1) }) }
        case Mark.bytes:
            guard let length = take(2)?.reduce(0, { $0 << 8 | Int($1) }) else { return nil }
            return take(length).map { .bytes(Array($0)) }
        default: return nil
        }
    }

    private enum Mark {
        static let number: UInt8 = 0
        static let bytes: UInt8 = 1
    }
}

/// Base64 with an alphabet that needs no encoding in a URL, RFC 4648 section 5, without padding.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << (6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: nil where `text` is not what ``encode(_:)`` makes of some bytes.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return encode(bytes) == text ? bytes : nil
    }
}
