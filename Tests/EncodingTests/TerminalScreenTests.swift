import Encoding
import Testing

@Suite struct TerminalScreenTests {
    private func fit(_ text: String, foot: String = "", rows: Int = 4, columns: Int = 6) -> String? {
        TerminalScreen(rows: rows, columns: columns)?.fit(text, above: foot)
    }

    @Test func `what has room stays as it is`() {
        #expect(fit("") == "")
        #expect(fit("a\n\nabcdef\n") == "a\n\nabcdef\n")
        #expect(fit("a\n", foot: "b\nc\n") == "a\nb\nc\n")
    }

    @Test func `lines that have no room are counted`() {
        #expect(fit("a\nb\nc\nd\n", columns: 20) == "a\nb\n… 2 lines more\n")
        #expect(fit("a\nb\nc\nd\n", foot: "f\n", columns: 20) == "a\n… 3 lines more\nf\n")
        #expect(fit("a\nb\n", foot: "1\n2\n3\n", columns: 20) == "… 2 lines more\n1\n2\n")
        #expect(fit("a\nb\n", rows: 2, columns: 20) == "… 2 lines more\n")
    }

    @Test(arguments: [
        ("abcdefg", "abcde…"), ("語語語", "語語語"), ("語語語語", "語語…"), ("a語語語", "a語語…"), ("ab\u{301}cdefg", "ab\u{301}cde…"),
    ])
    func `a line is cut by the cells that it takes`(line: String, cut: String) {
        #expect(fit(line + "\n") == cut + "\n")
    }

    @Test func `a screen of one row, or without a column, shows nothing`() {
        #expect(TerminalScreen(rows: 1, columns: 80) == nil && TerminalScreen(rows: 24, columns: 0) == nil)
    }
}
