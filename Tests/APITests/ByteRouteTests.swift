import Encoding
import HTTPCore
import TestSupport
import Testing

@testable import API

@Suite struct ByteRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// An object of 300 bytes, each its own offset's lowest byte.
    private func withObject(_ body: (String) throws -> Void) rethrows {
        let name = Unique.name("bytes")
        makeObject(name, bytes: (0..<300).map { UInt8(truncatingIfNeeded: $0) })
        defer { removeObject(name) }
        try body("/api/v1/segments/\(name)")
    }

    @Test(
        arguments: [
            ("", "application/json", Status.ok, "application/json"), ("", "text/*", .ok, "text/plain; charset=utf-8"),
            ("", "*/*", .ok, "text/plain; charset=utf-8"), ("", "text/plain;q=0.5, application/json", .ok, "application/json"),
            ("&style=json", "*/*", .ok, "application/json"), ("&style=json", "text/plain", .notAcceptable, nil),
            ("&style=xxd", "application/json", .notAcceptable, nil), ("", "image/png", .notAcceptable, nil),
            ("&style=canonical", "text/plain", .ok, "text/plain; charset=utf-8"),
        ] as [(String, String, Status, String?)])
    func `dumps in the form that the client takes`(query: String, accept: String, status: Status, type: String?) throws {
        try bench.withSegment { name, path in
            let reply = bench.get(path + "/hexdump?length=16\(query)", [HeaderField("Accept", accept)])
            #expect(reply.status == status, "\(reply.text)")
            if let type { #expect(reply.headers["Content-Type"] == type) }
        }
    }

    @Test func `sends an object's bytes`() {
        withObject { path in
            let reply = bench.get(path + "/bytes")
            #expect(reply.status == .ok)
            #expect(reply.bytes == (0..<300).map { UInt8(truncatingIfNeeded: $0) })
            #expect(reply.length == 300)
            #expect(reply.isWhole)
            #expect(reply.headers["Content-Type"] == "application/octet-stream")
            #expect(reply.headers["X-Content-Type-Options"] == "nosniff")
            #expect(reply.headers["Shmlens-Size-Bytes"] == "300")
            #expect(bench.send("HEAD", path + "/bytes").length == 300)
        }
    }

    @Test(
        arguments: [
            ("bytes=0-0", Status.partialContent, "bytes 0-0/300", 1), ("bytes=290-400", .partialContent, "bytes 290-299/300", 10),
            ("bytes=-5", .partialContent, "bytes 295-299/300", 5), ("bytes=299-", .partialContent, "bytes 299-299/300", 1),
            ("bytes=0-1,4-5", .ok, nil, 300), ("lines=1-2", .ok, nil, 300),
        ] as [(String, Status, String?, Int)])
    func `sends the range that is asked for`(range: String, status: Status, content: String?, count: Int) {
        withObject { path in
            let reply = bench.get(path + "/bytes", [HeaderField("Range", range)])
            #expect(reply.status == status)
            #expect(reply.headers["Content-Range"] == content)
            #expect(reply.bytes.count == count)
        }
    }

    @Test func `refuses a range behind the end`() {
        withObject { path in
            let reply = bench.get(path + "/bytes", [HeaderField("Range", "bytes=300-")])
            #expect(reply.status == .rangeNotSatisfiable)
            #expect(reply.headers["Content-Range"] == "bytes */300")
            #expect(bench.get(path + "/bytes", [HeaderField("Range", "bytes=1-2"), HeaderField("If-Range", "\"x\"")]).status == .ok)
        }
    }

    @Test func `dumps as xxd does, with the length known before`() {
        withObject { path in
            let reply = bench.get(path + "/hexdump?offset=16&length=20")
            #expect(
                reply.text == """
                    00000010: 1011 1213 1415 1617 1819 1a1b 1c1d 1e1f  ................
                    00000020: 2021 2223                                 !"#

                    """)
            #expect(reply.length == reply.bytes.count)
            #expect(reply.headers["Content-Type"] == "text/plain; charset=utf-8")
        }
    }

    @Test func `dumps as hexdump -C does, a long run of zeros too`() throws {
        try bench.withSegment(capacity: "8MiB") { name, path in
            let size = try #require(bench.get(path).integer("sizeBytes"))
            let reply = bench.get(path + "/hexdump?style=canonical&offset=\(size - (4 << 20))")
            let lines = reply.text.split(separator: "\n")
            #expect(reply.isWhole)
            #expect(lines.count == 3)
            #expect(lines[1] == "*")
            #expect(lines[2] == "\(String(repeating: "0", count: 8 - String(size, radix: 16).count))\(String(size, radix: 16))")
        }
    }

    @Test func `dumps as JSON`() {
        withObject { path in
            let reply = bench.get(path + "/hexdump?offset=290&length=100&style=json")
            #expect(reply.headers["Content-Type"] == "application/json")
            #expect(reply.integer("offset") == 290)
            #expect(reply["rows"]?.array?.count == 1)
            #expect(reply["rows", "0", "hex"]?.string == "22232425262728292a2b")
            #expect(reply["rows", "0", "text"]?.string == "\"#$%&'()*+")
            #expect(reply["consistency"]?.string == "consistent" && reply["changed"]?.array?.isEmpty == true)
            #expect(reply.integer("allocatedBefore") == reply.integer("allocatedAfter"))
            #expect(
                reply.keys == [
                    "takenAt", "ageMilliseconds", "hidden", "offset", "rows", "consistency", "changed", "allocatedBefore",
                    "allocatedAfter",
                ])
        }
    }

    @Test(
        arguments: [
            ("offset=300", Status.ok, 0), ("offset=301", .rangeNotSatisfiable, nil), ("length=0", .ok, 0),
            ("offset=299&length=100", .ok, 1), ("offset=-1", .unprocessableContent, nil), ("offset=x", .badRequest, nil),
            ("style=od", .unprocessableContent, nil), ("length=99999999999999999999", .unprocessableContent, nil),
            ("offset=1KiB", .rangeNotSatisfiable, nil), ("attach=true&length=0", .ok, 0),
        ] as [(String, Status, Int?)])
    func `keeps to the rules of offset and length`(query: String, status: Status, rows: Int?) {
        withObject { path in
            let reply = bench.get(path + "/hexdump?\(query)")
            #expect(reply.status == status, "\(reply.text)")
            if let rows { #expect(reply.text.split(separator: "\n").count == rows) }
        }
    }

    @Test func `cuts the body where the object is cut meanwhile`() throws {
        let object = SharedObject(named: Unique.name("cut"), bytes: 200_000)
        let name = try #require(object.name)
        let bytes = try bench.lens.source(ofNamed: name)
        let stream = ObjectBytes(bytes, range: 0..<200_000)
        guard case .bytes(let first) = stream.next(wanted: 1) else { throw BenchError(what: "no bytes") }
        #expect(first.count == 65536)
        object.resize(70_000)
        guard case .failed = stream.next(wanted: 1) else { throw BenchError(what: "the cut was not seen") }
    }

    @Test func `writes into the pool, and nowhere else`() throws {
        try bench.withSegment { name, path in
            let pool = try #require(bench.get(path + "/layout")["regions"]?.array?.last)
            let offset = try #require(pool["offset"]?.int)
            let size = try #require(pool["sizeBytes"]?.int)
            let end = offset + size
            #expect(bench.send("PUT", path + "/bytes?offset=\(end - 5)", body: Array("hello".utf8)).status == .noContent)
            #expect(bench.get(path + "/bytes", [HeaderField("Range", "bytes=-5")]).text == "hello")
            for wrong in [end - 4, offset - 1, 0] {
                let reply = bench.send("PUT", path + "/bytes?offset=\(wrong)", body: Array("hello".utf8))
                #expect(reply.status == .unprocessableContent)
                #expect(reply["field"]?.string == "offset")
            }
            #expect(bench.send("PUT", path + "/bytes", body: [1]).status == .unprocessableContent)
            #expect(bench.send("PUT", path + "/bytes?offset=\(offset)").status == .lengthRequired)
        }
    }
}
