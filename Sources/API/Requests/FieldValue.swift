import Diagnostics
import Encoding
import SegmentFormat

/// How texts of a query and values of a body become numbers, sizes and choices.
///
/// What cannot be read is 400; what can and is out of range is 422, with the field's name.
enum FieldValue {
    /// A decimal number, written as text.
    static func integer(_ field: String, _ text: String, in range: ClosedRange<Int>) throws(Problem) -> Int {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            throw .badRequest("\(field): must be a number, not “\(text)”", field: field)
        }
        guard let value = Int(text), range.contains(value) else { throw outOfRange(field, text, range) }
        return value
    }

    /// A number of a body.
    static func integer(_ field: String, _ value: JSONValue, in range: ClosedRange<Int>) throws(Problem) -> Int {
        guard let number = value.number else { throw .badRequest("\(field): must be a number", field: field) }
        guard let integer = number.integer(as: Int.self), range.contains(integer) else {
            throw outOfRange(field, number.text, range)
        }
        return integer
    }

    /// A number of bytes, or a text such as `16MiB`.
    static func size(_ field: String, _ value: JSONValue, in range: ClosedRange<Int>) throws(Problem) -> Int {
        let bytes: Int
        do throws(ByteSizeError) {
            bytes = try ByteSize(json: value).bytes
        } catch {
            throw Problem(error, field: field)
        }
        guard range.contains(bytes) else { throw outOfRange(field, "\(bytes)", range) }
        return bytes
    }

    static func choice<Choice: RawRepresentable & CaseIterable>(
        _ field: String, _ text: String
    ) throws(Problem) -> Choice where Choice.RawValue == String {
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw .unprocessable("\(field): must be one of \(names), not “\(text)”", field: field)
    }

    /// Permission bits: one to four octal digits.
    static func mode(_ field: String, _ text: String) throws(Problem) -> UInt32 {
        guard !text.isEmpty, let mode = UInt32(text, radix: 8), text.utf8.first != UInt8(ascii: "+") else {
            throw .badRequest("\(field): must be octal digits as in \"0600\", not “\(text)”", field: field)
        }
        guard mode <= 0o777 else {
            throw .unprocessable("\(field): must be permission bits, \"0000\" to \"0777\"", field: field)
        }
        return mode
    }

    /// A block's tag, as people write it.
    static func tag(_ field: String, _ text: String) throws(Problem) -> Tag {
        guard let tag = Tag(text) else {
            throw .unprocessable("\(field): must be at most 16 bytes of UTF-8 without a zero byte", field: field)
        }
        return tag
    }

    private static func outOfRange(_ field: String, _ found: String, _ range: ClosedRange<Int>) -> Problem {
        let upper = range.upperBound == .max ? "" : " to \(range.upperBound)"
        let wanted = upper.isEmpty ? "at least \(range.lowerBound)" : "\(range.lowerBound)\(upper)"
        return .unprocessable("\(field): must be \(wanted), not \(found)", field: field)
    }
}

extension JSONNumber {
    /// As it was written, or nearly.
    fileprivate var text: String {
        switch self {
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .real(let value): "\(value)"
        case .outOfRange(let text): text
        }
    }
}
