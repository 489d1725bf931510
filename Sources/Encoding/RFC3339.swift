/// Times as the API writes them: RFC 3339, UTC, milliseconds (`2026-07-14T09:26:53.589Z`), years 0001 to 9999.
///
/// Days are counted in the proleptic Gregorian calendar and every day has 86,400 seconds, as in POSIX: no
/// time zones, no leap seconds, no tables.
public enum RFC3339 {
    /// The moments that can be written, in seconds since 1970-01-01T00:00:00Z.
    public static let seconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// A moment since 1970-01-01T00:00:00Z: `seconds` rounded down, and `nanoseconds`, 0 to 999,999,999, on top.
    public struct Moment: Sendable, Hashable {
        public let seconds: Int64
        public let nanoseconds: Int

        public init(seconds: Int64, nanoseconds: Int) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    /// Writes a moment, cut (not rounded) to milliseconds, so that it never lies in the future of what it tells.
    ///
    /// - Parameters:
    ///   - seconds: since 1970-01-01T00:00:00Z, rounded down; negative before it.
    ///   - nanoseconds: within that second.
    /// - Returns: nil where `seconds` is outside ``seconds`` or `nanoseconds` outside 0 to 999,999,999.
    public static func text(seconds: Int64, nanoseconds: Int) -> String? {
        var text: [UInt8] = []
        guard 0..<1_000_000_000 ~= nanoseconds, append(second: seconds, to: &text) else { return nil }
        append(fraction: nanoseconds, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends a moment up to its second, `2026-07-14T09:26:53`; false, and nothing, where it lies outside ``seconds``.
    static func append(second: Int64, to text: inout [UInt8]) -> Bool {
        guard Self.seconds.contains(second) else { return false }
        let sinceYearOne = second - Self.seconds.lowerBound
        let date = CalendarDate(daysSinceYearOne: Int(sinceYearOne / 86_400))
        let second = sinceYearOne % 86_400
        text.appendDecimal(UInt64(date.year), width: 4)
        text.append(0x2D)
        text.appendDecimal(UInt64(date.month), width: 2)
        text.append(0x2D)
        text.appendDecimal(UInt64(date.day), width: 2)
        text.append(0x54)
        text.appendDecimal(UInt64(second / 3600), width: 2)
        text.append(0x3A)
        text.appendDecimal(UInt64(second / 60 % 60), width: 2)
        text.append(0x3A)
        text.appendDecimal(UInt64(second % 60), width: 2)
        return true
    }

    /// Appends what follows the second: `.589Z`.
    ///
    /// - Parameter nanoseconds: 0 to 999,999,999.
    static func append(fraction nanoseconds: Int, to text: inout [UInt8]) {
        text.append(0x2E)
        text.appendDecimal(UInt64(nanoseconds / 1_000_000), width: 3)
        text.append(0x5A)
    }

    /// Reads a moment: `YYYY-MM-DDThh:mm:ss`, optionally a point and one to nine digits, then `Z`.
    ///
    /// `t` and `z` will do. Refused are other offsets than Z, days that a month does not have, hour 24, and
    /// second 60: there is no such second in POSIX time.
    ///
    /// - Returns: nil where `text` is anything else. O(1).
    public static func moment(_ text: String) -> Moment? {
        let bytes = Array(text.utf8.prefix(31))
        guard 20...30 ~= bytes.count, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] | 0x20 == 0x74,
            bytes[13] == 0x3A, bytes[16] == 0x3A, bytes[bytes.count - 1] | 0x20 == 0x7A,
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19]), hour < 24, minute < 60, second < 60,
            let date = CalendarDate(year: year, month: month, day: day)
        else { return nil }
        let fraction = bytes[19..<(bytes.count - 1)]
        var nanoseconds = 0
        if let point = fraction.first {
            guard point == 0x2E, fraction.count > 1, let value = number(fraction.dropFirst()) else { return nil }
            nanoseconds = value
            for _ in fraction.count..<10 { nanoseconds *= 10 }
        }
        let sinceYearOne = date.daysSinceYearOne * 86_400 + hour * 3600 + minute * 60 + second
        return Moment(seconds: Self.seconds.lowerBound + Int64(sinceYearOne), nanoseconds: nanoseconds)
    }

    /// The value of a short run of decimal digits, or nil where there is any other byte.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard 0x30...0x39 ~= digit else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }
}

/// A day of the proleptic Gregorian calendar, years 1 to 9999.
struct CalendarDate {
    let year: Int
    let month: Int
    let day: Int

    /// The calendar repeats after 400 years, 100 years have one leap day less than 25 times four, and so on.
    private static let daysIn400Years = 146_097
    private static let daysIn100Years = 36_524
    private static let daysIn4Years = 1461

    /// - Parameter days: since 0001-01-01; 0 to 3,652,058.
    init(daysSinceYearOne days: Int) {
        precondition(0..<3_652_059 ~= days, "a day of the years 1 to 9999")
        var rest = days
        let fourCenturies = rest / Self.daysIn400Years
        rest %= Self.daysIn400Years
        // The last century of four, and the last year of four, are one day longer: they must not count as a fifth.
        let centuries = min(rest / Self.daysIn100Years, 3)
        rest -= centuries * Self.daysIn100Years
        let fourYears = rest / Self.daysIn4Years
        rest %= Self.daysIn4Years
        let years = min(rest / 365, 3)
        rest -= years * 365
        year = 400 * fourCenturies + 100 * centuries + 4 * fourYears + years + 1
        var month = 1
        while rest >= Self.dayCount(month: month, year: year) {
            rest -= Self.dayCount(month: month, year: year)
            month += 1
        }
        self.month = month
        day = rest + 1
    }

    /// Nil where the calendar has no such day.
    init?(year: Int, month: Int, day: Int) {
        guard 1...9999 ~= year, 1...12 ~= month, 1...Self.dayCount(month: month, year: year) ~= day else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    var daysSinceYearOne: Int {
        let past = year - 1
        var days = past * 365 + past / 4 - past / 100 + past / 400
        for month in 1..<month { days += Self.dayCount(month: month, year: year) }
        return days + day - 1
    }

    static func dayCount(month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}
