package import Observations

/// What futex_waitv(2) is handed: `struct futex_waitv` of linux/futex.h, a value, an address, flags.
package enum FutexVector {
    package static let entryBytes = 24
    /// FUTEX2_PRIVATE.
    private static let privateFlag: UInt32 = 128

    /// Whole entries, as the waits that they are.
    package static func entries(_ bytes: [UInt8], isTimed: Bool) -> [FutexWait] {
        let image = Image(bytes: bytes)
        return (0..<bytes.count / entryBytes).compactMap { index in
            let start = index * entryBytes
            guard let value = image.word(at: start), let address = image.word(at: start + 8),
                let flags = image.halfWord(at: start + 16)
            else { return nil }
            return FutexWait(
                address: address, operation: .wait, isPrivate: flags & privateFlag != 0,
                value: UInt32(truncatingIfNeeded: value), isTimed: isTimed)
        }
    }
}

extension SemaphoreOperation {
    package static let byteCount = 6

    /// Whole ones; sys/sem.h: an index, a change, flags, of 16 bits each.
    package static func all(_ bytes: [UInt8]) -> [SemaphoreOperation] {
        (0..<bytes.count / byteCount).map { number in
            func half(_ offset: Int) -> UInt16 {
                let start = number * byteCount + offset
                return UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
            }
            return SemaphoreOperation(index: Int(half(0)), change: Int(Int16(bitPattern: half(2))))
        }
    }
}
