import Encoding
import Glibc
import Observations
import TestSupport
import Testing

/// How a server begins, whom it answers, and what is left of it.
@Suite(.serialized) struct ServerLifeTests {
    @Test func `SIGTERM: what was asked before is answered, what was not is refused`() throws {
        let server = try Server()
        try withSegment(capacity: "2MiB") { name in
            // More than the socket takes: it is under way for as long as nobody reads.
            let dump = try Connection(server, "GET", "/segments/\(name)/hexdump")
            let begin = try dump.read()
            let holder = try Running([Program.path, "worker", name, "--workload", "hold"])
            try waitUntilHeld(name, by: holder.pid)
            var asked = try number(try server.json("GET", "/status"), "requests", "total")
            let path = "/segments/\(name)/blocks?timeoutMilliseconds=60000"
            let waiting = try Connection(server, "POST", path, json: #"{"sizeBytes":10}"#)
            try eventually("the server has both requests") {
                asked += 1
                return try number(try server.json("GET", "/status"), "requests", "total") > asked
            }
            kill(server.process.pid, SIGTERM)
            try eventually("it takes no more requests") { (try? server.get("//healthz").status) != 200 }
            try holder.end(SIGTERM)
            let allocated = try waiting.reply()
            #expect(allocated.status == 201, "\(allocated.text)")
            let reply = try dump.reply(after: begin)
            #expect(reply.status == 200)
            #expect(reply.body.count == (try objectBytes(name).count) / 16 * 68)
            let outcome = try server.process.finish()
            #expect(outcome.ending == .exited(0), "\(outcome.messages)")
            #expect(try number(try json("heap", name), "usedBlockCount") == 1)
        }
    }

    @Test func `SIGTERM: a request that would wait for a lock for a minute is answered`() throws {
        let server = try Server()
        try withSegment { name in
            let holder = try Running([Program.path, "worker", name, "--workload", "hold"])
            try waitUntilHeld(name, by: holder.pid)
            let pool = try poolOffset(name)
            var asked = try number(try server.json("GET", "/status"), "requests", "total")
            let requests = try [
                ("POST", "blocks", #"{"sizeBytes":10}"#), ("POST", "verify?lock=true", nil), ("POST", "reclaim", nil),
                ("PUT", "protection", #"{"offset":\#(pool),"length":4096,"access":"read"}"#),
            ].map { (method, path, json: String?) in
                let query = (path.contains("?") ? "&" : "?") + "timeoutMilliseconds=60000"
                return try Connection(server, method, "/segments/\(name)/\(path)\(query)", json: json)
            }
            try eventually("the server has all requests") {
                asked += 1
                return try number(try server.json("GET", "/status"), "requests", "total") >= asked + requests.count
            }
            kill(server.process.pid, SIGTERM)
            for request in requests {
                let reply = try request.reply()
                #expect(reply.status == 503 && reply.text.contains("the server ends"), "\(reply.text)")
            }
            #expect(try server.process.finish().ending == .exited(0))
            try holder.end(SIGTERM)
        }
    }

    @Test func `SIGTERM: its workers end with it, also a stopped one`() throws {
        let server = try Server()
        try withSegment { name in
            let busy = try server.startWorker(name, "counter")
            let stopped = try server.startWorker(name, "counter")
            try eventually("both take part") {
                try array(try server.json("GET", "/segments/\(name)/participants"), "participants").count == 2
            }
            kill(stopped, SIGSTOP)
            try server.stop()
            for pid in [busy, stopped] { #expect(kill(pid, 0) == -1 && errno == ESRCH) }
            let left = try array(try json("participants", name), "participants")
            #expect(try left.allSatisfy { try member($0, "alive") == .bool(false) })
        }
    }

    @Test func `SIGKILL: the next server recovers the lock, lists the orphans and reclaims them`() throws {
        let first = try Server()
        try withSegment(capacity: "1MiB") { name in
            let path = "/segments/\(name)"
            let churner = try first.startWorker(name, "churn")
            try eventually("the worker is stopped with blocks and without the lock") {
                kill(churner, SIGSTOP)
                try eventually("it is stopped") { try processState(churner) == "T" }
                // It may have freed all that it had seen to have.
                if try string(try first.json("GET", "\(path)/locks"), "locks", "0", "state") == "free",
                    try array(try first.json("GET", "\(path)/blocks?owner=\(churner)"), "blocks").count > 3
                {
                    return true
                }
                kill(churner, SIGCONT)
                return false
            }
            let holder = try first.startWorker(name, "hold")
            try waitUntilHeld(name, by: holder)
            #expect(try first.process.end(SIGKILL).ending == .killed(SIGKILL))

            let second = try Server()
            try eventually("the workers ended with their server") {
                try string(try second.json("GET", "\(path)/locks"), "locks", "0", "state") == "ownerDead"
            }
            let dead = try member(try second.json("GET", "\(path)/locks"), "locks", "0")
            #expect(try member(dead, "recoverable") == .bool(true))
            let block = try number(try second.json("POST", "\(path)/blocks", json: #"{"sizeBytes":10}"#), "offset")
            let lock = try member(try second.json("GET", "\(path)/locks"), "locks", "0")
            #expect(try string(lock, "state") == "free")
            #expect(try number(lock, "statistics", "ownerDeaths") == 1)
            try eventually("the other worker ended too") { kill(churner, 0) == -1 && errno == ESRCH }
            let orphans = try array(try second.json("GET", "\(path)/blocks?state=orphaned&limit=10000"), "blocks")
            #expect(!orphans.isEmpty)
            for orphan in orphans {
                #expect(try number(orphan, "owner", "pid") == Int(churner))
                #expect(try member(orphan, "owner", "alive") == .bool(false))
            }
            let reclaimed = try second.json("POST", "\(path)/reclaim")
            #expect(try number(reclaimed, "blocksFreed") == orphans.count)
            #expect(try number(reclaimed, "slotsFreed") == 2)
            let left = try array(try second.json("GET", "\(path)/blocks?state=used"), "blocks")
            #expect(try left.map { try number($0, "offset") } == [block])
            #expect(try array(try second.json("GET", "\(path)/blocks?state=orphaned"), "blocks").isEmpty)
            #expect(try array(try second.json("POST", "\(path)/verify?lock=true"), "findings").isEmpty)
            try second.stop()
        }
    }

    @Test func `a token out of a file is asked for, and not printed`() throws {
        let folder = TemporaryFolder()
        let token = "a-token-of-twenty-six-bytes"
        folder.write("\(token)\n", to: "token")
        let server = try Server("--token-file", "\(folder.path)/token")
        #expect(try server.get("/status").status == 401)
        #expect(try server.get("/status", ["Authorization": "Bearer \(token)x"]).status == 401)
        #expect(try server.get("/status?token=\(token)").status == 401)
        #expect(try server.get("/status", ["Authorization": "Bearer \(token)"]).status == 200)
        #expect(try server.get("//healthz").status == 200)
        let outcome = try server.process.end(SIGTERM)
        #expect(outcome.ending == .exited(0) && outcome.output.isEmpty && !outcome.messages.contains(token))
        for (content, reason) in [("short\n", "a token has"), ("a token that holds blanks", "a token holds")] {
            folder.write(content, to: "token")
            let refused = try shmlens("serve", "--listen", "127.0.0.1:0", "--token-file", "\(folder.path)/token")
            #expect(refused.ending == .exited(1) && refused.output.isEmpty)
            #expect(refused.messages.contains(reason), "\(refused.messages)")
        }
        let missing = try shmlens("serve", "--listen", "127.0.0.1:0", "--token-file", "\(folder.path)/none")
        #expect(missing.ending != .exited(0) && missing.output.isEmpty && !missing.messages.isEmpty)
    }

    @Test func `other hosts than those it was told of are refused`() throws {
        let server = try Server("--allow-host", "lens.example", "--allow-host", "other.example")
        for host in ["lens.example", "lens.example:\(server.port)", "other.example", "localhost:\(server.port)"] {
            #expect(try server.get("/status", ["Host": host]).status == 200, "\(host)")
        }
        for host in ["evil.example", "lens.example.evil.example", "notlens.example"] {
            let reply = try server.get("/status", ["Host": host])
            #expect(reply.status == 403, "\(host)")
            #expect(try string(try reply.json(), "detail").contains("--allow-host"), "\(reply.text)")
        }
        try server.stop()
    }

    @Test func `the page is served from its folder, and nothing beside it`() throws {
        let folder = TemporaryFolder()
        folder.write("<p>page</p>", to: "public/index.html")
        folder.write("secret", to: "secret")
        let server = try Server("--public", "\(folder.path)/public")
        #expect(try server.get("//").text == "<p>page</p>")
        for path in ["//../secret", "//%2e%2e/secret", "//nothing"] {
            let reply = try server.get(path)
            #expect(400..<500 ~= reply.status && !reply.text.contains("secret"), "\(path): \(reply.text)")
        }
        try server.stop()
    }

    @Test func `the health check tells a server from none`() throws {
        let server = try Server()
        let address = "http://127.0.0.1:\(server.port)"
        #expect(try shmlens("serve", "--check", address).ending == .exited(0))
        #expect(try shmlens("serve", "--check", "\(address)/nothing").ending == .exited(1))
        // A port that is taken is said, and nothing is served.
        let second = try shmlens("serve", "--listen", "127.0.0.1:\(server.port)")
        #expect(second.ending == .exited(1) && second.output.isEmpty && !second.messages.isEmpty)
        try server.stop()
        let gone = try shmlens("serve", "--check", address)
        #expect(gone.ending == .exited(1) && gone.output.isEmpty && !gone.messages.isEmpty)
    }
}
