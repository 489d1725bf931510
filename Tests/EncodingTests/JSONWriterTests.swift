import Encoding
import Testing

/// What `body` writes, as text.
func json(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.finish(), as: UTF8.self)
}

@Suite struct JSONWriterTests {
    @Test func `members and elements stand in the order of the calls, without whitespace`() {
        let text = json { writer in
            writer.object { writer in
                writer.field("b", 1)
                writer.field("a", [true, false])
                writer.field("o", object: { $0.field("x", "y") })
                writer.field("l", array: { _ in })
                writer.key("m")
                writer.array { writer in
                    writer.null()
                    writer.object { _ in }
                    writer.value(2.5)
                }
            }
        }
        #expect(text == #"{"b":1,"a":[true,false],"o":{"x":"y"},"l":[],"m":[null,{},2.5]}"#)
    }

    @Test func `a member without a value is left out, or null where its absence says something`() {
        let text = json { writer in
            writer.object { writer in
                writer.field("a", nil as Int?)
                writer.field("b", 7 as Int?)
                writer.field("c", orNull: nil as String?)
                writer.field("d", orNull: "x")
            }
        }
        #expect(text == #"{"b":7,"c":null,"d":"x"}"#)
    }

    @Test(arguments: [
        ("", #""""#),
        ("a/b", #""a/b""#),
        (#"say "hi" \ bye"#, #""say \"hi\" \\ bye""#),
        ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#),
        ("\0\u{1}\u{1F} ", #""\u0000\u0001\u001f ""#),
        ("~\u{7F}", #""~\u007f""#),
        ("\u{80}\u{9B}2J\u{9F}\u{A0}\u{BF}", "\"\\u0080\\u009b2J\\u009f\u{A0}\u{BF}\""),
        ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
        ("\r\n", #""\r\n""#),
    ] as [(String, String)])
    func `strings are escaped only where JSON or a terminal needs it`(raw: String, expected: String) {
        #expect(json { $0.value(raw) }.utf8.elementsEqual(expected.utf8))
    }

    @Test func `every scalar comes back through the parser`() throws {
        for range in [0...0xD7FF, 0xE000...0x10FFFF] as [ClosedRange<UInt32>] {
            for value in stride(from: range.lowerBound, through: range.upperBound, by: 97) {
                let text = "x\(Unicode.Scalar(value).map(String.init) ?? "")y"
                #expect(try JSONValue(parsing: Array(json { $0.value(text) }.utf8)).string == text)
            }
        }
    }

    @Test func `a key that is data is escaped, as a value is`() {
        #expect(json { $0.object { $0.key(text: "a\"\u{1}"); $0.value(1) } } == #"{"a\"\u0001":1}"#)
    }

    @Test func `integers are exact from the smallest to the largest`() {
        #expect(json { $0.value(Int64.min) } == "-9223372036854775808")
        #expect(json { $0.value(Int.max) } == "9223372036854775807")
        #expect(json { $0.value(UInt64.max) } == "18446744073709551615")
        #expect(json { $0.value(0) } == "0")
        #expect(json { $0.value([UInt8.max, 10, 9]) } == "[255,10,9]")
        #expect(json { $0.value(UInt16.max) } == "65535")
        #expect(json { $0.value([Int32.min, -1]) } == "[-2147483648,-1]")
        #expect(json { $0.value(UInt32.max) } == "4294967295")
    }

    @Test(arguments: [0.1, 1.0 / 3, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e20, 1e-7, 123456789.125])
    func `a Double reads back as the same number`(value: Double) throws {
        let text = json { $0.value(value) }
        #expect(try JSONValue(parsing: Array(text.utf8)).number != nil)
        #expect(Double(text)?.bitPattern == value.bitPattern)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `what is no number is null`(value: Double) {
        #expect(json { $0.value([value]) } == "[null]")
    }

    @Test func `bytes can be taken anywhere, and together are the text`() {
        var writer = JSONWriter()
        var text: [UInt8] = []
        writer.beginArray()
        for element in 0..<5 {
            writer.value(element)
            #expect(writer.byteCount == 2)
            text += writer.takeBytes()
            #expect(writer.byteCount == 0)
        }
        writer.endArray()
        text += writer.finish()
        #expect(String(decoding: text, as: UTF8.self) == "[0,1,2,3,4]")
    }

    @Test func `an error in the middle comes out as it is`() {
        struct Stop: Error, Equatable {}
        var writer = JSONWriter()
        #expect(throws: Stop.self) {
            try writer.object { (writer) throws(Stop) in
                try writer.field("a", array: { _ throws(Stop) in throw Stop() })
            }
        }
    }

    @Test func `addresses, modes, times and names have one spelling each`() {
        let text = json { writer in
            writer.object { writer in
                writer.field("address", hexadecimal: 0x7F00_0000_0010)
                writer.field("zero", hexadecimal: 0)
                writer.field("all", hexadecimal: .max)
                writer.field("none", hexadecimal: nil)
                writer.field("mode", mode: 0o100600)
                writer.field("none", mode: nil)
                writer.field("takenAt", seconds: 0, nanoseconds: 1_999_999)
                writer.field("never", seconds: .max, nanoseconds: 0)
                writer.nameFields(Array("a".utf8))
            }
        }
        let expected = #"{"address":"0x7f0000000010","zero":"0x0","all":"0xffffffffffffffff","mode":"0600","#
            + #""takenAt":"1970-01-01T00:00:00.001Z","never":null,"name":"a"}"#
        #expect(text == expected)
        let broken = json { $0.object { $0.nameFields([0x61, 0xFF]) } }
        #expect(broken == "{\"name\":\"a\u{FFFD}\",\"nameBase64\":\"Yf8=\"}")
    }

    @Test func `64 open containers are written, objects and arrays told apart`() {
        var writer = JSONWriter()
        for depth in 0..<JSONWriter.depthMaximum {
            if depth % 3 == 0 { writer.beginArray() } else { writer.beginObject(); writer.key("k") }
            if depth % 3 == 2, depth == JSONWriter.depthMaximum - 1 { writer.null() }
        }
        for depth in (0..<JSONWriter.depthMaximum).reversed() {
            if depth % 3 == 0 { writer.endArray() } else { writer.endObject() }
        }
        #expect(writer.finish().count == 22 * 2 + 42 * 6)
    }
}

@Suite struct JSONWriterMisuseTests {
    @Test func `the 65th open container stops the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            for _ in 0...JSONWriter.depthMaximum { writer.beginArray() }
            print(writer.byteCount)
        }
    }

    @Test func `closing what is not open stops the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            writer.endObject()
            print(writer.byteCount)
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.endArray()
            print(writer.byteCount)
        }
    }

    @Test func `ending an unfinished text stops the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            print(writer.finish().count)
        }
        await #expect(processExitsWith: .failure) { print(JSONWriter().finish().count) }
    }

    #if DEBUG
        @Test func `a key or a value that stands alone, and a second value, are found in debug builds`() async {
            await #expect(processExitsWith: .failure) {
                var writer = JSONWriter()
                writer.beginObject()
                writer.value(1)
                print(writer.byteCount)
            }
            await #expect(processExitsWith: .failure) {
                var writer = JSONWriter()
                writer.object { $0.key("a") }
                print(writer.byteCount)
            }
            await #expect(processExitsWith: .failure) {
                var writer = JSONWriter()
                writer.value(1)
                writer.value(2)
                print(writer.byteCount)
            }
            await #expect(processExitsWith: .failure) {
                let key: JSONKey = "a\"b"
                print(key)
            }
        }
    #endif
}
