/// Finds the functions of a Swift file and how many lines each takes, by counting braces.
struct FunctionLengths {
    struct Function: Equatable {
        /// `func`, `init`, `deinit` or `subscript`.
        let keyword: String
        /// Counted from 1.
        let line: Int
        /// From the keyword's line to that of the closing brace.
        let lineCount: Int
    }

    private(set) var functions: [Function] = []
    private let code: [UInt8]

    init(_ source: String) {
        code = SwiftText(source).code
        var line = 1
        var word: [UInt8] = []
        var before: UInt8 = 0x20
        for (index, byte) in code.enumerated() {
            if byte.isWordByte {
                word.append(byte)
                continue
            }
            let keyword = String(decoding: word, as: UTF8.self)
            // `.init(` and `self.init(` call one.
            if ["func", "init", "deinit", "subscript"].contains(keyword), before != 0x2E,
                let body = bodyStart(from: index), let end = closing(body)
            {
                let lineCount = 1 + code[index...end].count { $0 == 0x0A }
                functions.append(Function(keyword: keyword, line: line, lineCount: lineCount))
            }
            if byte == 0x0A { line += 1 }
            before = byte
            word = []
        }
    }

    /// The brace that opens the body of a function whose keyword ends at `start`; nil for a requirement of a protocol,
    /// which has none.
    private func bodyStart(from start: Int) -> Int? {
        var open = 0
        for index in start..<code.count {
            switch code[index] {
            case 0x28, 0x5B: open += 1
            case 0x29, 0x5D: open -= 1
            case 0x7B where open == 0: return index
            case 0x7D where open == 0: return nil
            case 0x0A where open == 0 && !continues(after: index): return nil
            default: break
            }
        }
        return nil
    }

    /// Whether the line after the line feed at `index` goes on with a declaration.
    private func continues(after index: Int) -> Bool {
        let rest = code[(index + 1)...].drop { $0 == 0x20 || $0 == 0x0A }
        return ["{", "where", "throws", "async", "rethrows", "->", "(", "<"].contains { rest.starts(with: $0.utf8) }
    }

    private func closing(_ brace: Int) -> Int? {
        var open = 0
        for index in brace..<code.count {
            if code[index] == 0x7B { open += 1 }
            if code[index] == 0x7D { open -= 1 }
            if open == 0 { return index }
        }
        return nil
    }
}
