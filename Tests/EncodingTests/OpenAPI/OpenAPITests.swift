import Diagnostics
import Encoding
import Glibc
import Observations
import SegmentFormat
import TestSupport
import Testing

@Suite struct OpenAPITests {
    private let document: JSONValue

    init() throws { document = try JSONValue(parsing: Contract.document.jsonBytes()) }

    /// Each answer and each part of one at its fullest and at its barest, with the schemas that it must fit.
    private static func samples() throws -> [(names: [String], bytes: [UInt8])] {
        let layout = LayoutReport(layout: ModelSamples.layout, header: ModelSamples.headerBytes.image)
        let envelope = ModelSamples.envelope
        var run = PageRun(offset: 0, length: 4096, state: .resident)
        run.numaNode = 0
        run.isHuge = true
        var rows = JSONHexRows(offset: 0)
        var dump = JSONWriter()
        dump.beginObject()
        ModelSamples.bareEnvelope.writeMembers(to: &dump)
        dump.field("attached", true)
        dump.field("offset", 0)
        dump.key("rows")
        dump.beginArray()
        rows.append([1, 2, 3], to: &dump)
        rows.finish(to: &dump)
        dump.endArray()
        ReadingProof(changed: [0..<3], allocatedBefore: 0, allocatedAfter: 0, atimeMoved: true, isCut: false)
            .writeMembers(to: &dump)
        dump.endObject()
        return [
            (["Status", "Envelope"], Answer(ModelSamples.status, envelope).jsonBytes()),
            (
                ["SegmentList", "Envelope"],
                Answer(
                    SegmentsReport(
                        segments: [ModelSamples.summary, ModelSamples.bareSummary], next: Cursor(.segments, [])),
                    ModelSamples.bareEnvelope
                ).jsonBytes()
            ),
            (["Segment", "Envelope"], Answer(ModelSamples.detail, envelope).jsonBytes()),
            (["Segment", "Envelope"], Answer(SegmentDetail(summary: ModelSamples.bareSummary), envelope).jsonBytes()),
            (["Heap", "Envelope"], Answer(ModelSamples.heap, envelope).jsonBytes()),
            (["BlockList", "Envelope"], Answer(try ModelSamples.blocks(limit: 3), envelope).jsonBytes()),
            (["NewBlocks"], json { $0.object { $0.field("blocks", [BlockReport(freeOffset: 64, bytes: 64)]) } }.bytes),
            (["BucketList", "Envelope"], Answer(try ModelSamples.buckets(), envelope).jsonBytes()),
            (["LockList"], LocksReport(locks: ModelSamples.locks(word: 4711)).jsonBytes()),
            (["LockList"], LocksReport(locks: ModelSamples.locks(word: 0x4000_0000)).jsonBytes()),
            (["LockList"], LocksReport(locks: [ModelSamples.everyKeyOfALock]).jsonBytes()),
            (["HostLocks", "Envelope"], Answer(ModelSamples.hostLocks, envelope).jsonBytes()),
            (["ParticipantList"], try ModelSamples.participants().jsonBytes()),
            (["ParticipantList"], try ModelSamples.participants(limit: 1).jsonBytes()),
            (["EventList"], ModelSamples.events.jsonBytes()),
            (["Layout", "Envelope"], Answer(layout, envelope).jsonBytes()),
            (["Layout"], LayoutReport(objectBytes: 7).jsonBytes()),
            (["Verification", "Envelope"], Answer(ModelSamples.verify, envelope).jsonBytes()),
            (
                ["Pages", "Envelope"],
                Answer(
                    PagesReport(
                        pageBytes: 4096, runs: [run], next: 4096, allocatedBefore: 0, allocatedAfter: 0, wasAttached: true),
                    envelope
                ).jsonBytes()
            ),
            (["Reclaim"], ReclaimReport(blocksFreed: 1, bytesFreed: 2, slotsFreed: 3).jsonBytes()),
            (
                ["WorkerList"],
                try WorkersReport(
                    workers: [ModelSamples.worker, ModelSamples.killedWorker], page: PageRequest(limit: 1)
                ).jsonBytes()
            ),
            (["Worker"], ModelSamples.killedWorker.jsonBytes()),
            (["HexDump", "Envelope"], dump.finish()),
            (["MappingList", "Envelope"], Answer(ModelSamples.mappings, envelope).jsonBytes()),
            (["Process", "Envelope"], Answer(ModelSamples.process, envelope).jsonBytes()),
            (["ProcessList", "Envelope"], Answer(ModelSamples.processes, envelope).jsonBytes()),
            (["Search", "Envelope"], Answer(ModelSamples.search, envelope).jsonBytes()),
            (["Problem"], Problem.unprocessable("x: is 0", field: "x").jsonBytes()),
        ]
    }

    @Test func `every key that is written is in the reference, and every key of the reference is written`() throws {
        var checker = try #require(SchemaChecker(document: document))
        for (names, bytes) in try Self.samples() { checker.check(try JSONValue(parsing: bytes), names) }
        #expect(checker.faults == [])
        #expect(checker.named.subtracting(checker.met).sorted() == [], "in the reference, and written nowhere")
    }

    @Test func `a value that does not fit is found by the checker itself`() throws {
        for text in [
            #"{"what":"x","count":1}"#, #"{"what":"x","count":"1","needs":"y"}"#,
            #"{"what":"x","count":1,"needs":"y","more":1}"#, "[]",
        ] {
            var checker = try #require(SchemaChecker(document: document))
            checker.check(try JSONValue(parsing: Array(text.utf8)), ["Hidden"])
            #expect(!checker.faults.isEmpty, "\(text)")
        }
    }

    @Test func `all that is referred to is there, and nothing is there that is not`() throws {
        let text = String(decoding: Contract.document.jsonBytes(), as: UTF8.self)
        for (kind, names) in [
            ("schemas", document["components"]?["schemas"]?.object),
            ("responses", document["components"]?["responses"]?.object),
        ] {
            let there = Set(try #require(names).members.map(\.key))
            let referred = Set(
                text.split(separator: "\"$ref\":\"#/components/\(kind)/").dropFirst()
                    .map { String($0.prefix { $0 != "\"" }) })
            #expect(referred == there, "\(kind)")
        }
    }

    @Test func `each operation stands under its path and method, with its id`() {
        for operation in Contract.operations {
            let found = document["paths"]?[operation.path]?[operation.method]
            #expect(found?["operationId"]?.string == operation.name)
            #expect(found?["responses"]?["\(operation.status)"] != nil, "\(operation.name)")
        }
    }

    @Test func `a change under the lock can meet 423, one of a body 411 and 413, one of a path 404`() {
        func statuses(_ path: String, _ method: String) -> [String] {
            document["paths"]?["/api/v1\(path)"]?[method]?["responses"]?.object?.members.map(\.key) ?? []
        }
        #expect(
            statuses("/segments/{id}/blocks", "post")
                == ["201", "400", "401", "403", "404", "406", "409", "411", "413", "415", "422", "423", "503", "507"])
        #expect(
            statuses("/segments/{id}/bytes", "get")
                == ["200", "206", "400", "401", "403", "404", "406", "409", "416", "422"])
        #expect(statuses("/healthz", "get") == ["200", "400", "403", "406"])
    }

    @Test func `what a body must have is required, and what another room decides is listed`() {
        let content = document["paths"]?["/api/v1/workers"]?["post"]?["requestBody"]?["content"]
        let body = content?["application/json"]?["schema"]
        #expect(body?["required"]?.array == [.string("segment"), .string("workload")])
        #expect(body?["properties"]?["workload"]?["enum"]?.array == [.string("counter"), .string("churn")])
        #expect(body?["properties"]?["options"]?["$ref"]?.string == "#/components/schemas/WorkerOptions")
    }

    @Test func `nothing of the contract is left without a description`() {
        #expect(Contract.document.undescribed == [])
    }

    @Test func `what nobody described is named`() {
        let document = OpenAPIDocument(
            version: "1",
            operations: [
                OpenAPIOperation(
                    method: "get", path: "/x/{y}", name: "z", summary: "", parameters: ["p"],
                    body: .json(["m", "limit"]))
            ])
        #expect(document.undescribed == ["z", "y", "p", "m"])
        #expect((try? JSONValue(parsing: document.jsonBytes())) != nil)
    }

    @Test(.enabled(if: OpenAPIValidator.isThere, "pip install openapi-spec-validator"))
    func `a validator of OpenAPI accepts it`() {
        let folder = TemporaryFolder()
        folder.write(Contract.document.jsonBytes(), to: "openapi.json" as ByteString)
        #expect(OpenAPIValidator.run(on: folder.path + "/openapi.json") == 0)
    }
}

extension String {
    fileprivate var bytes: [UInt8] { Array(utf8) }
}

/// The Python package openapi-spec-validator, where it is installed.
private enum OpenAPIValidator {
    static let isThere = python("import openapi_spec_validator") == 0

    static func run(on path: String) -> Int32 {
        python(
            """
            import json
            from openapi_spec_validator import OpenAPIV31SpecValidator, validate
            validate(json.load(open("\(path)")), cls=OpenAPIV31SpecValidator)
            """)
    }

    /// The status of `python3 -c program` as waitpid has it, or -1 where there is no Python.
    private static func python(_ program: String) -> Int32 {
        var child: pid_t = 0
        var status: Int32 = -1
        let spawned = unsafe "python3".withCString { name in
            unsafe "-c".withCString { option in
                unsafe program.withCString { program in
                    var arguments = unsafe [
                        UnsafeMutablePointer(mutating: name), UnsafeMutablePointer(mutating: option),
                        UnsafeMutablePointer(mutating: program), nil,
                    ]
                    return unsafe posix_spawnp(&child, name, nil, nil, &arguments, environ)
                }
            }
        }
        guard spawned == 0 else { return -1 }
        while unsafe waitpid(child, &status, 0) == -1 && errno == EINTR {}
        return status
    }
}
