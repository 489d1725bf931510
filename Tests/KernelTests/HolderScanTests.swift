import Glibc
import Kernel
import Observations
import TestSupport
import Testing

@Suite struct HolderScanTests {
    @Test func `who has an object open is found, how often, and what it is`() throws {
        let object = SharedObject(named: Unique.name("held"), bytes: 5_000)
        let memfd = SharedObject(memfd: "held\nhere", bytes: 8_192)
        let again = dup(memfd.descriptor)
        defer { close(again) }
        let scan = ProcFS().useScan(of: BoundedList([getpid()])).holders
        let named = try #require(scan.objects.values.first { $0.name.text == "/dev/shm/" + (object.name ?? "") })
        #expect(named.kind == .posix && named.file?.sizeBytes == 5_000 && named.file?.linkCount == 1)
        #expect(named.holders.map(\.pid) == [getpid()])
        let unnamed = try #require(scan.objects.values.first { $0.name == "/memfd:held\nhere" })
        #expect(unnamed.kind == .memfd && unnamed.file?.sizeBytes == 8_192)
        #expect(unnamed.openCount == 2 && unnamed.holders.count == 1)
        #expect(scan.processCount == 1 && scan.hidden.isEmpty)
    }

    @Test func `an object that lost its name is held under none`() throws {
        let object = SharedObject(named: Unique.name("lost"), bytes: 4_096)
        unsafe unlink("/dev/shm/" + (object.name ?? ""))
        let scan = ProcFS().useScan(of: BoundedList([getpid()])).holders
        let found = try #require(scan.objects.values.first { $0.name.text == "/dev/shm/" + (object.name ?? "") })
        #expect(found.file?.linkCount == 0 && found.kind == .posix)
    }

    @Test func `a file counts only where somebody maps it`() throws {
        let folder = TemporaryFolder()
        folder.write("bytes", to: "file")
        let descriptor = unsafe open(folder.path + "/file", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let name = ByteString(Array((folder.path + "/file").utf8))
        var context = ProcFS.UseContext()
        for mount in try ProcFS().mounts().elements { context.mounts.devices[mount.id] = mount.device }
        func found() -> HeldObject? {
            ProcFS().useScan(of: BoundedList([getpid()]), context).holders.objects.values.first { $0.name == name }
        }
        #expect(found() == nil)
        let address = unsafe mmap(nil, 5, PROT_READ, MAP_SHARED, descriptor, 0)
        defer { _ = unsafe munmap(address, 5) }
        let held = try #require(found())
        // What it is, is asked by who shows it: its file system may not answer.
        #expect(held.kind == .file && held.file == nil && held.holders.map(\.number) == [descriptor])
    }

    @Test func `a scan that finds nothing and saw everything hides nothing`() {
        let tree = MadeUpProc()
        tree.add(1)
        // A link of a made-up tree leads nowhere.
        tree.folder.link("1/fd/0", to: "/memfd:x (deleted)")
        tree.folder.link("1/fd/1", to: "pipe:[3]")
        let scan = ProcFS(root: tree.root).useScan(of: BoundedList([1, 99])).holders
        #expect(scan.objects.isEmpty && scan.hidden.isEmpty && scan.processCount == 1)
    }

    @Test(arguments: [(1, 2), (2, 1), (3, 0), (4, 0)])
    func `descriptors beyond the limit of all are counted`(limit: Int, omitted: Int) {
        let tree = MadeUpProc()
        for link in ["1/fd/0", "1/fd/1", "2/fd/0"] as [ByteString] { tree.folder.link(link, to: "pipe:[3]") }
        var limits = ProcFS.UseLimits()
        limits.descriptorsInAll = limit
        let hidden = ProcFS(root: tree.root).useScan(of: BoundedList([1, 2]), limits: limits).holders.hidden
        #expect(hidden.map(\.count) == (omitted > 0 ? [omitted] : []))
    }

    @Test(arguments: [(1, 1), (2, 0), (3, 0)])
    func `descriptors of one process beyond its limit are counted`(limit: Int, omitted: Int) {
        let tree = MadeUpProc()
        for link in ["1/fd/0", "1/fd/1", "2/fd/0"] as [ByteString] { tree.folder.link(link, to: "pipe:[3]") }
        var limits = ProcFS.UseLimits()
        limits.descriptors = limit
        let hidden = ProcFS(root: tree.root).useScan(of: BoundedList([1, 2]), limits: limits).holders.hidden
        #expect(hidden.map(\.count) == (omitted > 0 ? [omitted] : []))
    }

    @Test func `a process that is gone is passed over`() {
        let scan = ProcFS().useScan(of: BoundedList([.max])).holders
        #expect(scan.processCount == 0 && scan.hidden.isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `who may not read another's descriptors is told how many, and what would show them`() async {
        await #expect(processExitsWith: .success) {
            try #require(setgid(65_534) == 0 && setuid(65_534) == 0)
            let scan = ProcFS().useScan(of: BoundedList([1])).holders
            #expect(scan.refusedCount == 1)
            #expect(scan.hidden.contains { $0.what == "descriptors of processes" && $0.needs.contains("CAP_DAC_READ_SEARCH") })
        }
    }
}
