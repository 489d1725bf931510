/// A table for a terminal: a header, columns as wide as their widest cell, two spaces between them, no space at the
/// end of a line.
///
/// Cells may hold anything: ``TerminalText`` shows what could break the terminal or the line as an escape.
public struct TextTable: Sendable {
    public struct Column: Sendable {
        public enum Alignment: Sendable { case left, right }

        public let title: String
        public let alignment: Alignment

        /// - Parameter alignment: left for words, right for numbers.
        public init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    public let columns: [Column]
    /// The header and the rows, escaped.
    private var lines: [[TerminalText]]

    /// - Parameter columns: at least one.
    public init(_ columns: [Column]) {
        precondition(!columns.isEmpty, "a table has a column")
        self.columns = columns
        lines = [columns.map { TerminalText($0.title) }]
    }

    /// Adds a row of one cell a column.
    public mutating func addRow(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has one cell a column")
        lines.append(cells.map { TerminalText($0) })
    }

    /// The table, a line feed after each line. O(text).
    public func text() -> String {
        let widths = columns.indices.map { column in lines.lazy.map { $0[column].width }.max() ?? 0 }
        var text = ""
        for line in lines {
            // Spaces wait until something stands after them, so none is left at the end.
            var spaces = 0
            for (column, cell) in line.enumerated() {
                let gap = widths[column] - cell.width
                if columns[column].alignment == .right { spaces += gap }
                if !cell.text.isEmpty {
                    text += String(repeating: " ", count: spaces) + cell.text
                    spaces = 0
                }
                if columns[column].alignment == .left { spaces += gap }
                spaces += 2
            }
            text += "\n"
        }
        return text
    }
}

/// Text that a terminal shows as it stands, and how many of its cells that takes.
public struct TerminalText: Sendable, Equatable {
    /// The text with escapes in it.
    public let text: String
    /// In cells of the terminal.
    public let width: Int

    /// Shows control characters, line and paragraph separators, and the invisible format characters (those that turn
    /// the direction of writing among them) as `\n`, `\t`, `\r` or `\u{1b}`, and a backslash as `\\`, so that two
    /// different names never look the same because of an escape.
    ///
    /// The width is an estimate: two cells for the scalars in ``isWide(_:)``, none for combining marks, one for all
    /// others. Terminals disagree about newer emoji and about sequences that make one picture. O(text).
    public init(_ raw: String) {
        var text = ""
        var width = 0
        for scalar in raw.unicodeScalars {
            if let escape = Self.escape(scalar) {
                text += escape
                width += escape.utf8.count
            } else {
                text.unicodeScalars.append(scalar)
                width += Self.width(scalar)
            }
        }
        self.text = text
        self.width = width
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\\": return #"\\"#
        case "\n": return #"\n"#
        case "\t": return #"\t"#
        case "\r": return #"\r"#
        case " "..."~": return nil
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            return #"\u{"# + String(scalar.value, radix: 16) + "}"
        default: return nil
        }
    }

    /// Cells that a scalar takes.
    static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: return isWide(scalar) ? 2 : 1
        }
    }

    /// Whether a scalar takes two cells: the blocks that Unicode Standard Annex 11 counts as wide or fullwidth,
    /// taken whole: Hangul, kana, Han, Yi, the fullwidth forms, the pictographs.
    static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
            0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
