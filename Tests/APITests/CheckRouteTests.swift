import Encoding
import HTTPCore
import SharedSegments
import TestSupport
import Testing

@testable import API

@Suite struct CheckRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test(arguments: ["", "?lock=true", "?lock=true&timeoutMilliseconds=0"])
    func `checks a segment and shows what it finds`(query: String) throws {
        try bench.withSegment { name, path in
            let clean = bench.send("POST", path + "/verify\(query)")
            #expect(clean.status == .ok, "\(clean.text)")
            #expect(clean["findings"]?.array?.isEmpty == true)
            #expect(clean["consistency"]?.string == "consistent")
            let made = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":64}"#)
            let offset = try #require(made.integer("offset"))
            // One byte past the payload is its guard's.
            #expect(bench.send("PUT", path + "/bytes?offset=\(offset + 64)", body: [0x55]).status == .noContent)
            let found = bench.send("POST", path + "/verify\(query)")
            #expect(found.status == .ok)
            #expect((found["findings"]?.array?.count ?? 0) > 0)
            #expect(found["findings", "0", "code"]?.string?.isEmpty == false)
            #expect(found.integer("findings", "0", "offset") != nil)
        }
    }

    @Test func `reclaims what the dead left`() throws {
        try bench.withSegment { name, path in
            let segment = try Segment.open(name: name)
            let participant = try segment.join(name: "tester")
            _ = try segment.withLock(as: participant) { (locked) throws(SegmentError) in
                try locked.allocate(sizeBytes: 100)
            }
            try segment.leave(participant)
            #expect(bench.get(path + "/blocks?state=orphaned")["blocks"]?.array?.count == 1)
            let reply = bench.send("POST", path + "/reclaim")
            #expect(reply.status == .ok, "\(reply.text)")
            #expect(reply.integer("blocksFreed") == 1)
            #expect((reply.integer("bytesFreed") ?? 0) >= 100)
            #expect(reply.integer("slotsFreed") == 0)
            #expect(bench.get(path + "/heap").integer("usedBlockCount") == 0)
        }
    }

    @Test func `protects its own mapping, and then changes nothing there`() throws {
        try bench.withSegment { name, path in
            let pool = try #require(bench.get(path + "/layout")["regions"]?.array?.last)
            let offset = try #require(pool["offset"]?.int)
            let body = #"{"offset":\#(offset),"length":4096,"access":"read","locked":"no"}"#
            let protected = bench.send("PUT", path + "/protection", json: body)
            #expect(protected.status == .ok, "\(protected.text)")
            #expect(protected.integer("protection", "0", "offset") == offset)
            #expect(protected["protection", "0", "access"]?.string == "read")
            #expect(bench.send("PUT", path + "/bytes?offset=\(offset)", body: [1]).status == .conflict)
            #expect(bench.get(path + "/bytes").status == .ok)
            let back = bench.send("PUT", path + "/protection", json: #"{"offset":\#(offset),"length":4096}"#)
            #expect(back["protection"]?.array?.isEmpty == true)
            #expect(bench.send("PUT", path + "/bytes?offset=\(offset)", body: [1]).status == .noContent)
        }
    }

    @Test func `shows no protection of an object that had the name before`() throws {
        try bench.withSegment { name, path in
            let pool = try #require(bench.get(path + "/layout")["regions"]?.array?.last?["offset"]?.int)
            let body = #"{"offset":\#(pool),"length":4096,"access":"read"}"#
            #expect(bench.send("PUT", path + "/protection", json: body)["protection"]?.array?.count == 1)
            try Segment.remove(name: name)
            _ = try Segment.create(name: name, options: SegmentOptions(capacityBytes: 65536))
            let shown = bench.get(path + "?fresh=true")
            #expect(shown["protection"]?.array?.isEmpty == true, "\(shown.text)")
        }
    }

    @Test(
        arguments: [
            (#"{"offset":1,"length":4096}"#, "offset"), (#"{"offset":0,"length":1}"#, "length"),
            (#"{"offset":0,"length":4096,"access":"none"}"#, "offset"), (#"{"length":4096}"#, "offset"),
            (#"{"offset":0}"#, "length"), (#"{"offset":0,"length":4096,"access":"write"}"#, "access"),
            (#"{"offset":0,"length":4096,"locked":"some"}"#, "locked"),
        ])
    func `refuses to protect what cannot be protected`(body: String, field: String) throws {
        try bench.withSegment { name, path in
            let reply = bench.send("PUT", path + "/protection", json: body)
            #expect(reply.status == .unprocessableContent, "\(reply.text)")
            #expect(reply["field"]?.string == field)
        }
    }

    @Test func `protection changes what is named and leaves the rest`() throws {
        try bench.withSegment { name, path in
            let pool = try #require(bench.get(path + "/layout")["regions"]?.array?.last?["offset"]?.int)
            func put(_ change: String) -> Reply {
                bench.send("PUT", path + "/protection", json: #"{"offset":\#(pool),"length":4096,\#(change)}"#)
            }
            let read = put(#""access":"read""#)
            #expect(read["protection", "0", "access"]?.string == "read", "\(read.text)")
            #expect(read["protection", "0", "locked"]?.string == "no")
            let both = put(#""locked":"onFault""#)
            #expect(both["protection", "0", "access"]?.string == "read")
            #expect(both["protection", "0", "locked"]?.string == "onFault")
            let kept = put(#""access":"readWrite""#)
            #expect(kept["protection", "0", "access"]?.string == "readWrite")
            #expect(kept["protection", "0", "locked"]?.string == "onFault")
            #expect(put(#""locked":"no""#)["protection"]?.array?.isEmpty == true)
            #expect(put(#""access":"read","locked":"onFault""#)["protection"]?.array?.count == 1)
            let plain = bench.send("PUT", path + "/protection", json: #"{"offset":\#(pool),"length":4096}"#)
            #expect(plain["protection"]?.array?.isEmpty == true, "\(plain.text)")
        }
    }

    @Test func `lists are sorted by any of their keys, page by page`() throws {
        try bench.withSegment { name, path in
            let segment = try Segment.open(name: name)
            let stem = "one-name-of-many-that-begin-so-"
            for participant in ["b", "c", "a"] { _ = try segment.join(name: stem + participant) }
            let names = bench.get(path + "/participants?sort=-name")["participants"]?.array?.compactMap { $0["name"]?.string }
            #expect(names == ["c", "b", "a"].map { stem + $0 })
            let first = bench.get(path + "/participants?sort=-name&limit=1")
            let rest = bench.get(path + "/participants?sort=-name&cursor=\(first["next"]?.string ?? "")")
            #expect(rest["participants"]?.array?.compactMap { $0["name"]?.string } == ["b", "a"].map { stem + $0 })
            for size in [300, 100, 200] { _ = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":\#(size)}"#) }
            let sizes = bench.get(path + "/blocks?sort=-sizeBytes&state=used")["blocks"]?.array?.compactMap { $0["sizeBytes"]?.int }
            #expect(sizes == [300, 200, 100])
            let all = bench.get(path + "/events")["events"]?.array?.compactMap { $0["sequence"]?.int } ?? []
            #expect(all.count == 6)
            var found: [Int] = []
            var cursor = ""
            repeat {
                let page = bench.get(path + "/events?sort=-sequence&limit=4\(cursor)")
                found += page["events"]?.array?.compactMap { $0["sequence"]?.int } ?? []
                cursor = page["next"]?.string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(found == all.reversed())
            let since = bench.get(path + "/events?sort=-sequence&after=4")["events"]?.array?.compactMap { $0["sequence"]?.int }
            #expect(since == [6, 5])
            for query in ["participants?sort=size", "events?sort=kind", "blocks?sort=-"] {
                #expect(bench.get(path + "/" + query).status == .unprocessableContent, "\(query)")
            }
        }
    }

    @Test func `shows locks, participants and events`() throws {
        try bench.withSegment { name, path in
            let segment = try Segment.open(name: name)
            _ = try segment.join(name: "tester")
            _ = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":64,"tag":"t"}"#)
            let locks = bench.get(path + "/locks")
            #expect(locks["locks"]?.array?.compactMap { $0["label"]?.string } == ["lock", "condition", "classic condition"])
            #expect(locks["locks", "0", "state"]?.string == "free")
            // Who made the block over HTTP is none of those that take part.
            let holders = locks["locks", "0", "lastHolders"]?.array?.compactMap { $0["name"]?.string }
            #expect(holders == ["external", "tester"], "\(locks.text)")
            let scan = bench.get(path + "/locks?scan=true&fresh=true")
            #expect(scan["locks"]?.array?.prefix(3).compactMap { $0["label"]?.string } == ["lock", "condition", "classic condition"])
            #expect(scan["locks", "0", "evidence"]?.array?.compactMap(\.string) == ["header"])
            let participants = bench.get(path + "/participants")
            #expect(participants["participants", "0", "name"]?.string == "tester")
            #expect(participants["participants", "0", "alive"]?.bool == true)
            let events = bench.get(path + "/events")
            let kinds = events["events"]?.array?.compactMap { $0["kind"]?.string } ?? []
            #expect(kinds.contains("join") && kinds.contains("allocate"), "\(kinds)")
            #expect(events.integer("lost") == 0)
            let last = try #require(events["events"]?.array?.last?["sequence"]?.int)
            #expect(bench.get(path + "/events?after=\(last)")["events"]?.array?.isEmpty == true)
            let page = bench.get(path + "/events?limit=1")
            let cursor = try #require(page["next"]?.string)
            #expect(bench.get(path + "/events?limit=1&cursor=\(cursor)")["events"]?.array?.count == 1)
            #expect(bench.get(path + "/events?after=-1").status == .unprocessableContent)
        }
    }

    @Test(arguments: [("timeoutMilliseconds=-1", Status.unprocessableContent), ("timeoutMilliseconds=60001", .unprocessableContent), ("timeoutMilliseconds=soon", .badRequest), ("timeoutMilliseconds=60000", .created), ("timeoutMilliseconds=0", .created)])
    func `bounds how long a change may wait`(query: String, status: Status) throws {
        try bench.withSegment { name, path in
            let reply = bench.send("POST", path + "/blocks?\(query)", json: #"{"sizeBytes":64}"#)
            #expect(reply.status == status, "\(reply.text)")
        }
    }

    @Test func `names the lock's owner to who cannot have it, and answers every GET meanwhile`() throws {
        try bench.withSegment { name, path in
            let segment = try Segment.open(name: name)
            try segment.withLock { (_) throws(SegmentError) in
                let outcome = Outcome()
                // The lock knows threads: another one of this process has to wait for it like any other's.
                let thread = InThread {
                    let change = bench.send("PATCH", path + "?timeoutMilliseconds=50", json: #"{"flag":1}"#)
                    outcome.add("PATCH", change.status.code, change.text)
                    for part in ["", "/bytes", "/hexdump", "/layout", "/heap", "/blocks", "/locks", "/participants", "/events"] {
                        let reply = bench.get(path + part)
                        outcome.add("GET \(part)", reply.status.code, reply.text)
                    }
                    let verify = bench.send("POST", path + "/verify")
                    outcome.add("verify", verify.status.code, verify.text)
                }
                thread.join()
                let found = outcome.all
                #expect(found["PATCH"]?.status == 423)
                #expect(found["PATCH"]?.text.contains("process \(segment.process.pid)") == true)
                for (what, reply) in found where what != "PATCH" { #expect(reply.status == 200, "\(what): \(reply.text)") }
                #expect(found["GET /locks"]?.text.contains(#""state":"held""#) == true)
            }
        }
    }
}
