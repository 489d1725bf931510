/// Numbers out of copied bytes: little-endian, checked against their end.
struct Words<Bytes: RandomAccessCollection<UInt8>> {
    private let bytes: Bytes

    /// - Returns: nil where there are fewer bytes than `count`.
    init?(_ bytes: Bytes, count: Int) {
        guard bytes.count >= count else { return nil }
        self.bytes = bytes
    }

    /// 32 bits at an offset below the count by four at least.
    func half(_ offset: Int) -> UInt32 {
        bytes.dropFirst(offset).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// 64 bits at an offset below the count by eight at least.
    func word(_ offset: Int) -> UInt64 { UInt64(half(offset + 4)) << 32 | UInt64(half(offset)) }
}

/// What glibc writes where an object says whether processes share it: FUTEX_SHARED and FUTEX_PRIVATE of
/// sysdeps/nptl/futex-internal.h, which are not the kernel's numbers.
enum GlibcSharing {
    static let shared: UInt32 = 128
    static let isPrivate: UInt32 = 0

    /// - Returns: nil of any other number, which none of glibc's objects has.
    static func isShared(_ word: UInt32) -> Bool? {
        switch word {
        case shared: true
        case isPrivate: false
        default: nil
        }
    }
}
