import Diagnostics
import Kernel
import Observations
import Testing

@testable import Reading

@Suite struct InventoryTests {
    private static let own = DeviceNumber(major: 0, minor: 24)
    private static let other = DeviceNumber(major: 0, minor: 99)
    private static let kernel = DeviceNumber(major: 0, minor: 1)

    private func file(_ device: DeviceNumber, _ inode: UInt64, links: UInt32 = 1, regular: Bool = true) -> FileFacts {
        let time = WallTime(nanoseconds: 0)
        return FileFacts(
            device: device, inode: inode, sizeBytes: 4096, allocatedBytes: 4096, mode: regular ? 0o100600 : 0o020600,
            uid: 0, gid: 0, linkCount: links, modifiedAt: time, changedAt: time, createdAt: nil)
    }

    private func folder(_ device: DeviceNumber, _ names: [(ByteString, UInt64)], _ namespace: UInt64? = nil) -> HostScan.Folder {
        var inventory = SharedFileInventory()
        inventory.files.elements = names.map { SharedFile(name: $0.0, file: file(device, $0.1)) }
        return HostScan.Folder(
            namespace: namespace, neighbour: namespace.map { _ in 77 }, device: device, inventory: inventory)
    }

    private func mapped(
        _ kind: ObjectKind, _ device: DeviceNumber, _ inode: UInt64, _ name: ByteString, deleted: Bool = false,
        namespace: UInt64 = 0, pids: [Int32] = [7]
    ) -> MappedObject {
        let range = MappedRange(start: 0x1000, end: 0x3000, offset: 0, access: [.read, .shared])
        return MappedObject(
            key: ObjectKey(space: kind.space, device: device, inode: inode, namespace: namespace), kind: kind, name: name,
            isDeleted: deleted, mappers: pids.map { Mapper(pid: $0, ranges: [range]) })
    }

    private func scan(
        _ folders: [HostScan.Folder] = [], mapped: [MappedObject] = [], held: [HeldObject] = [],
        segments: [SystemVSegment] = []
    ) -> HostScan {
        var scan = HostScan()
        scan.folders = folders
        for object in mapped { scan.uses.mappers.objects[object.key] = object }
        for object in held { scan.uses.holders.objects[object.key] = object }
        scan.systemV.segments.elements = segments
        return scan
    }

    private func segment(_ id: Int32, key: Int32 = 0) -> SystemVSegment {
        SystemVSegment(
            id: id, key: key, permissions: 0o600, isRemoved: false, sizeBytes: 100, residentBytes: 0, swappedBytes: 0,
            creatorPID: 5, lastPID: 6, attachCount: 1, uid: 0, gid: 0, creatorUID: 0, creatorGID: 0, attachedAt: nil,
            detachedAt: nil, changedAt: WallTime(nanoseconds: 0))
    }

    private func ids(_ scan: HostScan, facts: (HostObject) -> FileFacts? = { _ in nil }) -> [SegmentIdentifier] {
        Inventory(scan, facts: facts).objects.map(\.id)
    }

    @Test func `what a folder shows and what a process maps is one object`() throws {
        let scan = scan(
            [folder(Self.own, [("a", 3), ("sem.b", 4)])],
            mapped: [mapped(.posix, Self.own, 3, "/dev/shm/a", pids: [7, 8]), mapped(.semaphore, Self.own, 4, "/dev/shm/sem.b")],
            held: [
                HeldObject(
                    key: file(Self.own, 3).key, kind: .posix, name: "/dev/shm/a", isDeleted: false, file: file(Self.own, 3),
                    holders: [Holder(pid: 9, number: 3, count: 2)])
            ])
        let inventory = Inventory(scan) { _ in nil }
        #expect(inventory.objects.map(\.id) == [.posix("a"), SegmentIdentifier(.semaphore("b"))])
        let object = try #require(inventory[.posix("a")])
        #expect(object.mappers.map(\.pid) == [7, 8] && object.openCount == 2 && !object.isDeleted)
        #expect(inventory[SegmentIdentifier(.semaphore("b"))]?.name == "b")
        #expect(inventory[file(Self.own, 3).key]?.id == .posix("a"))
    }

    @Test func `a file that has two names is listed once`() {
        #expect(ids(scan([folder(Self.own, [("a", 3), ("b", 3)])])) == [.posix("a")])
    }

    @Test func `objects of other mount namespaces have those in their ids, and a shared folder is one`() {
        let folders = [
            folder(Self.own, [("a", 3)]), folder(Self.other, [("a", 3), ("c", 4)], 500), folder(Self.other, [("a", 3)], 600),
            folder(Self.own, [("a", 3)], 700),
        ]
        #expect(
            ids(scan(folders)) == [
                .posix("a"), SegmentIdentifier(.posix("a"), namespace: 500), SegmentIdentifier(.posix("c"), namespace: 500),
            ])
    }

    @Test func `a memfd, anonymous memory and a System V segment of one number are three`() {
        let mapped = [
            mapped(.memfd, Self.kernel, 9, "/memfd:pool", deleted: true),
            mapped(.anonymous, Self.other, 9, "/dev/zero", deleted: true),
            mapped(.sysv, Self.kernel, 9, "/SYSV0000000a", deleted: true),
            mapped(.sysv, Self.kernel, 9, "/SYSV0000000a", deleted: true, namespace: 4242),
        ]
        let inventory = Inventory(scan(mapped: mapped, segments: [segment(9, key: 10)])) { _ in nil }
        #expect(
            inventory.objects.map(\.id) == [
                SegmentIdentifier(.sysv(9)), SegmentIdentifier(.sysv(9), namespace: 4242),
                SegmentIdentifier(.memfd(inode: 9)), SegmentIdentifier(.anonymous(inode: 9)),
            ])
        #expect(inventory.objects.map(\.name) == ["0x0000000a", "0x0000000a", "pool", ""])
        #expect(inventory.objects.allSatisfy { $0.mappers.count == 1 && !$0.isDeleted })
    }

    @Test func `what lost its name is listed by its number, mapped or only open`() throws {
        let held = HeldObject(
            key: file(Self.own, 5).key, kind: .posix, name: "/dev/shm/open", isDeleted: true, file: file(Self.own, 5, links: 0),
            holders: [Holder(pid: 9, number: 3)])
        let scan = scan(
            [folder(Self.own, [])], mapped: [mapped(.posix, Self.own, 4, "/dev/shm/gone", deleted: true)], held: [held])
        let inventory = Inventory(scan) { _ in nil }
        #expect(
            inventory.objects.map(\.id) == [
                SegmentIdentifier(.deleted(device: Self.own, inode: 4)), SegmentIdentifier(.deleted(device: Self.own, inode: 5)),
            ])
        #expect(inventory.objects.allSatisfy { $0.isDeleted && $0.id.kind == .posix })
        #expect(inventory.objects.map(\.name) == ["gone", "open"])
    }

    @Test func `a mapping that says deleted of a file that has a name is of that name`() throws {
        let scan = scan(
            [folder(Self.own, [("now", 4)])], mapped: [mapped(.posix, Self.own, 4, "/dev/shm/#4", deleted: true)])
        let inventory = Inventory(scan) { _ in nil }
        #expect(inventory.objects.map(\.id) == [.posix("now")])
        #expect(inventory.objects.first?.isDeleted == false)
    }

    @Test func `an object that came after its folder was read has its name all the same`() {
        #expect(ids(scan([folder(Self.own, [])], mapped: [mapped(.posix, Self.own, 4, "/dev/shm/new")])) == [.posix("new")])
    }

    @Test func `devices that are mapped shared are no shared memory`() {
        let mapped = [
            mapped(.file, Self.other, 4, "/dev/dri/card0"), mapped(.file, Self.other, 5, "/[aio]", deleted: true),
            mapped(.file, Self.other, 6, "/var/lib/x.db"), mapped(.file, Self.other, 7, "/srv/device"),
        ]
        let found = ids(scan(mapped: mapped)) { object in
            object.key?.inode == 7 ? file(Self.other, 7, regular: false) : nil
        }
        #expect(found == [SegmentIdentifier(.file(device: Self.other, inode: 6))])
    }

    @Test func `of what cannot be looked at the mappings tell how large it is`() throws {
        let inventory = Inventory(scan(mapped: [mapped(.anonymous, Self.kernel, 4, "/dev/zero", deleted: true)])) { _ in nil }
        #expect(try #require(inventory.objects.first).mappedBytes == 0x2000)
    }
}
