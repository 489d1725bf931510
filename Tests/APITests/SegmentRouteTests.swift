import Encoding
import Glibc
import HTTPCore
import SharedSegments
import SystemPackage
import TestSupport
import Testing

@testable import API

@Suite struct SegmentRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    private static let summaryKeys = [
        "id", "kind", "name", "managed", "deleted", "sizeBytes", "residentBytes", "mode", "uid", "gid", "mapperCount",
        "orphaned", "findings",
    ]

    @Test func `creates a segment, and shows the same as GET then does`() throws {
        let name = Unique.name("api")
        defer { removeObject(name) }
        let made = bench.send(
            "POST", "/api/v1/segments",
            json: #"{"name":"\#(name)","capacityBytes":"10000B","mode":"0640","maxParticipants":5,"eventCount":16}"#)
        #expect(made.status == .created, "\(made.text)")
        #expect(made.headers["Location"] == "/api/v1/segments/posix:\(name)")
        let shown = bench.get("/api/v1/segments/posix:\(name)")
        #expect(shown.status == .ok)
        #expect(made.keys == shown.keys)
        for key in Self.summaryKeys + ["header", "lock", "heap", "participantCount", "protection", "takenAt", "consistency"] {
            #expect(shown[key] != nil, "\(key) is missing")
        }
        #expect(shown["mode"]?.string == "0640")
        #expect(shown["managed"]?.bool == true)
        #expect(shown.integer("heap", "capacityBytes") == 12288)
        #expect(shown["header", "damaged"]?.bool == false)
        #expect(shown["lock", "state"]?.string == "free")
        #expect(shown["consistency"]?.string == "consistent")
        #expect(shown["hidden"]?.array != nil)
    }

    @Test func `makes an unnamed segment that lives until it is deleted`() throws {
        let made = bench.send("POST", "/api/v1/segments", json: #"{"capacityBytes":4096}"#)
        #expect(made.status == .created, "\(made.text)")
        let location = try #require(made.headers["Location"])
        #expect(made["kind"]?.string == "memfd")
        #expect(bench.get(location).status == .ok)
        #expect(bench.send("POST", location + "/blocks", json: #"{"sizeBytes":100}"#).status == .created)
        #expect(bench.get("/api/v1/segments?kind=memfd&limit=10000&fresh=true").text.contains(made["id"]?.string ?? "-"))
        #expect(bench.send("DELETE", location).status == .noContent)
        #expect(bench.get(location).status == .notFound)
    }

    @Test(
        arguments: [
            (#"{"name":"a/b","capacityBytes":4096}"#, Status.unprocessableContent, "name"),
            (#"{"name":"sem.x","capacityBytes":4096}"#, .unprocessableContent, "name"),
            (#"{"name":"","capacityBytes":4096}"#, .unprocessableContent, "name"),
            (#"{"name":7,"capacityBytes":4096}"#, .badRequest, "name"),
            (#"{"name":"x"}"#, .unprocessableContent, "capacityBytes"),
            (#"{"name":"x","capacityBytes":0}"#, .unprocessableContent, "capacityBytes"),
            (#"{"name":"x","capacityBytes":-1}"#, .unprocessableContent, "capacityBytes"),
            (#"{"name":"x","capacityBytes":"many"}"#, .badRequest, "capacityBytes"),
            (#"{"name":"x","capacityBytes":"2TiB"}"#, .unprocessableContent, "capacityBytes"),
            (#"{"name":"x","capacityBytes":1e30}"#, .unprocessableContent, "capacityBytes"),
            (#"{"name":"x","capacityBytes":4096,"mode":"0999"}"#, .badRequest, "mode"),
            (#"{"name":"x","capacityBytes":4096,"mode":"1777"}"#, .unprocessableContent, "mode"),
            (#"{"name":"x","capacityBytes":4096,"mode":384}"#, .badRequest, "mode"),
            (#"{"name":"x","capacityBytes":4096,"maxParticipants":0}"#, .unprocessableContent, "maxParticipants"),
            (#"{"name":"x","capacityBytes":4096,"maxParticipants":4096}"#, .unprocessableContent, "maxParticipants"),
            (#"{"name":"x","capacityBytes":4096,"eventCount":15}"#, .unprocessableContent, "eventCount"),
            (#"{"name":"x","capacityBytes":4096,"size":1}"#, .unprocessableContent, "size"),
        ])
    func `refuses what cannot be made, and says which field is to blame`(
        body: String, status: Status, field: String
    ) {
        let reply = bench.send("POST", "/api/v1/segments", json: body)
        #expect(reply.status == status, "\(reply.text)")
        #expect(reply["field"]?.string == field)
        #expect(reply.integer("status") == status.code)
        #expect(reply.headers["Content-Type"] == "application/problem+json")
        #expect(reply["title"]?.string?.isEmpty == false)
        #expect(reply["detail"]?.string?.isEmpty == false)
    }

    @Test func `refuses a name that is taken`() throws {
        try bench.withSegment { name, path in
            let again = bench.send("POST", "/api/v1/segments", json: #"{"name":"\#(name)","capacityBytes":4096}"#)
            #expect(again.status == .conflict)
        }
    }

    @Test func `refuses more than the tmpfs has left`() {
        let reply = bench.send(
            "POST", "/api/v1/segments", json: #"{"name":"\#(Unique.name("huge"))","capacityBytes":"1TiB"}"#)
        #expect(reply.status == .insufficientStorage, "\(reply.text)")
    }

    @Test(
        arguments: [
            ("{", Status.badRequest), ("[]", .badRequest), ("", .badRequest), (#"{"a":1,"a":2}"#, .badRequest),
        ])
    func `refuses a body that is no JSON object`(body: String, status: Status) {
        let reply = bench.send(
            "POST", "/api/v1/segments",
            [HeaderField("Content-Type", "application/json"), HeaderField("Content-Length", "\(body.utf8.count)")],
            body: Array(body.utf8))
        #expect(reply.status == status, "\(reply.text)")
    }

    @Test func `sees to a body's form before it reads it`() {
        let path = "/api/v1/segments"
        #expect(bench.send("POST", path).status == .lengthRequired)
        let xml = bench.send("POST", path, [HeaderField("Content-Type", "application/xml")], body: [0x7B])
        #expect(xml.status == .unsupportedMediaType)
        // What `curl -d` says of any body.
        let form = bench.send("POST", path, [HeaderField("Content-Type", "application/x-www-form-urlencoded")], body: [0x7B])
        #expect(form.status == .badRequest)
        let large = bench.send(
            "POST", path, [HeaderField("Content-Type", "application/json")],
            body: [UInt8](repeating: 0x20, count: (64 << 10) + 1))
        #expect(large.status == .contentTooLarge)
        let limit = bench.send(
            "POST", path, [HeaderField("Content-Type", "application/json")],
            body: [UInt8](repeating: 0x20, count: 64 << 10))
        #expect(limit.status == .badRequest)
    }

    @Test func `knows its paths and their methods`() {
        #expect(bench.get("/api/v1/nothing").status == .notFound)
        #expect(bench.get("/").status == .notFound)
        let reply = bench.send("PUT", "/api/v1/segments")
        #expect(reply.status == .methodNotAllowed)
        #expect(reply.headers["Allow"] == "GET, HEAD, POST")
        #expect(bench.get("/api/v1/status", [HeaderField("Accept", "text/html")]).status == .notAcceptable)
        #expect(bench.get("/api/v1/status", [HeaderField("Accept", "text/html, */*;q=0.1")]).status == .ok)
    }

    @Test(
        arguments: [
            ("kind=posix", Status.ok), ("kind=tmpfs", .unprocessableContent), ("managed=yes", .badRequest),
            ("limit=0", .unprocessableContent), ("limit=1", .ok), ("limit=10000", .ok), ("limit=10001", .unprocessableContent),
            ("limit=many", .badRequest), ("limit=99999999999999999999", .unprocessableContent), ("sort=-sizeBytes", .ok),
            ("sort=colour", .unprocessableContent), ("cursor=xyz", .badRequest), ("fresh", .ok), ("fresh=true", .ok),
            ("colour=red", .badRequest), ("limit=1&limit=2", .badRequest), ("pid=0", .unprocessableContent), ("uid=0", .ok),
            ("minBytes=1MiB", .ok), ("minBytes=large", .badRequest), ("minBytes=-1", .unprocessableContent),
            ("sort=-findings", .ok),
        ])
    func `reads a list's question`(query: String, status: Status) {
        let reply = bench.get("/api/v1/segments?\(query)")
        #expect(reply.status == status, "\(reply.text)")
    }

    @Test func `lists segments page by page`() throws {
        let stem = Unique.name("page")
        for index in 0..<3 {
            let made = bench.send(
                "POST", "/api/v1/segments", json: #"{"name":"\#(stem)-\#(index)","capacityBytes":4096}"#)
            #expect(made.status == .created)
        }
        defer { for index in 0..<3 { removeObject("\(stem)-\(index)") } }
        let first = bench.get("/api/v1/segments?q=\(stem)&limit=2")
        #expect(first["segments"]?.array?.count == 2)
        let cursor = try #require(first["next"]?.string)
        let second = bench.get("/api/v1/segments?q=\(stem)&limit=2&cursor=\(cursor)")
        #expect(second["segments"]?.array?.count == 1)
        #expect(second["segments", "0", "name"]?.string == "\(stem)-2")
        #expect(second["next"] == nil)
        for key in Self.summaryKeys { #expect(second["segments", "0"]?.keys.contains(key) == true, "\(key)") }
    }

    @Test func `changes text and flag`() throws {
        try bench.withSegment { name, path in
            let reply = bench.send("PATCH", path, json: #"{"text":"hello \"lens\"","flag":4294967295}"#)
            #expect(reply.status == .ok, "\(reply.text)")
            #expect(reply["header", "text"]?.string == #"hello "lens""#)
            #expect(reply.integer("header", "flag") == 4_294_967_295)
            #expect(bench.send("PATCH", path, json: #"{"flag":4294967296}"#).status == .unprocessableContent)
            #expect(bench.send("PATCH", path, json: "{}").status == .unprocessableContent)
            let long = String(repeating: "a", count: 1025)
            #expect(bench.send("PATCH", path, json: #"{"text":"\#(long)"}"#).status == .unprocessableContent)
            #expect(bench.send("PATCH", path, json: #"{"text":"\#(long.dropLast())"}"#).status == .ok)
        }
    }

    @Test func `removes a segment, once`() throws {
        try bench.withSegment { name, path in
            #expect(bench.send("DELETE", path).status == .noContent)
            #expect(bench.send("DELETE", path).status == .notFound)
            #expect(bench.get(path).status == .notFound)
        }
    }

    @Test func `keeps a segment that somebody takes part in, unless forced`() throws {
        try bench.withSegment { name, path in
            let segment = try Segment.open(name: name)
            _ = try segment.join(name: "tester")
            #expect(bench.send("DELETE", path).status == .conflict)
            #expect(bench.send("DELETE", path + "?force=true").status == .noContent)
        }
    }

    @Test(arguments: [true, false])
    func `removes a segment that is cut short or damaged, if forced`(isCut: Bool) throws {
        try bench.withSegment { name, path in
            let segment = try Segment.open(name: name)
            if isCut {
                #expect(ftruncate(segment.descriptor.rawValue, 16384) == 0)
            } else {
                // The pool's size, in the identity: it now contradicts every offset.
                #expect(unsafe pwrite(segment.descriptor.rawValue, [1] as [UInt8], 1, 203) == 1)
            }
            let refused = bench.send("DELETE", path)
            #expect(refused.status == .conflict)
            #expect(refused["detail"]?.string?.contains("force=true") == true, "\(refused.text)")
            #expect(bench.send("DELETE", path + "?force=true").status == .noContent)
            #expect(bench.get(path).status == .notFound)
        }
    }

    @Test func `never removes or changes what is not its own`() throws {
        let name = Unique.name("foreign")
        makeObject(name, bytes: Array("somebody's".utf8))
        defer { removeObject(name) }
        let path = "/api/v1/segments/\(name)"
        #expect(bench.get(path).status == .ok)
        #expect(bench.get(path)["managed"]?.bool == false)
        #expect(bench.send("DELETE", path + "?force=true").status == .conflict)
        #expect(bench.send("PATCH", path, json: #"{"flag":1}"#).status == .conflict)
        #expect(bench.get(path + "/heap").status == .conflict)
        #expect(bench.get(path + "/bytes").text == "somebody's")
        #expect(bench.get(path + "/layout").status == .ok)
    }

    @Test(arguments: [("posix:no-such-object-anywhere", Status.notFound), ("memfd:1", .notFound), ("memfd:x", .badRequest)])
    func `says that there is no such segment`(id: String, status: Status) {
        for path in ["", "/bytes", "/hexdump", "/layout", "/heap", "/blocks", "/locks", "/participants", "/events"] {
            let reply = bench.get("/api/v1/segments/\(id)\(path)")
            #expect(reply.status == status, "\(path): \(reply.text)")
        }
    }
}
