import Diagnostics
import Glibc
import Kernel
import Observations
import TestSupport
import Testing

@testable import Reading

/// When it may be said that nobody uses an object: somebody may remove it on that word.
@Suite struct UnusedObjectTests {
    private static let device = DeviceNumber(major: 0, minor: 24)
    private static let now = WallTime(nanoseconds: 100)

    private func file(inode: UInt64) -> FileFacts {
        let time = WallTime(nanoseconds: 0)
        return FileFacts(
            device: Self.device, inode: inode, sizeBytes: 4096, allocatedBytes: 4096, mode: 0o100600, uid: 0, gid: 0,
            linkCount: 1, modifiedAt: time, changedAt: time, createdAt: nil)
    }

    private func scan(inode: UInt64 = 3, attachCount: Int? = nil) -> HostScan {
        var scan = HostScan()
        var inventory = SharedFileInventory()
        inventory.files.elements = [SharedFile(name: "a", file: file(inode: inode))]
        scan.folders = [HostScan.Folder(namespace: nil, neighbour: nil, device: Self.device, inventory: inventory)]
        if let attachCount {
            scan.systemV.segments.elements = [
                SystemVSegment(
                    id: 9, key: 0, permissions: 0o600, isRemoved: false, sizeBytes: 100, residentBytes: 0, swappedBytes: 0,
                    creatorPID: 5, lastPID: 6, attachCount: attachCount, uid: 0, gid: 0, creatorUID: 0, creatorGID: 0,
                    attachedAt: nil, detachedAt: nil, changedAt: WallTime(nanoseconds: 0))
            ]
        }
        return scan
    }

    private func unused(_ scan: HostScan, _ before: [UnusedObject: WallTime] = [:]) -> [UnusedObject: WallTime] {
        UnusedObject.all(of: Inventory(scan) { _ in nil }, scan, since: Self.now, before)
    }

    private func names(_ scan: HostScan) -> [SegmentIdentifier] {
        let found = unused(scan)
        return (Inventory(scan) { _ in nil }).objects.filter { object in UnusedObject(object).map { found[$0] != nil } ?? false }
            .map(\.id)
    }

    @Test func `what nobody maps or has open is unused`() {
        #expect(names(scan()) == [.posix("a")])
        var mapped = scan()
        let range = MappedRange(start: 0x1000, end: 0x2000, offset: 0, access: [.read, .shared])
        let key = file(inode: 3).key
        mapped.uses.mappers.objects[key] = MappedObject(
            key: key, kind: .posix, name: "/dev/shm/a", isDeleted: false, mappers: [Mapper(pid: 7, ranges: [range])])
        #expect(names(mapped) == [])
        var held = scan()
        held.uses.holders.objects[key] = HeldObject(
            key: key, kind: .posix, name: "/dev/shm/a", isDeleted: false, file: file(inode: 3), holders: [Holder(pid: 7, number: 3)])
        #expect(names(held) == [])
        #expect(unused(scan()).keys.map(\.fileKey) == [key])
    }

    @Test func `where not all processes were seen it is not said, but of System V segments, which the kernel counts`() {
        let segment = SegmentIdentifier(.sysv(9))
        let hidden = Hidden(what: "processes", count: 1, needs: "a right")
        var mappersHidden = scan(attachCount: 0)
        mappersHidden.uses.mappers.hidden = [hidden]
        var holdersHidden = scan(attachCount: 0)
        holdersHidden.uses.holders.hidden = [hidden]
        var alone = scan(attachCount: 0)
        alone.isWithoutOthers = true
        for scan in [mappersHidden, holdersHidden, alone] {
            #expect(names(scan) == [segment])
        }
        #expect(names(scan(attachCount: 0)) == [segment, .posix("a")].sorted())
        #expect(names(scan(attachCount: 1)) == [.posix("a")])
    }

    @Test func `what is refused to who has all rights is kept from everybody`() {
        var closed = scan()
        closed.uses.mappers.hidden = [Hidden(what: "maps of processes", count: 1, needs: "CAP_SYS_PTRACE")]
        closed.uses.holders.hidden = [Hidden(what: "descriptors", count: 1, needs: "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH")]
        closed.capabilities = Capabilities(mask: 1 << 19)
        #expect(names(closed) == [])
        closed.capabilities = Capabilities(mask: 1 << 19 | 1 << 2)
        #expect(names(closed) == [.posix("a")])
        closed.uses.mappers.hidden.append(Hidden(what: "processes", count: 1, needs: "a higher limit of processes"))
        #expect(names(closed) == [])
    }

    /// The kernel's numbers of the first namespaces.
    @Test(arguments: [
        (0xEFFF_FFFC, 0xEFFF_FFFF, true), (7, 8, true), (0xEFFF_FFFC, 8, true), (7, 0xEFFF_FFFF, false),
    ] as [(UInt64, UInt64, Bool)])
    func `whoever shares the host's IPC namespace and not its processes cannot tell`(pid: UInt64, ipc: UInt64, sees: Bool) {
        var scan = scan()
        scan.host = HostFacts(
            pageSizeBytes: 4096, ticksPerSecond: 100, coarseResolutionNanoseconds: 1, elfMachine: 62, glibcVersion: nil,
            pid: 1, pidInProc: 1, startTicks: 1, pidNamespace: pid, ipcNamespace: ipc, mountNamespace: 1)
        #expect(names(scan) == (sees ? [.posix("a")] : []))
    }

    @Test func `it is so since it was first seen, and one made anew begins anew`() {
        let earlier = WallTime(nanoseconds: 50)
        let before = unused(scan()).mapValues { _ in earlier }
        #expect(Array(unused(scan(), before).values) == [earlier])
        #expect(Array(unused(scan(inode: 4), before).values) == [Self.now])
    }

    @Test func `a file that was left is an orphan at the first look, one that is only mapped is none`() throws {
        let left = Unique.name("left")
        makeObject(left, bytes: [1])
        defer { removeObject(left) }
        let mapped = Unique.name("mapped")
        makeObject(mapped, bytes: [1])
        defer { removeObject(mapped) }
        let descriptor = unsafe open("/dev/shm/" + mapped, O_RDWR | O_CLOEXEC)
        let address = unsafe mmap(nil, 1, PROT_READ, MAP_SHARED, descriptor, 0)
        close(descriptor)
        defer { _ = unsafe munmap(address, 1) }
        let survey = try Lens().survey(fresh: true)
        func summary(_ name: String) -> SegmentSummary? { survey.entries.first { $0.summary.name.text == name }?.summary }
        let orphan = try #require(summary(left))
        // Who may not look at all processes does not say so.
        #expect(orphan.orphaned == (survey.seesAllMappings && survey.seesAllDescriptors))
        #expect((orphan.orphanedSince != nil) == orphan.orphaned)
        #expect(orphan.findings.contains { $0.code == "orphaned" } == orphan.orphaned)
        #expect(geteuid() != 0 || orphan.orphaned || !survey.hidden.isEmpty)
        let other = try #require(summary(mapped))
        #expect(!other.orphaned && other.mapperCount == 1)
    }
}
