// The one file of this room with `unsafe`: whole rows of hex dumps, written in words instead of bytes.
//
// It pays: 3.7 GB/s of input against 0.9 for the fastest safe way found (stores through a MutableSpan) and 0.3 for
// one append a byte. Each function takes a span and an array, checks the one bound that all its loads and
// stores rest on, and lets no pointer out. Words are stored as they stand: Linux with Swift is little-endian.

extension HexRows {
    /// Appends `rows`, whole ones, in the style of xxd. O(rows).
    static func appendXXD(_ rows: Span<UInt8>, offset: Int, to output: inout [UInt8]) {
        unsafe append(rows, offset: offset, textMaximum: 60, to: &output) { (text, row, offset) in
            var position = unsafe storeOffset(offset, to: text)
            unsafe text.storeBytes(of: 0x203A, toByteOffset: position, as: UInt16.self)
            position &+= 2
            // Four words of eight digits each. Each group is stored with four bytes too many, which the next overwrites.
            let words = digits(row)
            for index in 0..<4 {
                let first = words[index] & 0xFFFF_FFFF | 0x20 << 32
                unsafe text.storeBytes(of: first, toByteOffset: position, as: UInt64.self)
                let second = words[index] &>> 32 | 0x20 << 32
                unsafe text.storeBytes(of: second, toByteOffset: position &+ 5, as: UInt64.self)
                position &+= 10
            }
            unsafe text.storeBytes(of: 0x20, toByteOffset: position, as: UInt8.self)
            unsafe text.storeBytes(of: shown(row), toByteOffset: position &+ 1, as: SIMD2<UInt64>.self)
            unsafe text.storeBytes(of: 0x0A, toByteOffset: position &+ 17, as: UInt8.self)
            return position &+ 18
        }
    }

    /// Appends `rows`, whole ones, in the style of hexdump -C, each of them. O(rows).
    static func appendCanonical(_ rows: Span<UInt8>, offset: Int, to output: inout [UInt8]) {
        unsafe append(rows, offset: offset, textMaximum: 71, to: &output) { (text, row, offset) in
            var position = unsafe storeOffset(offset, to: text)
            unsafe text.storeBytes(of: 0x2020, toByteOffset: position, as: UInt16.self)
            position &+= 2
            // Of the digits aabbccdd, "aa bb cc" is stored first and then " dd ", with spaces behind it that
            // the next word overwrites, all but the one in the middle of the row and the last.
            let words = digits(row)
            for index in 0..<4 {
                let word = words[index]
                let pairs = word & 0xFFFF | (word & 0xFFFF_0000) &<< 8 | (word & 0xFFFF_0000_0000) &<< 16
                let first = pairs | 0x2000_0020_0000
                unsafe text.storeBytes(of: first, toByteOffset: position, as: UInt64.self)
                let second = (word &>> 48) &<< 8 | 0x2020_2020_2000_0020
                unsafe text.storeBytes(of: second, toByteOffset: position &+ 8, as: UInt64.self)
                position &+= index == 1 ? 13 : 12
            }
            unsafe text.storeBytes(of: 0x7C20, toByteOffset: position, as: UInt16.self)
            unsafe text.storeBytes(of: shown(row), toByteOffset: position &+ 2, as: SIMD2<UInt64>.self)
            unsafe text.storeBytes(of: 0x0A7C, toByteOffset: position &+ 18, as: UInt16.self)
            return position &+ 20
        }
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
        return unsafe row.withUnsafeBytes { (bytes) in unsafe bytes.loadUnaligned(as: SIMD16<UInt8>.self) }
    }

    // MARK: Loops over rows

    /// Calls `store` for each row, with room for 16 digits of offset at most and `textMaximum` bytes less 8 after it.
    ///
    /// - Parameter textMaximum: the length of a row's text without its offset.
    /// - Parameter store: writes one row's text to the pointer and returns its length.
    @inline(__always)
    private static func append(
        _ rows: Span<UInt8>, offset: Int, textMaximum: Int, to output: inout [UInt8],
        store: (UnsafeMutableRawPointer, SIMD16<UInt8>, UInt64) -> Int
    ) {
        precondition(rows.count % byteCount == 0 && offset >= 0 && offset <= Int.max - rows.count, "whole rows")
        let digitCount = max(8, hexadecimalDigitCount(UInt64(offset + rows.count)))
        let capacity = rows.count / byteCount * (textMaximum + digitCount)
        output.append(addingCapacity: capacity) { (span) in
            unsafe span.withUnsafeMutableBufferPointer { (buffer, count) in
                unsafe rows.withUnsafeBytes { (bytes) in
                    guard let text = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
                    var position = 0
                    while position < bytes.count {
                        let row = unsafe load(bytes, position)
                        count &+= unsafe store(text + count, row, UInt64(offset &+ position))
                        position &+= byteCount
                    }
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

    // MARK: One row

    /// Stores `offset` with eight digits, more where it needs them, and returns how many. Room for 16 is there where
    /// they are needed.
    @inline(__always)
    private static func storeOffset(_ offset: UInt64, to text: UnsafeMutableRawPointer) -> Int {
        var position = 0
        if offset >> 32 != 0 {
            position = hexadecimalDigitCount(offset >> 32)
            for index in 0..<position {
                let nibble = UInt8(truncatingIfNeeded: offset &>> UInt64(60 &- 4 &* (index &+ 8 &- position))) & 0xF
                unsafe text.storeBytes(of: hexadecimalDigit(nibble), toByteOffset: index, as: UInt8.self)
            }
        }
        let low = digits(UInt32(truncatingIfNeeded: offset).byteSwapped)
        unsafe text.storeBytes(of: low, toByteOffset: position, as: UInt64.self)
        return position &+ 8
    }

    /// The eight digits of four bytes, in the order of memory.
    @inline(__always)
    private static func digits(_ bytes: UInt32) -> UInt64 {
        var spread = UInt64(bytes)
        spread = (spread | spread &<< 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread &<< 8) & 0x00FF_00FF_00FF_00FF
        let nibbles = (spread &>> 4 | spread &<< 8) & 0x0F0F_0F0F_0F0F_0F0F
        // A nibble of ten or more carries into bit 4 once 6 is added: there a letter stands, 39 after the digits.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }

    /// The 32 digits of a row in four words, in the order of memory: ``digits(_:)-(UInt32)``, sixteen at a time.
    ///
    /// Wrapping arithmetic only: comparisons and masks of Swift's SIMD types come out thirty times slower.
    @inline(__always)
    private static func digits(_ row: SIMD16<UInt8>) -> SIMD4<UInt64> {
        let bytes = SIMD16<UInt16>(truncatingIfNeeded: row)
        let nibbles = bytes &>> 4 | (bytes & 15) &<< 8
        let letters = (nibbles &+ 0x0606) &>> 4 & 0x0101
        return unsafe unsafeBitCast(nibbles &+ 0x3030 &+ letters &* 39, to: SIMD4<UInt64>.self)
    }

    /// The row as its column of text: ``shown(_:)-(UInt8)``, sixteen at a time.
    @inline(__always)
    private static func shown(_ row: SIMD16<UInt8>) -> SIMD2<UInt64> {
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

    @inline(__always)
    private static func isEqual(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>) -> Bool {
        let difference = unsafe unsafeBitCast(a ^ b, to: SIMD2<UInt64>.self)
        return difference[0] | difference[1] == 0
    }
}
