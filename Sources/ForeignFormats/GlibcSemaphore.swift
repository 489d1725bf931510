/// What the words of a glibc `sem_t` say, on 64-bit Linux (sysdeps/nptl/internaltypes.h, `struct new_sem`): the value in
/// the lower half of a 64-bit word and the number of those who wait in the upper, then whether processes share it.
///
/// A semaphore has no owner: whoever posts it next wakes a waiter.
public struct GlibcSemaphore: Sendable, Equatable {
    /// How often it can be taken before somebody waits.
    public let value: UInt32
    /// Threads that said that they wait; one that was killed while it waited is counted for ever.
    public let waiterCount: UInt32
    public let processShared: Bool

    /// Bytes of the object that are looked at, of 32.
    public static let byteCount = 16
    /// Where a waiter waits, from the object's first byte.
    public static let waitOffset = 0
    /// SEM_VALUE_MAX of bits/semaphore.h.
    static let valueMax = UInt32(Int32.max)

    /// - Parameter bytes: a copy, from the semaphore's first byte; what stands behind ``byteCount`` is not looked at.
    /// - Returns: nil where there are fewer bytes, or they cannot be those of a semaphore.
    public init?(_ bytes: some RandomAccessCollection<UInt8>) {
        guard let words = Words(bytes, count: Self.byteCount), words.half(0) <= Self.valueMax,
            let isShared = GlibcSharing.isShared(words.half(8)), words.half(12) == 0
        else { return nil }
        value = words.half(0)
        waiterCount = words.half(4)
        processShared = isShared
    }
}
