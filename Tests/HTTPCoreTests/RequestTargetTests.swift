import HTTPCore
import Testing

@Suite struct RequestTargetTests {
    @Test(arguments: [
        ("/", []), ("/a", ["a"]), ("/a/", ["a", ""]), ("//", ["", ""]), ("/a/b?c/d", ["a", "b"]),
        ("/%41%2fb/c", ["A/b", "c"]), ("/posix:a%252Fb", ["posix:a%2Fb"]), ("/a+b", ["a+b"]), ("/%C3%A9", ["é"]),
        ("/posix:%ff", ["posix:\u{FFFD}"]),
        ("/...", ["..."]), ("/.a", [".a"]),
    ])
    func `a path is divided at its slashes and each segment is decoded once`(raw: String, segments: [String]) throws {
        #expect(try RequestTarget(raw).path.map(\.decoded) == segments)
    }

    @Test func `a segment keeps the text that it came as`() throws {
        let path = try RequestTarget("/segments/posix:a%252Fb/bytes").path
        #expect(path.map(\.raw) == ["segments", "posix:a%252Fb", "bytes"])
    }

    @Test(arguments: [
        "", "a", "*", "http://localhost/", "?a", "/%", "/%4", "/%4g", "/a%00b", "/a b",
        "/a\u{1}", "/é", "/a#b", "/a\u{7F}", "/.", "/..", "/a/../b", "/%2e%2e", "/.%2E/b", "/%2e", "/a?b=%00",
        "/a?%", "/a?b=%ff", "/a?b=é",
    ])
    func `a target that is not clean text is refused`(raw: String) {
        #expect(status("GET", raw) == .badRequest)
    }

    @Test(arguments: [(64, nil as Status?), (65, .badRequest)])
    func `a path has at most 64 segments`(count: Int, expected: Status?) {
        #expect(status("GET", String(repeating: "/a", count: count)) == expected)
    }

    @Test(arguments: [(256, nil as Status?), (257, .badRequest)])
    func `a query has at most 256 items`(count: Int, expected: Status?) {
        #expect(status("GET", "/?" + String(repeating: "a&", count: count - 1) + "a") == expected)
    }

    @Test(arguments: [
        ("/", []), ("/?", []), ("/?a", [QueryItem("a", nil)]), ("/?a=", [QueryItem("a", "")]),
        ("/?a=1&b=2&a=3", [QueryItem("a", "1"), QueryItem("b", "2"), QueryItem("a", "3")]),
        ("/?a+b=c+d%2Be", [QueryItem("a b", "c d+e")]), ("/?a=b=c?d/e", [QueryItem("a", "b=c?d/e")]),
        ("/?&a&&b&", [QueryItem("a", nil), QueryItem("b", nil)]), ("/?%26=%3D", [QueryItem("&", "=")]),
        ("/?=a", [QueryItem("", "a")]),
    ])
    func `a query is a list of names and values in order`(raw: String, items: [QueryItem]) throws {
        #expect(try RequestTarget(raw).query == items)
    }

    @Test func `an item without a value reads as the empty text, a missing one as nil`() throws {
        let head = try head("GET", "/?fresh&a=1&a=2")
        #expect(head.query("fresh") == "")
        #expect(head.query("a") == "1")
        #expect(head.query("b") == nil)
    }
}

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("", ""), ("aZ09-._~", "aZ09-._~"), ("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb"), ("é", "%C3%A9"),
        (":@+ ", "%3A%40%2B%20"),
    ])
    func `all but the unreserved characters are encoded`(plain: String, encoded: String) {
        #expect(PercentEncoding.segment(plain) == encoded)
    }

    @Test func `every byte comes back from its encoding`() {
        let all = Array(UInt8.min...UInt8.max)
        #expect(PercentEncoding.bytes(PercentEncoding.segment(all)) == all)
    }

    @Test func `a plus is a space in a query only`() {
        #expect(PercentEncoding.text("a+b") == "a+b")
        #expect(PercentEncoding.text("a+b", plusIsSpace: true) == "a b")
    }
}
