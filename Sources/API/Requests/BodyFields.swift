import Diagnostics
import Encoding

/// The members of a request's JSON object, read by type. `null` is as good as missing.
///
/// A member that the route does not know is refused, for the reason of ``QueryParameters``.
struct BodyFields {
    private let object: JSONObject?

    /// - Throws: ``Problem``: 400 where the body is no JSON object, 422 for a member that is not known.
    init(_ body: [UInt8], known: [String]) throws(Problem) {
        let value: JSONValue
        do throws(JSONParseError) {
            value = try JSONValue(parsing: body)
        } catch {
            throw Problem(error)
        }
        try self.init(value, known: known, what: "the body")
    }

    private init(_ value: JSONValue?, known: [String], what: String) throws(Problem) {
        guard let value else {
            object = nil
            return
        }
        guard let object = value.object else { throw .badRequest("\(what) must be a JSON object") }
        for member in object.members where !known.contains(member.key) {
            let names = known.joined(separator: ", ")
            throw .unprocessable("there is no “\(member.key)” here; there are \(names)", field: member.key)
        }
        self.object = object
    }

    private func value(_ key: String) -> JSONValue? {
        let value = object?[key]
        return value == .null ? nil : value
    }

    func has(_ key: String) -> Bool { value(key) != nil }

    /// The members of a member that is an object; none of them where it is missing.
    func fields(_ key: String, known: [String]) throws(Problem) -> BodyFields {
        try BodyFields(value(key), known: known, what: key)
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let value = value(key) else { return nil }
        return try FieldValue.integer(key, value, in: range)
    }

    /// Of 64 bits without a sign.
    func unsigned(_ key: String) throws(Problem) -> UInt64? {
        guard let value = value(key) else { return nil }
        guard let number = value.number else { throw .badRequest("\(key): must be a number", field: key) }
        guard let integer = number.integer(as: UInt64.self) else {
            throw .unprocessable("\(key): must be 0 to \(UInt64.max)", field: key)
        }
        return integer
    }

    func real(_ key: String, in range: ClosedRange<Double>) throws(Problem) -> Double? {
        guard let value = value(key) else { return nil }
        let real: Double
        switch value.number {
        case nil: throw .badRequest("\(key): must be a number", field: key)
        case .integer(let value)?: real = Double(value)
        case .unsigned(let value)?: real = Double(value)
        case .real(let value)?: real = value
        case .outOfRange?: real = .infinity
        }
        guard range.contains(real) else {
            throw .unprocessable("\(key): must be \(range.lowerBound) to \(range.upperBound)", field: key)
        }
        return real
    }

    func size(_ key: String, in range: ClosedRange<Int> = 0...(.max)) throws(Problem) -> Int? {
        guard let value = value(key) else { return nil }
        return try FieldValue.size(key, value, in: range)
    }

    /// - Throws: ``Problem`` (422) where it is missing.
    func requiredSize(_ key: String, in range: ClosedRange<Int> = 0...(.max)) throws(Problem) -> Int {
        guard let size = try size(key, in: range) else { throw Self.missing(key) }
        return size
    }

    func text(_ key: String) throws(Problem) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw .badRequest("\(key): must be text", field: key) }
        return text
    }

    /// - Throws: ``Problem`` (422) where it is missing.
    func requiredText(_ key: String) throws(Problem) -> String {
        guard let text = try text(key) else { throw Self.missing(key) }
        return text
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, of type: Choice.Type = Choice.self
    ) throws(Problem) -> Choice? where Choice.RawValue == String {
        guard let text = try text(key) else { return nil }
        return try FieldValue.choice(key, text)
    }

    /// Permission bits, as `"0600"`.
    func mode(_ key: String) throws(Problem) -> UInt32? {
        guard let text = try text(key) else { return nil }
        return try FieldValue.mode(key, text)
    }

    static func missing(_ key: String) -> Problem { .unprocessable("\(key): is missing", field: key) }
}
