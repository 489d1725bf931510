/// What a terminal shows of a text that is painted anew in its place again and again: a line more than it has rows, or a cell
/// more than it has columns, and it scrolls or wraps, so that the next painting stands below what is left of this one.
public struct TerminalScreen: Sendable, Equatable {
    public let rows: Int
    public let columns: Int

    /// - Parameters:
    ///   - rows: 2 or more.
    ///   - columns: 1 or more.
    public init?(rows: Int, columns: Int) {
        guard rows >= 2, columns >= 1 else { return nil }
        self.rows = rows
        self.columns = columns
    }

    /// The lines of a text and those of its foot, that leave the last row to the cursor. Where not all have room, the last of
    /// the text counts those that have none; a foot that leaves no room to the text is cut itself. O(text).
    ///
    /// - Parameter text: lines as ``TerminalText`` makes them, each with an end; `foot` likewise.
    public func fit(_ text: String, above foot: String = "") -> String {
        let lines = Self.lines(text)
        let feet = Self.lines(foot).prefix(rows - 2)
        let room = rows - 1 - feet.count
        let shown = lines.count > room ? lines.prefix(room - 1) + ["… \(lines.count - room + 1) lines more"] : lines
        return (shown + feet).map(cut).joined()
    }

    private static func lines(_ text: String) -> ArraySlice<Substring> {
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    /// The line as far as it has room, with an end; an ellipsis stands where it goes on.
    private func cut(_ line: Substring) -> String {
        var width = 0
        var kept = String.UnicodeScalarView()
        for scalar in line.unicodeScalars {
            let next = width + TerminalText.width(scalar)
            if next > columns {
                while width > columns - 1, let last = kept.popLast() { width -= TerminalText.width(last) }
                return String(kept) + "…\n"
            }
            width = next
            kept.append(scalar)
        }
        return String(kept) + "\n"
    }
}
