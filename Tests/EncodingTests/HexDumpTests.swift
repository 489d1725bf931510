import Encoding
import Testing

/// The whole dump of `bytes`, fed in chunks of `chunk` bytes.
func dump(
    _ style: HexDump.Style, _ bytes: some Sequence<UInt8>, offset: Int = 0, asked: Int? = nil, chunk: Int = .max
) -> [UInt8] {
    let bytes = Array(bytes)
    var formatter = HexDump(style: style, offset: offset, askedLength: asked)
    var output: [UInt8] = []
    var position = 0
    while position < bytes.count {
        let end = chunk > bytes.count - position ? bytes.count : position + chunk
        formatter.append(bytes.span.extracting(position..<end), to: &output)
        position = end
    }
    formatter.finish(to: &output)
    return output
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct HexDumpTests {
    @Test func `xxd shows groups of two bytes and pads the last row`() {
        let expected = """
            00000000: 4865 6c6c 6f2c 2073 6861 7265 6420 6d65  Hello, shared me
            00000010: 6d6f 7279 0a00 ff                        mory...

            """
        #expect(text(dump(.xxd, Array("Hello, shared memory\n\0".utf8) + [0xFF])) == expected)
    }

    @Test func `canonical shows two groups of eight, squeezes equal rows and ends with the end`() {
        let bytes = [UInt8](repeating: 0, count: 64) + Array("| ~\u{7F}".utf8) + [0x80, 0x1F, 0x20]
        let expected = """
            00000100  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
            *
            00000140  7c 20 7e 7f 80 1f 20                              || ~... |
            00000147

            """
        #expect(text(dump(.canonical, bytes, offset: 0x100)) == expected)
    }

    @Test func `an empty dump is empty, but canonical names an end beyond the start`() {
        #expect(dump(.xxd, []).isEmpty)
        #expect(dump(.xxd, [], offset: 5).isEmpty)
        #expect(dump(.canonical, []).isEmpty)
        #expect(dump(.canonical, [], asked: 7).isEmpty)
        #expect(text(dump(.canonical, [], offset: 5)) == "00000005\n")
        #expect(text(dump(.canonical, [], offset: 5, asked: 7)) == "00000005\n")
        #expect(dump(.canonical, [], offset: 5, asked: 0).isEmpty)
    }

    @Test(arguments: [
        (0xFFFF_FFF0, "fffffff0", "100000000"), (0x1_0000_0000, "100000000", "100000010"),
        (0xF_FFFF_FFF0, "ffffffff0", "1000000000"), (Int.max - 16, "7fffffffffffffef", "7fffffffffffffff"),
    ] as [(Int, String, String)])
    func `the offset grows beyond eight digits`(offset: Int, first: String, end: String) {
        let row = Array("0123456789abcdef".utf8)
        let hex = "3031 3233 3435 3637 3839 6162 6364 6566"
        #expect(text(dump(.xxd, row, offset: offset)) == "\(first): \(hex)  0123456789abcdef\n")
        let canonical = text(dump(.canonical, row, offset: offset)).split(separator: "\n")
        #expect(canonical.map { $0.prefix { $0 != " " } } == [first[...], end[...]])
    }

    @Test func `a row of text holds printable ASCII as it is and points for all else`() {
        let bytes = Array(UInt8.min...UInt8.max)
        let lines = text(dump(.xxd, bytes)).split(separator: "\n")
        let shown = lines.map { $0.suffix(16) }.joined()
        #expect(shown.utf8.elementsEqual(bytes.map { 0x20..<0x7F ~= $0 ? $0 : 0x2E }))
        let digits = lines.map { $0.dropFirst(10).prefix(39).filter { $0 != " " } }.joined()
        #expect(digits == bytes.map { "\($0 < 16 ? "0" : "")\(String($0, radix: 16))" }.joined())
    }

    @Test(arguments: HexDump.Style.allCases, [1, 2, 3, 7, 15, 16, 17, 31, 33, 100, 4096])
    func `chunks of any length make the same text`(style: HexDump.Style, chunk: Int) {
        var random = SplitMix(seed: UInt64(chunk))
        for _ in 0..<20 {
            let bytes = random.rows(count: Int.random(in: 0...700, using: &random))
            #expect(dump(style, bytes, offset: 48, chunk: chunk) == dump(style, bytes, offset: 48))
        }
    }

    @Test(arguments: HexDump.Style.allCases, [0, 0xFFFF_FF00, 1 << 60])
    func `no chunk makes more text than was announced`(style: HexDump.Style, offset: Int) {
        for carried in 0..<16 {
            for count in 0...70 {
                var formatter = HexDump(style: style, offset: offset)
                var output: [UInt8] = []
                formatter.append((0..<carried).map { UInt8($0) }, to: &output)
                #expect(output.isEmpty)
                formatter.append((0..<count).map { UInt8($0) }, to: &output)
                #expect(output.count <= HexDump.outputMaximum(forInput: count))
                output.removeAll()
                formatter.finish(to: &output)
                #expect(output.count <= HexDump.outputMaximum(forInput: 0))
            }
        }
    }

    @Test func `the length of an xxd dump is known beforehand`() {
        for offset in [0, 1, 0xFFFF_FFEF, 0xFFFF_FFF0, 0xFFFF_FFFF, 0x1_0000_0000, 0xF_FFFF_FF81, (1 << 60) - 33] {
            for length in 0...100 {
                let bytes = repeatElement(UInt8(7), count: length)
                let expected = dump(.xxd, bytes, offset: offset).count
                #expect(HexDump.xxdLength(offset: offset, length: length) == expected)
            }
        }
    }

    @Test func `the length of a dump of any object is told without a trap`() {
        #expect(HexDump.xxdLength(offset: 0, length: 1 << 32) == (1 << 28) * 68)
        #expect(HexDump.xxdLength(offset: 0, length: (1 << 32) + 16) == (1 << 28) * 68 + 69)
        #expect(HexDump.xxdLength(offset: 0, length: 1 << 36) == (1 << 28) * 68 + ((1 << 32) - (1 << 28)) * 69)
        #expect(HexDump.xxdLength(offset: 0, length: .max) == nil)
        #expect(HexDump.xxdLength(offset: .max, length: 0) == 0)
        #expect(HexDump.xxdLength(offset: .max - 1, length: 1) == 16 + 2 + 41 + 1 + 1)
    }
}

@Suite struct JSONHexRowsTests {
    private func rows(_ bytes: [UInt8], offset: Int, chunk: Int) -> String {
        json { writer in
            writer.array { writer in
                var rows = JSONHexRows(offset: offset)
                for start in stride(from: 0, to: bytes.count, by: chunk) {
                    rows.append(Array(bytes[start..<min(start + chunk, bytes.count)]), to: &writer)
                }
                rows.finish(to: &writer)
            }
        }
    }

    @Test func `each 16 bytes are an object, equal ones and the short last one too`() {
        let bytes = [UInt8](repeating: 0, count: 32) + Array(#"a"b\c"#.utf8) + [0xFF]
        let zeros = #""hex":"00000000000000000000000000000000","text":"................""#
        let expected = #"[{"offset":7,\#(zeros)},{"offset":23,\#(zeros)},"#
            + #"{"offset":39,"hex":"6122625c63ff","text":"a\"b\\c."}]"#
        for chunk in [1, 5, 16, 17, 32, 100] { #expect(rows(bytes, offset: 7, chunk: chunk) == expected) }
        #expect(rows([], offset: 7, chunk: 1) == "[]")
    }
}

/// Numbers that a seed determines: Steele, Lea and Flood, "Fast splittable pseudorandom number generators".
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Bytes of which many rows of 16 are equal to the one above, and some in all but one byte.
    mutating func rows(count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var row = [UInt8](repeating: 0, count: 16)
        while bytes.count < count {
            switch UInt8.random(in: 0..<8, using: &self) {
            case 0: row = (0..<16).map { _ in UInt8.random(in: 0...255, using: &self) }
            case 1: row[Int.random(in: 0..<16, using: &self)] ^= 1
            case 2: row = [UInt8](repeating: UInt8.random(in: 0...255, using: &self), count: 16)
            default: break
            }
            bytes += row
        }
        return Array(bytes[..<count])
    }
}
