import Encoding
import Glibc
import Kernel
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport
import Testing

@testable import API

/// The verbs as processes: exit statuses, and what stands on which stream.
@Suite struct CommandLineTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test func `sorts downwards by a key behind a minus`() throws {
        try bench.withSegment { name, path in
            for size in [300, 100, 200] { _ = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":\#(size)}"#) }
            let blocks = try ProgramRun("blocks", name, "--sort", "-sizeBytes", "--state", "used", "--json")
            #expect(blocks.status == 0, "\(blocks.messages)")
            let found = try JSONValue(parsing: Array(blocks.output.utf8))["blocks"]?.array ?? []
            #expect(found.compactMap { $0["sizeBytes"]?.int } == [300, 200, 100])
            #expect(try ProgramRun("list", "--sort", "-sizeBytes").status == 0)
        }
    }

    @Test(
        arguments: [
            ["create", "x", "--capacity-bytes", "0"], ["create", "x", "--capacity-bytes", "4096", "--event-count", "1"],
            ["create", "x", "--capacity-bytes", "4096", "--max-participants", "0"], ["serve", "--listen", "foo"],
            ["serve", "--listen", "127.0.0.1:99999"], ["serve", "--check", "ftp://x"], ["list", "--kind", "tmpfs"],
            ["blocks", "x", "--from", "0"], ["blocks", "x", "--to", "0"], ["blocks", "x", "--buckets", "1", "--limit", "1"],
            ["blocks", "x", "--buckets", "1", "--state", "used"], ["blocks", "x", "--buckets", "1", "--sort", "offset"],
        ])
    func `a question that makes no sense is one of usage`(words: [String]) throws {
        let run = try ProgramRun(words: words)
        #expect(run.status == 64 && run.output.isEmpty)
        #expect(run.messages.hasPrefix("Error: "), "\(run.messages)")
        #expect(run.messages.contains("Usage: shmlens \(words[0]) "), "\(run.messages)")
    }

    @Test func `a question that makes no sense of a segment is one of usage`() throws {
        try bench.withSegment { name, path in
            for words in [
                ["allocate", name, "0"], ["allocate", name, "64", "--alignment", "3"], ["allocate", name, "64", "--count", "0"],
                ["blocks", name, "--buckets", "0"], ["protect", name, "1", "4096", "--access", "read"],
            ] {
                let run = try ProgramRun(words: words)
                #expect(run.status == 64, "\(words): \(run.messages)")
                #expect(run.messages.contains("Usage: shmlens \(words[0]) "), "\(run.messages)")
            }
            for verb in ["dump", "bytes"] {
                let run = try ProgramRun(verb, name, "--offset", "1GiB")
                #expect(run.status == 1 && !run.messages.contains("Usage"), "\(run.messages)")
            }
        }
    }

    @Test func `takes the options that the API takes`() throws {
        try bench.withSegment { name, path in
            #expect(try ProgramRun("show", name, "--fresh").status == 0)
            #expect(try ProgramRun("locks", name, "--scan", "--fresh").status == 0)
            for verb in ["dump", "bytes"] {
                let run = try ProgramRun(verb, name, "--attach", "--length", "16")
                #expect(run.status == 0 && run.messages.contains("allocated bytes before"), "\(run.messages)")
            }
            let made = try ProgramRun("allocate", name, "64", "--alignment", "4KiB", "--timeout-milliseconds", "60000")
            #expect(made.status == 0 && (Int(made.output.dropLast()) ?? 1) % 4096 == 0, "\(made.messages)")
            #expect(try ProgramRun("free", name, "0", "--timeout-milliseconds", "60001").status == 64)
            #expect(try ProgramRun("remove", name, "--timeout-milliseconds", "5").status == 0)
        }
    }

    @Test func `says by its status that something is wrong`() throws {
        try bench.withSegment { name, path in
            for verb in ["show", "locks"] { #expect(try ProgramRun(verb, name).status == 0) }
            let segment = try Segment.open(name: name)
            let header = try bench.lens.source(ofNamed: name).read(at: 0, count: 4096)
            // No mutex has such a kind.
            #expect(unsafe pwrite(segment.descriptor.rawValue, [0xFF] as [UInt8], 1, 256 + 17) == 1)
            for verb in ["show", "locks"] {
                #expect(try ProgramRun(verb, name).status == 2, "\(verb)")
                #expect(try ProgramRun(verb, name, "--json").status == 2, "\(verb)")
            }
            #expect(unsafe pwrite(segment.descriptor.rawValue, header, header.count, 0) == header.count)
            #expect(ftruncate(segment.descriptor.rawValue, 16384) == 0)
            #expect(try ProgramRun("show", name).status == 2)
            let row = try ProgramRun("list", "--q", name).output
            #expect(row.contains("KIND") && row.contains(" posix ") && row.contains("undecodable"), "\(row)")
        }
    }

    @Test func `makes what the word means that every verb would take`() throws {
        let name = Unique.name("word")
        defer { removeObject(name) }
        let made = try ProgramRun("create", "posix:\(name)", "--capacity-bytes", "4KiB")
        #expect(made.status == 0 && made.output == "posix:\(name)\n", "\(made.messages)")
        #expect(try Segment.open(name: name).layout.poolBytes == 4096)
        for word in ["memfd:1", "semaphore:x", "sysv:1", "posix:x@4026532288", "/x", ""] {
            #expect(try ProgramRun("create", word, "--capacity-bytes", "4KiB").status == 64, "\(word)")
        }
    }

    @Test(arguments: [["--limit", "-1"], ["--uid", "-1"], ["--sort", "-colour"]])
    func `a value that begins with a minus is read, and refused where it makes no sense`(words: [String]) throws {
        let run = try ProgramRun(words: ["list"] + words)
        #expect(run.status == 64)
        #expect(!run.messages.contains("Missing value"), "\(run.messages)")
    }
}
