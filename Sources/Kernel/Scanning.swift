// Reading numbers and words out of the kernel's text. Each function starts at `position`, moves it past what it
// took, and leaves it alone where it answers nil.

/// A decimal number that fits.
@inline(__always)
func takeDecimal(_ text: Span<UInt8>, _ position: inout Int) -> UInt64? {
    var value: UInt64 = 0
    var index = position
    while index < text.count {
        let digit = text[index] &- UInt8(ascii: "0")
        guard digit <= 9 else { break }
        let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
        guard !overflow, !carry else { return nil }
        value = sum
        index += 1
    }
    guard index > position else { return nil }
    position = index
    return value
}

/// The same, where a minus may stand before it.
func takeSigned(_ text: Span<UInt8>, _ position: inout Int) -> Int64? {
    var index = position
    let isNegative = take(UInt8(ascii: "-"), text, &index)
    guard let magnitude = takeDecimal(text, &index), let value = Int64(exactly: magnitude) else { return nil }
    position = index
    return isNegative ? -value : value
}

/// A hexadecimal number of at most 16 digits, in lower case as the kernel writes them.
@inline(__always)
func takeHexadecimal(_ text: Span<UInt8>, _ position: inout Int) -> UInt64? {
    let digitsMax = 16
    var value: UInt64 = 0
    var index = position
    while index < text.count {
        let byte = text[index]
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
        default: digit = .max
        }
        guard digit != .max else { break }
        guard index - position < digitsMax else { return nil }
        value = value << 4 | UInt64(digit)
        index += 1
    }
    guard index > position else { return nil }
    position = index
    return value
}

/// Whether `byte` stands there; then it is taken.
@inline(__always)
func take(_ byte: UInt8, _ text: Span<UInt8>, _ position: inout Int) -> Bool {
    guard position < text.count, text[position] == byte else { return false }
    position += 1
    return true
}

/// Takes all blanks and tabs there are.
@inline(__always)
func skipBlanks(_ text: Span<UInt8>, _ position: inout Int) {
    while position < text.count, text[position] == UInt8(ascii: " ") || text[position] == UInt8(ascii: "\t") {
        position += 1
    }
}

/// Takes everything up to the next `byte`, which stays, or up to the end.
@inline(__always)
func takeUntil(_ byte: UInt8, _ text: Span<UInt8>, _ position: inout Int) -> Range<Int> {
    let start = position
    while position < text.count, text[position] != byte { position += 1 }
    return start..<position
}

/// Whether the bytes `range` begin with `prefix`.
func starts(_ text: Span<UInt8>, _ range: Range<Int>, with prefix: String) -> Bool {
    var index = range.lowerBound
    for byte in prefix.utf8 {
        guard index < range.upperBound, text[index] == byte else { return false }
        index += 1
    }
    return true
}

/// Whether the bytes `range` are `word`.
func equals(_ text: Span<UInt8>, _ range: Range<Int>, _ word: String) -> Bool {
    range.count == word.utf8.count && starts(text, range, with: word)
}

/// Whether the bytes `range` end with `suffix`.
func ends(_ text: Span<UInt8>, _ range: Range<Int>, with suffix: String) -> Bool {
    let count = suffix.utf8.count
    guard range.count >= count else { return false }
    return equals(text, (range.upperBound - count)..<range.upperBound, suffix)
}

/// A copy of the bytes `range`.
func copy(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    for index in range { bytes.append(text[index]) }
    return bytes
}
