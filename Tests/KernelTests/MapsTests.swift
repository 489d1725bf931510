import Kernel
import Observations
import SystemPackage
import Testing

@Suite struct MapsTests {
    /// Nil where the line is not understood or passed over.
    func parse(_ line: [UInt8], sharedOnly: Bool = false) -> Mapping? {
        let text = line.span
        guard case .line(let parsed) = MapsLine.parse(text, sharedOnly: sharedOnly) else { return nil }
        return parsed.mapping(text)
    }

    func parse(_ line: String, sharedOnly: Bool = false) -> Mapping? { parse(Array(line.utf8), sharedOnly: sharedOnly) }

    @Test func `a line gives its range, access, device, inode number and name`() throws {
        let mapping = try #require(
            parse("7f5b8c207000-7f5b8c209000 rw-s 00001000 103:1f 1025                       /dev/shm/a b"))
        #expect(mapping.range.start == 0x7f5b_8c20_7000)
        #expect(mapping.range.end == 0x7f5b_8c20_9000)
        #expect(mapping.range.offset == 0x1000)
        #expect(mapping.range.access == [.read, .write, .shared])
        #expect(mapping.range.access.description == "rw-s")
        #expect(mapping.device == DeviceNumber(major: 0x103, minor: 0x1f))
        #expect(mapping.inode == 1025)
        #expect(mapping.name == "/dev/shm/a b")
        #expect(!mapping.isDeleted)
    }

    @Test func `the largest numbers that a line can have are taken`() throws {
        let mapping = try #require(
            parse("ffffffffff600000-ffffffffffffffff --xp fffffffffffffff0 ffffffff:ffffffff 18446744073709551615"))
        #expect(mapping.range.end == .max)
        #expect(mapping.inode == .max)
        #expect(mapping.device.minor == .max)
        #expect(mapping.name == "")
        #expect(mapping.kind == nil)
    }

    @Test(arguments: [
        ("/SYSV00000000 (deleted)", ObjectKind.sysv),
        ("/SYSV1234abcd (deleted)", .sysv),
        ("/SYSV1234abcd", .file),
        ("/SYSV1234abc (deleted)", .file),
        ("/SYSV1234abcg (deleted)", .file),
        ("/SYSV1234abcde (deleted)", .file),
        ("/memfd: (deleted)", .memfd),
        ("/memfd:wl_shm (deleted)", .memfd),
        ("/memfd:wl_shm", .file),
        ("/dev/zero (deleted)", .anonymous),
        ("/dev/zero", .file),
        ("/anon_hugepage (deleted)", .anonymous),
        ("[anon_shmem:pool]", .anonymous),
        ("/dev/shm/pool", .posix),
        ("/dev/shm/#1027 (deleted)", .posix),
        ("/dev/shm/folder/pool", .posix),
        ("/dev/shm/sem.ready", .semaphore),
        ("/dev/shm/sem.folder/x", .posix),
        ("/dev/shmem/x", .file),
        ("/var/lib/x.db", .file),
    ])
    func `the name tells the kind`(name: String, kind: ObjectKind) throws {
        #expect(try #require(parse("1000-2000 rw-s 00000000 00:01 7 \(name)")).kind == kind)
    }

    @Test(arguments: ["", "[heap]", "[anon:arena]", "anon_inode:[io_uring]", "socket:[123]", " "])
    func `a name of no object has no kind`(name: String) throws {
        #expect(try #require(parse("1000-2000 rw-s 00000000 00:01 7 \(name)")).kind == nil)
    }

    @Test func `a file on a real device is a file, whatever it is called`() throws {
        #expect(try #require(parse("1000-2000 rw-s 0 08:01 7 /memfd:x (deleted)")).kind == .file)
        #expect(try #require(parse("1000-2000 rw-s 0 08:01 7 /SYSV00000000 (deleted)")).kind == .file)
    }

    @Test func `deleted is taken off the name once`() throws {
        let mapping = try #require(parse("1000-2000 rw-s 0 00:17 7 /dev/shm/a (deleted) (deleted)"))
        #expect(mapping.isDeleted)
        #expect(mapping.name == "/dev/shm/a (deleted)")
        #expect(try #require(parse("1000-2000 rw-s 0 00:17 7 /dev/shm/a(deleted)")).isDeleted == false)
    }

    @Test func `a name keeps its bytes, and its newlines come back`() throws {
        let line = Array("1000-2000 rw-s 0 00:17 7 /dev/shm/a\\012b\\".utf8) + [0xff, 0x80] + Array("\\01".utf8)
        let mapping = try #require(parse(line))
        #expect(mapping.name.bytes == Array("/dev/shm/a\nb\\".utf8) + [0xff, 0x80] + Array("\\01".utf8))
        #expect(!mapping.name.isUTF8)
        #expect(mapping.name.text == "/dev/shm/a\nb\\\u{fffd}\u{fffd}\\01")
    }

    @Test func `a private mapping is passed over where only shared ones are wanted`() {
        let line = "1000-2000 r--p 00000000 08:01 7 /usr/lib/x.so"
        #expect(parse(line) != nil)
        #expect(parse(line, sharedOnly: true) == nil)
        #expect(parse("1000-2000 r--s 00000000 08:01 7 /usr/lib/x.so", sharedOnly: true) != nil)
    }

    @Test(arguments: [
        "", " ", "-", "1000", "1000-", "1000-2000", "1000-2000 ", "1000-2000 rw", "1000-2000 rw-s", "1000-2000 rw-z 0",
        "1000-2000 xw-s 00000000 00:01 7", "1000-2000 rw-s 00000000", "1000-2000 rw-s 00000000 00",
        "1000-2000 rw-s 00000000 00:", "1000-2000 rw-s 00000000 00:01", "1000-2000 rw-s 00000000 00:01 x",
        "1000-2000 rw-s 00000000 00:01 7x", "2000-1000 rw-s 00000000 00:01 7", "1000-1000 rw-s 00000000 00:01 7",
        "11111111111111111-2000 rw-s 00000000 00:01 7", "1000-2000 rw-s 00000000 100000000:01 7",
        "1000-2000 rw-s 00000000 00:01 18446744073709551616", "1000-2000 rw-s 00000000 00:01 -7",
        "G000-2000 rw-s 00000000 00:01 7", "1000-2000  rw-s 00000000 00:01 7", "\u{0}\u{0}\u{0}",
    ])
    func `a line that is not one of maps is malformed`(line: String) {
        let bytes = Array(line.utf8)
        guard case .malformed = MapsLine.parse(bytes.span, sharedOnly: false) else {
            Issue.record("taken: \(line)")
            return
        }
    }

    @Test func `no prefix and no changed byte of a line makes the parser trap`() {
        let line = Array("7f5b8c207000-7f5b8c209000 rw-s 00001000 00:1f 1025   /SYSV0000\\012 (deleted)".utf8)
        for count in 0...line.count { _ = parse(Array(line[..<count])) }
        var understood = 0
        for index in line.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = line
                changed[index] = byte
                if parse(changed) != nil { understood += 1 }
            }
        }
        // A changed digit is another number, a changed name another name; the rest must not be understood.
        #expect(understood > 0 && understood < line.count * 256)
    }
}

@Suite struct LineReaderTests {
    /// The lines of `text` as a reader hands them on that gets `piece` bytes at a time.
    func lines(_ text: [UInt8], piece: Int, bytesMax: Int = .max) -> (lines: [[UInt8]], isWhole: Bool, overlong: Int) {
        var reader = LineReader()
        var given = 0
        var lines: [[UInt8]] = []
        let isWhole = try? reader.forEachLine(bytesMax: bytesMax) { (buffer, start) throws(Errno) in
            let count = min(piece, text.count - given, buffer.count - start)
            for index in 0..<count { buffer[start + index] = text[given + index] }
            given += count
            return count
        } _: { line in
            lines.append(line.indices.map { line[$0] })
        }
        return (lines, isWhole == true, reader.overlongLineCount)
    }

    @Test(arguments: [1, 2, 3, 7, 100])
    func `lines come whole, however small the pieces are that they come in`(piece: Int) {
        let read = lines(Array("one\n\ntwo three\nfour".utf8), piece: piece)
        #expect(read.lines == ["one", "", "two three", "four"].map { Array($0.utf8) })
        #expect(read.isWhole)
    }

    @Test(arguments: [-1, 0, 1])
    func `a line up to the limit is handed on, and a longer one left out and counted`(excess: Int) {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: LineReader.lineBytesMax + excess)
        let text = Array("a\n".utf8) + long + Array("\nb\n".utf8)
        let read = lines(text, piece: 4_096)
        #expect(read.overlong == (excess > 0 ? 1 : 0))
        #expect(read.lines.map(\.count) == (excess > 0 ? [1, 1] : [1, long.count, 1]))
        #expect(read.lines.last == [UInt8(ascii: "b")])
    }

    @Test func `a line many times longer than the buffer counts once`() {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: LineReader.lineBytesMax * 5)
        let read = lines(long + Array("\nb".utf8), piece: 10_000)
        #expect(read.overlong == 1)
        #expect(read.lines == [[UInt8(ascii: "b")]])
    }

    @Test func `an overlong line at the very end is not handed on`() {
        let read = lines([UInt8](repeating: 0, count: LineReader.lineBytesMax + 2), piece: 10_000)
        #expect(read.lines.isEmpty)
        #expect(read.overlong == 1)
    }

    @Test(arguments: [(11, false), (12, true), (13, true)])
    func `text beyond the limit of bytes is not read`(bytesMax: Int, isWhole: Bool) {
        #expect(lines(Array("first\nsecon\n".utf8), piece: 6, bytesMax: bytesMax).isWhole == isWhole)
    }

    @Test func `what the system refuses in the middle is what the caller gets`() {
        var reader = LineReader()
        var calls = 0
        #expect(throws: Errno.noSuchProcess) {
            _ = try reader.forEachLine(bytesMax: .max) { (buffer, start) throws(Errno) in
                calls += 1
                guard calls == 1 else { throw Errno.noSuchProcess }
                buffer[start] = UInt8(ascii: "x")
                return 1
            } _: { _ in
            }
        }
    }
}
