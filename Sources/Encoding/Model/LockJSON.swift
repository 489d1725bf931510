public import Diagnostics
import ForeignFormats
import Observations

extension LockReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("offset", offset)
        writer.field("type", type.rawValue)
        writer.field("label", label)
        writer.field("state", state.rawValue)
        writer.field("recoverable", recoverable)
        writer.field("owner", owner)
        writer.field("waiters", waiters)
        writer.field("mutexType", mutexType?.rawValue)
        writer.field("robust", robust)
        writer.field("processShared", processShared)
        writer.field("protocol", `protocol`?.rawValue)
        writer.field("evidence", evidence.map(\.rawValue))
        writer.field("verdict", verdict.rawValue)
        writer.field("statistics", statistics)
    }
}

extension LockOwnerReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("pid", orNull: pid)
        writer.field("tid", tid)
        writer.field("command", orNull: command)
        writer.field("alive", liveness: alive)
        writer.field("threadState", threadState.rawValue)
        writer.field("heldForMilliseconds", heldForMilliseconds)
    }
}

extension WaiterReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("pid", pid)
        writer.field("tid", tid)
        writer.field("command", orNull: command)
        writer.field("threadState", threadState.rawValue)
        writer.field("waitingForMilliseconds", waitingForMilliseconds)
    }
}

extension LockReport.Statistics: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("acquisitions", acquisitions)
        writer.field("contended", contended)
        writer.field("ownerDeaths", ownerDeaths)
        writer.field("sampled", sampled)
        writer.field("waitHistogram", waitHistogram)
        writer.field("holdHistogram", holdHistogram)
    }
}

extension TimeCount: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("upToNanoseconds", orNull: upToNanoseconds)
        writer.field("count", count)
    }
}

extension LocksReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) { writer.field("locks", locks) }
}
