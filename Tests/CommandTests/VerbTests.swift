import Encoding
import Glibc
import TestSupport
import Testing

/// Each verb on a segment of its own, without a server.
@Suite struct VerbTests {
    /// Runs a verb that has to succeed with nothing to remark.
    private func run(
        _ words: String..., input: [UInt8] = [], location: SourceLocation = #_sourceLocation
    ) throws -> String {
        let outcome = try shmlens(words, input: input)
        #expect(outcome.ending == .exited(0), "\(words): \(outcome.messages)", sourceLocation: location)
        return outcome.text
    }

    /// The lines of a text, their columns one blank apart.
    private func facts(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }

    @Test func `a segment is made, listed, shown and removed`() throws {
        let name = Unique.name("made")
        defer { removeObject(name) }
        #expect(try run("create", name, "--capacity-bytes", "64KiB", "--mode", "0640") == "posix:\(name)\n")
        let list = try run("list", "--managed", "--q", name).split(separator: "\n")
        #expect(list.count == 2 && list[0].hasPrefix("ID ") && list[1].contains("posix:\(name)"), "\(list)")
        #expect(list.last?.contains("0640") == true && list.last?.contains("managed") == true, "\(list)")
        #expect(try run("list", "--no-managed", "--q", name).split(separator: "\n").count == 1)
        let shown = try run("show", name)
        for fact in ["id posix:\(name)", "counter 0", "lock free, ok"] {
            #expect(facts(shown).contains(fact), "\(shown)")
        }
        #expect(try run("remove", name).isEmpty)
        #expect(unsafe access("/dev/shm/\(name)", F_OK) == -1)
        #expect(try run("list", "--q", name).split(separator: "\n").count == 1)
    }

    @Test func `a block is allocated, written, read, resized and freed`() throws {
        try withSegment { name in
            let block = try #require(Int(try run("allocate", name, "100", "--tag", "first").dropLast()))
            #expect(try run("write", name, "\(block)", input: Array("what is here".utf8)).isEmpty)
            #expect(try run("bytes", name, "--offset", "\(block)", "--length", "12") == "what is here")
            let list = try run("blocks", name, "--state", "used").split(separator: "\n")
            #expect(list.count == 2)
            let row = ["\(block)", "100", "128", "used", "external", "0", "first", "1"]
            #expect(list.last?.split(separator: " ").map(String.init) == row)
            #expect(try run("blocks", name, "--at", "\(block + 99)").contains(" first "))
            let buckets = try run("blocks", name, "--buckets", "4").split(separator: "\n").dropFirst()
            #expect(buckets.map { $0.split(separator: " ")[1] } == ["128", "0", "0", "0"])
            let heap = try run("heap", name)
            #expect(facts(heap).contains("used 128 (128 B) in 1 blocks"), "\(heap)")
            #expect(facts(heap).contains("external 0 1 100"), "\(heap)")
            let moved = try #require(Int(try run("resize", name, "\(block)", "8KiB").dropLast()))
            #expect(try run("bytes", name, "--offset", "\(moved)", "--length", "12") == "what is here")
            #expect(try run("free", name, "\(moved)").isEmpty)
            #expect(try run("blocks", name, "--state", "used").split(separator: "\n").count == 1)
            let events = try run("events", name).split(separator: "\n").dropFirst().map { $0.split(separator: " ")[2] }
            #expect(events == ["allocate", "write", "resize", "free"])
            #expect(try run("events", name, "--after", "3").split(separator: "\n").count == 2)
            #expect(try run("verify", name).hasSuffix(" 0 findings\n"))
        }
    }

    @Test func `several blocks are had with one call, an offset a line`() throws {
        try withSegment { name in
            let offsets = try run("allocate", name, "100", "--count", "3", "--alignment", "1024").split(separator: "\n")
            #expect(offsets.count == 3)
            #expect(offsets.allSatisfy { Int($0).map { $0 % 1024 == 0 } == true })
            let used = try array(try json("blocks", name, "--state", "used"), "blocks").map { try number($0, "offset") }
            #expect(offsets.compactMap { Int($0) }.sorted() == used)
        }
    }

    @Test func `a worker takes part, and is seen to`() throws {
        try withSegment { name in
            #expect(try run("worker", name, "--workload", "counter", "--operations", "5") == "operations 5\n")
            #expect(facts(try run("show", name)).contains("counter 5"))
            #expect(try run("participants", name).split(separator: "\n").count == 1)
            let holder = try Running([Program.path, "worker", name, "--workload", "hold", "--name", "keeper"])
            try waitUntilHeld(name, by: holder.pid)
            let participants = try run("participants", name).split(separator: "\n")
            #expect(participants.count == 2)
            let words = participants.last?.split(separator: " ") ?? []
            #expect(words.count > 4 && words[1...2] == ["\(holder.pid)", "keeper"], "\(participants)")
            let locks = try run("locks", name)
            #expect(facts(locks).contains("state held"), "\(locks)")
            #expect(locks.contains("pid \(holder.pid), tid \(holder.pid)"), "\(locks)")
            // Told to end, it gives the lock back and says what it did.
            let outcome = try holder.end(SIGTERM)
            #expect(outcome.ending == .exited(0) && outcome.text.hasPrefix("operations "), "\(outcome)")
            #expect(facts(try run("locks", name)).contains("state free"))
        }
    }

    @Test func `what the dead left is reclaimed`() throws {
        try withSegment { name in
            let crash = ["--workload", "crash", "--operations", "20", "--seed", "7", "--step", "3"]
            let crashed = try shmlens(["worker", name] + crash)
            #expect(crashed.ending == .killed(SIGKILL))
            let heap = try json("heap", name)
            let orphans = try array(try json("blocks", name, "--state", "orphaned"), "blocks")
            try #require(!orphans.isEmpty)
            let text = try run("reclaim", name)
            #expect(text == "\(orphans.count) blocks (\(try number(heap, "usedBytes")) bytes) and 1 slots freed\n")
            #expect(try number(try json("heap", name), "usedBytes") == 0)
        }
    }

    @Test func `a protection is tried out on a mapping of its own`() throws {
        try withSegment { name in
            let pool = try poolOffset(name)
            let text = try run("protect", name, "\(pool)", "4KiB", "--access", "read")
            #expect(text == "granted: 4096 bytes at \(pool), access read, locked no\n")
            // It ended with that process.
            #expect(try array(try json("show", name), "protection").isEmpty)
        }
    }

    @Test func `the layout's regions touch one another and make the object`() throws {
        try withSegment { name in
            let rows = try run("layout", name).split(separator: "\n").dropFirst().map { $0.split(separator: " ") }
            #expect(rows.map(\.first) == ["header", "participants", "eventRing", "heapIndex", "blockTable", "pool"])
            let regions = try array(try json("layout", name), "regions")
            var end = 0
            for region in regions {
                #expect(try number(region, "offset") == end)
                end += try number(region, "sizeBytes")
            }
            #expect(try objectBytes(name).count == end)
        }
    }

    @Test func `a dump is data on standard output, and gives the bytes back`() throws {
        try withSegment { name in
            let dump = try shmlens("dump", name)
            #expect(dump.ending == .exited(0))
            #expect(dump.messages.hasPrefix("shmlens: allocated bytes before "), "\(dump.messages)")
            #expect(!dump.text.contains("shmlens:"))
            let back = try Running(["xxd", "-r"], input: dump.output).finish()
            #expect(back.ending == .exited(0) && back.messages.isEmpty, "\(back.messages)")
            let bytes = try objectBytes(name)
            #expect(back.output == bytes)
            #expect(try shmlens("bytes", name).output == bytes)
            let canonical = try shmlens("dump", name, "--style", "canonical", "--offset", "3", "--length", "1000")
            let tool = try Running(["hexdump", "-C", "-s", "3", "-n", "1000", "/dev/shm/\(name)"]).finish()
            #expect(canonical.output == tool.output)
        }
    }

    @Test func `where there is more, a message says how to go on`() throws {
        try withSegment { name in
            _ = try run("allocate", name, "100", "--count", "3")
            let first = try shmlens("blocks", name, "--limit", "2")
            let mark = "there is more: --cursor "
            let note = try #require(first.messages.split(separator: "\n").first { $0.contains(mark) })
            let cursor = try #require(note.split(separator: mark).last.map(String.init))
            let second = try shmlens("blocks", name, "--limit", "2", "--cursor", cursor)
            #expect(first.lines.count == 3 && second.lines.count == 3)
            #expect(!second.messages.contains(mark))
            #expect(first.lines.last != second.lines.last && first.lines[1] != second.lines[1])
        }
    }

    @Test func `a reader that goes away is no failure`() throws {
        try withSegment { name in
            try shell("set -o pipefail; '\(Program.path)' dump \(name) 2>/dev/null | head -c 100 >/dev/null")
        }
    }
}
