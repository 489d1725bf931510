import HTTPCore
import Testing

@Suite struct RequestHeadTests {
    @Test func `fields are found whatever their case, in order, repeated ones too`() throws {
        let head = try head("GET", "/", [HeaderField("X-a", "1 \t"), HeaderField("x-A", "2")])
        #expect(head.headers["x-a"] == "1")
        #expect(head.headers.values(of: "X-A") == ["1", "2"])
        #expect(head.headers.list("X-A") == "1, 2")
        #expect(head.headers["X-B"] == nil)
        #expect(head.headers.list("X-B") == nil)
    }

    @Test func `setting a field replaces all of its name`() {
        var fields: HeaderFields = ["A": "1", "a": "2", "B": "3"]
        fields["A"] = "4"
        #expect(fields == ["B": "3", "A": "4"])
        fields["b"] = nil
        #expect(fields == ["A": "4"])
    }

    @Test(arguments: [("GET", Method.get), ("get", .other("get")), ("PURGE", .other("PURGE")), ("PATCH", .patch)])
    func `a method is its exact word`(word: String, method: Method) throws {
        #expect(try head(word, "/").method == method)
        #expect(method.description == word)
    }

    @Test(arguments: ["", "G T", "G\u{1}T", "GÉT", "G/T"])
    func `a method that is no token is refused`(word: String) {
        #expect(status(word) == .badRequest)
    }

    @Test(arguments: [
        [HeaderField("Transfer-Encoding ", "chunked")], [HeaderField("A\u{B}", "b")], [HeaderField("", "b")],
        [HeaderField("Aé", "b")], [HeaderField("A", "b\rc")], [HeaderField("A", "b\nc")], [HeaderField("A", "b\u{0}")],
        [HeaderField("A", "\u{7F}")], [HeaderField("Host", "other")], [HeaderField("hOST", "localhost")],
        [HeaderField("Content-Length", "1"), HeaderField("Content-Length", "1")],
        [HeaderField("Content-Length", "1"), HeaderField("Transfer-Encoding", "chunked")],
        [HeaderField("Transfer-Encoding", "chunked"), HeaderField("Transfer-Encoding", "chunked")],
        [HeaderField("Transfer-Encoding", "gzip, chunked")], [HeaderField("Transfer-Encoding", "")],
        [HeaderField("Transfer-Encoding", "\u{B}chunked")],
        [HeaderField("Content-Length", "")], [HeaderField("Content-Length", "+1")],
        [HeaderField("Content-Length", "-1")],
        [HeaderField("Content-Length", "1, 1")], [HeaderField("Content-Length", "0x1")],
        [HeaderField("Content-Length", "18446744073709551616")],
    ])
    func `a header that two readers could take differently is refused`(fields: [HeaderField]) {
        #expect(status("POST", "/", fields) == .badRequest)
    }

    @Test(arguments: [
        ([], BodyFraming.none), ([HeaderField("Content-Length", "0")], .none),
        ([HeaderField("content-length", "00010 ")], .length(10)),
        ([HeaderField("Content-Length", "18446744073709551615")], .length(.max)),
        ([HeaderField("transfer-encoding", "Chunked")], .chunked),
    ])
    func `a body is delimited by its length or by chunks`(fields: [HeaderField], framing: BodyFraming) throws {
        #expect(try head("POST", "/", fields).framing == framing)
    }

    @Test func `a request of HTTP 1 1 has a Host, one of HTTP 1 0 need not, and has no chunks`() {
        #expect(status(addsHost: false) == .badRequest)
        #expect(status(version: "HTTP/1.0", addsHost: false) == nil)
        #expect(status(version: "HTTP/1.0") == nil)
        #expect(status("POST", "/", [HeaderField("Transfer-Encoding", "chunked")], version: "HTTP/1.0") == .badRequest)
    }

    @Test func `text beyond ASCII may stand in a value`() throws {
        #expect(try head("GET", "/", [HeaderField("A", "é\tb")]).headers["A"] == "é\tb")
    }
}
