/// What can write itself as one JSON value.
public protocol JSONEncodable {
    /// Writes exactly one value.
    func write(to writer: inout JSONWriter)
}

extension JSONWriter {
    /// Writes one value.
    @inlinable
    public mutating func value<Value: JSONEncodable>(_ value: Value) {
        value.write(to: &self)
    }

    @inlinable
    public mutating func null() {
        beforeValue()
        output.append(contentsOf: "null".utf8)
    }

    /// Writes a member.
    @inlinable
    public mutating func field<Value: JSONEncodable>(_ key: JSONKey, _ value: Value) {
        self.key(key)
        value.write(to: &self)
    }

    /// Writes a member, or nothing at all where there is no value.
    @inlinable
    public mutating func field<Value: JSONEncodable>(_ key: JSONKey, _ value: Value?) {
        guard let value else { return }
        self.key(key)
        value.write(to: &self)
    }

    /// Writes a member whose absence says something: `null` where there is no value.
    @inlinable
    public mutating func field<Value: JSONEncodable>(_ key: JSONKey, orNull value: Value?) {
        self.key(key)
        if let value { value.write(to: &self) } else { null() }
    }

    /// Writes a member that is an object.
    @inlinable
    public mutating func field<Failure: Error>(
        _ key: JSONKey, object body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try object(body)
    }

    /// Writes a member that is an array.
    @inlinable
    public mutating func field<Failure: Error>(
        _ key: JSONKey, array body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try array(body)
    }
}

// MARK: - The standard library's values

extension Array: JSONEncodable where Element: JSONEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for element in self { element.write(to: &writer) }
        writer.endArray()
    }
}

extension Bool: JSONEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) {
        writer.beforeValue()
        writer.output.append(contentsOf: (self ? "true" : "false").utf8)
    }
}

extension String: JSONEncodable {
    /// Any string is written: `"`, `\` and the control characters escaped, the rest, `/` too, as UTF-8.
    @inlinable
    public func write(to writer: inout JSONWriter) {
        writer.beforeValue()
        writer.appendQuoted(self)
    }
}

extension Double: JSONEncodable {
    /// The shortest text that reads back as the same number (`0.1`, `1e+20`, `-0.0`).
    ///
    /// JSON has no infinities and no NaN: they are written as `null`, "no number". To stop the program would let
    /// a division by zero in a figure about a broken segment take the whole answer down.
    @inlinable
    public func write(to writer: inout JSONWriter) {
        guard isFinite else {
            writer.null()
            return
        }
        writer.beforeValue()
        writer.output.append(contentsOf: description.utf8)
    }
}

extension Int: JSONEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Int64: JSONEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Int32: JSONEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt64: JSONEncodable {
    /// All 64 bits in decimal. A reader in JavaScript keeps 53 of them: raw words go as text, see
    /// ``JSONWriter/field(_:hexadecimal:)``.
    @inlinable
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt32: JSONEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt16: JSONEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt8: JSONEncodable {
    @inlinable
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

// MARK: - Digits and escapes

extension JSONWriter {
    /// Writes an integer of at most 64 bits in decimal.
    @inlinable
    public mutating func integer<Integer: FixedWidthInteger>(_ value: Integer) {
        beforeValue()
        if value < 0 { output.append(0x2D) }
        output.appendDecimal(UInt64(value.magnitude))
    }

    /// Appends `text` in quotes.
    ///
    /// U+0000–001F, `"` and `\` are escaped because JSON says so; U+007F–009F because a terminal that shows an
    /// answer may obey them (U+009B begins a control sequence), and a name can be made of them.
    @inlinable
    mutating func appendQuoted(_ text: String) {
        output.append(0x22)
        if JSONWriter.isPlain(text.utf8.span) {
            output.append(contentsOf: text.utf8)
        } else {
            appendEscaped(text.utf8.span)
        }
        output.append(0x22)
    }

    /// Whether every byte stands for itself. 0xC2 leads U+0080–00BF and so asks for the careful way.
    ///
    /// Looks at every byte and never branches: the compiler takes 16 of them at a time, ten times as fast as a loop
    /// that leaves at the first one found.
    @inlinable
    static func isPlain(_ utf8: Span<UInt8>) -> Bool {
        var special: UInt8 = 0
        for index in utf8.indices {
            let byte = utf8[index]
            special |= byte < 0x20 ? 1 : 0
            special |= byte == 0x22 ? 1 : 0
            special |= byte == 0x5C ? 1 : 0
            special |= byte == 0x7F ? 1 : 0
            special |= byte == 0xC2 ? 1 : 0
        }
        return special == 0
    }

    @usableFromInline
    mutating func appendEscaped(_ utf8: Span<UInt8>) {
        var index = 0
        while index < utf8.count {
            let byte = utf8[index]
            index += 1
            switch byte {
            case 0x22: output.append(contentsOf: #"\""#.utf8)
            case 0x5C: output.append(contentsOf: #"\\"#.utf8)
            case 0x08: output.append(contentsOf: #"\b"#.utf8)
            case 0x09: output.append(contentsOf: #"\t"#.utf8)
            case 0x0A: output.append(contentsOf: #"\n"#.utf8)
            case 0x0C: output.append(contentsOf: #"\f"#.utf8)
            case 0x0D: output.append(contentsOf: #"\r"#.utf8)
            case 0x00..<0x20, 0x7F: appendUnicodeEscape(byte)
            case 0xC2 where utf8[index] < 0xA0:
                // Two bytes of a valid string: the second is there, and is the scalar's own low byte.
                appendUnicodeEscape(utf8[index])
                index += 1
            default: output.append(byte)
            }
        }
    }

    private mutating func appendUnicodeEscape(_ scalar: UInt8) {
        output.append(contentsOf: #"\u00"#.utf8)
        output.append(hexadecimalDigit(scalar >> 4))
        output.append(hexadecimalDigit(scalar & 0xF))
    }
}
