public import Diagnostics
import Observations
public import SegmentFormat

extension OperationKind {
    /// The name of a kind that a later version of the format knows.
    static let unknownName = "unknown"

    /// The kind's name in JSON.
    public var name: String {
        switch self {
        case .allocate: "allocate"
        case .resize: "resize"
        case .free: "free"
        case .reclaim: "reclaim"
        case .count: "count"
        case .write: "write"
        case .flag: "flag"
        case .lock: "lock"
        case .join: "join"
        case .leave: "leave"
        case .bury: "bury"
        case .recover: "recover"
        case .damage: "damage"
        }
    }
}

extension ParticipantReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("slot", slot)
        writer.field("generation", generation)
        writer.field("pid", pid)
        writer.field("startedAt", time: startedAt)
        writer.field("name", name)
        writer.field("alive", liveness: alive)
        writer.field("heartbeatAt", timeOrNull: heartbeatAt)
        writer.field("waitingSince", time: waitingSince)
        writer.key("operations")
        writer.object { writer in
            for operation in operations {
                writer.key(text: operation.kind.name)
                writer.value(operation.count)
            }
        }
        writer.field("blockCount", blockCount)
        writer.field("sizeBytes", sizeBytes)
    }
}

extension ParticipantsReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("participants", participants)
        writer.field(next: next)
    }
}

extension EventReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("sequence", sequence)
        writer.field("at", time: at)
        writer.field("kind", kind?.name ?? OperationKind.unknownName)
        writer.field("owner", owner)
        writer.field("tag", tag?.text)
        writer.field("offset", offset)
        writer.field("sizeBytes", sizeBytes)
        writer.field("oldOffset", oldOffset)
        writer.field("oldSizeBytes", oldSizeBytes)
        // Present only where there is something to tell: a write that was begun and not ended.
        writer.field("ended", isEnded ? nil : false)
    }
}

extension EventsReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("events", events)
        writer.field("lost", lost)
        writer.field(next: next)
    }
}
