import Kernel
import SharedSegments

/// Counters of several processes, packed on one cache line and then each on lines of its own.
///
/// The processes meet in a ``MeetingBlock`` and need no barrier to do the same thing at the same time: which of the two
/// it is follows from the clock that they share. Time is cut into slices of ``sliceNanoseconds`` of CLOCK_MONOTONIC; in
/// even ones all of them count packed, in odd ones padded. So one may come, go or be killed at any moment.
struct FalseSharing {
    /// Counters of 64 bits that fit a line.
    static let seatCount = 8
    static let sliceNanoseconds: Int64 = 20_000_000
    /// Additions between two looks at the clock.
    private static let chunk = 1000
    /// A counter's own space: two lines, because processors fetch lines in pairs.
    private static let paddedBytes = 128
    private static let defaultMilliseconds = 1000

    private struct Tally {
        var additions: UInt64 = 0
        var nanoseconds: Int64 = 0

        var perSecond: Double? {
            nanoseconds > 0 ? Double(additions) / (Double(nanoseconds) / 1e9) : nil
        }
    }

    private let session: Session
    private let padding: Padding
    private let packedOffset: Int
    private let paddedOffset: Int
    private let endsAt: Int64
    private var packed = Tally()
    private var padded = Tally()

    private init(_ session: Session, _ block: MeetingBlock) {
        self.session = session
        padding = session.options.padding ?? .both
        packedOffset = block.dataOffset + 8 * block.seat
        paddedOffset = block.dataOffset + Self.paddedBytes * (1 + block.seat)
        let isBounded = session.options.operations != nil || session.options.durationMilliseconds != nil
        endsAt = isBounded ? .max : Deadline.after(milliseconds: Self.defaultMilliseconds)
    }

    static func run(_ session: Session) throws(WorkloadError) -> WorkloadResult? {
        let block = try MeetingBlock.take(
            session, kind: .falsesharing, seats: seatCount, dataBytes: paddedBytes * (1 + seatCount))
        var measurement = FalseSharing(session, block)
        do throws(SegmentError) {
            try measurement.measure()
        } catch {
            try? block.leave(session)
            throw .segment(error)
        }
        try block.leave(session)
        return measurement.result
    }

    private mutating func measure() throws(SegmentError) {
        let limit = session.options.operations.map { UInt64($0) } ?? .max
        var lastSlice: Int64 = -1
        while !session.shouldEnd, Clocks.coarseNanoseconds() < endsAt, session.operations < limit || !isComplete {
            let begin = Clocks.monotonicNanoseconds()
            let slice = begin / Self.sliceNanoseconds
            let isPacked = padding == .both ? slice % 2 == 0 : padding.isPacked
            try session.segment.incrementWord(at: isPacked ? packedOffset : paddedOffset, times: Self.chunk)
            let end = Clocks.monotonicNanoseconds()
            session.count(UInt64(Self.chunk))
            if slice != lastSlice { session.segment.heartbeat(session.me) }
            // What fell into two slices, and the first of a slice, when others are still at the other kind, is no
            // measurement of either.
            if slice == lastSlice, end / Self.sliceNanoseconds == slice {
                note(nanoseconds: end - begin, isPacked: isPacked)
            }
            lastSlice = slice
        }
    }

    private mutating func note(nanoseconds: Int64, isPacked: Bool) {
        if isPacked {
            packed.additions += UInt64(Self.chunk)
            packed.nanoseconds += nanoseconds
        } else {
            padded.additions += UInt64(Self.chunk)
            padded.nanoseconds += nanoseconds
        }
    }

    /// Whether there is a measurement of each kind that was asked for.
    private var isComplete: Bool {
        (!padding.isPacked || packed.nanoseconds > 0) && (!padding.isPadded || padded.nanoseconds > 0)
    }

    private var result: WorkloadResult? {
        let packedPerSecond = packed.perSecond
        let paddedPerSecond = padded.perSecond
        guard packedPerSecond != nil || paddedPerSecond != nil else { return nil }
        var ratio: Double?
        if let packedPerSecond, let paddedPerSecond { ratio = paddedPerSecond / packedPerSecond }
        return .falsesharing(packedPerSecond: packedPerSecond, paddedPerSecond: paddedPerSecond, ratio: ratio)
    }
}
