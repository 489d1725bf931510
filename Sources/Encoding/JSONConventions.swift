import Observations

// How the API spells what JSON has no type for, each in one place.

extension JSONWriter {
    /// Writes text that stands for itself: ASCII without quotes, backslashes and control characters.
    mutating func quoted(_ beginning: String, plain bytes: [UInt8]) {
        assert(bytes.allSatisfy(JSONKey.isPlain), "what needs escapes is no plain text")
        beforeValue()
        output.append(0x22)
        output.append(contentsOf: beginning.utf8)
        output.append(contentsOf: bytes)
        output.append(0x22)
    }

    /// Writes a device as `"MAJOR:MINOR"`. Nothing at all where there is none.
    mutating func field(_ key: JSONKey, device: DeviceNumber?) {
        guard let device else { return }
        self.key(key)
        beforeValue()
        output.append(0x22)
        output.appendDecimal(UInt64(device.major))
        output.append(0x3A)
        output.appendDecimal(UInt64(device.minor))
        output.append(0x22)
    }

    /// Writes an address or a raw 64-bit word: as text in hexadecimal (`"0x7f10"`), since JavaScript's numbers end at
    /// 2^53. Nothing at all where there is none.
    public mutating func field(_ key: JSONKey, hexadecimal word: UInt64?) {
        guard let word else { return }
        self.key(key)
        beforeValue()
        output.append(contentsOf: "\"0x".utf8)
        output.appendHexadecimal(word, digitCount: hexadecimalDigitCount(word))
        output.append(0x22)
    }

    /// Writes permission bits as text of four octal digits: `"0600"`. Bits above the lowest twelve are left out.
    /// Nothing at all where there is none.
    public mutating func field(_ key: JSONKey, mode: UInt32?) {
        guard let mode else { return }
        self.key(key)
        beforeValue()
        output.append(0x22)
        for shift: UInt32 in [9, 6, 3, 0] {
            output.append(0x30 + UInt8(truncatingIfNeeded: mode >> shift & 7))
        }
        output.append(0x22)
    }

    /// Writes a moment in RFC 3339, UTC, with milliseconds; `null` where it lies outside the years 1 to 9999,
    /// as a time read from a broken segment may.
    ///
    /// - Parameters:
    ///   - seconds: since 1970-01-01T00:00:00Z, without leap seconds.
    ///   - nanoseconds: within the second.
    public mutating func field(_ key: JSONKey, seconds: Int64, nanoseconds: Int) {
        self.key(key)
        beforeValue()
        if seconds != lastSecond {
            lastSecondText.removeAll(keepingCapacity: true)
            lastSecond = RFC3339.append(second: seconds, to: &lastSecondText) ? seconds : nil
        }
        guard seconds == lastSecond, 0..<1_000_000_000 ~= nanoseconds else {
            output.append(contentsOf: "null".utf8)
            return
        }
        output.append(0x22)
        output.append(contentsOf: lastSecondText)
        RFC3339.append(fraction: nanoseconds, to: &output)
        output.append(0x22)
    }

    /// Writes `name`, and `nameBase64` beside it where the bytes are not UTF-8.
    public mutating func nameFields(_ bytes: [UInt8]) {
        if bytes.allSatisfy(JSONKey.isPlain) {
            key("name")
            return quoted("", plain: bytes)
        }
        let (name, nameBase64) = displayName(bytes)
        field("name", name)
        field("nameBase64", nameBase64)
    }
}
