import Testing

@testable import Workload

@Suite struct ReportTests {
    static let lines: [(ReportLine, String)] = [
        (.operations(0), "operations 0\n"),
        (.operations(9_999_999_999_999_999_999), "operations 9999999999999999999\n"),
        (.roundTrips(12), "roundTrips 12\n"),
        (.rate(.perSecond, 1234.5), "perSecond 1234.500\n"),
        (.rate(.packedPerSecond, 0.001), "packedPerSecond 0.001\n"),
        (.rate(.paddedPerSecond, 123_456_789.25), "paddedPerSecond 123456789.250\n"),
        (.rate(.ratio, 1.0625), "ratio 1.063\n"),
        (.message("no free block, ß"), "message no free block, ß\n"),
    ]

    @Test(arguments: lines.indices) func `a line is read as it was written`(_ index: Int) {
        let (line, text) = Self.lines[index]
        #expect(line.text == text)
        #expect(ReportLine(text.utf8.dropLast()) == line)
    }

    @Test(arguments: [
        "", " ", "operations", "operations ", "operations  1", "operations 1 ", "operations -1", "operations +1",
        "operations 0x1", "operations 99999999999999999999", "operations ١", "Operations 1", "unknown 1",
        "perSecond 1", "perSecond 1.5", "perSecond .500", "perSecond 1.5000", "perSecond 1e3", "perSecond nan",
        "perSecond 1.500.500", "perSecond 1234567890123456.000", "roundTrips 1.000", "message ", "message a\u{7}b",
    ])
    func `what no worker writes is refused`(_ line: String) {
        #expect(ReportLine(line.utf8) == nil)
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(ReportLine(Array("message ".utf8) + [0xff]) == nil)
    }

    @Test func `a message becomes one line that fits, whatever is in it`() {
        let long = ReportLine.message(String(repeating: "ß\n", count: 1000))
        #expect(long.text.utf8.count <= ReportLine.longest)
        #expect(long.text.filter { $0 == "\n" }.count == 1)
        #expect(ReportLine(long.text.utf8.dropLast()) != nil)
    }

    @Test func `a line that comes in pieces is put together`() {
        var reader = ReportReader()
        var lines: [ReportLine] = []
        for byte in "operations 12\nroundTrips 3\noperations 4".utf8 { lines += reader.take([byte]) }
        #expect(lines == [.operations(12), .roundTrips(3)])
        #expect(reader.take([UInt8(ascii: "\n")]) == [.operations(4)])
    }

    @Test func `after a line that no worker writes nothing is believed any more`() {
        var reader = ReportReader()
        #expect(reader.take(Array("operations 1\nrubbish\noperations 2\n".utf8)[...]) == [.operations(1)])
        #expect(reader.isBroken)
        #expect(reader.take(Array("operations 3\n".utf8)[...]) == [])
    }

    @Test(arguments: [(511, false), (512, true)])
    func `a line without an end is given up at its limit`(_ count: Int, _ isBroken: Bool) {
        var reader = ReportReader()
        #expect(reader.take([UInt8](repeating: 0x61, count: count)[...]) == [])
        #expect(reader.isBroken == isBroken)
    }
}

@Suite struct PatternTests {
    @Test func `a shorter pattern is the beginning of a longer one`() {
        let pattern = Pattern(seed: 1, block: 2)
        let long = pattern.bytes(1000)
        for count in [0, 1, 7, 8, 9, 999] { #expect(pattern.bytes(count) == Array(long.prefix(count))) }
    }

    @Test func `patterns of other seeds and blocks differ in their first word`() {
        var seen: Set<[UInt8]> = []
        for seed in 0..<20 as Range<UInt64> {
            for block in 1..<50 as Range<UInt64> { seen.insert(Pattern(seed: seed, block: block).bytes(8)) }
        }
        #expect(seen.count == 20 * 49)
    }
}
