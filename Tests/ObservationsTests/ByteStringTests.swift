import Observations
import Testing

@Suite struct ByteStringTests {
    @Test func `text replaces what is not UTF-8, and says so`() {
        let name = ByteString([UInt8(ascii: "a"), 0xff, UInt8(ascii: "b")])
        #expect(name.text == "a\u{fffd}b")
        #expect(!name.isUTF8)
        #expect(ByteString("\u{fffd}").isUTF8)
    }

    @Test func `order is that of the bytes, and the shorter comes first`() {
        let names: [ByteString] = ["", "a", "a\u{0}", "ab", "b", "é"]
        #expect(names.shuffled().sorted() == names)
        #expect(!(names[1] < names[1]))
    }

    @Test(arguments: [("", true), ("sem", true), ("sem.", true), ("sem.x", false), ("x", false)])
    func `a prefix is a prefix of bytes`(prefix: String, expected: Bool) {
        #expect(ByteString("sem.").hasPrefix(ByteString(Array(prefix.utf8))) == expected)
    }

    @Test(arguments: [(0, 0, 3), (2, 2, 1), (3, 3, 0), (4, 3, 0)])
    func `a bounded list keeps up to its limit and counts the rest`(limit: Int, kept: Int, omitted: Int) {
        var list = BoundedList<Int>()
        for number in 0..<3 { list.append(number, limit: limit) }
        #expect(list.elements.count == kept)
        #expect(list.omittedCount == omitted)
    }
}
