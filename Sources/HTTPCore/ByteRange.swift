/// What a `Range` field asks for (RFC 9110 §14), of a body whose length is known.
public enum ByteRange: Sendable, Equatable {
    /// These bytes, at least one, all inside the body: 206 with ``contentRange(_:of:)``.
    case satisfiable(Range<Int>)
    /// Nothing that the body has: 416 with ``contentRange(of:)``.
    case unsatisfiable

    /// Reads `field`.
    ///
    /// - Parameters:
    ///   - field: the value of `Range`, or nil where there is none.
    ///   - length: the whole body's, in bytes; not negative.
    /// - Returns: nil where the whole body is to be sent: no field, another unit than bytes, more than one range, or a
    ///   field that does not parse; such fields are ignored, as the standard has it. Numbers too large to hold stand
    ///   for the largest.
    public init?(_ field: String?, of length: Int) {
        precondition(length >= 0, "a body's length is not negative")
        guard let field else { return nil }
        let sides = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, Characters.equalIgnoringCase(sides[0], "bytes") else { return nil }
        let ends = Characters.trimmed(sides[1]).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        switch (ends[0].isEmpty, ends[1].isEmpty) {
        case (true, true): return nil
        case (true, false):
            guard let count = Self.number(ends[1]) else { return nil }
            let start = length - min(count, length)
            self = start < length ? .satisfiable(start..<length) : .unsatisfiable
        case (false, _):
            guard let first = Self.number(ends[0]) else { return nil }
            guard let last = ends[1].isEmpty ? Int.max : Self.number(ends[1]), first <= last else { return nil }
            self = first < length ? .satisfiable(first..<(min(last, length - 1) + 1)) : .unsatisfiable
        }
    }

    /// The value of `Content-Range` in a 206.
    public static func contentRange(_ range: Range<Int>, of length: Int) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
    }

    /// The value of `Content-Range` in a 416.
    public static func contentRange(of length: Int) -> String { "bytes */\(length)" }

    private static func number(_ digits: Substring) -> Int? {
        var value = 0
        for digit in digits.utf8 {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = product.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            value = isTooLarge || isStillTooLarge ? .max : sum
        }
        return value
    }
}
