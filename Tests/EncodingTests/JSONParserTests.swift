import Encoding
import Testing

private func parse(_ text: String) throws(JSONParseError) -> JSONValue {
    try JSONValue(parsing: Array(text.utf8))
}

private func nested(_ depth: Int, _ open: String, _ close: String) -> String {
    String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)
}

@Suite struct JSONParserTests {
    @Test(arguments: [
        ("null", .null), (" \t\r\ntrue\n", .bool(true)), ("false", .bool(false)), (#""""#, .string("")),
        ("[]", .array([])), ("[ ]", .array([])), ("[1,\n2]", .array([.number(.integer(1)), .number(.integer(2))])),
        ("[[],[null]]", .array([.array([]), .array([.null])])),
        (#""a/b é 😀 \" \\ \/ \b\f\n\r\t""#, .string("a/b é 😀 \" \\ / \u{8}\u{C}\n\r\t")),
        (#""\u0041\u00e9\u00E9\u20ac\u0000""#, .string("Aéé€\0")), (#""\ud83d\ude00""#, .string("😀")),
        (#""\uDBFF\uDFFF x""#, .string("\u{10FFFF} x")), ("\"\u{7F}\u{2028}\"", .string("\u{7F}\u{2028}")),
        (#""\\u0041""#, .string(#"\u0041"#)),
    ] as [(String, JSONValue)])
    func `a well-formed text is read`(text: String, expected: JSONValue) throws {
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        ("0", .integer(0)), ("-0", .integer(0)), ("-1", .integer(-1)), ("12345", .integer(12345)),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .unsigned(9_223_372_036_854_775_808)), ("18446744073709551615", .unsigned(.max)),
        ("18446744073709551616", .outOfRange("18446744073709551616")),
        ("-9223372036854775809", .outOfRange("-9223372036854775809")),
        ("1e400", .outOfRange("1e400")), ("-1E+400", .outOfRange("-1E+400")), ("1e-400", .real(0)),
        ("0.5", .real(0.5)), ("-0.0", .real(-0.0)), ("1e3", .real(1000)), ("1E-2", .real(0.01)), ("1.5e+1", .real(15)),
        ("0e0", .real(0)), ("4.9e-324", .real(.leastNonzeroMagnitude)),
    ] as [(String, JSONNumber)])
    func `numbers are kept exactly, or marked as out of range`(text: String, expected: JSONNumber) throws {
        #expect(try parse(text) == .number(expected))
        #expect(try parse("[\(text)]") == .array([.number(expected)]))
    }

    @Test(arguments: [
        (.integer(7), 7), (.integer(-7), -7), (.real(1e3), 1000), (.real(2.5), nil), (.real(0x1p53), 1 << 53),
        (.real(0x1p54), nil), (.unsigned(.max), nil), (.outOfRange("1e999"), nil),
    ] as [(JSONNumber, Int?)])
    func `an integer is a number without a fraction that fits`(number: JSONNumber, expected: Int?) {
        #expect(number.integer() == expected)
    }

    @Test func `an integer fits the type that is asked for`() {
        #expect(JSONNumber.unsigned(.max).integer(as: UInt64.self) == .max)
        #expect(JSONNumber.integer(-1).integer(as: UInt64.self) == nil)
        #expect(JSONNumber.integer(256).integer(as: UInt8.self) == nil)
        #expect(JSONNumber.integer(255).integer(as: UInt8.self) == 255)
    }

    @Test func `members keep their order and are found by their bytes`() throws {
        let value = try parse(#"{"z":1,"a":{"é":[2]},"":null}"#)
        #expect(value.object?.members.map(\.key) == ["z", "a", ""])
        #expect(value["a"]?["é"]?.array == [.number(.integer(2))])
        #expect(value["a"]?["e\u{301}"] == nil)
        #expect(value[""] == .null)
        #expect(value["b"] == nil)
        #expect(JSONValue.null["b"] == nil)
        #expect(value["z"]?.number == .integer(1))
        #expect(value["z"]?.string == nil && value["z"]?.bool == nil && value["z"]?.array == nil)
    }

    @Test(arguments: [
        ("", 0, .unexpectedEnd), (" ", 1, .unexpectedEnd), ("[", 1, .unexpectedEnd), ("[1", 2, .unexpectedEnd),
        ("[1,", 3, .unexpectedEnd), ("{", 1, .unexpectedEnd), (#"{"a"#, 3, .unexpectedEnd),
        (#"{"a""#, 4, .unexpectedEnd), (#"{"a":"#, 5, .unexpectedEnd), (#"{"a":1"#, 6, .unexpectedEnd),
        (#"{"a":1,"#, 7, .unexpectedEnd), ("tru", 3, .unexpectedEnd), ("-", 1, .unexpectedEnd),
        ("1.", 2, .unexpectedEnd), ("1e", 2, .unexpectedEnd), ("1e+", 3, .unexpectedEnd), (#"""#, 1, .unexpectedEnd),
        (#""\"#, 2, .unexpectedEnd), (#""\u12"#, 5, .unexpectedEnd), (#""abc"#, 4, .unexpectedEnd),
        ("]", 0, .expectedValue), ("[,1]", 1, .expectedValue), ("[1,]", 3, .expectedValue), ("'a'", 0, .expectedValue),
        ("nul1", 3, .expectedValue), ("True", 0, .expectedValue), ("NaN", 0, .expectedValue),
        ("Infinity", 0, .expectedValue), ("+1", 0, .expectedValue), (".5", 0, .expectedValue),
        ("/*c*/1", 0, .expectedValue), ("\u{FEFF}1", 0, .expectedValue), ("\u{A0}1", 0, .expectedValue),
        ("\u{C}1", 0, .expectedValue), ("[1 2]", 3, .expectedCommaOrEnd), ("[1}", 2, .expectedCommaOrEnd),
        (#"{"a":1]"#, 6, .expectedCommaOrEnd), (#"{"a":1 "b":2}"#, 7, .expectedCommaOrEnd),
        (#"["a":1]"#, 4, .expectedCommaOrEnd), ("{1:1}", 1, .expectedKey), ("{a:1}", 1, .expectedKey),
        (#"{"a":1,}"#, 7, .expectedKey), ("{,}", 1, .expectedKey), (#"{"a" 1}"#, 5, .expectedColon),
        (#"{"a",1}"#, 4, .expectedColon), (#"{"a"}"#, 4, .expectedColon), ("1 2", 2, .expectedEnd),
        ("null,", 4, .expectedEnd), ("{}}", 2, .expectedEnd), ("[]]", 2, .expectedEnd), ("1\0", 1, .expectedEnd),
        ("0x10", 1, .expectedEnd), ("1_000", 1, .expectedEnd), ("1a", 1, .expectedEnd),
        ("01", 0, .malformedNumber), ("-01", 0, .malformedNumber), ("[00]", 1, .malformedNumber),
        ("-a", 1, .malformedNumber), ("1.a", 2, .malformedNumber), ("1.e1", 2, .malformedNumber),
        ("1e1.5", 3, .expectedEnd), ("1ea", 2, .malformedNumber), ("1e+-1", 3, .malformedNumber),
        ("\"a\nb\"", 2, .controlCharacter), ("\"\0\"", 1, .controlCharacter), ("\"\u{1F}\"", 1, .controlCharacter),
        (#""\x""#, 2, .malformedEscape), (#""\'""#, 2, .malformedEscape), (#""\U0041""#, 2, .malformedEscape),
        (#""\u00g0""#, 5, .malformedEscape), (#""\u+123""#, 3, .malformedEscape), (#""\u""#, 3, .malformedEscape),
        (#""\ud800""#, 1, .loneSurrogate), (#""a\udc00""#, 2, .loneSurrogate), (#""\ud800\n""#, 1, .loneSurrogate),
        (#""\ud800\u0041""#, 1, .loneSurrogate), (#""\ud800\ud800""#, 1, .loneSurrogate),
        (#""\udc00\ud800""#, 1, .loneSurrogate), (#"{"a":1,"b":2,"a":3}"#, 13, .duplicateKey),
        (#"{"a":1,"\u0061":3}"#, 7, .duplicateKey), (#"[{"":1,"":1}]"#, 7, .duplicateKey),
    ] as [(String, Int, JSONParseError.Reason)])
    func `a malformed text is refused at the byte that is wrong`(
        text: String, offset: Int, reason: JSONParseError.Reason
    ) {
        #expect(throws: JSONParseError(offset: offset, reason: reason)) { try parse(text) }
    }

    @Test(arguments: [
        ([0x22, 0xFF, 0x22], 1), ([0x22, 0xC3], 1), ([0x22, 0xC0, 0xAF, 0x22], 1), ([0x5B, 0x22, 0xED, 0xA0, 0x80], 2),
        ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1), ([0x20, 0x80], 1), ([0xFF, 0xFE, 0x31, 0x00], 0),
    ] as [([UInt8], Int)])
    func `bytes that are not UTF-8 are refused, wherever they stand`(bytes: [UInt8], offset: Int) {
        #expect(throws: JSONParseError(offset: offset, reason: .notUTF8)) { try JSONValue(parsing: bytes) }
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")])
    func `nesting is taken up to its limit and refused beyond, however deep`(open: String, close: String) throws {
        let containers = open.utf8.count { $0 == 0x5B || $0 == 0x7B }
        let limit = JSONValue.depthMaximum / containers
        #expect(throws: Never.self) { try parse(nested(limit - 1, open, close)) }
        #expect(throws: Never.self) { try parse(nested(limit, open, close)) }
        let tooDeep = JSONParseError(offset: limit * open.utf8.count, reason: .tooDeep)
        #expect(throws: tooDeep) { try parse(nested(limit + 1, open, close)) }
        #expect(throws: tooDeep) { try parse(String(repeating: open, count: 100_000)) }
    }

    @Test func `many elements and many keys are read`() throws {
        let keys = (0..<20_000).map { #""k\#($0)":\#($0)"# }.joined(separator: ",")
        #expect(try parse("{\(keys)}")["k19999"] == .number(.integer(19_999)))
        let elements = String(repeating: "0,", count: 20_000) + "0"
        #expect(try parse("[\(elements)]").array?.count == 20_001)
    }

    @Test func `keys that only look the same are two keys`() throws {
        #expect(try parse("{\"\u{E9}\":1,\"e\u{301}\":2}").object?.members.count == 2)
    }

    @Test func `an error says where and what`() {
        #expect(JSONParseError(offset: 3, reason: .expectedValue).description == "byte 3: a value is expected")
        #expect(JSONParseError.Reason.tooDeep.rawValue.contains("\(JSONValue.depthMaximum)"))
    }

    /// Every proper prefix of a text, and the text with any one byte changed, is read or refused, never a trap.
    @Test func `no damage to a text stops the program`() throws {
        let text = Array(#" {"a":[1,-2.5e+3,"x\u00e9\ud83d\ude00é",true,null,{"b":{}}],"c":"\\"} "#.utf8)
        #expect(throws: Never.self) { try JSONValue(parsing: text) }
        var refused = 0
        for count in 0..<(text.count - 1) {
            #expect(throws: JSONParseError.self) { try JSONValue(parsing: Array(text[..<count])) }
        }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var damaged = text
                damaged[index] = byte
                do throws(JSONParseError) {
                    _ = try JSONValue(parsing: damaged)
                } catch {
                    refused += 1
                    #expect(0...text.count ~= error.offset)
                }
            }
        }
        #expect(refused > text.count * 100)
    }
}
