/// A size in bytes as people write it: `"16MiB"`, `"1.5 GiB"`, `"4096"`, `"64kB"`.
public struct ByteSize: Sendable, Hashable {
    /// Not negative.
    public let bytes: Int

    /// - Parameter bytes: not negative.
    public init(bytes: Int) {
        precondition(bytes >= 0, "a size is not negative")
        self.bytes = bytes
    }

    /// Reads a size: a decimal number, at most one space, and a unit.
    ///
    /// Units are `B` (or none), `KiB MiB GiB TiB PiB EiB` (powers of 1024) and `kB MB GB TB PB EB` (powers of
    /// 1000), in upper or lower case: what tells them apart is the `i`. A bare `K` or `M` is refused, since half of
    /// all programs mean the one and half the other. A fraction, of at most 18 digits, is taken where it comes out in
    /// whole bytes: `1.5MiB` does, `0.1KiB` does not.
    ///
    /// - Throws: ``ByteSizeError``. O(length of the text).
    public init(parsing text: String) throws(ByteSizeError) {
        guard text.utf8.count <= Self.textMaximum else { throw .notASize }
        guard !text.utf8.starts(with: "-".utf8) else { throw .negative }
        let bytes = Array(text.utf8)
        let whole = bytes.prefix(while: Self.isDigit)
        var rest = bytes[whole.endIndex...]
        var fraction: ArraySlice<UInt8> = []
        guard !whole.isEmpty else { throw .notASize }
        if rest.first == 0x2E {
            fraction = rest.dropFirst().prefix(while: Self.isDigit)
            guard !fraction.isEmpty else { throw .notASize }
            rest = bytes[fraction.endIndex...]
        }
        if rest.first == 0x20, rest.count > 1 { rest = rest.dropFirst() }
        let unit = try Self.unit(rest)
        self.bytes = try Self.exact(whole: whole, fraction: fraction, unit: unit)
    }

    /// Reads a size from a request: a number of bytes, or a text as ``init(parsing:)`` takes it.
    public init(json value: JSONValue) throws(ByteSizeError) {
        switch value {
        case .string(let text): try self.init(parsing: text)
        case .number(.integer(let bytes)) where bytes >= 0:
            guard let bytes = Int(exactly: bytes) else { throw .outOfRange }
            self.init(bytes: bytes)
        case .number(.integer): throw .negative
        case .number(.unsigned): throw .outOfRange
        case .number(.outOfRange(let digits)): throw digits.utf8.starts(with: "-".utf8) ? .negative : .outOfRange
        case .number(.real(let real)):
            guard real >= 0 else { throw .negative }
            guard real < 0x1p63 else { throw .outOfRange }
            guard let bytes = JSONNumber.real(real).integer() else { throw .notWhole }
            self.init(bytes: bytes)
        case .null, .bool, .array, .object: throw .notASize
        }
    }

    /// Longer texts are no sizes: 19 digits, a point, 18 digits, a space, a unit, and room for zeros.
    static let textMaximum = 64

    private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }

    private static func unit(_ text: ArraySlice<UInt8>) throws(ByteSizeError) -> UInt128 {
        let lower = text.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        if lower.isEmpty || lower == [0x62] { return 1 }
        guard let power = Array("kmgtpe".utf8).firstIndex(of: lower[0]) else { throw .unknownUnit }
        let base: UInt128
        switch lower.dropFirst() {
        case [0x69, 0x62]: base = 1024
        case [0x62]: base = 1000
        default: throw .unknownUnit
        }
        var unit = base
        for _ in 0..<power { unit *= base }
        return unit
    }

    private static func exact(
        whole: ArraySlice<UInt8>, fraction: ArraySlice<UInt8>, unit: UInt128
    ) throws(ByteSizeError) -> Int {
        var significant = fraction
        while significant.last == 0x30 { significant.removeLast() }
        // 10^18 < 2^60, and the largest unit is 2^60: no product below passes 128 bits.
        guard significant.count <= 18 else { throw .notWhole }
        var bytes: UInt128 = 0
        for digit in whole {
            bytes = bytes * 10 + UInt128(digit - 0x30)
            guard bytes <= UInt128(Int.max) else { throw .outOfRange }
        }
        bytes *= unit
        var numerator: UInt128 = 0
        var denominator: UInt128 = 1
        for digit in significant {
            numerator = numerator * 10 + UInt128(digit - 0x30)
            denominator *= 10
        }
        let (quotient, remainder) = (numerator * unit).quotientAndRemainder(dividingBy: denominator)
        guard remainder == 0 else { throw .notWhole }
        guard let total = Int(exactly: bytes + quotient) else { throw .outOfRange }
        return total
    }
}

/// Why a text or a value is not a size.
public enum ByteSizeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not a number, or more than a number and a unit.
    case notASize
    case unknownUnit
    case negative
    /// The fraction leaves a part of a byte.
    case notWhole
    /// More than 2^63 - 1 bytes.
    case outOfRange

    public var description: String {
        switch self {
        case .notASize: "not a size: write bytes as in 4096, or with a unit as in 16MiB"
        case .unknownUnit: "not a unit of size: write B, KiB, MiB, GiB, TiB (1024), or kB, MB, GB, TB (1000)"
        case .negative: "a size is not negative"
        case .notWhole: "a size is a whole number of bytes"
        case .outOfRange: "a size is less than 8 EiB"
        }
    }
}

extension ByteSize: CustomStringConvertible {
    /// The size for people, in the largest binary unit that it fills: `0 B`, `64 KiB`, `1.5 MiB`.
    ///
    /// One decimal place, rounded half up, where the size is no whole number of that unit (so `1.0 MiB` is not
    /// exactly 1 MiB, and `1 MiB` is).
    public var description: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var index = 0
        while index < 6, bytes >> (10 * (index + 1)) > 0 { index += 1 }
        var tenths = Self.tenths(bytes, shift: 10 * index)
        if tenths >= 10_240, index < 6 {
            index += 1
            tenths = Self.tenths(bytes, shift: 10 * index)
        }
        let isWhole = bytes & (1 << (10 * index) - 1) == 0
        return isWhole ? "\(tenths / 10) \(units[index])" : "\(tenths / 10).\(tenths % 10) \(units[index])"
    }

    /// Tenths of 2^shift bytes, rounded half up. The product passes 64 bits at 0.8 EiB.
    private static func tenths(_ bytes: Int, shift: Int) -> Int {
        guard shift > 0 else { return bytes * 10 }
        return Int((UInt128(bytes) * 10 + UInt128(1) << (shift - 1)) >> shift)
    }
}
