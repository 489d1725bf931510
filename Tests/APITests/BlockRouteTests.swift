import Encoding
import Glibc
import HTTPCore
import SegmentFormat
import SharedSegments
import TestSupport
import Testing

@testable import API

@Suite struct BlockRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    private static let blockKeys = [
        "offset", "sizeBytes", "spanOffset", "spanBytes", "state", "owner", "tag", "sequence", "allocatedAt",
    ]

    @Test func `allocates, shows, resizes and frees a block`() throws {
        try bench.withSegment { name, path in
            let made = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":"1KiB","tag":"order","alignment":64}"#)
            #expect(made.status == .created, "\(made.text)")
            let offset = try #require(made.integer("offset"))
            #expect(offset % 64 == 0)
            #expect(made.headers["Location"] == "/api/v1/segments/posix:\(name)/blocks/\(offset)")
            for key in Self.blockKeys { #expect(made[key] != nil, "\(key)") }
            #expect(made["owner", "name"]?.string == "external")
            #expect(bench.get(path + "/blocks/\(offset)").integer("sizeBytes") == 1024)
            #expect(bench.get(path + "/blocks?at=\(offset + 1)").integer("blocks", "0", "offset") == offset)
            let resized = bench.send("PATCH", path + "/blocks/\(offset)", json: #"{"sizeBytes":2000}"#)
            #expect(resized.status == .ok, "\(resized.text)")
            #expect(resized.integer("sizeBytes") == 2000)
            let moved = try #require(resized.integer("offset"))
            #expect(bench.send("DELETE", path + "/blocks/\(moved)").status == .noContent)
            let again = bench.send("DELETE", path + "/blocks/\(moved)")
            #expect(again.status == .notFound)
            #expect(again.headers["Content-Type"] == "application/problem+json")
            #expect(bench.get(path + "/blocks/\(moved)").status == .notFound)
            #expect(bench.get(path + "/heap").integer("usedBlockCount") == 0)
        }
    }

    @Test func `allocates all of many blocks or none`() throws {
        try bench.withSegment { name, path in
            let made = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":100,"count":20}"#)
            #expect(made.status == .created, "\(made.text)")
            #expect(made["blocks"]?.array?.count == 20)
            let tooMany = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":1000,"count":100}"#)
            #expect(tooMany.status == .insufficientStorage)
            #expect(bench.get(path + "/heap").integer("usedBlockCount") == 20)
            #expect(bench.send("POST", path + "/verify")["findings"]?.array?.isEmpty == true)
        }
    }

    @Test(
        arguments: [
            ("{}", Status.unprocessableContent, "sizeBytes"), (#"{"sizeBytes":0}"#, .unprocessableContent, "sizeBytes"),
            (#"{"sizeBytes":1e300}"#, .unprocessableContent, "sizeBytes"),
            (#"{"sizeBytes":18446744073709551615}"#, .unprocessableContent, "sizeBytes"),
            (#"{"sizeBytes":1.5}"#, .unprocessableContent, "sizeBytes"),
            (#"{"sizeBytes":65536}"#, .insufficientStorage, nil), (#"{"sizeBytes":9000000000}"#, .insufficientStorage, nil),
            (#"{"sizeBytes":1,"alignment":24}"#, .unprocessableContent, "alignment"),
            (#"{"sizeBytes":1,"alignment":2147483648}"#, .unprocessableContent, "alignment"),
            (#"{"sizeBytes":1,"count":0}"#, .unprocessableContent, "count"),
            (#"{"sizeBytes":1,"count":10001}"#, .unprocessableContent, "count"),
            (#"{"sizeBytes":1,"tag":"seventeen bytes !"}"#, .unprocessableContent, "tag"),
        ] as [(String, Status, String?)])
    func `refuses what cannot be allocated`(body: String, status: Status, field: String?) throws {
        try bench.withSegment { name, path in
            let reply = bench.send("POST", path + "/blocks", json: body)
            #expect(reply.status == status, "\(reply.text)")
            #expect(reply["field"]?.string == field)
        }
    }

    @Test func `leaves the blocks of living processes alone, unless forced`() throws {
        try bench.withSegment { name, path in
            let segment = try Segment.open(name: name)
            let participant = try segment.join(name: "tester")
            let offset = try segment.withLock(as: participant) { (locked) throws(SegmentError) in
                try locked.allocate(sizeBytes: 100)
            }
            let block = path + "/blocks/\(offset)"
            #expect(bench.get(block)["owner", "name"]?.string == "tester")
            let refused = bench.send("DELETE", block)
            #expect(refused.status == .conflict)
            #expect(refused["detail"]?.string?.contains("process \(getpid()), which lives") == true, "\(refused.text)")
            #expect(bench.send("PATCH", block, json: #"{"sizeBytes":10}"#).status == .conflict)
            #expect(bench.send("PATCH", block + "?force=true", json: #"{"sizeBytes":10}"#).status == .ok)
            #expect(bench.send("DELETE", block + "?force=true").status == .noContent)
        }
    }

    @Test func `lists blocks page by page, filtered, and as buckets`() throws {
        try bench.withSegment { name, path in
            for tag in ["a", "b", "a"] {
                _ = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":500,"tag":"\#(tag)"}"#)
            }
            #expect(bench.get(path + "/blocks?tag=a")["blocks"]?.array?.count == 2)
            #expect(bench.get(path + "/blocks?state=free")["blocks"]?.array?.count == 1)
            #expect(bench.get(path + "/blocks?owner=0")["blocks"]?.array?.count == 3)
            #expect(bench.get(path + "/blocks?minBytes=1KiB")["blocks"]?.array?.count == 1)
            let first = bench.get(path + "/blocks?limit=3")
            let cursor = try #require(first["next"]?.string)
            #expect(bench.get(path + "/blocks?limit=3&cursor=\(cursor)")["blocks"]?.array?.count == 1)
            let buckets = bench.get(path + "/blocks?buckets=16")
            let used = try #require(buckets["buckets"]?.array).compactMap { $0["usedBytes"]?.int }.reduce(0, +)
            #expect(used == bench.get(path + "/heap").integer("usedBytes"))
            #expect(buckets["takenAt"] != nil)
        }
    }

    @Test(
        arguments: [
            ("buckets=0", Status.unprocessableContent), ("buckets=10001", .unprocessableContent), ("buckets=4&limit=1", .badRequest),
            ("from=0", .ok), ("from=0&to=64KiB&limit=1", .ok), ("from=-1", .unprocessableContent), ("state=used", .ok), ("state=lost", .unprocessableContent), ("owner=-1", .unprocessableContent),
            ("at=x", .badRequest), ("tag=seventeen-bytes-!!", .unprocessableContent), ("cursor=AQ", .badRequest),
        ])
    func `reads the question about blocks`(query: String, status: Status) throws {
        try bench.withSegment { name, path in
            let reply = bench.get(path + "/blocks?\(query)")
            #expect(reply.status == status, "\(reply.text)")
        }
    }
}
