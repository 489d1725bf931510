import Diagnostics
import Observations
import Testing

@Suite struct SearchPatternTests {
    private func found(_ pattern: SearchPattern, in text: [UInt8]) -> [Int] {
        var places: [Int] = []
        var index = 0
        while let place = pattern.first(in: text.span, from: index) {
            places.append(place)
            index = place + 1
        }
        return places
    }

    /// What is meant, the long way.
    private func expected(_ pattern: [UInt8], in text: [UInt8]) -> [Int] {
        guard text.count >= pattern.count else { return [] }
        return (0...(text.count - pattern.count)).filter { text[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }

    @Test func `each place is found, overlapping ones too, and no other`() throws {
        // Few different bytes, so that much nearly fits.
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...60, using: &generator)).map { _ in UInt8.random(in: 0...2, using: &generator) }
            let bytes = (0..<Int.random(in: 1...5, using: &generator)).map { _ in UInt8.random(in: 0...2, using: &generator) }
            let pattern = try SearchPattern(bytes: bytes, field: "hex")
            #expect(found(pattern, in: text) == expected(bytes, in: text), "\(bytes) in \(text)")
        }
    }

    @Test func `hex is pairs of digits, with blanks or without`() throws {
        #expect(try SearchPattern(hex: "deADbe ef").bytes == [0xde, 0xad, 0xbe, 0xef])
        for wrong in ["", " ", "d", "dead0", "0xde", "zz", "de-ad"] {
            #expect(throws: QueryError.self) { try SearchPattern(hex: wrong) }
        }
        #expect(throws: QueryError.self) { try SearchPattern(hex: String(repeating: "00", count: SearchPattern.bytesMax + 1)) }
    }

    @Test(arguments: [
        ("1", 8, [1]), ("255", 8, [255]), ("-1", 8, [255]), ("-128", 8, [128]), ("258", 16, [2, 1]),
        ("0x10203", 32, [3, 2, 1, 0]), ("-2", 32, [254, 255, 255, 255]),
        ("18446744073709551615", 64, [UInt8](repeating: 255, count: 8)),
        ("-9223372036854775808", 64, [0, 0, 0, 0, 0, 0, 0, 128]), ("0", 16, [0, 0]),
    ] as [(String, Int, [UInt8])])
    func `a number becomes its bytes, in either order`(text: String, width: Int, bytes: [UInt8]) throws {
        #expect(try SearchPattern(integer: text, width: width, byteOrder: .little).bytes == bytes)
        #expect(try SearchPattern(integer: text, width: width, byteOrder: .big).bytes == bytes.reversed())
    }

    @Test(arguments: [
        ("256", 8), ("-129", 8), ("65536", 16), ("-32769", 16), ("4294967296", 32), ("18446744073709551616", 64),
        ("-9223372036854775809", 64), ("one", 32), ("", 32), ("+1", 32), ("0x", 32), ("1.5", 32), ("1", 12), ("1", 0),
    ])
    func `a number that does not fit its width is refused`(text: String, width: Int) {
        #expect(throws: QueryError.self) { try SearchPattern(integer: text, width: width, byteOrder: .little) }
    }

    @Test func `a text is looked for in its encoding`() throws {
        #expect(try SearchPattern(text: "é", encoding: .utf8, byteOrder: .little).bytes == [0xc3, 0xa9])
        #expect(try SearchPattern(text: "é1", encoding: .utf16, byteOrder: .little).bytes == [0xe9, 0, 0x31, 0])
        #expect(try SearchPattern(text: "é1", encoding: .utf16, byteOrder: .big).bytes == [0, 0xe9, 0, 0x31])
    }

    @Test func `a question asks for one thing, and says nothing that means nothing`() throws {
        #expect(try SearchQuestion(integer: "1").pattern().bytes == [1, 0, 0, 0])
        #expect(try SearchQuestion(text: "a", byteOrder: .big, encoding: .utf16).pattern().bytes == [0, 0x61])
        let wrong = [
            SearchQuestion(), SearchQuestion(hex: "00", text: "a"), SearchQuestion(hex: "00", width: 8),
            SearchQuestion(text: "a", byteOrder: .big), SearchQuestion(hex: "00", encoding: .utf8),
        ]
        for question in wrong { #expect(throws: QueryError.self) { try question.pattern() } }
    }

    @Test func `a search goes on where it was`() throws {
        let ids: [SegmentIdentifier] = [.posix("a"), .posix("b"), SegmentIdentifier(.memfd(inode: 3))]
        let place = SearchPlace(ids[1], offset: 77)
        let report = SearchReport(matches: [], searchedBytes: 0, hidden: [], next: place)
        let cursor = try #require(report.next)
        let again = try SearchPlace(Cursor(text: cursor.text, list: .search))
        #expect(ids.map { again.start(in: $0) } == [nil, 77, 0])
        #expect(throws: QueryError.self) { try SearchPlace(Cursor(.search, [.number(1)])) }
    }
}
