import HTTPCore
import Testing

@Suite struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-0", 0..<1), ("bytes=0-9", 0..<10), ("bytes=0-10", 0..<10), ("bytes=9-", 9..<10), ("bytes=0-", 0..<10),
        ("bytes=-1", 9..<10), ("bytes=-10", 0..<10), ("bytes=-11", 0..<10), ("Bytes= 2-3 ", 2..<4),
        ("bytes=5-99999999999999999999999", 5..<10), ("bytes=-99999999999999999999999", 0..<10),
    ])
    func `a range inside the body is cut to it`(field: String, range: Range<Int>) {
        #expect(ByteRange(field, of: 10) == .satisfiable(range))
    }

    @Test(arguments: [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-5", 0),
        ("bytes=99999999999999999999999-", 10)])
    func `a range outside the body cannot be had`(field: String, length: Int) {
        #expect(ByteRange(field, of: length) == .unsatisfiable)
    }

    @Test(arguments: [nil, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,3-4", "bytes=1-2-3",
        "items=0-1", "bytes=0", "bytes=--1", "bytes=0x1-2", "bytes 0-1", "bytes=0 - 1"])
    func `a field that is not one range of bytes asks for all`(field: String?) {
        #expect(ByteRange(field, of: 10) == nil)
    }

    @Test func `a part says where it stands`() {
        #expect(ByteRange.contentRange(0..<1, of: 10) == "bytes 0-0/10")
        #expect(ByteRange.contentRange(of: 10) == "bytes */10")
    }
}

@Suite struct EntityTagTests {
    let strong = EntityTag("a,b")
    let weak = EntityTag("a,b", isWeak: true)

    @Test(arguments: ["\"a,b\"", "W/\"a,b\"", "*", " * ", "\"x\", \"a,b\"", "W/\"x\" ,\t\"a,b\" "])
    func `a list that names the tag means not modified`(field: String) {
        #expect(strong.isNamed(ifNoneMatch: field))
        #expect(weak.isNamed(ifNoneMatch: field))
    }

    @Test(arguments: [nil, "", "\"a\"", "a,b", "\"a,b", "\"A,B\"", "\"x\" \"a,b\"", "w/\"a,b\"", "\"\u{301}a,b\""])
    func `a list that does not, or does not parse, means modified`(field: String?) {
        #expect(!strong.isNamed(ifNoneMatch: field))
    }

    @Test(arguments: [(nil, true), ("\"a,b\"", true), ("*", true), ("W/\"a,b\"", false), ("\"x\"", false), ("", false)])
    func `a change goes ahead on a strong match`(field: String?, expected: Bool) {
        #expect(strong.allows(ifMatch: field) == expected)
        #expect(weak.allows(ifMatch: field) == (field == nil || field == "*"))
    }

    @Test(arguments: [(nil, true), ("\"a,b\"", true), ("\"x\"", false), ("W/\"a,b\"", false),
        ("Sat, 01 Jan 2000 00:00:00 GMT", false), ("*", false)])
    func `a range is honoured for the same version only`(field: String?, expected: Bool) {
        #expect(strong.allows(ifRange: field) == expected)
    }

    @Test func `a tag is written as it is read`() {
        #expect(strong.description == "\"a,b\"")
        #expect(weak.description == "W/\"a,b\"")
        #expect(strong.isNamed(ifNoneMatch: strong.description))
    }
}

@Suite struct MediaTypeTests {
    @Test(arguments: [
        (nil, MediaType.json), ("", .json), ("*/*", .json), ("application/json", .json), ("text/plain", .text),
        ("Text/PLAIN ; charset=utf-8", .text), ("text/*", .text), ("text/*, application/*;q=0.5", .text),
        ("text/plain;q=0.5, application/json;q=0.5", .json), ("text/plain;q=0.501, application/json;q=0.5", .text),
        ("*/*;q=0.1, text/plain", .text), ("application/json;q=0, */*", .text), ("text/plain;q=1.000", .text),
        ("application/octet-stream, text/plain;q=0.9", .bytes), ("rubbish", .json), ("rubbish, text/plain", .text),
        ("text/plain;q=2", .json), ("*/*;q=0.5, application/*;q=0.2, application/octet-stream;q=0.9", .bytes),
        ("text/html, application/xhtml+xml, */*;q=0.8", .json),
    ])
    func `the client's favourite is chosen`(accept: String?, expected: MediaType) {
        #expect(MediaType.best(of: [.json, .text, .bytes], accept: accept) == expected)
    }

    @Test(arguments: ["text/html", "*/*;q=0", "image/*, text/html;q=0.9", "application/json;q=0, text/plain;q=0.0"])
    func `nothing is chosen where the client takes none`(accept: String) {
        #expect(MediaType.best(of: [.json, .text], accept: accept) == nil)
    }

    @Test func `a look at Accept ends after 64 elements`() {
        let fillers = String(repeating: "image/png, ", count: 63)
        #expect(MediaType.best(of: [.json], accept: fillers + "application/json") == .json)
        #expect(MediaType.best(of: [.json], accept: fillers + "image/png, application/json") == nil)
    }

    @Test(arguments: [
        ("application/json", MediaType.json as MediaType?), ("Application/JSON; charset=utf-8", .json),
        ("text/plain", .text),
        ("text", nil), ("", nil), ("*/*", nil), ("text/*", nil), ("a/b/c", nil), ("a /b", nil), ("text/plain;q=x", nil),
    ])
    func `a content type is its two names`(field: String, expected: MediaType?) {
        #expect(MediaType(field) == expected)
    }
}
