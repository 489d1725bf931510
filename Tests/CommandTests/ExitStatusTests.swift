import Glibc
import SegmentFormat
import SharedSegments
import TestSupport
import Testing

/// What the program tells a script: its exit status, with a message where it is not 0.
@Suite struct ExitStatusTests {
    /// Expects a status, nothing on standard output, and a message on standard error.
    private func expect(
        _ words: String..., status: Int32, saying message: String, user: Running.User = .same,
        location: SourceLocation = #_sourceLocation
    ) throws {
        try expect(words, status: status, saying: message, user: user, location: location)
    }

    private func expect(
        _ words: [String], status: Int32, saying message: String, user: Running.User = .same,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try shmlens(words, user: user)
        #expect(outcome.ending == .exited(status), "\(words): \(outcome.messages)", sourceLocation: location)
        #expect(outcome.output.isEmpty, "\(words): \(outcome.text)", sourceLocation: location)
        #expect(outcome.messages.contains(message), "\(words): \(outcome.messages)", sourceLocation: location)
    }

    @Test func `1: what was asked for could not be done`() throws {
        try withSegment { name in
            try expect(
                "create", name, "--capacity-bytes", "64KiB", status: 1, saying: "shmlens: a shared-memory object named")
            try expect("allocate", name, "1MiB", status: 1, saying: "shmlens: no free block holds")
            try expect("write", name, "0", status: 1, saying: "not inside the pool")
            // Nothing of it was done.
            #expect(try number(try json("heap", name), "usedBytes") == 0)
        }
        let foreign = Unique.name("foreign")
        makeObject(foreign, bytes: [1, 2, 3])
        defer { removeObject(foreign) }
        try expect("heap", foreign, status: 1, saying: "shmlens: ")
        try expect("remove", foreign, status: 1, saying: "shmlens: ")
        #expect(try objectBytes(foreign) == [1, 2, 3])
    }

    @Test func `2: a check found something`() throws {
        try withSegment { name in
            let block = try number(try json("allocate", name, "100"), "offset")
            #expect(try shmlens("verify", name).ending == .exited(0))
            let written = try shmlens("write", name, "\(block)", input: [UInt8](repeating: 7, count: 101))
            #expect(written.ending == .exited(0))
            for words in [["verify", name], ["verify", name, "--lock"]] {
                let found = try shmlens(words)
                #expect(found.ending == .exited(2))
                #expect(found.text.contains("1 findings\n") && found.messages.isEmpty, "\(found.text)\(found.messages)")
                #expect(found.text.contains("guardAfter at \(block + 100): "), "\(found.text)")
            }
        }
    }

    @Test func `2: a lock whose owner does not run`() throws {
        try withSegment { name in
            let holder = try Running([Program.path, "worker", name, "--workload", "hold"])
            try waitUntilHeld(name, by: holder.pid)
            for verb in ["locks", "show"] { #expect(try shmlens(verb, name).ending == .exited(0)) }
            kill(holder.pid, SIGSTOP)
            try eventually("it is stopped") { try processState(holder.pid) == "T" }
            for verb in ["locks", "show"] {
                let found = try shmlens(verb, name)
                #expect(found.ending == .exited(2) && found.text.contains("ownerStopped"), "\(found.text)")
            }
            try holder.end(SIGKILL)
        }
    }

    @Test func `a server that cannot serve as told does not start`() throws {
        let missing = "/tmp/\(Unique.name("missing"))"
        let listen = ["serve", "--listen", "127.0.0.1:0"]
        for option in ["--public", "--token-file"] {
            let outcome = try shmlens(listen + [option, missing])
            #expect(outcome.ending == .exited(4) && outcome.output.isEmpty, "\(outcome.text)")
            #expect(outcome.messages.contains("\(option) \(missing): "), "\(outcome.messages)")
        }
        for host in ["a b", "", "http://a", "a/b"] {
            let outcome = try shmlens(listen + ["--allow-host", host])
            #expect(outcome.ending != .exited(0) && outcome.output.isEmpty, "\(host): \(outcome.text)")
            #expect(outcome.messages.contains("--allow-host"), "\(outcome.messages)")
        }
    }

    @Test func `4: there is no such thing`() throws {
        let missing = Unique.name("missing")
        for verb in HelpTests.looking.dropFirst() {
            try expect(HelpTests.question(verb, missing), status: 4, saying: "shmlens: ")
        }
        try expect("processes", "--pid", "2147483647", status: 4, saying: "there is no process")
        try expect("remove", missing, status: 4, saying: missing)
        try expect("allocate", missing, "10", status: 4, saying: missing)
        try expect("reclaim", missing, status: 4, saying: missing)
        try expect("worker", missing, "--workload", "counter", status: 4, saying: missing)
        try expect("show", "memfd:1", status: 4, saying: "memfd:1")
        try withSegment { name in
            let block = try number(try json("allocate", name, "100"), "offset")
            #expect(try shmlens("free", name, "\(block)").ending == .exited(0))
            try expect("free", name, "\(block)", status: 4, saying: "no used block has its payload at offset \(block)")
            try expect("resize", name, "\(block)", "10", status: 4, saying: "no used block")
        }
    }

    @Test func `5: the system does not permit it`() throws {
        try withSegment { name in
            // Root may read everything, so somebody else has to ask; who is not root loses the right by the mode.
            let user: Running.User = geteuid() == 0 ? .nobody : .same
            if geteuid() != 0 { #expect(unsafe chmod("/dev/shm/\(name)", 0) == 0) }
            for verb in ["bytes", "heap", "blocks", "verify"] {
                try expect(verb, name, status: 5, saying: "shmlens: ", user: user)
            }
            try expect("allocate", name, "10", status: 5, saying: "shmlens: ", user: user)
            try expect("worker", name, "--workload", "counter", status: 5, saying: "shmlens: ", user: user)
            // That it is there is no secret.
            let list = try shmlens("list", "--q", name, user: user)
            #expect(list.ending == .exited(0) && list.text.contains("posix:\(name)"), "\(list.text)\(list.messages)")
        }
    }

    @Test func `6: the lock was not had in time, and the message names who has it`() throws {
        try withSegment { name in
            let block = try number(try json("allocate", name, "100"), "offset")
            let holder = try Running([Program.path, "worker", name, "--workload", "hold"])
            try waitUntilHeld(name, by: holder.pid)
            let soon = ["--timeout-milliseconds", "50"]
            let changes = [
                ["allocate", name, "10"], ["resize", name, "\(block)", "200"], ["free", name, "\(block)"],
                ["write", name, "\(block)"], ["reclaim", name], ["verify", name, "--lock"],
                ["protect", name, "\(try poolOffset(name))", "4096", "--access", "read"],
            ]
            for change in changes {
                let outcome = try shmlens(change + soon, input: [1])
                #expect(outcome.ending == .exited(6), "\(change): \(outcome.messages)")
                #expect(outcome.output.isEmpty && outcome.messages.contains("of process \(holder.pid) holds it"))
            }
            // To look needs no lock.
            for verb in HelpTests.looking.dropFirst() {
                let outcome = try shmlens(HelpTests.question(verb, name))
                #expect(outcome.ending == .exited(0), "\(verb): \(outcome.messages)")
            }
            #expect(try holder.end(SIGTERM).ending == .exited(0))
            #expect(try shmlens(["free", name, "\(block)"] + soon).ending == .exited(0))
        }
    }

    @Test(arguments: [
        ["nosuchverb"], ["list", "--nosuchoption"], ["show"], ["show", "a", "b"], ["create", "name"],
        ["create", "name", "--capacity-bytes", "many"], ["create", "name", "--capacity-bytes", "64KiB", "--mode", "9"],
        ["list", "--kind", "nonsense"], ["list", "--sort", "nonsense"], ["list", "--limit", "0"],
        ["list", "--cursor", "nonsense"], ["blocks", "name", "--state", "nonsense"],
        ["blocks", "name", "--tag", "seventeen bytes!!"], ["free", "name", "here"],
        ["allocate", "name", "10", "--timeout-milliseconds", "-1"], ["protect", "name", "0", "4096"],
        ["dump", "name", "--style", "nonsense"], ["serve", "--listen", "nowhere"], ["serve", "--check", "ftp://x"],
        ["worker", "name", "--workload", "nonsense"], ["worker", "name", "--workload", "counter", "--operations", "-1"],
        ["search", "name"], ["search", "--hex", "0"], ["search", "--text", "a", "--width", "8"], ["processes", "a", "--pid", "1"],
        ["processes", "--touched"], ["processes", "--sort", "name"], ["show", "memfd:name"], ["serve", "--check", "http://nowhere/"],
    ])
    func `64: it was not asked as its help says`(words: [String]) throws {
        let outcome = try shmlens(words)
        #expect(outcome.ending == .exited(64), "\(outcome.messages)")
        #expect(outcome.output.isEmpty, "\(outcome.text)")
        #expect(outcome.messages.contains("Usage: shmlens"), "\(outcome.messages)")
    }

    @Test func `1: a dump that begins behind the end`() throws {
        try withSegment { name in
            let size = try objectBytes(name).count
            try expect("dump", name, "--offset", "\(size + 1)", status: 1, saying: "past the end")
            #expect(try shmlens("bytes", name, "--offset", "\(size)").output.isEmpty)
        }
    }
}
