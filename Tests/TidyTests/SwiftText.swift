/// A Swift file taken apart into code and comments, each of the file's own length, so that lines and columns agree.
///
/// What is not part of one is blank in it: comments and the text of strings in `code`, everything else in `comments`.
/// What stands in `\( )` inside a string is code. A name in backticks is blank, since it may hold anything.
/// Regular-expression literals between slashes are not known here, and not used in this package.
struct SwiftText {
    private(set) var code: [UInt8]
    private(set) var comments: [UInt8]

    private let bytes: [UInt8]
    private var position = 0
    private var contexts: [Context] = [.code(openParentheses: 0)]

    private enum Context {
        /// Of an interpolation, which ends at the parenthesis that nothing in it opened, or of the file.
        case code(openParentheses: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    init(_ source: String) {
        bytes = Array(source.utf8)
        code = bytes
        comments = bytes.map { $0 == 0x0A ? $0 : 0x20 }
        while position < bytes.count {
            switch contexts[contexts.count - 1] {
            case .code(let open): takeCode(openParentheses: open)
            case .string(let hashes, let isMultiline): takeString(hashes, isMultiline)
            }
        }
    }

    var codeLines: [String] { Self.lines(code) }
    var commentLines: [String] { Self.lines(comments) }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    private func has(_ text: String, at start: Int) -> Bool {
        bytes[min(start, bytes.count)...].starts(with: text.utf8)
    }

    /// Blanks the code up to `end`, leaving line feeds.
    private mutating func blank(to end: Int, isComment: Bool = false) {
        for index in position..<min(end, bytes.count) where bytes[index] != 0x0A {
            code[index] = 0x20
            if isComment { comments[index] = bytes[index] }
        }
        position = min(end, bytes.count)
    }

    // MARK: Code

    private mutating func takeCode(openParentheses: Int) {
        if has("//", at: position) {
            blank(to: bytes[position...].firstIndex(of: 0x0A) ?? bytes.count, isComment: true)
            return
        }
        if has("/*", at: position) { return takeBlockComment() }
        if has("`", at: position) {
            let end = bytes[(position + 1)...].firstIndex { $0 == 0x60 || $0 == 0x0A } ?? bytes.count
            return blank(to: end + 1)
        }
        if beginsString() { return }
        switch bytes[position] {
        case 0x28: contexts[contexts.count - 1] = .code(openParentheses: openParentheses + 1)
        case 0x29 where openParentheses == 0 && contexts.count > 1:
            contexts.removeLast()
            return blank(to: position + 1)
        case 0x29: contexts[contexts.count - 1] = .code(openParentheses: max(0, openParentheses - 1))
        default: break
        }
        position += 1
    }

    private mutating func takeBlockComment() {
        var depth = 0
        var end = position
        repeat {
            if has("/*", at: end) {
                depth += 1
                end += 2
            } else if has("*/", at: end) {
                depth -= 1
                end += 2
            } else {
                end += 1
            }
        } while depth > 0 && end < bytes.count
        blank(to: end, isComment: true)
    }

    // MARK: Strings

    private mutating func beginsString() -> Bool {
        var quote = position
        while has("#", at: quote) { quote += 1 }
        guard has("\"", at: quote) else { return false }
        let hashes = quote - position
        // Three quotes that something follows on the line are a string that begins with a quote, or an empty one.
        let afterThree = bytes[min(quote + 3, bytes.count)...].first { $0 != 0x20 }
        let isMultiline = has("\"\"\"", at: quote) && (afterThree == 0x0A || afterThree == nil)
        contexts.append(.string(hashes: hashes, isMultiline: isMultiline))
        blank(to: quote + (isMultiline ? 3 : 1))
        return true
    }

    private mutating func takeString(_ hashes: Int, _ isMultiline: Bool) {
        let marks = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + marks
        if has(end, at: position) || (!isMultiline && bytes[position] == 0x0A) {
            contexts.removeLast()
            blank(to: position + (bytes[position] == 0x0A ? 1 : end.utf8.count))
        } else if has("\\\(marks)(", at: position) {
            contexts.append(.code(openParentheses: 0))
            blank(to: position + hashes + 2)
        } else if has("\\\(marks)", at: position) {
            blank(to: position + hashes + 2)
        } else {
            blank(to: position + 1)
        }
    }
}
