import Encoding
import Testing

@Suite struct RFC3339Tests {
    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000Z"), (-1, 999_999_999, "1969-12-31T23:59:59.999Z"),
        (1_784_021_213, 589_000_000, "2026-07-14T09:26:53.589Z"), (951_782_400, 0, "2000-02-29T00:00:00.000Z"),
        (4_107_542_400, 1_000_000, "2100-03-01T00:00:00.001Z"), (-62_135_596_800, 0, "0001-01-01T00:00:00.000Z"),
        (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999Z"), (0, 999_999, "1970-01-01T00:00:00.000Z"),
        (1_735_603_200, 0, "2024-12-31T00:00:00.000Z"), (978_220_800, 0, "2000-12-31T00:00:00.000Z"),
    ] as [(Int64, Int, String)])
    func `a moment is written in UTC, cut to milliseconds`(seconds: Int64, nanoseconds: Int, expected: String) {
        #expect(RFC3339.text(seconds: seconds, nanoseconds: nanoseconds) == expected)
        let read = RFC3339.Moment(seconds: seconds, nanoseconds: nanoseconds / 1_000_000 * 1_000_000)
        #expect(RFC3339.moment(expected) == read)
    }

    @Test(arguments: [
        (-62_135_596_801, 0), (253_402_300_800, 0), (.min, 0), (.max, 0), (0, -1), (0, 1_000_000_000), (0, .min),
    ] as [(Int64, Int)])
    func `what is outside the years 1 to 9999 or the second has no text`(seconds: Int64, nanoseconds: Int) {
        #expect(RFC3339.text(seconds: seconds, nanoseconds: nanoseconds) == nil)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:01Z", 1, 0), ("1970-01-01t00:00:01z", 1, 0), ("1970-01-01T00:00:00.5Z", 0, 500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 0, 1), ("1970-01-01T00:00:00.123456789Z", 0, 123_456_789),
    ] as [(String, Int64, Int)])
    func `a moment is read with any precision down to nanoseconds`(text: String, seconds: Int64, nanoseconds: Int) {
        #expect(RFC3339.moment(text) == RFC3339.Moment(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01T00:00Z", "1970-1-1T00:00:00Z",
        "1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00,5Z", "1970-01-01T00:00:00.5",
        "1970-01-01T00:00:00.1234567890Z", "1970-01-01T00:00:00.12 Z", "0000-01-01T00:00:00Z", "1970-00-01T00:00:00Z",
        "1970-13-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z", "1970-04-31T00:00:00Z",
        "1970-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z", "2016-12-31T23:59:60Z", "+970-01-01T00:00:00Z", "1970-01-01T-1:00:00Z",
        "1970-01-01T00:00:00ZZ", " 1970-01-01T00:00:00Z", "1970/01/01T00:00:00Z", "1970-01-01T00.00.00Z",
        "10000-01-01T00:00:00Z", "1970-01-01T00:00:00.123456789123456789Z",
    ])
    func `anything else is no moment`(text: String) {
        #expect(RFC3339.moment(text) == nil)
    }

    /// Counts the days year by year, where the program divides.
    @Test func `the days about every leap day and every new year are right`() {
        var newYear: Int64 = -719_162
        for year in 1...9999 {
            let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
            let number = String(repeating: "0", count: 4 - String(year).count) + String(year)
            let leap: Int64 = isLeap ? 1 : 0
            for (day, date) in [
                (newYear, "01-01"), (newYear + 58, "02-28"), (newYear + 58 + leap, isLeap ? "02-29" : "02-28"),
                (newYear + 59 + leap, "03-01"), (newYear + 364 + leap, "12-31"),
            ] {
                let text = "\(number)-\(date)T23:59:59.000Z"
                let seconds = day * 86_400 + 86_399
                guard RFC3339.text(seconds: seconds, nanoseconds: 0) == text,
                    RFC3339.moment(text) == RFC3339.Moment(seconds: seconds, nanoseconds: 0)
                else {
                    Issue.record("\(text) is \(RFC3339.text(seconds: seconds, nanoseconds: 0) ?? "nothing")")
                    return
                }
            }
            newYear += 365 + leap
        }
    }
}
