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
        let scan = ProcFS().holderScan(of: [getpid()])
        let named = try #require(scan.objects.values.first { $0.name.text == "/dev/shm/" + (object.name ?? "") })
        #expect(named.kind == .posix && named.file.sizeBytes == 5_000 && named.file.linkCount == 1)
        #expect(named.holders.map(\.pid) == [getpid()])
        let unnamed = try #require(scan.objects.values.first { $0.name == "/memfd:held\nhere" })
        #expect(unnamed.kind == .memfd && unnamed.file.sizeBytes == 8_192)
        #expect(unnamed.openCount == 2 && unnamed.holders.count == 1)
        #expect(scan.processCount == 1 && scan.hidden.isEmpty)
    }

    @Test func `an object that lost its name is held under none`() throws {
        let object = SharedObject(named: Unique.name("lost"), bytes: 4_096)
        unsafe unlink("/dev/shm/" + (object.name ?? ""))
        let scan = ProcFS().holderScan(of: [getpid()])
        let found = try #require(scan.objects.values.first { $0.name.text == "/dev/shm/" + (object.name ?? "") })
        #expect(found.file.linkCount == 0 && found.kind == .posix)
    }

    @Test func `a file counts only where it is asked for`() throws {
        let folder = TemporaryFolder()
        folder.write("bytes", to: "file")
        let descriptor = unsafe open(folder.path + "/file", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let name = ByteString(Array((folder.path + "/file").utf8))
        #expect(!ProcFS().holderScan(of: [getpid()]).objects.values.contains { $0.name == name })
        let found = ProcFS().holderScan(of: [getpid()], files: [name]).objects.values.first { $0.name == name }
        #expect(found?.kind == .file && found?.file.sizeBytes == 5)
    }

    @Test func `which files matter may be known only after the look`() throws {
        let folder = TemporaryFolder()
        folder.write("bytes", to: "file")
        folder.write("others", to: "other")
        let descriptor = unsafe open(folder.path + "/file", O_RDONLY | O_CLOEXEC)
        let other = unsafe open(folder.path + "/other", O_RDONLY | O_CLOEXEC)
        var search = HolderSearch(ProcFS())
        search.look(in: [getpid()])
        close(other)
        defer { close(descriptor) }
        let names = ["/file", "/other"].map { ByteString(Array((folder.path + $0).utf8)) }
        let found = search.finish(files: Set(names)).objects.values.filter { $0.kind == .file }
        // What was closed meanwhile is nobody's.
        #expect(found.map(\.name) == [names[0]] && found.first?.holders.map(\.number) == [descriptor])
    }

    @Test func `a scan that finds nothing and saw everything hides nothing`() {
        let tree = MadeUpProc()
        tree.add(1)
        // A link of a made-up tree leads nowhere.
        tree.folder.link("1/fd/0", to: "/memfd:x (deleted)")
        tree.folder.link("1/fd/1", to: "pipe:[3]")
        let scan = ProcFS(root: tree.root).holderScan(of: [1, 99])
        #expect(scan.objects.isEmpty && scan.hidden.isEmpty && scan.processCount == 1)
    }

    @Test(arguments: [(1, 2), (2, 1), (3, 0), (4, 0)])
    func `descriptors beyond the limit of all are counted`(limit: Int, omitted: Int) {
        let tree = MadeUpProc()
        for link in ["1/fd/0", "1/fd/1", "2/fd/0"] as [ByteString] { tree.folder.link(link, to: "pipe:[3]") }
        var limits = ProcFS.SearchLimits()
        limits.descriptorsInAll = limit
        let hidden = ProcFS(root: tree.root).holderScan(of: [1, 2], limits: limits).hidden
        #expect(hidden.map(\.count) == (omitted > 0 ? [omitted] : []))
    }

    @Test(arguments: [(1, 1), (2, 0), (3, 0)])
    func `descriptors of one process beyond its limit are counted`(limit: Int, omitted: Int) {
        let tree = MadeUpProc()
        for link in ["1/fd/0", "1/fd/1", "2/fd/0"] as [ByteString] { tree.folder.link(link, to: "pipe:[3]") }
        var limits = ProcFS.SearchLimits()
        limits.descriptors = limit
        let hidden = ProcFS(root: tree.root).holderScan(of: [1, 2], limits: limits).hidden
        #expect(hidden.map(\.count) == (omitted > 0 ? [omitted] : []))
    }

    @Test func `a process that is gone is passed over`() {
        let scan = ProcFS().holderScan(of: [.max])
        #expect(scan.processCount == 0 && scan.hidden.isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `who may not read another's descriptors is told how many, and what would show them`() async {
        await #expect(processExitsWith: .success) {
            try #require(setgid(65_534) == 0 && setuid(65_534) == 0)
            let scan = ProcFS().holderScan(of: [1])
            #expect(scan.refusedCount == 1)
            #expect(scan.hidden.contains { $0.what == "descriptors of processes" && $0.needs.contains("CAP_DAC_READ_SEARCH") })
        }
    }
}
