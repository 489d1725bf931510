/// What the words of a glibc `pthread_barrier_t` say, on 64-bit Linux (sysdeps/nptl/internaltypes.h, `struct
/// pthread_barrier`): how many came in all, where the round stands that they wait for, how many a round has, whether
/// processes share it, how many left.
public struct GlibcBarrier: Sendable, Equatable {
    /// How many threads a round lets through.
    public let count: UInt32
    /// How many came for the round that is under way. One that was killed there is counted, and its round lets through one
    /// too few.
    public let arrivedCount: UInt32
    /// How many came in all, for this round and for those before; begins anew at some time.
    public let arrivals: UInt32
    public let processShared: Bool

    /// Bytes of the object that are looked at, of 32.
    public static let byteCount = 20
    /// Where a waiter waits, from the object's first byte.
    public static let waitOffset = 4
    /// BARRIER_IN_THRESHOLD of nptl/pthread_barrier_wait.c: how many come in all before the counts begin anew.
    static let arrivalsMax = UInt32.max / 2

    /// - Parameter bytes: a copy, from the barrier's first byte; what stands behind ``byteCount`` is not looked at.
    /// - Returns: nil where there are fewer bytes, or they cannot be those of a barrier.
    public init?(_ bytes: some RandomAccessCollection<UInt8>) {
        guard let words = Words(bytes, count: Self.byteCount), let isShared = GlibcSharing.isShared(words.half(12)) else {
            return nil
        }
        let (arrivals, round, departures) = (words.half(0), words.half(4), words.half(16))
        count = words.half(8)
        // Who comes beyond the threshold waits until the counts have begun anew, so that a few more may stand there.
        guard count > 0, count <= Self.arrivalsMax, round <= arrivals, departures <= arrivals,
            round % count == 0, arrivals - round <= Self.arrivalsMax
        else { return nil }
        arrivedCount = arrivals - round
        self.arrivals = arrivals
        processShared = isShared
    }
}
