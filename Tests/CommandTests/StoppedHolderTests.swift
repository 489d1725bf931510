import Encoding
import Glibc
import TestSupport
import Testing

/// A server on a segment whose lock is kept by a process that does not run any more, and is not dead either.
@Suite(.serialized) struct StoppedHolderTests {
    /// Queries beyond the plain route.
    private static func variants(_ segment: String, _ block: Int) -> [String] {
        [
            "/segments?fresh=true", "/status?fresh=true", "\(segment)?fresh=true", "\(segment)/hexdump?style=canonical",
            "\(segment)/hexdump?style=json", "\(segment)/blocks?buckets=16", "\(segment)/blocks?at=\(block)",
            "\(segment)/blocks?state=used&sort=-sizeBytes", "\(segment)/locks?scan=true", "\(segment)/events?after=0",
        ]
    }

    @Test func `a worker that was stopped while it holds the lock`() throws {
        let server = try Server()
        try withSegment { name in
            let block = try allocate(server, name)
            let holder = try server.startWorker(name, "hold")
            try waitUntilHeld(name, by: holder)
            kill(holder, SIGSTOP)
            try expectStopped(server, name, holder)
            try expectAnswers(server, name, block, "stopped with the lock")
            try expectLocked(server, name, block, holder)
            // Dead is another matter: then the next change puts in order what it left.
            kill(holder, SIGKILL)
            let blocks = "/segments/\(name)/blocks?timeoutMilliseconds=30000"
            let after = try server.send("POST", blocks, json: #"{"sizeBytes":10}"#)
            #expect(after.status == 201, "\(after.text)")
            let lock = try member(try server.json("GET", "/segments/\(name)/locks"), "locks", "0")
            #expect(try string(lock, "state") == "free")
            #expect(try number(lock, "statistics", "ownerDeaths") == 1)
        }
        try server.stop()
    }

    @Test func `a worker that was stopped in the middle of an operation`() throws {
        let server = try Server()
        try withSegment(capacity: "1MiB") { name in
            let block = try allocate(server, name)
            let worker = try server.startWorker(name, "churn")
            try eventually("the worker is stopped inside an operation") {
                kill(worker, SIGSTOP)
                try eventually("the worker is stopped") { try processState(worker) == "T" }
                // It does not run, so this does not change any more.
                if try isChangingHeap(name) { return true }
                kill(worker, SIGCONT)
                return false
            }
            try expectStopped(server, name, worker)
            try expectAnswers(server, name, block, "stopped inside an operation")
            let heap = try server.json("GET", "/segments/\(name)/heap")
            // What it had begun is left out, and the answer says so.
            #expect(try string(heap, "consistency") == "rolledBack")
            #expect(try number(heap, "usedBytes") + number(heap, "freeBytes") == 1 << 20)
            try expectLocked(server, name, block, worker)
            kill(worker, SIGCONT)
            try eventually("it goes on") {
                try string(try server.json("GET", "/segments/\(name)/locks"), "locks", "0", "verdict") == "ok"
            }
        }
        try server.stop()
    }

    private func allocate(_ server: Server, _ name: String) throws -> Int {
        try number(try server.json("POST", "/segments/\(name)/blocks", json: #"{"sizeBytes":100}"#), "offset")
    }

    private func expectStopped(_ server: Server, _ name: String, _ pid: Int32) throws {
        let path = "/segments/\(name)/locks"
        try eventually("the lock's owner is seen to be stopped") {
            try string(try server.json("GET", path), "locks", "0", "verdict") == "ownerStopped"
        }
        let lock = try member(try server.json("GET", path), "locks", "0")
        #expect(try string(lock, "state") == "held")
        #expect(try number(lock, "owner", "pid") == Int(pid))
        #expect(try string(lock, "owner", "threadState") == "stopped")
        #expect(try member(lock, "owner", "alive") == .bool(true))
    }

    /// Asks every route of the server's own reference that only looks.
    private func expectAnswers(_ server: Server, _ name: String, _ block: Int, _ what: String) throws {
        let paths = try member(try server.json("GET", "/openapi.json"), "paths").object?.members ?? []
        let worker = try number(try server.json("GET", "/workers"), "workers", "0", "workerId")
        let pid = try number(try server.json("GET", "/workers"), "workers", "0", "pid")
        let values = ["{id}": name, "{offset}": "\(block)", "{workerId}": "\(worker)", "{pid}": "\(pid)"]
        var asked: [String] = []
        // A stream has no end to be waited for.
        for path in paths where path.value["get"] != nil && !path.key.hasSuffix("/stream") {
            // What is looked for must be said.
            let question = path.key.hasSuffix("/search") ? "?text=x" : ""
            asked.append("/" + values.reduce(path.key) { $0.replacing($1.key, with: $1.value) } + question)
        }
        #expect(asked.count > 15 && asked.contains("//api/v1/segments/\(name)/blocks/\(block)"), "\(asked)")
        asked += ["//healthz", "//readyz"] + Self.variants("/segments/\(name)", block)
        var slowest = (path: "", time: Duration.zero)
        for path in asked {
            let begin = ContinuousClock.now
            let reply = try server.get(path)
            let time = ContinuousClock.now - begin
            #expect(reply.status == 200, "\(path): \(reply.text.prefix(300))")
            if time > slowest.time { slowest = (path, time) }
        }
        let milliseconds = Int(slowest.time / .milliseconds(1))
        print("\(what): \(asked.count) GETs answered, the slowest \(slowest.path) after \(milliseconds) ms")
    }

    private func expectLocked(_ server: Server, _ name: String, _ block: Int, _ pid: Int32) throws {
        let segment = "/segments/\(name)"
        let pool = try poolOffset(name)
        let changes: [(method: String, path: String, json: String?)] = [
            ("PATCH", segment, #"{"text":"new","flag":1}"#),
            ("POST", "\(segment)/blocks", #"{"sizeBytes":10}"#),
            ("POST", "\(segment)/blocks", #"{"sizeBytes":10,"count":3}"#),
            ("PATCH", "\(segment)/blocks/\(block)", #"{"sizeBytes":200}"#),
            ("DELETE", "\(segment)/blocks/\(block)", nil),
            ("PUT", "\(segment)/bytes?offset=\(block)", nil),
            ("POST", "\(segment)/reclaim", nil),
            ("POST", "\(segment)/verify?lock=true", nil),
            ("PUT", "\(segment)/protection", #"{"offset":\#(pool),"length":4096,"access":"read"}"#),
        ]
        let before = try objectBytes(name)
        for change in changes {
            let path = change.path + (change.path.contains("?") ? "&" : "?") + "timeoutMilliseconds=100"
            let body: [UInt8]? = change.path.contains("/bytes") ? [1, 2, 3] : nil
            let reply = try server.send(change.method, path, json: change.json, body: body)
            #expect(reply.status == 423, "\(change.method) \(path): \(reply.text)")
            let problem = try reply.json()
            #expect(try number(problem, "status") == 423)
            #expect(try string(problem, "detail").hasSuffix("of process \(pid) holds it"), "\(problem)")
        }
        // The pool, the blocks and the header's words are as they were: nothing of it was half done.
        #expect(try objectBytes(name)[pool...] == before[pool...])
        #expect(try string(try server.json("GET", segment), "header", "text") != "new")
        #expect(try number(try server.json("GET", "\(segment)/blocks/\(block)"), "sizeBytes") == 100)
    }
}
