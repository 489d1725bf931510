public import Diagnostics
import ForeignFormats
import Observations

extension SegmentSummary: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("id", id)
        writer.field("kind", kind.rawValue)
        writer.nameFields(name.bytes)
        writer.field("managed", managed)
        writer.field("deleted", deleted)
        writer.field("sizeBytes", sizeBytes)
        writer.field("residentBytes", residentBytes)
        writer.field("swappedBytes", swappedBytes)
        writer.field("mode", mode: mode)
        writer.field("uid", uid)
        writer.field("gid", gid)
        writer.field("user", user)
        writer.field("group", group)
        writer.field("mapperCount", orNull: mapperCount)
        writer.field("attachCount", attachCount)
        writer.field("openCount", openCount)
        writer.field("creatorPid", creatorPID.map { Int($0) })
        writer.field("lastPid", lastPID.map { Int($0) })
        writer.field("seals", seals?.names)
        writer.field("inode", inode)
        writer.field("device", device: device)
        writer.field("createdAt", time: createdAt)
        writer.field("changedAt", time: changedAt)
        writer.field("attachedAt", time: attachedAt)
        writer.field("detachedAt", time: detachedAt)
        writer.field("orphaned", orphaned)
        writer.field("orphanedSince", time: orphanedSince)
        writer.field("family", family)
        writer.field("findings", findings)
    }
}

extension SegmentsReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("segments", long: segments)
        writer.field(next: next)
    }
}

extension SegmentDetail: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        summary.writeMembers(to: &writer)
        writer.field("header", header)
        writer.field("lock", lock)
        writer.field("heap", heap)
        writer.field("participantCount", participantCount)
        writer.field("protection", protection)
    }
}

extension HeaderReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("uuid", uuid)
        writer.field("formatVersion", formatVersion)
        writer.field("architecture", architecture)
        writer.field("libc", libc)
        writer.field("createdAt", time: createdAt)
        writer.field("creator", creator)
        writer.field("counter", counter)
        writer.field("text", text.text)
        writer.field("flag", flag)
        writer.field("damaged", damaged)
    }
}

extension HeaderReport.Creator: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("pid", pid)
        writer.field("uid", uid)
        writer.field("name", name)
    }
}

extension ProtectionReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("offset", offset)
        writer.field("length", length)
        writer.field("access", access.rawValue)
        writer.field("locked", locked.rawValue)
    }
}

extension LayoutReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) { writer.field("regions", regions) }
}

extension RegionReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("name", name)
        writer.field("offset", offset)
        writer.field("sizeBytes", sizeBytes)
        writer.field("fields", fields)
    }
}

extension FieldReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("name", name)
        writer.field("type", type)
        writer.field("offset", offset)
        writer.field("sizeBytes", sizeBytes)
        switch value {
        case nil: writer.field("value", orNull: String?.none)
        case .integer(let value): writer.field("value", value)
        case .integers(let values): writer.field("value", values)
        case .hexadecimal(let word): writer.field("value", hexadecimal: word)
        case .text(let text): writer.field("value", text)
        case .bytes(let bytes): writer.field("value", Self.digits(bytes))
        case .time(let time): writer.field("value", time: time)
        }
    }

    private static func digits(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for byte in bytes { text.appendHexadecimal(UInt64(byte), digitCount: 2) }
        return String(decoding: text, as: UTF8.self)
    }
}

extension VerifyReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("blocksChecked", blocksChecked)
        writer.field("bytesChecked", bytesChecked)
        writer.field(
            "findings",
            array: { writer in
                for finding in findings { writer.object { Self.writeMembers(of: finding, to: &$0) } }
            })
    }

    /// A finding of a check is always an error, in a segment that the request named.
    private static func writeMembers(of finding: Finding, to writer: inout JSONWriter) {
        writer.field("code", finding.code)
        writer.field("offset", orNull: finding.offset)
        writer.field("message", finding.message)
    }
}

extension ReclaimReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("blocksFreed", blocksFreed)
        writer.field("bytesFreed", bytesFreed)
        writer.field("slotsFreed", slotsFreed)
    }
}
