import Diagnostics
import Encoding
import Observations

/// What a managed segment's entry in a list does not say, as far as somebody may have to do something about it.
struct Inside: Sendable, Equatable {
    let id: SegmentIdentifier
    /// With its findings.
    var segment: SegmentDetail
    /// Participants whose process is gone.
    var gone: [ParticipantReport]
    var locks: [LockReport]

    /// Whether a lock keeps somebody waiting, or will.
    var isTroubled: Bool {
        locks.contains { lock in
            lock.verdict != .ok || [.ownerDead, .notRecoverable, .corrupt, .destroyed].contains(lock.state)
                || Self.isLong(lock.owner?.heldForMilliseconds)
                || lock.waiters.contains { Self.isLong($0.waitingForMilliseconds) }
        }
    }

    /// Whether there is anything to tell.
    var isAlarming: Bool { isTroubled || !gone.isEmpty || !segment.summary.findings.isEmpty }

    /// A lock that is held or waited for so long is worth a word.
    private static func isLong(_ milliseconds: Int?) -> Bool { (milliseconds ?? 0) > 1000 }
}

extension Inside: JSONObjectEncodable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.field("id", id.description)
        writer.field("segment", segment)
        writer.field("locks", locks)
        writer.field("participants", gone)
    }
}

/// What is known of the insides of managed segments.
struct InsidesReport: Sendable, Equatable {
    /// Those that have something to tell, a part of them where there are very many: first those with a lock in trouble.
    var insides: [Inside]
    /// How many have something to tell.
    var alarmingCount: Int
    /// Managed segments that there are.
    var managedCount: Int
    /// Those that could not be looked into the last time; what is known of them is old.
    var failedCount: Int
    /// Whether each had its turn.
    var isComplete: Bool
}

extension InsidesReport: JSONObjectEncodable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.field("insides", insides)
        writer.field("alarmingCount", alarmingCount)
        writer.field("managedCount", managedCount)
        writer.field("failedCount", failedCount)
        writer.field("isComplete", isComplete)
    }
}
