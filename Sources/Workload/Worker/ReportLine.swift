/// One line of what a worker tells its supervisor: a key, a space, a value.
///
/// | key | value |
/// | --- | --- |
/// | `operations` | done so far |
/// | `roundTrips` | of `pingpong` |
/// | `perSecond` `packedPerSecond` `paddedPerSecond` `ratio` | a rate: digits, a point, three digits |
/// | `message` | why it failed, for people |
///
/// Lines come any number of times; the last of a key counts. The text is UTF-8, at most ``longest`` bytes with its
/// newline, which is less than what a pipe takes in one piece.
enum ReportLine: Equatable, Sendable {
    case operations(UInt64)
    case roundTrips(UInt64)
    case rate(Rate, thousandths: UInt64)
    case message(String)

    enum Rate: String, CaseIterable, Sendable {
        case perSecond
        case packedPerSecond
        case paddedPerSecond
        case ratio
    }

    /// Bytes of a line.
    static let longest = 512

    static func rate(_ key: Rate, _ value: Double) -> ReportLine {
        .rate(key, thousandths: UInt64(exactly: (max(0, value) * 1000).rounded()) ?? 0)
    }

    /// The line, with its newline.
    var text: String {
        switch self {
        case .operations(let count): "operations \(count)\n"
        case .roundTrips(let count): "roundTrips \(count)\n"
        case .rate(let key, let thousandths):
            "\(key.rawValue) \(thousandths / 1000).\(Self.threeDigits(thousandths % 1000))\n"
        case .message(let text): "message \(Self.cleaned(text))\n"
        }
    }

    /// - Parameter line: without its newline.
    /// - Returns: nil for anything that a worker does not write.
    init?(_ line: some Collection<UInt8>) {
        guard line.count < Self.longest else { return nil }
        guard let text = String(validating: line, as: UTF8.self), let space = text.firstIndex(of: " ") else {
            return nil
        }
        let key = text[..<space]
        let value = text[text.index(after: space)...]
        switch key {
        case "operations":
            guard let count = Self.number(value) else { return nil }
            self = .operations(count)
        case "roundTrips":
            guard let count = Self.number(value) else { return nil }
            self = .roundTrips(count)
        case "message":
            guard !value.isEmpty, value == Self.cleaned(String(value)) else { return nil }
            self = .message(String(value))
        default:
            guard let rate = Rate(rawValue: String(key)), let thousandths = Self.thousandths(value) else { return nil }
            self = .rate(rate, thousandths: thousandths)
        }
    }

    /// Digits and nothing else, as many as surely fit.
    private static func number(_ text: Substring) -> UInt64? {
        guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return UInt64(text)
    }

    private static func thousandths(_ text: Substring) -> UInt64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count <= 15, parts[1].utf8.count == 3,
            let whole = number(parts[0]), let rest = number(parts[1])
        else { return nil }
        return whole * 1000 + rest
    }

    private static func threeDigits(_ value: UInt64) -> String {
        let digits = String(value)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// One line of text that fits: control characters become spaces, the rest is cut.
    private static func cleaned(_ text: String) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
            let kept: Unicode.Scalar = isControl ? " " : scalar
            count += UTF8.width(kept)
            guard count <= longest - "message \n".utf8.count - 1 else { break }
            result.unicodeScalars.append(kept)
        }
        return result
    }
}
