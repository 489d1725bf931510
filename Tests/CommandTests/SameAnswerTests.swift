import Encoding
import Glibc
import TestSupport
import Testing

/// `--json` is the API's answer: the program beside a server, on the same segment.
@Suite struct SameAnswerTests {
    /// Members that tell when, or how long ago: there in both, and different.
    static let passing: Set<String> = ["takenAt", "orphanedSince", "ageMilliseconds", "heldForMilliseconds", "waitingForMilliseconds"]
    /// How many other processes there are to be seen changes from one look to the next.
    static let host = passing.union(["hidden"])

    /// A server and a segment with blocks, an owner that died, text and a counter.
    private func withScene(_ body: (_ server: Server, _ name: String) throws -> Void) throws {
        let server = try Server()
        try withSegment { name in
            // Somebody has it open all the while: that nobody has is told only of a host that holds still for two looks.
            let kept = unsafe open("/dev/shm/\(name)", O_RDONLY | O_CLOEXEC)
            #expect(kept >= 0)
            defer { close(kept) }
            try prepare(name)
            try body(server, name)
        }
        try server.stop()
    }

    private func prepare(_ name: String) throws {
        for (size, tag) in [("100", "first"), ("2KiB", "second")] {
            _ = try json("allocate", name, size, "--tag", tag)
        }
        let counted = try shmlens("worker", name, "--workload", "counter", "--operations", "5", "--name", "me")
        #expect(counted.ending == .exited(0))
        let crash = ["--workload", "crash", "--operations", "20", "--seed", "7", "--step", "3", "--name", "victim"]
        #expect(try shmlens(["worker", name] + crash).ending == .killed(SIGKILL))
        // Whoever takes the lock next puts in order what the dead was in the middle of.
        _ = try json("allocate", name, "300")
    }

    private func expectSame(
        _ own: JSONValue, _ answer: JSONValue, ignoring: Set<String> = host, _ what: String,
        location: SourceLocation = #_sourceLocation
    ) {
        let found = differences(own, answer, ignoring: ignoring)
        #expect(found.isEmpty, "\(what)", sourceLocation: location)
    }

    @Test func `looking`() throws {
        try withScene { server, name in
            let path = "/segments/\(name)"
            let from = try objectBytes(name).count - 8192
            let questions: [(words: [String], path: String)] = [
                (["list", "--q", name], "/segments?q=\(name)&fresh=true"),
                (["list", "--q", name, "--min-bytes", "1KiB", "--sort", "-findings"],
                    "/segments?q=\(name)&minBytes=1KiB&sort=-findings&fresh=true"),
                (["show", name], "\(path)?fresh=true"),
                (["heap", name], "\(path)/heap"),
                (["blocks", name], "\(path)/blocks"),
                (["blocks", name, "--state", "orphaned"], "\(path)/blocks?state=orphaned"),
                (["blocks", name, "--tag", "second"], "\(path)/blocks?tag=second"),
                (["blocks", name, "--owner", "0", "--min-bytes", "200"], "\(path)/blocks?owner=0&minBytes=200"),
                (["blocks", name, "--sort", "-sizeBytes", "--limit", "2"], "\(path)/blocks?sort=-sizeBytes&limit=2"),
                (["blocks", name, "--buckets", "8"], "\(path)/blocks?buckets=8"),
                (["blocks", name, "--buckets", "2", "--from", "\(from)"], "\(path)/blocks?buckets=2&from=\(from)"),
                (["locks", name], "\(path)/locks"),
                (["events", name], "\(path)/events"),
                (["events", name, "--after", "2", "--limit", "1"], "\(path)/events?after=2&limit=1"),
                (["participants", name], "\(path)/participants"),
                (["layout", name], "\(path)/layout"),
                (["search", name, "--text", "first"], "\(path)/search?text=first"),
                (["search", name, "--integer", "-1", "--width", "16", "--limit", "2"], "\(path)/search?integer=-1&width=16&limit=2"),
                (["dump", name], "\(path)/hexdump?style=json"),
                (["dump", name, "--offset", "3", "--length", "100"], "\(path)/hexdump?style=json&offset=3&length=100"),
            ]
            for (words, path) in questions {
                let own = try shmlens(words + ["--json"])
                #expect(own.ending == .exited(0), "\(words): \(own.messages)")
                expectSame(try JSONValue(parsing: own.output), try server.json("GET", path), "\(words)")
            }
            // Otherwise there would have been little to compare.
            #expect(try array(try json("blocks", name, "--state", "orphaned"), "blocks").count > 1)
            #expect(try array(try json("participants", name), "participants").count == 1)
            // Another test's name may begin with this one.
            #expect(try array(try json("list", "--q", name), "segments").count { $0["name"]?.string == name } == 1)
        }
    }

    @Test func `looking at a lock that is held`() throws {
        try withScene { server, name in
            let holder = try Running([Program.path, "worker", name, "--workload", "hold", "--name", "keeper"])
            try waitUntilHeld(name, by: holder.pid)
            kill(holder.pid, SIGSTOP)
            try eventually("it is stopped") { try processState(holder.pid) == "T" }
            for (verb, path) in [("locks", "/locks"), ("show", "?fresh=true"), ("participants", "/participants")] {
                let own = try json(verb, name, expecting: verb == "participants" ? 0 : 2)
                expectSame(own, try server.json("GET", "/segments/\(name)\(path)"), verb)
                guard verb == "locks" else { continue }
                #expect(try number(own, "locks", "0", "owner", "pid") == Int(holder.pid))
            }
            try holder.end(SIGKILL)
        }
    }

    @Test func `making a segment`() throws {
        let server = try Server()
        let names = [Unique.name("made"), Unique.name("made")]
        defer { for name in names { removeObject(name) } }
        let own = try json("create", names[0], "--capacity-bytes", "64KiB", "--mode", "0640", "--event-count", "32")
        let answer = try server.json(
            "POST", "/segments",
            json: #"{"name":"\#(names[1])","capacityBytes":"64KiB","mode":"0640","eventCount":32}"#)
        let identity: Set<String> = ["id", "name", "family", "inode", "uuid", "createdAt", "changedAt", "creator"]
        // The server keeps open what it made.
        expectSame(own, answer, ignoring: Self.host.union(identity).union(["mapperCount", "orphaned"]), "create")
        try server.stop()
    }

    @Test func `allocating and resizing`() throws {
        try withScene { server, name in
            let path = "/segments/\(name)/blocks"
            let passing = Self.passing.union(["offset", "spanOffset", "sequence", "allocatedAt"])
            let own = try json("allocate", name, "500", "--tag", "third", "--alignment", "64")
            let body = #"{"sizeBytes":500,"tag":"third","alignment":64}"#
            expectSame(own, try server.json("POST", path, json: body), ignoring: passing, "allocate")
            let offset = try number(own, "offset")
            expectSame(own, try server.json("GET", "\(path)/\(offset)"), "the same block")
            let many = try json("allocate", name, "50", "--count", "3")
            let others = try server.json("POST", path, json: #"{"sizeBytes":50,"count":3}"#)
            expectSame(many, others, ignoring: passing, "allocate --count")
            #expect(try array(many, "blocks").count == 3)
            let resized = try json("resize", name, "\(offset)", "600")
            let again = try server.json("PATCH", "\(path)/\(number(resized, "offset"))", json: #"{"sizeBytes":600}"#)
            expectSame(resized, again, ignoring: passing, "resize")
        }
    }

    @Test func `checking and reclaiming`() throws {
        try withScene { server, name in
            try withSegment { twin in
                try prepare(twin)
                for path in ["verify", "verify?lock=true"] {
                    let words = path == "verify" ? [] : ["--lock"]
                    let own = try shmlens(["verify", name, "--json"] + words)
                    #expect(own.ending == .exited(0))
                    expectSame(
                        try JSONValue(parsing: own.output), try server.json("POST", "/segments/\(name)/\(path)"), path)
                }
                let own = try json("reclaim", name)
                expectSame(own, try server.json("POST", "/segments/\(twin)/reclaim"), "reclaim")
                #expect(try number(own, "blocksFreed") > 1)
                #expect(try number(own, "slotsFreed") == 1)
                let block = try json("allocate", name, "100")
                let end = try number(block, "offset") + 100
                #expect(try shmlens("write", name, "\(end)", input: [7]).ending == .exited(0))
                let damaged = try json("verify", name, expecting: 2)
                expectSame(damaged, try server.json("POST", "/segments/\(name)/verify"), "verify")
                #expect(try number(damaged, "findings", "0", "offset") == end)
            }
        }
    }

    @Test func `protecting`() throws {
        try withScene { server, name in
            let pool = try poolOffset(name)
            let own = try json("protect", name, "\(pool)", "4096", "--access", "read")
            let answer = try server.send(
                "PUT", "/segments/\(name)/protection", json: #"{"offset":\#(pool),"length":4096,"access":"read"}"#)
            #expect(answer.status == 200)
            // Taking access away is done under the lock, which counts.
            expectSame(
                own, try answer.json(),
                ignoring: Self.host.union(["acquisitions", "mapperCount", "orphaned"]), "protect")
            #expect(try string(own, "protection", "0", "access") == "read")
        }
    }
}
