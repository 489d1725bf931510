import Glibc
import Kernel
import Observations
import TestSupport
import Testing

/// What a process has of what it maps.
@Suite struct UseTests {
    private static let smaps = """
        55d000000000-55d000001000 r--p 00000000 fe:00 17 /usr/bin/program
        Size:                  4 kB
        Rss:                   4 kB
        7f0000000000-7f0000003000 rw-s 00001000 00:18 42 /dev/shm/orders
        Size:                 12 kB
        Rss:                   8 kB
        Pss:                   4 kB
        Swap:                  4 kB
        ShmemPmdMapped:        0 kB
        Shared_Hugetlb:     2048 kB
        Private_Hugetlb:    2048 kB
        VmFlags: rd wr sh mr mw me ms sd
        7f0000100000-7f0000101000 rw-s 00000000 00:01 7 /dev/zero (deleted)
        Rss: 18446744073709551615 kB
        Pss: none
        nonsense

        """

    private func parse(_ text: String) -> (mappings: [UsedMapping], malformedCount: Int) {
        var parser = SmapsParser()
        var found: [UsedMapping] = []
        for line in text.split(separator: "\n") {
            let bytes = Array(line.utf8)
            if let done = parser.take(bytes.span) { found.append(done) }
        }
        if let done = parser.finish() { found.append(done) }
        return (found, parser.malformedCount)
    }

    @Test func `shared mappings are told with what is in memory, shared out, in swap and in huge pages`() throws {
        let (mappings, malformedCount) = parse(Self.smaps)
        #expect(mappings.map(\.mapping.range.start) == [0x7f00_0000_0000, 0x7f00_0010_0000])
        let use = try #require(mappings.first).use
        #expect(use.residentBytes == 8192 && use.proportionalBytes == 4096 && use.swappedBytes == 4096)
        #expect(use.hugeBytes == 4 << 20)
        // A number that does not fit is the largest that does; what is no number is passed over.
        #expect(mappings[1].use.residentBytes == .max && mappings[1].use.proportionalBytes == 0)
        #expect(malformedCount == 1)
        #expect(parse("").mappings.isEmpty)
        #expect(parse("Rss: 4 kB\n").mappings.isEmpty)
    }

    @Test func `of this process what it has touched is told, in bytes and by page`() throws {
        let object = SharedObject(named: Unique.name("used"), bytes: 16_384)
        let address = object.map(16_384)
        for page in [1, 2] { unsafe UnsafeMutablePointer<UInt8>(bitPattern: address + UInt(page * 4096))?.pointee = 1 }
        let list = try #require(try ProcFS().usedMappings(of: getpid()) { $0.range.start == UInt64(address) })
        let used = try #require(list.elements.first)
        #expect(list.elements.count == 1 && used.use.residentBytes == 8192 && used.use.proportionalBytes == 8192)
        let runs = try #require(try ProcFS().touched(by: getpid(), [used.mapping.range]))
        #expect(runs.elements == [TouchedRun(offset: 4096, length: 8192)] && runs.omittedCount == 0)
        #expect(try ProcFS().touched(by: getpid(), [used.mapping.range], limit: 0)?.omittedCount == 1)
        #expect(try ProcFS().usedMappings(of: .max) == nil && ProcFS().touched(by: .max, [used.mapping.range]) == nil)
    }

    @Test func `runs that overlap or touch are one`() {
        let runs = [(8192, 4096), (0, 4096), (4096, 4096), (8192, 8192), (40960, 4096)].map { TouchedRun(offset: $0.0, length: $0.1) }
        let joined = ProcFS.joined(runs, limit: 10)
        #expect(joined.elements == [TouchedRun(offset: 0, length: 16_384), TouchedRun(offset: 40_960, length: 4096)])
        #expect(ProcFS.joined(runs, limit: 1).omittedCount == 1)
    }

    @Test(arguments: [
        ("4:memory:/old\n0::/system.slice/a:b.service\n", "/system.slice/a:b.service"), ("4:memory:/old\n", "/old"), ("", nil),
        ("nonsense\n", nil),
    ] as [(String, ByteString?)])
    func `the control group is that of the unified hierarchy where there is one`(text: String, group: ByteString?) throws {
        let tree = MadeUpProc()
        tree.folder.write(text, to: "7/cgroup")
        #expect(try ProcFS(root: tree.root).controlGroup(of: 7) == group)
        #expect(try ProcFS(root: tree.root).controlGroup(of: 8) == nil)
    }
}
