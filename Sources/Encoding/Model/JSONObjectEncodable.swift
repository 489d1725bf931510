public import Diagnostics
public import Observations

/// What can write itself as one JSON object, or as members of an object that is open already.
public protocol JSONObjectEncodable: JSONEncodable {
    func writeMembers(to writer: inout JSONWriter)
}

extension JSONObjectEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writeMembers(to: &writer)
        writer.endObject()
    }
}

extension JSONEncodable {
    /// The value as one JSON text.
    public func jsonBytes() -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 1024)
        write(to: &writer)
        return writer.finish()
    }
}

extension Answer: JSONEncodable, JSONObjectEncodable where Content: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        report.writeMembers(to: &writer)
        envelope.writeMembers(to: &writer, addingHidden: report.hidden)
    }
}

extension Envelope: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) { writeMembers(to: &writer, addingHidden: []) }

    func writeMembers(to writer: inout JSONWriter, addingHidden more: [Hidden]) {
        writer.field("takenAt", time: takenAt)
        writer.field("ageMilliseconds", ageMilliseconds)
        writer.field("consistency", consistency?.rawValue)
        writer.field("hidden", hidden + more)
    }
}

extension Hidden: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("what", what)
        writer.field("count", count)
        writer.field("needs", needs)
    }
}

extension Finding: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("code", code)
        writer.field("severity", severity.rawValue)
        writer.field("message", message)
        writer.field("offset", offset)
    }
}

extension Problem: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("title", title)
        writer.field("status", status)
        writer.field("detail", detail)
        writer.field("field", field)
    }
}

// How the model's values are spelt, each in one place.
extension JSONWriter {
    /// Writes a time, or nothing where there is none.
    mutating func field(_ key: JSONKey, time: WallTime?) {
        guard let time else { return }
        field(key, timeOrNull: time)
    }

    /// Writes a time, `null` where there is none.
    mutating func field(_ key: JSONKey, timeOrNull time: WallTime?) {
        guard let time else { return field(key, orNull: String?.none) }
        let (quotient, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        // Seconds are rounded down, also before 1970.
        field(
            key, seconds: rest < 0 ? quotient - 1 : quotient,
            nanoseconds: Int(rest < 0 ? rest + 1_000_000_000 : rest))
    }

    /// Writes `true`, `false` or `"unknown"`.
    mutating func field(_ key: JSONKey, liveness: Liveness) {
        switch liveness {
        case .alive: field(key, true)
        case .dead: field(key, false)
        case .unknown: field(key, "unknown")
        }
    }

    /// Writes the place where a list goes on, or nothing where it ends.
    mutating func field(next cursor: Cursor?) { field("next", cursor?.text) }
}
