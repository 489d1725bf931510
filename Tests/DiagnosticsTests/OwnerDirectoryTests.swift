import Diagnostics
import Observations
import SegmentFormat
import Testing

@Suite struct OwnerDirectoryTests {
    let directory = Owners.directory

    @Test func `external is alive, has pid 0 and a name`() {
        #expect(directory.owner(.external) == .external)
        #expect(OwnerReport.external.name == "external" && OwnerReport.external.pid == 0)
        #expect(!directory.isOrphaned(.external))
    }

    @Test func `a slot's occupant is named and lives as its process does`() {
        #expect(
            directory.owner(Owners.living)
                == OwnerReport(slot: 1, generation: 11, pid: 101, name: "worker-1", alive: .alive))
        #expect(directory.owner(Owners.dead).alive == .dead)
    }

    @Test func `of what cannot be told nothing is an orphan`() {
        #expect(directory.owner(Owners.hidden).alive == .unknown)
        #expect(!directory.isOrphaned(Owners.hidden))
    }

    @Test func `who left a slot that nobody took since is still named`() {
        #expect(
            directory.owner(Owners.left)
                == OwnerReport(slot: 4, generation: 14, pid: 104, name: "worker-4", alive: .dead))
        #expect(directory.isOrphaned(Owners.left))
    }

    @Test func `a generation that its slot does not have any more is dead and without a name`() {
        #expect(
            directory.owner(Owners.replaced) == OwnerReport(slot: 1, generation: 10, pid: nil, name: nil, alive: .dead))
        #expect(directory.isOrphaned(Owners.replaced))
    }

    @Test func `slot 0 cannot be taken by a record`() {
        #expect(directory.owner(OwnerKey(slot: 0, generation: 5)).alive == .dead)
    }

    @Test func `a pid finds every occupant that has it`() {
        #expect(directory.keys(pid: 101) == [Owners.living])
        #expect(directory.keys(pid: 0) == [.external])
        #expect(directory.keys(pid: 7).isEmpty)
    }
}
