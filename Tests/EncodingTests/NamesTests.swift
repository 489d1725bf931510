import Encoding
import Testing

@Suite struct PercentCodingTests {
    @Test(arguments: [
        ("", ""), ("demo-1_2.3~", "demo-1_2.3~"), ("a b", "a%20b"), ("a/b", "a%2Fb"), ("50%", "50%25"),
        ("x@1", "x%401"), ("a:b", "a%3Ab"), ("é", "%C3%A9"), ("\0\n\u{7F}", "%00%0A%7F"), ("+", "%2B"),
    ] as [(String, String)])
    func `all but the unreserved bytes are encoded`(name: String, expected: String) throws {
        #expect(PercentCoding.encode(Array(name.utf8)) == expected)
        #expect(try PercentCoding.decode(expected) == Array(name.utf8))
    }

    @Test func `every byte comes back, and only 66 stand for themselves`() throws {
        let all = Array(UInt8.min...UInt8.max)
        #expect(try PercentCoding.decode(PercentCoding.encode(all)) == all)
        #expect(PercentCoding.encode(all).utf8.count == 66 + 190 * 3)
        #expect(all.count(where: PercentCoding.isUnreserved) == 66)
    }

    @Test func `digits of either case and needless escapes are decoded`() throws {
        #expect(try PercentCoding.decode("%c3%A9%41%2d") == Array("éA-".utf8))
    }

    @Test(arguments: [
        ("a b", 1, .notEncoded), ("a/b", 1, .notEncoded), ("@", 0, .notEncoded), ("é", 0, .notEncoded),
        ("a\0", 1, .notEncoded), ("+", 0, .notEncoded), ("%", 0, .incompleteEscape), ("a%4", 1, .incompleteEscape),
        ("%4g", 0, .incompleteEscape), ("%g4", 0, .incompleteEscape), ("%%41", 0, .incompleteEscape),
        ("%+1", 0, .incompleteEscape), ("%41%", 3, .incompleteEscape),
    ] as [(String, Int, PercentCodingError.Reason)])
    func `what is not encoded is refused at its byte`(
        text: String, offset: Int, reason: PercentCodingError.Reason
    ) throws {
        let error = try #require(throws: PercentCodingError.self) { try PercentCoding.decode(text) }
        #expect(error.offset == offset && error.reason == reason)
        #expect(error.description.contains("byte \(offset)"))
    }
}

@Suite struct DisplayNameTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] as [(String, String)])
    func `Base64 is that of RFC 4648`(text: String, expected: String) {
        #expect(base64(Array(text.utf8)) == expected)
    }

    @Test func `Base64 uses the standard alphabet`() {
        #expect(base64([0xFB, 0xFF, 0xBF, 0x00, 0x10, 0x83]) == "+/+/ABCD")
    }

    @Test func `a name in UTF-8 stands as it is, without a second form`() {
        let (name, nameBase64) = displayName(Array("é\n\0".utf8))
        #expect(name == "é\n\0")
        #expect(nameBase64 == nil)
    }

    @Test(arguments: [
        ([0x61, 0xFF, 0x62], "a\u{FFFD}b", "Yf9i"), ([0xC3], "\u{FFFD}", "ww=="),
        ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}", "7aCA"),
    ] as [([UInt8], String, String)])
    func `a name that is not UTF-8 shows where, and has its bytes beside it`(
        bytes: [UInt8], expected: String, expectedBase64: String
    ) {
        let (name, nameBase64) = displayName(bytes)
        #expect(name == expected)
        #expect(nameBase64 == expectedBase64)
    }
}
