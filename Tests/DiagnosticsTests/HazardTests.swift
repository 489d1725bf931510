import Diagnostics
import Observations
import Testing

@Suite struct HazardTests {
    private let hazards = Hazards(
        pageBytes: 4096, accounts: Accounts(userNames: [0: "root", 1000: "ann", 1001: "bob"]), removesIPC: true)

    private func facts(_ kind: SegmentKind, uid: UInt32 = 0, mode: UInt32 = 0o600, size: Int = 8192) -> Hazards.Facts {
        Hazards.Facts(kind: kind, sizeBytes: size, residentBytes: 4096, mode: mode, uid: uid)
    }

    private func mapper(_ pid: Int32, _ bytes: UInt64, offset: UInt64 = 0, access: MappingAccess = [.read, .shared]) -> Mapper {
        Mapper(pid: pid, ranges: [MappedRange(start: 0x10000, end: 0x10000 + bytes, offset: offset, access: access)])
    }

    private func codes(_ facts: Hazards.Facts) -> [String] { hazards.findings(of: facts).map(\.code) }

    @Test func `an object as it should be has no hazard`() {
        for kind in SegmentKind.allCases { #expect(codes(facts(kind)) == [], "\(kind)") }
    }

    @Test func `a mapping behind the end is told, with who and by how much`() throws {
        var object = facts(.posix, size: 4097)
        object.mappers = [mapper(7, 8192), mapper(8, 8192, offset: 4096), mapper(9, 16384)]
        let finding = try #require(hazards.findings(of: object).first)
        #expect(finding.code == "mappedPastEnd" && finding.severity == .warning && finding.offset == 4097)
        #expect(finding.message.contains("processes 8, 9 map it up to 8192 bytes behind the end"))
        object.mappers = [mapper(7, 8192)]
        #expect(codes(object) == [])
        object.mappers = [mapper(7, 4096, offset: .max - 4000)]
        #expect(codes(object) == [])
        var file = facts(.file)
        file.mappers = [mapper(7, 1 << 30)]
        #expect(hazards.findings(of: file).map(\.severity) == [.info])
        var sysv = facts(.sysv, size: 100)
        sysv.mappers = [mapper(7, 8192)]
        #expect(codes(sysv) == [])
    }

    @Test func `what another user may cut short is told, unless a seal keeps it`() {
        var object = facts(.memfd)
        object.mappers = [mapper(7, 4096), mapper(8, 4096, access: [.read, .write, .shared])]
        object.users = [7: 1000, 8: 1001]
        #expect(codes(object) == [])
        object.seals = []
        #expect(codes(object) == ["shrinkable"])
        object.seals = [.shrink]
        #expect(codes(object) == [])
        object.seals = []
        object.users = [7: 1001, 8: 1001]
        #expect(codes(object) == [])
        object.users = [7: 1000, 8: 1001]
        object.mappers[1] = mapper(8, 4096)
        #expect(codes(object) == [])
    }

    @Test func `what all may write is told of what can be opened by name`() {
        #expect(codes(facts(.posix, mode: 0o666)) == ["worldWritable"])
        #expect(codes(facts(.sysv, mode: 0o666)) == ["worldWritable"])
        #expect(codes(facts(.memfd, mode: 0o777)) == [])
        #expect(codes(facts(.posix, mode: 0o660)) == [])
    }

    @Test func `an owner without an account is told, where the accounts are the object's`() {
        #expect(codes(facts(.memfd, uid: 4711)) == ["ownerUnknown"])
        var elsewhere = facts(.memfd, uid: 4711)
        elsewhere.isOwnNamespace = false
        #expect(codes(elsewhere) == [])
        let none = Hazards(pageBytes: 4096, accounts: Accounts(), removesIPC: false)
        #expect(none.findings(of: facts(.memfd, uid: 4711)).isEmpty)
    }

    @Test func `what is held under no name says by whom`() throws {
        var object = facts(.posix)
        object.isDeleted = true
        object.mappers = [mapper(7, 4096)]
        object.holders = [Holder(pid: 7, number: 3), Holder(pid: 9, number: 4)]
        let finding = try #require(hazards.findings(of: object).first)
        #expect(finding.code == "deletedHeld")
        #expect(finding.message == "4096 bytes are held under no name, until processes 7, 9 let go of it")
        object.residentBytes = 0
        #expect(codes(object) == [])
    }

    @Test func `what the login manager will remove is told`() {
        #expect(codes(facts(.posix, uid: 1000)) == ["removedAtLogout"])
        #expect(codes(facts(.semaphore, uid: 1000)) == ["removedAtLogout"])
        #expect(codes(facts(.memfd, uid: 1000)) == [])
        let stays = Hazards(pageBytes: 4096, accounts: Accounts(), removesIPC: false)
        #expect(stays.findings(of: facts(.posix, uid: 1000)).isEmpty)
    }
}
