public import Diagnostics
public import Observations

extension ProcessName {
    fileprivate func writeMembers(to writer: inout JSONWriter) {
        writer.field("pid", Int(pid))
        writer.field("command", command.text)
        writer.field("uid", uid)
        // Who has no name is called by the number, as ls and ps do.
        writer.field("user", user ?? "\(uid)")
        writer.field("cgroup", controlGroup?.text)
    }
}

extension MappedRange {
    fileprivate func writeMembers(to writer: inout JSONWriter) {
        writer.field("start", hexadecimal: start)
        writer.field("end", hexadecimal: end)
        writer.field("offset", offset)
        writer.field("access", access.description)
    }
}

extension MappingUse {
    fileprivate func writeMembers(to writer: inout JSONWriter) {
        writer.field("residentBytes", residentBytes)
        writer.field("proportionalBytes", proportionalBytes)
        writer.field("swappedBytes", swappedBytes)
        writer.field("hugeBytes", hugeBytes)
    }
}

extension MappingReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        process.writeMembers(to: &writer)
        range.writeMembers(to: &writer)
        use?.writeMembers(to: &writer)
        writer.field("touched", touched)
    }
}

extension TouchedRun: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("offset", offset)
        writer.field("length", length)
    }
}

extension MappingsReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("mappings", mappings)
        writer.field(next: next)
    }
}

extension ProcessMapping: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("segment", segment)
        writer.nameFields(name.bytes)
        range.writeMembers(to: &writer)
        use?.writeMembers(to: &writer)
    }
}

extension ProcessDescriptors: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("segment", segment)
        writer.nameFields(name.bytes)
        writer.field("descriptor", Int(number))
        writer.field("count", count)
    }
}

extension ProcessReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        process.writeMembers(to: &writer)
        writer.field("startedAt", time: startedAt)
        writer.field("mappings", mappings)
        writer.field("open", open)
        writer.field("residentBytes", residentBytes)
        writer.field("proportionalBytes", proportionalBytes)
    }
}

extension ProcessSummary: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        process.writeMembers(to: &writer)
        writer.field("mappedCount", mappedCount)
        writer.field("segmentCount", segmentCount)
        writer.field("mappedBytes", mappedBytes)
    }
}

extension ProcessesReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("processes", processes)
        writer.field(next: next)
    }
}
