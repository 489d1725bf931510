import CShmlens
import CrashScenarios
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

@Suite struct ParticipantTests {
    func record(_ segment: Segment, _ slot: Int) -> ParticipantRecord {
        ParticipantRecord(image: Image(bytes: segment.image().bytes), layout: segment.layout, slot: slot)
    }

    func identity(
        _ segment: Segment, pid: UInt32? = nil, namespace: UInt64? = nil, startTime: UInt64? = nil
    ) -> ProcessIdentity {
        let me = segment.process
        return ProcessIdentity(
            pid: pid ?? me.pid, uid: me.uid, pidNamespace: namespace ?? me.pidNamespace,
            startTime: startTime ?? me.startTime)
    }

    @Test func `a table holds as many as it was made for, and then says so`() throws {
        try withSegment(participants: 3) { segment in
            for number in 1...3 {
                let participant = try segment.join(name: "p\(number)")
                #expect(participant.key == OwnerKey(slot: UInt32(number), generation: UInt32(number)))
            }
            #expect(throws: SegmentError.participantsFull(slots: 3)) { try segment.join(name: "p4") }
            #expect(try segment.livingParticipants() == 3)
        }
    }

    @Test func `a slot is given again as late as can be, so that it goes on naming who left`() throws {
        try withSegment(participants: 3) { segment in
            let first = try segment.join(name: "first")
            try segment.leave(first)
            let second = try segment.join(name: "second")
            let third = try segment.join(name: "third")
            #expect([second.key.slot, third.key.slot] == [2, 3])
            #expect(record(segment, 1).name == "first" && !record(segment, 1).isJoined)
            try segment.leave(third)
            // Of two that were used the one whose occupant came first.
            #expect(try segment.join(name: "fourth").key == OwnerKey(slot: 1, generation: 4))
            #expect(record(segment, 3).name == "third")
        }
    }

    @Test(arguments: ["gone", "used again"])
    func `the dead make room for who joins a full table`(why: String) throws {
        try withSegment(participants: 2) { segment in
            // A pid beyond the kernel's limit of 2^22, or this very pid begun at another time.
            let dead = why == "gone" ? identity(segment, pid: 1 << 30) : identity(segment, startTime: 1)
            let first = try segment.join(dead, name: "dead")
            _ = try segment.join(name: "living")
            #expect(try segment.livingParticipants() == 1)
            let second = try segment.join(name: "new")
            #expect(second.key.slot == first.key.slot)
            #expect(second.key.generation == 3)
            #expect(throws: SegmentError.participantsFull(slots: 2)) { try segment.join(name: "more") }
        }
    }

    @Test func `who cannot be seen from here is buried by force alone`() throws {
        try withSegment(participants: 1) { segment in
            let stranger = try segment.join(identity(segment, namespace: 1), name: "stranger")
            try segment.withLock(as: stranger) { (locked) throws(SegmentError) in
                let block = try locked.block(at: try locked.allocate(sizeBytes: 10))
                #expect(locked.ownerLiveness(of: block) == .unknown)
            }
            #expect(try segment.livingParticipants() == 1)
            #expect(throws: SegmentError.participantsFull(slots: 1)) { try segment.join(name: "new") }
            #expect(try segment.reclaim() == (0, 0, 0))
            #expect(throws: SegmentError.participantsAlive(count: 1)) { try Segment.remove(name: segment.name) }
            #expect(try segment.reclaim(includingUnknown: true) == (1, 1, 64))
            _ = try segment.join(name: "new")
        }
    }

    @Test func `blocks of the dead are found and freed, those of others stay`() throws {
        try withSegment { segment in
            let dead = try segment.join(identity(segment, pid: 1 << 30), name: "dead")
            let living = try segment.join(name: "living")
            var kept: [Int] = []
            for round in 0..<30 {
                let owner = [dead, living, nil][round % 3]
                let offset = try segment.withLock(as: owner) { (locked) throws(SegmentError) in
                    try locked.allocate(sizeBytes: 100)
                }
                if round % 3 != 0 { kept.append(offset) }
            }
            #expect(try segment.reclaim() == (1, 10, 10 * 128))
            #expect(try segment.blocks().filter(\.isUsed).map(\.offset) == kept.sorted())
            #expect(try segment.verification().findings == [])
            #expect(try segment.reclaim() == (0, 0, 0))
        }
    }

    @Test func `a limit beyond the table is the table's end`() throws {
        try withSegment { segment in
            try segment.withLock { (locked) throws(SegmentError) in
                for _ in 0..<5 { _ = try locked.allocate(sizeBytes: 10) }
                #expect(try locked.reclaim(from: 1, limit: .max).next == nil)
                #expect(try locked.reclaim(from: 0, limit: 2).next == 2)
                #expect(try locked.reclaim(from: 0, limit: .min).next == 1)
                #expect(try locked.reclaim(from: .max, limit: .max).next == nil)
                #expect(try locked.reclaim(from: -1, limit: 1).next == nil)
            }
        }
    }

    @Test func `who has left can do nothing any more`() throws {
        try withSegment(participants: 1) { segment in
            let gone = try segment.join(name: "gone")
            try segment.leave(gone)
            let refusal = SegmentError.invalid(field: "participant", reason: "has no slot any more")
            #expect(throws: refusal) { try segment.withLock(as: gone) { _ in } }
            // Nor in the name of who came after it.
            let next = try segment.join(name: "next")
            #expect(next.key.slot == gone.key.slot)
            #expect(throws: refusal) { try segment.withLock(as: gone) { _ in } }
            let base = segment.layout.participantOffset(1)
            segment.core.memory.store(base + shmlens_participant_offset_heartbeat_ns, 7)
            segment.heartbeat(gone)
            #expect(record(segment, 1).heartbeatNanoseconds == 7)
            segment.heartbeat(next)
            #expect(record(segment, 1).heartbeatNanoseconds > 7)
            try segment.leave(gone)
            #expect(record(segment, 1).isJoined)
        }
    }

    @Test func `the newcomer's own words begin anew`() throws {
        try withSegment(participants: 1) { segment in
            let first = try segment.join(name: "a rather long name for a worker")
            try segment.withLock(as: first) { (locked) throws(SegmentError) in _ = try locked.count() }
            #expect(record(segment, 1).operations[Int(OperationKind.count.rawValue)] == 1)
            try segment.leave(first)
            _ = try segment.join(name: "b")
            #expect(record(segment, 1).operations.reduce(0, +) == 0)
            #expect(record(segment, 1).name == "b")
            #expect(record(segment, 1).waitingFor == .nothing)
        }
    }

    @Test func `generations begin again after the last one`() throws {
        try withSegment { segment in
            segment.core.memory.store(shmlens_header_offset_next_generation, UInt64(UInt32.max))
            let last = try segment.join(name: "last")
            #expect(last.key.generation == .max)
            let first = try segment.join(name: "first")
            #expect(first.key.generation == 1)
        }
    }

    @Test(arguments: [
        ("", ""), ("worker", "worker"), (String(repeating: "n", count: 32), String(repeating: "n", count: 32)),
        (String(repeating: "n", count: 33), String(repeating: "n", count: 32)),
        (String(repeating: "n", count: 31) + "é", String(repeating: "n", count: 31)), ("a\0b", "a"),
    ])
    func `a name is cut between characters`(name: String, kept: String) throws {
        try withSegment { segment in
            let participant = try segment.join(name: name)
            #expect(participant.name == kept)
            #expect(record(segment, 1).name == kept)
        }
    }
}
