// The one file of this room with `unsafe`: whole rows of hex dumps, written in words instead of bytes.
//
// It pays: in the style of xxd 3.8 GB/s of input, where stores through a MutableSpan reached 0.9 and one append a
// byte 0.3 (in one run, from memory). Each function takes a span and an array, checks the one bound that all its
// loads and stores rest on, and lets no pointer out. Words are stored as they stand: Linux with Swift is little-endian.

extension HexRows {
    /// Appends `rows`, whole ones, in the style of xxd. O(rows).
    static func appendXXD(_ rows: Span<UInt8>, offset: Int, to output: inout [UInt8]) {
        append(rows, as: XXDRow.self, offset: offset, to: &output)
    }

    /// Appends `rows`, whole ones, in the style of hexdump -C, each of them. O(rows).
    static func appendCanonical(_ rows: Span<UInt8>, offset: Int, to output: inout [UInt8]) {
        append(rows, as: CanonicalRow.self, offset: offset, to: &output)
    }

    /// How many bytes at the start of `rows` are rows equal to `row`. O(that many).
    static func lengthOfRepeats(_ rows: Span<UInt8>, of row: SIMD16<UInt8>) -> Int {
        unsafe lengthOfRows(rows) { (position, bytes) in unsafe isEqual(load(bytes, position), row) }
    }

    /// How many bytes at the start of `rows` come before a row that is equal to the one above it. The first row has
    /// none above it here. O(that many).
    static func lengthOfDistinct(_ rows: Span<UInt8>) -> Int {
        unsafe lengthOfRows(rows) { (position, bytes) in
            unsafe position == 0 || !isEqual(load(bytes, position), load(bytes, position &- byteCount))
        }
    }

    /// The row at `position`, which is checked.
    static func row(_ rows: Span<UInt8>, at position: Int) -> SIMD16<UInt8> {
        let row = rows.extracting(position..<(position + byteCount))
        return unsafe row.withUnsafeBytes { (bytes) in unsafe load(bytes, 0) }
    }

    // MARK: Loops over rows

    /// The style is a type: a closure would be called for each row, which costs a third of the speed.
    @inline(__always)
    private static func append<Row: RowText>(
        _ rows: Span<UInt8>, as style: Row.Type, offset: Int, to output: inout [UInt8]
    ) {
        precondition(rows.count % byteCount == 0 && offset >= 0 && offset <= Int.max - rows.count, "whole rows")
        let digitsMaximum = max(8, hexadecimalDigitCount(UInt64(offset + rows.count)))
        let capacity = rows.count / byteCount * (digitsMaximum + Row.countAfterOffset)
        output.append(addingCapacity: capacity) { (span) in
            unsafe span.withUnsafeMutableBufferPointer { (buffer, count) in
                unsafe rows.withUnsafeBytes { (bytes) in
                    guard var text = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
                    let start = unsafe text
                    var position = 0
                    while position < bytes.count {
                        unsafe text += storeOffset(UInt64(offset &+ position), to: text)
                        unsafe Row.store(load(bytes, position), to: text)
                        unsafe text += Row.countAfterOffset
                        position &+= byteCount
                    }
                    count = unsafe text - start
                }
            }
        }
    }

    /// How many bytes at the start of `rows` are rows that `matches` holds for.
    @inline(__always)
    private static func lengthOfRows(
        _ rows: Span<UInt8>, matching matches: (Int, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        precondition(rows.count % byteCount == 0, "whole rows")
        return unsafe rows.withUnsafeBytes { (bytes) in
            var position = 0
            while unsafe position < bytes.count && matches(position, bytes) { position &+= byteCount }
            return position
        }
    }

    /// The row at `position`, which the caller's loop keeps inside `bytes`.
    @inline(__always)
    private static func load(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> SIMD16<UInt8> {
        unsafe bytes.loadUnaligned(fromByteOffset: position, as: SIMD16<UInt8>.self)
    }

    @inline(__always)
    private static func isEqual(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>) -> Bool {
        let difference = unsafe unsafeBitCast(a ^ b, to: SIMD2<UInt64>.self)
        return difference[0] | difference[1] == 0
    }

    /// Stores `offset` with eight digits, or with more where it needs them, and returns how many.
    @inline(__always)
    private static func storeOffset(_ offset: UInt64, to text: UnsafeMutableRawPointer) -> Int {
        var position = 0
        if offset >> 32 != 0 {
            position = hexadecimalDigitCount(offset >> 32)
            for index in 0..<position {
                let shift = UInt64(28 &+ 4 &* (position &- index))
                let digit = hexadecimalDigit(UInt8(truncatingIfNeeded: offset &>> shift) & 0xF)
                unsafe text.storeBytes(of: digit, toByteOffset: index, as: UInt8.self)
            }
        }
        let low = HexDigits.of(UInt32(truncatingIfNeeded: offset).byteSwapped)
        unsafe text.storeBytes(of: low, toByteOffset: position, as: UInt64.self)
        return position &+ 8
    }
}

// MARK: - One row

private protocol RowText {
    /// How many bytes of text follow the offset, the line feed included.
    static var countAfterOffset: Int { get }

    /// Stores that many bytes to `text`.
    static func store(_ row: SIMD16<UInt8>, to text: UnsafeMutableRawPointer)
}

private enum XXDRow: RowText {
    static var countAfterOffset: Int { 60 }

    @inline(__always)
    static func store(_ row: SIMD16<UInt8>, to text: UnsafeMutableRawPointer) {
        unsafe text.storeBytes(of: 0x203A, as: UInt16.self)
        // Four words of eight digits, each two groups of four and a space. A group is stored with three bytes too
        // many, which what comes next overwrites.
        let words = HexDigits.of(row)
        for index in 0..<4 {
            let first = words[index] & 0xFFFF_FFFF | 0x20 << 32
            unsafe text.storeBytes(of: first, toByteOffset: 2 &+ 10 &* index, as: UInt64.self)
            let second = words[index] &>> 32 | 0x20 << 32
            unsafe text.storeBytes(of: second, toByteOffset: 7 &+ 10 &* index, as: UInt64.self)
        }
        unsafe text.storeBytes(of: 0x20, toByteOffset: 42, as: UInt8.self)
        unsafe text.storeBytes(of: HexDigits.shown(row), toByteOffset: 43, as: SIMD2<UInt64>.self)
        unsafe text.storeBytes(of: 0x0A, toByteOffset: 59, as: UInt8.self)
    }
}

private enum CanonicalRow: RowText {
    static var countAfterOffset: Int { 71 }

    @inline(__always)
    static func store(_ row: SIMD16<UInt8>, to text: UnsafeMutableRawPointer) {
        unsafe text.storeBytes(of: 0x2020, as: UInt16.self)
        // Of the digits aabbccdd, "aa bb cc" is stored first and then " dd     ", whose last spaces what comes next
        // overwrites: all but the one in the middle of the row and the one at the end.
        let words = HexDigits.of(row)
        for index in 0..<4 {
            let word = words[index]
            let start = 2 &+ 12 &* index &+ index / 2
            let pairs = word & 0xFFFF | (word & 0xFFFF_0000) &<< 8 | (word & 0xFFFF_0000_0000) &<< 16
            unsafe text.storeBytes(of: pairs | 0x2000_0020_0000, toByteOffset: start, as: UInt64.self)
            let last = (word &>> 48) &<< 8 | 0x2020_2020_2000_0020
            unsafe text.storeBytes(of: last, toByteOffset: start &+ 8, as: UInt64.self)
        }
        unsafe text.storeBytes(of: 0x7C20, toByteOffset: 51, as: UInt16.self)
        unsafe text.storeBytes(of: HexDigits.shown(row), toByteOffset: 53, as: SIMD2<UInt64>.self)
        unsafe text.storeBytes(of: 0x0A7C, toByteOffset: 69, as: UInt16.self)
    }
}

/// Digits and text of many bytes at once, in wrapping arithmetic only: comparisons and masks of Swift's SIMD types
/// come out thirty times slower.
private enum HexDigits {
    /// The eight digits of four bytes, in the order of memory.
    @inline(__always)
    static func of(_ bytes: UInt32) -> UInt64 {
        var spread = UInt64(bytes)
        spread = (spread | spread &<< 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread &<< 8) & 0x00FF_00FF_00FF_00FF
        let nibbles = (spread &>> 4 | spread &<< 8) & 0x0F0F_0F0F_0F0F_0F0F
        // A nibble of ten or more carries into bit 4 once 6 is added: there a letter stands, 39 after the digits.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }

    /// The 32 digits of a row as four words, in the order of memory.
    @inline(__always)
    static func of(_ row: SIMD16<UInt8>) -> SIMD4<UInt64> {
        // The initialiser that does this is not inlined, and costs more than the rest of the function.
        var bytes = SIMD16<UInt16>()
        for index in 0..<16 { bytes[index] = UInt16(row[index]) }
        let nibbles = bytes &>> 4 | (bytes & 15) &<< 8
        let letters = (nibbles &+ 0x0606) &>> 4 & 0x0101
        return unsafe unsafeBitCast(nibbles &+ 0x3030 &+ letters &* 39, to: SIMD4<UInt64>.self)
    }

    /// ``HexRows/shown(_:)`` of each byte.
    @inline(__always)
    static func shown(_ row: SIMD16<UInt8>) -> SIMD2<UInt64> {
        let bytes = unsafe unsafeBitCast(row, to: SIMD2<UInt64>.self)
        let low = bytes & every(0x7F)
        // Bit 7 of each byte: it is at least 0x20, is not 0x7F, and had no bit 7 before.
        let printable = (low &+ every(0x60)) & ~(low &+ every(0x01)) & ~bytes & every(0x80)
        // 0x80 becomes 0xFF: twice the bit, less one.
        let mask = printable &<< SIMD2(repeating: 1) &- printable &>> SIMD2(repeating: 7)
        return bytes & mask | every(0x2E) & ~mask
    }

    @inline(__always)
    private static func every(_ byte: UInt64) -> SIMD2<UInt64> {
        SIMD2(repeating: byte &* 0x0101_0101_0101_0101)
    }
}
