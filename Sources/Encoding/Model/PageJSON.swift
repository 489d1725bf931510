public import Diagnostics
public import Observations

extension PagesReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("pageSize", pageBytes)
        writer.field("runs", runs)
        writer.field("allocatedBefore", allocatedBefore)
        writer.field("allocatedAfter", allocatedAfter)
        writer.field(next: next)
    }
}

extension PageRun: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("offset", offset)
        writer.field("length", length)
        writer.field("state", state.rawValue)
    }
}
