import Parallel

extension JSONWriter {
    /// Writes an array that may be long, its parts on several processors at a time. What it looks like is what it would be.
    mutating func field<Element: JSONEncodable & Sendable>(_ key: JSONKey, long elements: [Element]) {
        self.key(key)
        beginArray()
        let parts = inParallel(elements, grain: Self.elementsOfPart) { part in
            var writer = JSONWriter(reservingCapacity: part.count * 512)
            writer.beginArray()
            for element in part { element.write(to: &writer) }
            writer.endArray()
            return [writer.finish()]
        }
        for part in parts where part.count > 2 {
            if needsComma { output.append(0x2C) }
            // Without its brackets.
            output.append(contentsOf: part[1..<part.count - 1])
            needsComma = true
        }
        endArray()
    }

    /// An element of some hundreds of bytes takes a microsecond or two.
    private static var elementsOfPart: Int { 256 }
}
