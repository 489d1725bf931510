public import Diagnostics
public import Observations

extension PagesReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("pageSize", pageBytes)
        writer.field("runs", runs)
        writer.field("allocatedBefore", allocatedBefore)
        writer.field("allocatedAfter", allocatedAfter)
        if wasAttached { writer.field("attached", true) }
        writer.field(next: next)
    }
}

extension PageRun: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("offset", offset)
        writer.field("length", length)
        writer.field("state", state.rawValue)
        writer.field("numaNode", numaNode)
        if isHuge { writer.field("huge", true) }
    }
}

extension ReadingProof {
    /// Beside the bytes that it is about.
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("consistency", consistency.rawValue)
        if let changed {
            writer.field("changed", array: { writer in
                for range in changed {
                    writer.object { writer in
                        writer.field("offset", range.lowerBound)
                        writer.field("length", range.count)
                    }
                }
            })
        }
        writer.field("allocatedBefore", allocatedBefore)
        writer.field("allocatedAfter", allocatedAfter)
        if atimeMoved { writer.field("atimeMoved", true) }
    }
}
