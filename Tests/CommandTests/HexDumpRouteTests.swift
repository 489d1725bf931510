import Glibc
import Observations
import TestSupport
import Testing

/// What the server sends, beside the programs that it copies, on the object itself.
@Suite struct HexDumpRouteTests {
    static let rangeCount = 200
    static let separator = "==\n"

    struct Range {
        let offset: Int
        let length: Int
    }

    @Test func `hundreds of random ranges are as xxd and hexdump -C write them, and xxd gives the bytes back`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let server = try Server()
        try withSegment { name in
            // Half of the pool is noise; rows of zeros, which are squeezed, are elsewhere.
            let noise = (0..<32768).map { _ in UInt8.random(in: 0...255, using: &random) }
            let written = try shmlens("write", name, "\(try poolOffset(name) + 1000)", input: noise)
            try #require(written.ending == .exited(0), "\(written.messages)")
            let bytes = try objectBytes(name)
            let ranges = (0..<Self.rangeCount).map { _ in Self.range(in: bytes.count, &random) }
            let xxd = try compare(name, ranges, "xxd -s $1 -l $2", style: "", server, seed: seed)
            _ = try compare(name, ranges, "hexdump -C -s $1 -n $2", style: "&style=canonical", server, seed: seed)
            try expectBack(xxd, ranges, bytes, seed: seed)
        }
        try server.stop()
    }

    /// A range that begins inside the object or at its end, and may end beyond it.
    private static func range(in size: Int, _ random: inout SeededGenerator) -> Range {
        var offset = Int.random(in: 0...size, using: &random)
        if Bool.random(using: &random) { offset &= ~15 }
        let length = switch Int.random(in: 0..<50, using: &random) {
        case 0: 0
        case 1: size - offset
        case 2: size - offset + Int.random(in: 0...100, using: &random)
        case 3..<10: 16 * Int.random(in: 0...100, using: &random)
        default: Int.random(in: 0...2000, using: &random)
        }
        return Range(offset: offset, length: length)
    }

    /// Asks the server and a program for each range.
    ///
    /// - Returns: what the server sent.
    private func compare(
        _ name: String, _ ranges: [Range], _ tool: String, style: String, _ server: Server, seed: UInt64
    ) throws -> [[UInt8]] {
        let bodies = try ranges.map { range in
            let path = "/segments/\(name)/hexdump?offset=\(range.offset)&length=\(range.length)\(style)"
            let reply = try server.get(path)
            #expect(reply.status == 200, "\(path): \(reply.text)")
            return reply.body
        }
        let calls = ranges.map { "t \($0.offset) \($0.length)\n" }.joined()
        let folder = TemporaryFolder()
        folder.write("", to: "out")
        let script = "set -e\nt() { \(tool) /dev/shm/\(name); echo ==; }\n\(calls)"
        folder.write(script, to: "script")
        try shell("LC_ALL=C bash \(folder.path)/script > \(folder.path)/out")
        let expected = try fileBytes("\(folder.path)/out")
        let separator = Array(Self.separator.utf8)
        guard expected != Array(bodies.map { $0 + separator }.joined()) else { return bodies }
        let outputs = String(decoding: expected, as: UTF8.self)
            .split(separator: Self.separator, omittingEmptySubsequences: false)
        for (index, body) in bodies.enumerated() where index < outputs.count {
            guard !outputs[index].utf8.elementsEqual(body) else { continue }
            let text = String(decoding: body, as: UTF8.self)
            Issue.record("seed \(seed), \(tool) of \(ranges[index]) writes\n\(outputs[index])\nand the server\n\(text)")
            return bodies
        }
        Issue.record("seed \(seed), \(tool): \(outputs.count) outputs for \(ranges.count) ranges")
        return bodies
    }

    private func expectBack(_ dumps: [[UInt8]], _ ranges: [Range], _ bytes: [UInt8], seed: UInt64) throws {
        let folder = TemporaryFolder()
        folder.write("", to: "back")
        var script = "set -e\ncd \(folder.path)\n"
        for (index, range) in ranges.enumerated() {
            folder.write(dumps[index], to: "dump\(index)")
            script += "xxd -r -s -\(range.offset) dump\(index) >> back\n"
        }
        folder.write(script, to: "script")
        try shell("bash \(folder.path)/script")
        let expected = ranges.flatMap { bytes[$0.offset..<min($0.offset + $0.length, bytes.count)] }
        #expect(try fileBytes("\(folder.path)/back") == expected, "seed \(seed)")
    }

    @Test func `an offset at the end is no error, and one behind it is refused`() throws {
        let server = try Server()
        try withSegment { name in
            let size = try objectBytes(name).count
            for (style, tool) in [("xxd", ["xxd"]), ("canonical", ["hexdump", "-C"])] {
                let atEnd = try server.get("/segments/\(name)/hexdump?offset=\(size)&style=\(style)")
                // hexdump -C says where it is even there.
                let expected = try Running(tool + ["-s", "\(size)", "/dev/shm/\(name)"]).finish()
                #expect(atEnd.status == 200 && atEnd.body == expected.output, "\(atEnd.text)")
                #expect(try server.get("/segments/\(name)/hexdump?offset=\(size + 1)&style=\(style)").status == 416)
            }
        }
        try server.stop()
    }
}
