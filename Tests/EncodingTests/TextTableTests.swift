import Encoding
import Testing

@Suite struct TextTableTests {
    @Test func `columns are as wide as their widest cell, and no line ends in a space`() {
        var table = TextTable([.init("NAME"), .init("SIZE", .right), .init("OWNER")])
        table.addRow(["demo", "16 MiB", "root"])
        table.addRow(["a-longer-name", "4 KiB", ""])
        table.addRow(["x", "", ""])
        table.addRow(["", "", ""])
        let expected = """
            NAME             SIZE  OWNER
            demo           16 MiB  root
            a-longer-name   4 KiB
            x


            """
        #expect(table.text() == expected)
    }

    @Test func `a table without rows is its header`() {
        #expect(TextTable([.init("A"), .init("B", .right)]).text() == "A  B\n")
    }

    @Test func `wide and combining characters keep the columns straight`() {
        var table = TextTable([.init("N"), .init("V")])
        table.addRow(["日本", "1"])
        table.addRow(["e\u{301}é", "2"])
        table.addRow(["😀", "3"])
        #expect(table.text() == "N     V\n日本  1\ne\u{301}é    2\n😀    3\n")
    }

    @Test(arguments: [
        ("plain ~", "plain ~", 7), ("a\nb", #"a\nb"#, 4), ("\t\r", #"\t\r"#, 4), ("\u{1B}[2J", #"\u{1b}[2J"#, 9),
        ("\0", #"\u{0}"#, 5), ("\u{7F}", #"\u{7f}"#, 6), ("\u{9B}m", #"\u{9b}m"#, 7), ("a\\b", #"a\\b"#, 4),
        ("\\n", #"\\n"#, 3), ("\u{202E}x", #"\u{202e}x"#, 9), ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#, 16),
        ("\u{FEFF}", #"\u{feff}"#, 8), ("\r\n", #"\r\n"#, 4), ("é", "é", 1), ("e\u{301}", "e\u{301}", 1),
        ("한글", "한글", 4), ("ｱ", "ｱ", 1), ("Ａ", "Ａ", 2), ("\u{FFFD}", "\u{FFFD}", 1),
    ] as [(String, String, Int)])
    func `a hostile name cannot break the terminal`(raw: String, expected: String, width: Int) {
        let text = TerminalText(raw)
        #expect(text.text == expected)
        #expect(text.width == width)
    }

    @Test func `no scalar that a terminal obeys comes through`() {
        for value in 0...0x2FFF as ClosedRange<UInt32> {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let isControl = value < 0x20 || 0x7F...0x9F ~= value
            #expect(!isControl || !TerminalText(String(scalar)).text.unicodeScalars.contains(scalar))
        }
    }

    @Test func `a row of the wrong length stops the program`() async {
        await #expect(processExitsWith: .failure) {
            var table = TextTable([.init("A"), .init("B")])
            table.addRow(["1"])
            print(table.text())
        }
    }
}
