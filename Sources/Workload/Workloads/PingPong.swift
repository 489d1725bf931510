import Kernel
import SharedSegments

/// Two processes alternate through the segment's flag: each pair has a bit of it, 0 where the one with the even seat
/// has its turn, 1 where the other has. A turn is to see one's own value and to store the other one. Who has done its
/// turns leaves; whose partner left earlier, or was killed, waits until it is told to end.
struct PingPong {
    /// One pair for each bit of the flag.
    static let pairCount = 32
    static let seatCount = 2 * pairCount
    /// The deadline of each wait.
    private static let waitMilliseconds = 1000

    private let session: Session
    private let block: MeetingBlock
    private let primitive: Primitive
    private let bit: UInt32
    private let mine: UInt32

    private init(_ session: Session, _ block: MeetingBlock) {
        self.session = session
        self.block = block
        primitive = session.options.primitive ?? .futex
        bit = 1 << UInt32(block.seat / 2)
        mine = block.seat % 2 == 0 ? 0 : bit
    }

    static func run(_ session: Session) throws(WorkloadError) -> WorkloadResult? {
        let block = try MeetingBlock.take(session, kind: .pingpong, seats: seatCount, dataBytes: 0, paired: true) {
            (locked) throws(SegmentError) in
            // Waiters that were killed leave the classic condition broken. Nobody plays: if nobody else waits either,
            // it can be made new.
            guard session.options.primitive == .pthread else { return }
            do throws(SegmentError) {
                try locked.resetClassicCondition()
            } catch {
                guard case .participantsAlive = error else { throw error }
            }
        }
        let result: WorkloadResult?
        do throws(WorkloadError) {
            result = try PingPong(session, block).play()
        } catch {
            try? block.leave(session)
            throw error
        }
        try block.leave(session)
        return result
    }

    private func play() throws(WorkloadError) -> WorkloadResult? {
        var begin: Int64?
        var end: Int64 = 0
        var met = false
        try session.work { () throws(WorkloadError) in
            if !met { met = try meet() }
            guard met, try turn() else { return false }
            end = Clocks.monotonicNanoseconds()
            if begin == nil { begin = end }
            return true
        }
        // Turns are counted from the first on, whose own wait is not one for a partner's answer.
        guard let begin, end > begin else { return nil }
        let perSecond = Double(session.operations - 1) / (Double(end - begin) / 1e9)
        return .pingpong(roundTrips: session.operations - 1, perSecond: perSecond)
    }

    /// Waits for a partner before the first turn: who took its turns before the other one was there could be gone, and
    /// its seat another one's, when that one comes.
    private func meet() throws(WorkloadError) -> Bool {
        try wait(until: { locked in block.isTaken(block.seat ^ 1, session, locked) }) { _ throws(SegmentError) in }
    }

    private func turn() throws(WorkloadError) -> Bool {
        let isTaken = try wait(until: { locked in locked.flag & bit == mine }) { (locked) throws(SegmentError) in
            try locked.setFlag(locked.flag ^ bit)
        }
        if isTaken, primitive == .pthread { session.segment.wakeClassicCondition() }
        return isTaken
    }

    /// - Returns: false where the deadline passed first.
    private func wait(
        until predicate: (borrowing LockedSegment) -> Bool,
        then body: (inout LockedSegment) throws(SegmentError) -> Void
    ) throws(WorkloadError) -> Bool {
        let timeout = Duration.milliseconds(Self.waitMilliseconds)
        let giveUp = session.giveUp
        do throws(SegmentError) {
            return switch primitive {
            case .futex:
                try session.segment.withLock(
                    as: session.me, timeout: timeout, giveUp: giveUp, when: predicate, body) != nil
            case .pthread:
                try session.segment.withClassicLock(
                    as: session.me, timeout: timeout, giveUp: giveUp, when: predicate, body) != nil
            }
        } catch {
            throw .segment(error)
        }
    }
}
