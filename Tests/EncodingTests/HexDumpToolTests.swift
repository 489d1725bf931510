import Encoding
import Glibc
import SystemPackage
import Testing

/// The formatter beside the programs that it copies. They come in Debian's packages xxd and bsdextrautils, which
/// the tests need: without them these tests fail.
@Suite struct HexDumpToolTests {
    static let caseCount = 2000
    static let separator = "==\n"

    /// A file whose bytes from `offset` on are `bytes`, with a hole before them.
    struct Content: Sendable {
        let offset: Int
        let bytes: [UInt8]

        var end: Int { offset + bytes.count }
    }

    struct Range: Sendable {
        let file: Int
        let offset: Int
        let length: Int
    }

    @Test(arguments: HexDump.Style.allCases)
    func `thousands of random ranges are written byte for byte as the program writes them`(
        style: HexDump.Style
    ) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let contents = Self.contents(&random)
        let ranges = (0..<Self.caseCount).map { _ in Self.range(of: contents, &random) }
        let folder = try ScratchFolder()
        for (index, content) in contents.enumerated() {
            try folder.write(content.bytes, to: "f\(index)", at: content.offset)
        }
        let tool = style == .xxd ? "xxd -s $2 -l $3" : "hexdump -C -s $2 -n $3"
        let calls = ranges.map { "t f\($0.file) \($0.offset) \($0.length)\n" }.joined()
        let script = "set -e\nt() { \(tool) $1; echo ==; }\n\(calls)"
        try folder.write(Array(script.utf8), to: "script", at: 0)
        try folder.run("cd \(folder.path) && LC_ALL=C sh script > out")
        let actual = ranges.map { range in
            let content = contents[range.file]
            let start = range.offset - content.offset
            let end = min(start + range.length, content.bytes.count)
            let chunk = Int.random(in: 1...200, using: &random)
            return dump(style, content.bytes[start..<end], offset: range.offset, asked: range.length, chunk: chunk)
        }
        let expected = try folder.read("out")
        guard expected != Array(actual.joined(separator: Self.separator.utf8)) + Array(Self.separator.utf8) else {
            return
        }
        report(ranges, expected: String(decoding: expected, as: UTF8.self), actual, seed: seed)
    }

    private func report(_ ranges: [Range], expected: String, _ actual: [[UInt8]], seed: UInt64) {
        var outputs = expected.split(separator: "==\n", omittingEmptySubsequences: false)
        outputs.removeLast()
        #expect(outputs.count == ranges.count, "seed \(seed)")
        for (index, output) in outputs.enumerated() where !output.utf8.elementsEqual(actual[index]) {
            let text = String(decoding: actual[index], as: UTF8.self)
            Issue.record("seed \(seed), \(ranges[index]): the program writes\n\(output)\nand the formatter\n\(text)")
            return
        }
    }

    private static func contents(_ random: inout SplitMix) -> [Content] {
        var contents = [0, 1, 15, 16, 17, 31, 32, 33].map { Content(offset: 0, bytes: random.rows(count: $0)) }
        for offset in [0, 0, 0, (1 << 32) - 500, (1 << 36) - 500] {
            contents.append(Content(offset: offset, bytes: random.rows(count: 1009)))
        }
        contents.append(Content(offset: 0, bytes: [UInt8](repeating: 0, count: 4096)))
        contents.append(Content(offset: 0, bytes: Array(UInt8.min...UInt8.max)))
        return contents
    }

    /// A range that begins inside the file or at its end, and may end beyond it.
    private static func range(of contents: [Content], _ random: inout SplitMix) -> Range {
        let file = Int.random(in: 0..<contents.count, using: &random)
        let content = contents[file]
        var offset = Int.random(in: content.offset...content.end, using: &random)
        if Bool.random(using: &random) { offset &= ~15 }
        offset = max(offset, content.offset)
        let length = switch Int.random(in: 0..<10, using: &random) {
        case 0: 0
        case 1: content.end - offset
        case 2: 16 * Int.random(in: 0...20, using: &random)
        default: Int.random(in: 0...600, using: &random)
        }
        return Range(file: file, offset: offset, length: length)
    }
}

/// A folder of a test's own, removed with everything in it.
private struct ScratchFolder: ~Copyable {
    let path: String

    init() throws {
        path = "/tmp/shmlens-encoding-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try Self.shell("mkdir -m 700 \(path)")
    }

    deinit { try? Self.shell("rm -r \(path)") }

    func write(_ bytes: [UInt8], to name: String, at offset: Int) throws {
        let file = try FileDescriptor.open(
            FilePath("\(path)/\(name)"), .writeOnly, options: .create, permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: Int64(offset), bytes) }
    }

    func read(_ name: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath("\(path)/\(name)"), .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count == 0 { return bytes }
                bytes += chunk[..<count]
            }
        }
    }

    func run(_ command: String) throws { try Self.shell(command) }

    private static func shell(_ command: String) throws {
        let status = unsafe command.withCString { command in unsafe spawnShell(command) }
        #expect(status == 0, "the shell ended with \(status): are xxd and bsdextrautils installed?")
    }

    /// The status of `sh -c command` as waitpid has it, or -1 where there was none.
    private static func spawnShell(_ command: UnsafePointer<CChar>) -> CInt {
        unsafe "sh".withCString { shell in
            unsafe "-c".withCString { option in
                var child: pid_t = 0
                var status: CInt = -1
                var arguments = unsafe [
                    UnsafeMutablePointer(mutating: shell), UnsafeMutablePointer(mutating: option),
                    UnsafeMutablePointer(mutating: command), nil,
                ]
                guard unsafe posix_spawn(&child, "/bin/sh", nil, nil, &arguments, environ) == 0 else { return -1 }
                while unsafe waitpid(child, &status, 0) == -1 && errno == EINTR {}
                return status
            }
        }
    }
}
