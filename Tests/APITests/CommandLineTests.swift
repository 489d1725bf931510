import Encoding
import Glibc
import SharedSegments
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

    @Test(arguments: [["--limit", "-1"], ["--uid", "-1"], ["--sort", "-colour"]])
    func `a value that begins with a minus is read, and refused where it makes no sense`(words: [String]) throws {
        let run = try ProgramRun(words: ["list"] + words)
        #expect(run.status == 64)
        #expect(!run.messages.contains("Missing value"), "\(run.messages)")
    }
}
