import Diagnostics
import Observations
import SegmentFormat
import TestSupport

/// Four participants: one alive, one dead in its slot, one of whom nothing can be told, one that left.
enum Owners {
    static let living = OwnerKey(slot: 1, generation: 11)
    static let dead = OwnerKey(slot: 2, generation: 12)
    static let hidden = OwnerKey(slot: 3, generation: 13)
    static let left = OwnerKey(slot: 4, generation: 14)
    /// Sat in slot 1 before the living one.
    static let replaced = OwnerKey(slot: 1, generation: 10)

    static let all = [OwnerKey.external, living, dead, hidden, left, replaced]

    static var records: [ParticipantRecord] {
        var segment = SegmentBytes(layout: .small())
        for (slot, key) in [(1, living), (2, dead), (3, hidden), (4, left)] {
            var participant = SegmentBytes.Participant(pid: UInt32(100 + slot), name: "worker-\(slot)")
            participant.generation = key.generation
            participant.isJoined = key != left
            segment.put(participant, slot: slot)
        }
        return segment.participants(4)
    }

    static var directory: OwnerDirectory {
        OwnerDirectory(participants: records, liveness: [living: .alive, dead: .dead])
    }
}
