package import SystemPackage

/// Splits what a file of the kernel says into lines, over one buffer that never grows and serves file after file.
package struct LineReader {
    /// The longest line that is handed on. The longest that maps writes is about 16 KiB: a path of 4,095 newlines,
    /// each written as four bytes.
    package static let lineBytesMax = 32_767

    /// Lines that were longer, and left out, since the reader was made.
    package private(set) var overlongLineCount = 0

    /// One longer than a line, for its newline.
    private var buffer = [UInt8](repeating: 0, count: lineBytesMax + 1)

    package init() {}

    /// Hands each line, without its newline, to `body`; also the last one where no newline ends it.
    ///
    /// - Parameters:
    ///   - bytesMax: how much text is read at most.
    ///   - fill: puts the next bytes into the array, from the given index on, and says how many; 0 at the end.
    /// - Returns: false where there was more than `bytesMax`; the lines up to about there were handed on.
    /// - Throws: what `fill` throws.
    package mutating func forEachLine(
        bytesMax: Int, from fill: (inout [UInt8], Int) throws(Errno) -> Int, _ body: (Span<UInt8>) -> Void
    ) throws(Errno) -> Bool {
        var filled = 0
        var total = 0
        var isDiscarding = false
        while true {
            let got = try fill(&buffer, filled)
            guard got > 0 else { break }
            total += got
            guard total <= bytesMax else { return false }
            let end = filled + got
            let lineStart = handOn(searchedTo: filled, end: end, &isDiscarding, body)
            filled = keep(lineStart..<end, &isDiscarding)
        }
        if filled > 0, !isDiscarding { body(buffer.span.extracting(0..<filled)) }
        return true
    }

    /// Hands on the whole lines in the buffer.
    ///
    /// - Parameters:
    ///   - searchedTo: no newline stands before it.
    ///   - end: where the bytes end.
    ///   - isDiscarding: whether the line that the buffer begins with is already known to be too long.
    /// - Returns: where the next line begins.
    private func handOn(
        searchedTo: Int, end: Int, _ isDiscarding: inout Bool, _ body: (Span<UInt8>) -> Void
    ) -> Int {
        let bytes = buffer.span
        var lineStart = 0
        for index in searchedTo..<end where bytes[index] == UInt8(ascii: "\n") {
            if !isDiscarding { body(bytes.extracting(lineStart..<index)) }
            isDiscarding = false
            lineStart = index + 1
        }
        return lineStart
    }

    /// Moves the beginning of a line to the front of the buffer, unless it is too long to be one.
    ///
    /// - Returns: how many bytes of it are kept.
    private mutating func keep(_ line: Range<Int>, _ isDiscarding: inout Bool) -> Int {
        guard !isDiscarding else { return 0 }
        guard line.count < buffer.count else {
            overlongLineCount += 1
            isDiscarding = true
            return 0
        }
        if line.lowerBound > 0 {
            for index in 0..<line.count { buffer[index] = buffer[line.lowerBound + index] }
        }
        return line.count
    }
}
