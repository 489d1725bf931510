import Encoding
import HTTPCore
import TestSupport
import Testing

@testable import API

@Suite struct ReferenceTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test func `names every route that is built, and every shape that it speaks of`() throws {
        let reply = bench.get("/api/v1/openapi.json")
        #expect(reply.status == .ok)
        #expect(reply["openapi"]?.string == "3.1.0")
        let paths = try #require(reply["paths"]?.object)
        for route in Service.routes where route.pattern.hasPrefix("/api/v1") {
            let method = "\(route.method)".lowercased()
            #expect(paths[route.pattern]?[method]?["operationId"]?.string == route.endpoint.name)
        }
        let known = Set(Shape.all.map(\.name))
        #expect(known.count == Shape.all.count)
        for shape in Shape.all {
            for field in shape.fields {
                if let name = field.type.shapeName { #expect(known.contains(name), "\(shape.name).\(field.key): \(name)") }
            }
        }
        for (operation, shape) in Shape.answers { #expect(known.contains(shape), "\(operation): \(shape)") }
    }

    @Test func `describes each answer by the keys that it has`() throws {
        try bench.withSegment { name, path in
            _ = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":64,"tag":"t"}"#)
            for (target, operation) in [
                ("/api/v1/status", "status"), ("/api/v1/segments", "listSegments"), (path, "getSegment"),
                (path + "/layout", "layout"), (path + "/heap", "heap"), (path + "/blocks", "listBlocks"),
                (path + "/locks", "listLocks"), (path + "/participants", "listParticipants"),
                (path + "/events", "listEvents"), (path + "/hexdump?style=json&length=64", "hexdump"),
                ("/api/v1/workers", "listWorkers"),
            ] {
                let reply = bench.get(target)
                try check(reply.json, Shape.answers[operation] ?? "", target)
            }
        }
    }

    /// Checks that an object has the keys of its shape, all that it must have and no others, and its parts too.
    private func check(_ value: JSONValue?, _ name: String, _ place: String) throws {
        let shape = try #require(Shape.all.first { $0.name == name }, "\(place): \(name)")
        let object = try #require(value?.object, "\(place) is no object")
        for member in object.members {
            let field = shape.fields.first { $0.key == member.key }
            #expect(field != nil, "\(place): \(member.key) is not in \(name)")
            guard let field, let inner = field.type.shapeName, member.value != .null else { continue }
            if let elements = member.value.array {
                for element in elements { try check(element, inner, "\(place).\(member.key)") }
            } else {
                try check(member.value, inner, "\(place).\(member.key)")
            }
        }
        for field in shape.fields where !field.isOptional {
            #expect(object[field.key] != nil, "\(place): \(name).\(field.key) is missing")
        }
    }
}
