// Looking for words and pieces of text, over bytes: these tests read the whole package in a debug build.

extension String {
    /// Split at line feeds, also where a carriage return makes one character of both.
    var lines: [Substring] {
        utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { Substring($0) }
    }
}

extension StringProtocol {
    /// Runs of letters, digits and `_`, each with the byte before it. What is not ASCII counts as letters.
    var words: [(before: UInt8?, word: String)] {
        var words: [(UInt8?, String)] = []
        var before: UInt8?
        var word: [UInt8] = []
        for byte in utf8 {
            if byte.isWordByte {
                word.append(byte)
                continue
            }
            if !word.isEmpty { words.append((before, String(decoding: word, as: UTF8.self))) }
            word = []
            before = byte
        }
        if !word.isEmpty { words.append((before, String(decoding: word, as: UTF8.self))) }
        return words
    }

    /// Each place where `needle` stands, as the byte before it and all bytes after it.
    func places(of needle: String) -> [(before: UInt8?, after: ArraySlice<UInt8>)] {
        let bytes = Array(utf8)
        let needle = Array(needle.utf8)
        return bytes.indices.compactMap { index in
            guard bytes[index] == needle[0], bytes[index...].starts(with: needle) else { return nil }
            return (index > 0 ? bytes[index - 1] : nil, bytes[(index + needle.count)...])
        }
    }
}

extension UInt8 {
    var isWordByte: Bool {
        self == 0x5F || self >= 0x80 || 0x30...0x39 ~= self || 0x41...0x5A ~= self || 0x61...0x7A ~= self
    }
}
