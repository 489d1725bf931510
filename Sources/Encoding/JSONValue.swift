/// A JSON value as a client sent it.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// A number as a client sent it. One that cannot be kept is still a number: the text was well-formed, and the answer
/// to it is "out of range", not "not parseable".
public enum JSONNumber: Sendable, Equatable {
    /// Written without fraction and exponent, within Int64.
    case integer(Int64)
    /// Written without fraction and exponent, above Int64 and within UInt64.
    case unsigned(UInt64)
    /// Written with fraction or exponent; finite, rounded to the nearest Double.
    case real(Double)
    /// An integer beyond 64 bits, or a number beyond Double; as it was written.
    case outOfRange(String)
}

/// The members of an object, in the order they were sent; no two with the same key.
public struct JSONObject: Sendable, Equatable {
    public struct Member: Sendable, Equatable {
        public let key: String
        public let value: JSONValue
    }

    public let members: [Member]

    /// The value of a member, or nil where there is none. O(members).
    ///
    /// Keys are compared byte by byte, as they travelled, not as Swift compares strings.
    public subscript(key: String) -> JSONValue? {
        members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
}

extension JSONValue {
    /// The member of an object, or nil where this is no object or has no such member. O(members).
    public subscript(key: String) -> JSONValue? { object?[key] }

    public var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }

    public var number: JSONNumber? {
        if case .number(let number) = self { number } else { nil }
    }
}

extension JSONNumber {
    /// The number as an integer, or nil where it has a fraction or does not fit.
    ///
    /// `1e3` and `2.0` are integers too: some clients write all numbers alike. Beyond 2^53, where not every integer
    /// is a Double, only what was written as an integer counts.
    public func integer<Integer: FixedWidthInteger>(as type: Integer.Type = Int.self) -> Integer? {
        switch self {
        case .integer(let value): return Integer(exactly: value)
        case .unsigned(let value): return Integer(exactly: value)
        case .real(let value):
            guard value.magnitude <= 0x1p53 else { return nil }
            return Integer(exactly: value)
        case .outOfRange: return nil
        }
    }
}
