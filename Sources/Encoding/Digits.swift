/// The digit of `nibble`, 0 to 15, in lower case, as ASCII.
@inlinable
func hexadecimalDigit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? 0x30 + nibble : 0x57 + nibble
}

/// The value of a hexadecimal digit of either case, or nil for any other byte.
@inlinable
func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x37
    case 0x61...0x66: digit - 0x57
    default: nil
    }
}

/// How many hexadecimal digits `value` has without leading zeros, at least one.
@inlinable
func hexadecimalDigitCount(_ value: UInt64) -> Int {
    value == 0 ? 1 : (67 - value.leadingZeroBitCount) / 4
}

extension [UInt8] {
    /// Appends `value` in decimal, with zeros in front up to `width` digits.
    @inlinable
    mutating func appendDecimal(_ value: UInt64, width: Int = 1) {
        if value < 10, width <= 1 {
            append(0x30 + UInt8(truncatingIfNeeded: value))
            return
        }
        var digitCount = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            digitCount += 1
        }
        digitCount = Swift.max(digitCount, width)
        append(addingCapacity: digitCount) { digits in
            digits.append(repeating: 0x30, count: digitCount)
            var rest = value
            var index = digitCount - 1
            while rest > 0 {
                digits[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                index -= 1
            }
        }
    }

    /// Appends the lowest `digitCount` digits of `value` in hexadecimal, in lower case.
    @inlinable
    mutating func appendHexadecimal(_ value: UInt64, digitCount: Int) {
        var shift = UInt64(4 * digitCount)
        while shift > 0 {
            shift -= 4
            append(hexadecimalDigit(UInt8(truncatingIfNeeded: value >> shift) & 0xF))
        }
    }
}
