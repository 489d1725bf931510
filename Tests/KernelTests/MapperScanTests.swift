import Glibc
import Kernel
import Observations
import TestSupport
import Testing

@Suite struct MapperScanTests {
    let tree = MadeUpProc()
    var proc: ProcFS { ProcFS(root: tree.root) }

    func key(_ space: InodeSpace, _ minor: UInt32, _ inode: UInt64) -> ObjectKey {
        ObjectKey(space: space, device: DeviceNumber(major: 0, minor: minor), inode: inode)
    }

    @Test func `an object lists who maps it and where`() throws {
        tree.add(1, maps: "1000-2000 rw-s 0 00:17 7 /dev/shm/a\n3000-4000 r--s 1000 00:17 7 /dev/shm/a\n")
        tree.add(2, maps: "5000-6000 r--s 0 00:17 7 /dev/shm/a\n7000-8000 r-xp 0 08:01 3 /lib/x.so\n")
        tree.add(3)
        let scan = try proc.useScan().mappers
        #expect(scan.objects.count == 1)
        let object = try #require(scan.objects[key(.files, 0x17, 7)])
        #expect(object.mappers.map(\.pid) == [1, 2])
        #expect(object.mappers[0].ranges.map(\.start) == [0x1000, 0x3000])
        #expect(object.mappers[0].ranges.map(\.offset) == [0, 0x1000])
        #expect(object.mappers[1].ranges.map(\.access.description) == ["r--s"])
        #expect(scan.processCount == 3)
        #expect(scan.hidden.isEmpty)
    }

    @Test func `a System V segment and a memfd of one inode number on one device are two objects`() throws {
        tree.add(
            1,
            maps: """
                1000-2000 rw-s 0 00:01 1497 /SYSV00000000 (deleted)
                3000-4000 rw-s 0 00:01 1497 /memfd:x (deleted)
                5000-6000 rw-s 0 00:01 0 /SYSV00000001 (deleted)

                """)
        let scan = try proc.useScan().mappers
        #expect(scan.objects.count == 3)
        #expect(scan.objects[key(.sysv, 1, 1497)]?.kind == .sysv)
        #expect(scan.objects[key(.unnamed, 1, 1497)]?.kind == .memfd)
        #expect(scan.objects[key(.sysv, 1, 0)]?.name == "/SYSV00000001")
        #expect(scan.malformedLineCount == 0)
    }

    @Test func `one object under several names has the name that tells most, whoever is read first`() throws {
        let names = ["/mnt/x", "/dev/shm/#7 (deleted)", "/dev/shm/x", "/dev/shm/old (deleted)"]
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let tree = MadeUpProc()
            for (index, name) in order.enumerated() {
                tree.add(Int32(index + 1), maps: "1000-2000 rw-s 0 00:17 7 \(names[name])\n")
            }
            let object = try #require(try ProcFS(root: tree.root).useScan().mappers.objects[key(.files, 0x17, 7)])
            #expect(object.name == "/dev/shm/x")
            #expect(object.kind == .posix)
            #expect(!object.isDeleted)
            #expect(object.mappers.count == 4)
        }
    }

    @Test func `an object is deleted where all its names are`() throws {
        tree.add(1, maps: "1000-2000 rw-s 0 00:17 7 /dev/shm/a (deleted)\n")
        tree.add(2, maps: "1000-2000 rw-s 0 00:17 7 /dev/shm/a (deleted)\n")
        #expect(try #require(try proc.useScan().mappers.objects.values.first).isDeleted)
    }

    @Test func `garbage is counted, and the lines around it are read`() throws {
        let long = String(repeating: "x", count: LineReader.lineBytesMax + 1)
        tree.add(
            1, maps: "garbage\n1000-2000 rw-s 0 00:17 7 /dev/shm/a\n\(long)\n\u{0}\n5000-6000 rw-s 0 00:17 8 /dev/shm/b"
        )
        let scan = try proc.useScan().mappers
        #expect(scan.malformedLineCount == 3)
        #expect(scan.hidden.map(\.count) == [3])
        #expect(Set(scan.objects.values.map(\.name)) == ["/dev/shm/a", "/dev/shm/b"])
    }

    @Test func `a process that vanishes between listing and reading is counted as such`() throws {
        tree.add(1, maps: "1000-2000 rw-s 0 00:17 7 /dev/shm/a\n")
        tree.folder.makeFolder("2")
        let scan = try proc.useScan().mappers
        #expect(scan.vanishedCount == 1)
        #expect(scan.processCount == 1)
        #expect(scan.hidden.isEmpty)
    }

    @Test func `a process whose maps fail to be read is named`() throws {
        tree.add(1)
        tree.folder.makeFolder("2/maps")
        tree.folder.write("", to: "2/maps/x")
        let scan = try proc.useScan().mappers
        #expect(scan.unreadable.elements == [UnreadableProcess(pid: 2, errorNumber: EISDIR)])
        #expect(scan.hidden.map(\.count) == [1])
    }

    @Test(arguments: [(1, 2), (2, 1), (3, 0), (4, 0)])
    func `mappings beyond the limit are counted`(limit: Int, omitted: Int) throws {
        tree.add(1, maps: "1000-2000 rw-s 0 00:17 7 /dev/shm/a\n3000-4000 rw-s 0 00:17 8 /dev/shm/b\n")
        tree.add(2, maps: "1000-2000 rw-s 0 00:17 7 /dev/shm/a\n")
        var limits = ProcFS.UseLimits()
        limits.mappings = limit
        let scan = try proc.useScan(limits: limits).mappers
        #expect(scan.omittedMappingCount == omitted)
        #expect(scan.hidden.map(\.count) == (omitted > 0 ? [omitted] : []))
    }

    @Test(arguments: [(1, 1), (2, 0), (3, 0)])
    func `processes beyond the limit are counted`(limit: Int, omitted: Int) throws {
        tree.add(1)
        tree.add(2)
        var limits = ProcFS.UseLimits()
        limits.processes = limit
        let scan = try proc.useScan(limits: limits).mappers
        #expect(scan.omittedProcessCount == omitted)
        #expect(scan.processCount == 2 - omitted)
        #expect(scan.hidden.map(\.what) == (omitted > 0 ? ["processes"] : []))
    }

    @Test(arguments: [(-1, 1), (0, 0), (1, 0)])
    func `a maps that is longer than the limit is reported as cut`(excess: Int, truncated: Int) throws {
        let maps = "1000-2000 rw-s 0 00:17 7 /dev/shm/a\n"
        tree.add(1, maps: maps)
        var limits = ProcFS.UseLimits()
        limits.mapsBytes = maps.utf8.count + excess
        let scan = try proc.useScan(limits: limits).mappers
        #expect(scan.truncatedCount == truncated)
        #expect(scan.hidden.count == truncated)
    }

    @Test(arguments: [(1, 1), (2, 0), (3, 0)])
    func `one process's mappings are cut at their limit and counted`(limit: Int, omitted: Int) throws {
        tree.add(1, maps: "1000-2000 rw-s 0 00:17 7 /dev/shm/a\n3000-4000 rw-p 0 00:00 0 [heap]\n")
        let all = try #require(try proc.mappings(of: 1, sharedOnly: false, limit: limit))
        #expect(all.elements.count == 2 - omitted)
        #expect(all.omittedCount == omitted)
        #expect(try #require(try proc.mappings(of: 1, sharedOnly: true)).elements.map(\.name) == ["/dev/shm/a"])
    }
}

@Suite struct LiveMapperScanTests {
    let proc = ProcFS()

    @Test func `this process is among the mappers of its objects of each kind`() throws {
        let named = SharedObject(named: Unique.name("scan"), bytes: 8_192)
        let memfd = SharedObject(memfd: "scan\nme", bytes: 4_096)
        let start = UInt64(named.map(8_192))
        memfd.map(4_096)
        let source = try DescriptorSource.open(.sharedFile(ByteString(Array(try #require(named.name).utf8))))
        let scan = try proc.useScan().mappers

        let object = try #require(scan.objects[source.file.key])
        #expect(object.kind == .posix)
        #expect(!object.isDeleted)
        let mapper = try #require(object.mappers.first { $0.pid == getpid() })
        #expect(mapper.ranges.map(\.start) == [start])
        #expect(mapper.ranges.map(\.end) == [start + 8_192])
        #expect(mapper.ranges.map(\.access.description) == ["rw-s"])

        let unnamed = try #require(scan.objects.values.first { $0.name == "/memfd:scan\nme" })
        #expect(unnamed.kind == .memfd)
        #expect(unnamed.mappers.map(\.pid) == [getpid()])
        let held = try #require(proc.useScan(of: BoundedList([getpid()])).holders.objects[unnamed.key])
        #expect(held.holders == [Holder(pid: getpid(), number: memfd.descriptor)])
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `who may not read another's maps is told how many, and what would show them`() async {
        await #expect(processExitsWith: .success) {
            try #require(setgid(65_534) == 0 && setuid(65_534) == 0)
            let scan = try ProcFS().useScan().mappers
            #expect(scan.unreadable.elements.contains { $0.pid == 1 && $0.errorNumber == EACCES })
            #expect(scan.processCount > 0)
            #expect(
                scan.hidden == [
                    Hidden(what: "maps of processes", count: scan.unreadable.elements.count, needs: "CAP_SYS_PTRACE")
                ])
            let error = #expect(throws: KernelError.self) { try ProcFS().namespace(.pid, of: 1) }
            #expect(error?.needs == "CAP_SYS_PTRACE")
            #expect(error?.description.contains("CAP_SYS_PTRACE") == true)
        }
    }
}
