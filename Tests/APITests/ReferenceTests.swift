import Encoding
import HTTPCore
import TestSupport
import Testing

@testable import API

@Suite struct ReferenceTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test func `names every route that is built`() throws {
        let reply = bench.get("/api/v1/openapi.json")
        #expect(reply.status == .ok)
        #expect(reply["openapi"]?.string == "3.1.0")
        let paths = try #require(reply["paths"]?.object)
        for route in Service.routes where route.pattern.hasPrefix("/api/v1") {
            let method = "\(route.method)".lowercased()
            #expect(paths[route.pattern]?[method]?["operationId"]?.string == route.endpoint.name)
        }
    }

    @Test func `has something to say of every route, parameter and member`() {
        #expect(Service.reference(version: "1").undescribed == [])
    }

    @Test func `describes each answer by the keys that it has`() throws {
        let document = try #require(bench.get("/api/v1/openapi.json").json)
        try bench.withSegment { name, path in
            let block = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":64,"tag":"t"}"#)
            let offset = try #require(block["offset"]?.number?.integer(as: Int.self))
            let replies: [(String, Reply)] = [
                ("Block", block), ("Status", bench.get("/api/v1/status")), ("SegmentList", bench.get("/api/v1/segments")),
                ("Segment", bench.get(path)), ("Layout", bench.get(path + "/layout")), ("Heap", bench.get(path + "/heap")),
                ("BlockList", bench.get(path + "/blocks")), ("BucketList", bench.get(path + "/blocks?buckets=4")),
                ("Block", bench.get(path + "/blocks/\(offset)")), ("LockList", bench.get(path + "/locks")),
                ("NewBlocks", bench.send("POST", path + "/blocks", json: #"{"sizeBytes":64,"count":2}"#)),
                ("ParticipantList", bench.get(path + "/participants")), ("EventList", bench.get(path + "/events")),
                ("HexDump", bench.get(path + "/hexdump?style=json&length=64")),
                ("Verification", bench.send("POST", path + "/verify")), ("Reclaim", bench.send("POST", path + "/reclaim")),
                ("WorkerList", bench.get("/api/v1/workers")),
            ]
            for (schema, reply) in replies {
                var checker = try #require(SchemaChecker(document: document))
                checker.check(try #require(reply.json), [schema, "Envelope"])
                #expect(checker.faults == [], "\(schema)")
            }
        }
    }
}
