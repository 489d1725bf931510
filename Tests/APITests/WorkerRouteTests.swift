import Encoding
import Glibc
import HTTPCore
import SystemPackage
import TestSupport
import Testing
import Workload

@testable import API

@Suite struct WorkerRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench(hasWorkers: true) }

    @Test func `starts workers, shows them and ends them`() throws {
        try bench.withSegment { name, path in
            let made = bench.send(
                "POST", "/api/v1/workers",
                json: #"{"segment":"\#(name)","workload":"counter","count":2,"options":{"operations":100}}"#)
            #expect(made.status == .created, "\(made.text)")
            let ids = made["workers"]?.array?.compactMap { $0["workerId"]?.int } ?? []
            #expect(ids.count == 2)
            for id in ids { _ = bench.service.supervisor?.waitUntilEnded(id, for: .seconds(50)) }
            #expect(bench.get(path).integer("header", "counter") == 200)
            let shown = bench.get("/api/v1/workers/\(ids[0])")
            #expect(shown["state"]?.string == "exited")
            #expect(shown.integer("exitStatus") == 0)
            #expect(shown.integer("operations") == 100)
            #expect(shown["segment"]?.string == "posix:\(name)")
            #expect(bench.get("/api/v1/workers")["workers"]?.array?.count == 2)
            #expect(bench.send("DELETE", "/api/v1/workers/\(ids[0])").status == .noContent)
            #expect(bench.send("DELETE", "/api/v1/workers/999").status == .notFound)
            #expect(bench.get("/api/v1/workers/999").status == .notFound)
            #expect(bench.get("/api/v1/workers/x").status == .notFound)
        }
        bench.service.supervisor?.shutDown()
    }

    @Test(
        arguments: [
            (#"{"offset":1}"#, "offset"), (#"{"offset":0,"length":4096}"#, "offset"), (#"{"length":1}"#, "length"),
            (#"{"offset":"1TiB"}"#, "offset"), (#"{"offset":8192,"length":4096,"access":"readWrite"}"#, "offset"),
        ])
    func `refuses a trespass that could only fail before a process is started for it`(
        options: String, field: String
    ) throws {
        try bench.withSegment { name, path in
            let reply = bench.send(
                "POST", "/api/v1/workers", json: #"{"segment":"\#(name)","workload":"trespass","options":\#(options)}"#)
            #expect(reply.status == .unprocessableContent, "\(reply.text)")
            #expect(reply["field"]?.string == field)
            #expect(bench.get("/api/v1/workers")["workers"]?.array?.isEmpty == true)
        }
        bench.service.supervisor?.shutDown()
    }

    @Test func `has workers on a segment without a name`() throws {
        let made = bench.send("POST", "/api/v1/segments", json: #"{"capacityBytes":4096}"#)
        let id = try #require(made["id"]?.string)
        let started = bench.send(
            "POST", "/api/v1/workers", json: #"{"segment":"\#(id)","workload":"counter","options":{"operations":10}}"#)
        #expect(started.status == .created, "\(started.text)")
        let worker = try #require(started.integer("workers", "0", "workerId"))
        _ = bench.service.supervisor?.waitUntilEnded(worker, for: .seconds(50))
        #expect(bench.get("/api/v1/segments/\(id)").integer("header", "counter") == 10)
        #expect(bench.send("DELETE", "/api/v1/segments/\(id)").status == .noContent)
        bench.service.supervisor?.shutDown()
    }

    /// For a worker, which is another process, to have come so far; half a minute at most.
    private func wait(until isSo: () -> Bool) throws {
        for _ in 0..<30_000 {
            if isSo() { return }
            usleep(1_000)
        }
        throw BenchError(what: "it did not come to that")
    }

    @Test func `names a stopped holder to who waits in vain, and answers every GET`() throws {
        try bench.withSegment { name, path in
            let made = bench.send("POST", "/api/v1/workers", json: #"{"segment":"\#(name)","workload":"hold"}"#)
            let pid = try #require(made.integer("workers", "0", "pid"))
            let id = try #require(made.integer("workers", "0", "workerId"))
            // To join it has held the lock before, when it was no participant yet.
            try wait { bench.get(path + "/participants")["participants"]?.array?.isEmpty == false }
            try wait { bench.get(path + "/locks")["locks", "0", "state"]?.string == "held" }
            #expect(kill(Int32(pid), SIGSTOP) == 0)
            try wait { bench.get(path + "/locks")["locks", "0", "verdict"]?.string == "ownerStopped" }
            let change = bench.send("POST", path + "/blocks?timeoutMilliseconds=50", json: #"{"sizeBytes":1}"#)
            #expect(change.status == .locked)
            #expect(change["detail"]?.string?.contains("process \(pid)") == true, "\(change.text)")
            for part in ["", "/bytes", "/hexdump", "/layout", "/heap", "/blocks", "/locks", "/participants", "/events"] {
                let reply = bench.get(path + part)
                #expect(reply.status == .ok, "\(part): \(reply.text)")
                #expect(reply.isWhole)
            }
            #expect(bench.send("DELETE", path).status == .conflict)
            #expect(bench.send("DELETE", "/api/v1/workers/\(id)").status == .noContent)
            #expect(bench.send("POST", path + "/blocks", json: #"{"sizeBytes":1}"#).status == .created)
        }
        bench.service.supervisor?.shutDown()
    }

    @Test(
        arguments: [
            (#"{"workload":"counter"}"#, Status.unprocessableContent, "segment"),
            (#"{"segment":"x"}"#, .unprocessableContent, "workload"),
            (#"{"segment":"x","workload":"dance"}"#, .unprocessableContent, "workload"),
            (#"{"segment":"memfd:x","workload":"counter"}"#, .badRequest, "segment"),
            (#"{"segment":"shmlens-no-such","workload":"counter"}"#, .notFound, nil),
            (#"{"segment":"x","workload":"counter","count":0}"#, .unprocessableContent, "count"),
            (#"{"segment":"x","workload":"counter","count":65}"#, .unprocessableContent, "count"),
            (#"{"segment":"x","workload":"counter","options":{"operations":0}}"#, .unprocessableContent, "operations"),
            (#"{"segment":"x","workload":"counter","options":{"speed":1}}"#, .unprocessableContent, "speed"),
            (#"{"segment":"x","workload":"counter","options":7}"#, .badRequest, nil),
            (#"{"segment":"x","workload":"counter","options":{"padding":"thick"}}"#, .unprocessableContent, "padding"),
        ] as [(String, Status, String?)])
    func `refuses workers that make no sense`(body: String, status: Status, field: String?) {
        let reply = bench.send("POST", "/api/v1/workers", json: body)
        #expect(reply.status == status, "\(reply.text)")
        #expect(reply["field"]?.string == field)
        bench.service.supervisor?.shutDown()
    }

    @Test func `refuses an option that means nothing to the workload`() throws {
        try bench.withSegment { name, path in
            let reply = bench.send(
                "POST", "/api/v1/workers",
                json: #"{"segment":"\#(name)","workload":"counter","options":{"holdMilliseconds":5}}"#)
            #expect(reply.status == .unprocessableContent)
            #expect(reply["field"]?.string == "holdMilliseconds")
        }
        bench.service.supervisor?.shutDown()
    }
}
