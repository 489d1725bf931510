extension JSONValue {
    /// How deep objects and arrays may nest in a request. The API's own requests need three.
    public static let depthMaximum = 32

    /// Reads one JSON text, strictly as RFC 8259 has it, with nothing after it but whitespace.
    ///
    /// Refused beyond the grammar: bytes that are not UTF-8, a byte order mark, a surrogate without its other half,
    /// a key that its object has already, and nesting deeper than ``depthMaximum``. Time and memory are O(count);
    /// how much may come is the caller's limit on the body.
    ///
    /// - Throws: ``JSONParseError``, which names the first byte that is wrong.
    public init(parsing bytes: [UInt8]) throws(JSONParseError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONParseError(offset: error.byteOffsets.lowerBound, reason: .notUTF8)
        }
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }
}

/// Why bytes are not a JSON text.
public struct JSONParseError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: String, Sendable {
        case notUTF8 = "the text is not UTF-8"
        case unexpectedEnd = "the text ends too early"
        case expectedValue = "a value is expected"
        case expectedKey = "a key in double quotes is expected"
        case expectedColon = "a colon is expected after the key"
        case expectedCommaOrEnd = "a comma or the closing bracket is expected"
        case expectedEnd = "nothing may follow the value"
        case malformedNumber = "the number is not written as JSON writes numbers"
        case controlCharacter = "a control character in a string must be escaped"
        case malformedEscape = "there is no such escape"
        case loneSurrogate = "half of a surrogate pair stands alone"
        case duplicateKey = "the object has this key already"
        case tooDeep = "objects and arrays nest deeper than 32"
    }

    /// Of the first byte that is wrong, from the text's first; the text's length where it ends too early.
    public let offset: Int
    public let reason: Reason

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    public var description: String { "byte \(offset): \(reason.rawValue)" }
}

/// Recursive descent over bytes known to be UTF-8. Recursion ends at ``JSONValue/depthMaximum``.
struct JSONParser {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONParseError) -> JSONValue {
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else { throw failure(.expectedEnd) }
        return value
    }

    private func failure(_ reason: JSONParseError.Reason) -> JSONParseError {
        let ended = position >= bytes.count
        return JSONParseError(offset: min(position, bytes.count), reason: ended ? .unexpectedEnd : reason)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// Moves past `byte` if it comes next.
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(JSONParseError) -> JSONValue {
        skipWhitespace()
        switch next {
        case 0x7B: return .object(try object(depth: depth + 1))
        case 0x5B: return .array(try array(depth: depth + 1))
        case 0x22: return .string(try string())
        case .some(0x2D), .some(0x30...0x39): return .number(try number())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6E: return try word("null", .null)
        default: throw failure(.expectedValue)
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONParseError) -> JSONValue {
        for byte in word.utf8 {
            guard skip(byte) else { throw failure(.expectedValue) }
        }
        return value
    }

    private mutating func array(depth: Int) throws(JSONParseError) -> [JSONValue] {
        guard depth <= JSONValue.depthMaximum else { throw failure(.tooDeep) }
        position += 1
        skipWhitespace()
        var elements: [JSONValue] = []
        if skip(0x5D) { return elements }
        while true {
            elements.append(try value(depth: depth))
            skipWhitespace()
            if skip(0x5D) { return elements }
            guard skip(0x2C) else { throw failure(.expectedCommaOrEnd) }
        }
    }

    private mutating func object(depth: Int) throws(JSONParseError) -> JSONObject {
        guard depth <= JSONValue.depthMaximum else { throw failure(.tooDeep) }
        position += 1
        skipWhitespace()
        var members: [JSONObject.Member] = []
        // Bytes, because Swift's strings are equal when they look the same; a set, because a body of many keys
        // must not cost their square.
        var keys: Set<[UInt8]> = []
        if skip(0x7D) { return JSONObject(members: members) }
        while true {
            skipWhitespace()
            let start = position
            guard next == 0x22 else { throw failure(.expectedKey) }
            let key = try string()
            guard keys.insert(Array(key.utf8)).inserted else {
                throw JSONParseError(offset: start, reason: .duplicateKey)
            }
            skipWhitespace()
            guard skip(0x3A) else { throw failure(.expectedColon) }
            members.append(JSONObject.Member(key: key, value: try value(depth: depth)))
            skipWhitespace()
            if skip(0x7D) { return JSONObject(members: members) }
            guard skip(0x2C) else { throw failure(.expectedCommaOrEnd) }
        }
    }

    // MARK: Numbers

    private mutating func number() throws(JSONParseError) -> JSONNumber {
        let start = position
        _ = skip(0x2D)
        let isZero = next == 0x30
        let digitCount = try digits()
        if isZero, digitCount > 1 { throw JSONParseError(offset: start, reason: .malformedNumber) }
        var isInteger = true
        if skip(0x2E) {
            isInteger = false
            _ = try digits()
        }
        if next == 0x65 || next == 0x45 {
            isInteger = false
            position += 1
            if next == 0x2B || next == 0x2D { position += 1 }
            _ = try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger {
            if let value = Int64(text) { return .integer(value) }
            if let value = UInt64(text) { return .unsigned(value) }
        } else if let value = Double(text), value.isFinite {
            return .real(value)
        }
        return .outOfRange(text)
    }

    /// Moves past digits, at least one, and counts them.
    private mutating func digits() throws(JSONParseError) -> Int {
        let start = position
        while let byte = next, 0x30...0x39 ~= byte { position += 1 }
        guard position > start else { throw failure(.malformedNumber) }
        return position - start
    }

    // MARK: Strings

    private mutating func string() throws(JSONParseError) -> String {
        position += 1
        var unescaped: [UInt8] = []
        var start = position
        while let byte = next {
            switch byte {
            case 0x22:
                let run = bytes[start..<position]
                position += 1
                if unescaped.isEmpty { return String(decoding: run, as: UTF8.self) }
                return String(decoding: unescaped + run, as: UTF8.self)
            case 0x5C:
                unescaped += bytes[start..<position]
                unescaped += try escape().utf8
                start = position
            case 0x00..<0x20: throw failure(.controlCharacter)
            default: position += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    /// Reads an escape from its backslash on.
    private mutating func escape() throws(JSONParseError) -> String {
        position += 1
        guard let kind = next else { throw failure(.unexpectedEnd) }
        if kind == 0x75 { return String(try unicodeEscape()) }
        let plain: String
        switch kind {
        case 0x22: plain = "\""
        case 0x5C: plain = "\\"
        case 0x2F: plain = "/"
        case 0x62: plain = "\u{8}"
        case 0x66: plain = "\u{C}"
        case 0x6E: plain = "\n"
        case 0x72: plain = "\r"
        case 0x74: plain = "\t"
        default: throw failure(.malformedEscape)
        }
        position += 1
        return plain
    }

    /// Reads `\uXXXX` from its `u` on, or the two that make a surrogate pair.
    private mutating func unicodeEscape() throws(JSONParseError) -> Character {
        let lone = JSONParseError(offset: position - 1, reason: .loneSurrogate)
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
        guard UTF16.isLeadSurrogate(first), skip(0x5C), next == 0x75 else { throw lone }
        let second = try codeUnit()
        guard UTF16.isTrailSurrogate(second) else { throw lone }
        // Ten bits from each half.
        let value = 0x10000 + ((UInt32(first) & 0x3FF) << 10 | UInt32(second) & 0x3FF)
        guard let scalar = Unicode.Scalar(value) else { throw lone }
        return Character(scalar)
    }

    /// Reads `uXXXX`.
    private mutating func codeUnit() throws(JSONParseError) -> UInt16 {
        position += 1
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = next, let value = hexadecimalValue(digit) else { throw failure(.malformedEscape) }
            unit = unit << 4 | UInt16(value)
            position += 1
        }
        return unit
    }
}
