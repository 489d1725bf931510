public import Diagnostics
import Observations

extension SearchMatch: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("segment", segment)
        writer.field("offset", offset)
        writer.field("hex", Self.hexadecimal(bytes))
        writer.field("following", Self.hexadecimal(following))
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes { text.appendHexadecimal(UInt64(byte), digitCount: 2) }
        return String(decoding: text, as: UTF8.self)
    }
}

extension SearchReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("matches", matches)
        writer.field("searchedBytes", searchedBytes)
        if atimeMoved { writer.field("atimeMoved", true) }
        if wasAttached { writer.field("attached", true) }
        writer.field(next: next)
    }
}
