public import Diagnostics
import ForeignFormats
public import Observations

extension LockReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writeState(to: &writer)
        writer.field("waiters", waiters)
        writeJudgement(to: &writer)
        writer.field("statistics", statistics)
        if !lastHolders.isEmpty { writer.field("lastHolders", lastHolders) }
    }

    /// What it is, and who has it.
    func writeState(to writer: inout JSONWriter) {
        writer.field("offset", place.offset)
        writer.field("index", place.index)
        writer.field("type", type.rawValue)
        writer.field("label", label)
        writer.field("state", state.rawValue)
        writer.field("recoverable", recoverable)
        writer.field("owner", owner)
        if !ownerCandidates.isEmpty { writer.field("ownerCandidates", ownerCandidates) }
        writer.field("mutexType", mutexType?.rawValue)
        writer.field("robust", robust)
        writer.field("processShared", processShared)
        writer.field("protocol", `protocol`?.rawValue)
        writer.field("value", value)
    }

    /// How it is known, and what is to be made of it.
    func writeJudgement(to writer: inout JSONWriter) {
        writer.field("evidence", evidence.map(\.rawValue))
        writer.field("verdict", verdict.rawValue)
        writer.field("message", message)
        writer.field("advice", advice)
        if !caveats.isEmpty { writer.field("caveats", caveats) }
    }
}

extension LastHolder: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        owner.writeMembers(to: &writer)
        writer.field("sequence", sequence)
        writer.field("at", time: at)
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
        writer.field("sleepsIn", sleepsIn)
    }
}

extension SleepPlace: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("call", call)
        writer.field("descriptor", descriptor)
        writer.field("target", target?.text)
    }
}

extension WaiterReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("pid", pid)
        writer.field("tid", tid)
        writer.field("command", orNull: command)
        writer.field("threadState", threadState.rawValue)
        writer.field("waitingForMilliseconds", waitingForMilliseconds)
        writer.field("timed", timed)
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
