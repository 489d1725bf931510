import CShmlens
import Glibc
import Kernel
import Observations
import TestSupport
import Testing

@Suite struct SystemVTests {
    private let header =
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n"

    private func segment(_ line: String) -> SystemVSegment? { SystemVSegment(line: Array(line.utf8).span) }
    private func set(_ line: String) -> SystemVSemaphoreSet? { SystemVSemaphoreSet(line: Array(line.utf8).span) }

    @Test func `a line of shm gives all that it has`() throws {
        let found = try #require(
            segment(
                "-559038737          7  1600               1000001   811   812      2  1000   100     0     5 1764000000          0 1763999999                  8192                  4096"
            ))
        #expect(found.id == 7 && found.key == -559_038_737)
        #expect(found.permissions == 0o600 && found.isRemoved)
        #expect(found.sizeBytes == 1_000_001 && found.residentBytes == 8192 && found.swappedBytes == 4096)
        #expect(found.creatorPID == 811 && found.lastPID == 812 && found.attachCount == 2)
        #expect(found.uid == 1000 && found.gid == 100 && found.creatorUID == 0 && found.creatorGID == 5)
        #expect(found.attachedAt == WallTime(nanoseconds: 1_764_000_000_000_000_000))
        #expect(found.detachedAt == nil)
        #expect(found.changedAt == WallTime(nanoseconds: 1_763_999_999_000_000_000))
    }

    @Test func `the largest numbers are taken, and become what fits`() throws {
        let found = try #require(
            segment(
                "0 2147483647 7777 18446744073709551615 0 0 18446744073709551615 4294967295 0 0 0 99999999999 1 1 18446744073709551615 18446744073709551615"
            ))
        #expect(found.sizeBytes == .max && found.residentBytes == .max && found.attachCount == .max)
        #expect(found.uid == .max && found.permissions == 0o777)
        #expect(found.attachedAt == WallTime(nanoseconds: .max))
    }

    @Test(arguments: [
        "", " ", "0", "0 7 600 1 2 3 4 5 6 7 8 9 10 11 12", "x 7 600 1 2 3 4 5 6 7 8 9 10 11 12 13",
        "0 7 9 1 2 3 4 5 6 7 8 9 10 11 12 13", "0 -7 600 1 2 3 4 5 6 7 8 9 10 11 12 13",
        "0 4294967295 600 1 2 3 4 5 6 7 8 9 10 11 12 13", "0 7 600 18446744073709551616 2 3 4 5 6 7 8 9 10 11 12 13",
    ])
    func `what is no line of shm is none`(line: String) { #expect(segment(line) == nil) }

    @Test func `a line of sem gives all that it has`() throws {
        let found = try #require(set("        17          3   666          5  1000   100     0     0          0 1763999999"))
        #expect(found.id == 3 && found.key == 17 && found.permissions == 0o666 && found.count == 5)
        #expect(found.uid == 1000 && found.gid == 100 && found.operatedAt == nil)
        #expect(set("17 3 666 5 1000 100 0 0 0") == nil)
    }

    @Test func `lines that are not understood are counted, and those around them are read`() throws {
        let tree = MadeUpProc()
        let line = "0 7 600 1 2 3 4 5 6 7 8 9 10 11 12 13\n"
        tree.folder.write(header + line + "garbage\n" + line, to: "sysvipc/shm")
        let found = try ProcFS(root: tree.root).systemV()
        #expect(found.segments.elements.count == 2 && found.semaphoreSets.elements.isEmpty)
        #expect(found.hidden.map(\.count) == [1])
        #expect(try ProcFS(root: tree.root).systemV(limit: 1).segments.omittedCount == 1)
    }

    @Test func `a kernel without System V has nothing, and hides nothing`() throws {
        let found = try ProcFS(root: MadeUpProc().root).systemV()
        #expect(found.segments.elements.isEmpty && found.hidden.isEmpty)
    }

    @Test func `this kernel's own segment and set are found, and are not attached for that`() throws {
        let id = shmget(IPC_PRIVATE, 10_000, 0o640 | Int32(IPC_CREAT))
        try #require(id >= 0)
        defer { _ = shmctl(id, Int32(IPC_RMID), nil) }
        let found = try #require(try ProcFS().systemV().segments.elements.first { $0.id == id })
        #expect(found.sizeBytes == 10_000 && found.permissions == 0o640 && found.attachCount == 0)
        #expect(found.creatorPID == getpid() && found.lastPID == 0 && found.attachedAt == nil)
        #expect(found.uid == geteuid() && found.residentBytes == 0 && !found.isRemoved)
    }
}
