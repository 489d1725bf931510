import Kernel
import SharedSegments

/// A worker at work: its place in the segment, what it counts, and when it has to end. One thread's.
final class Session {
    let segment: Segment
    let me: Participant
    let options: WorkloadOptions
    let stop: StopFlag
    let report: ProgressReport
    let seed: UInt64
    var random: SeededRandom
    private(set) var operations: UInt64 = 0
    /// Where operations are to come at a rate.
    private var steady: Pace?
    /// CLOCK_MONOTONIC; after it the worker goes, though nobody told it to.
    private let endsAt: Int64
    /// Asked by whatever waits.
    let giveUp: () -> Bool
    private var closesAt: Int64?

    /// How long leaving may take, all in all.
    static let closingMilliseconds = 700
    /// How often a worker that sleeps says that it lives.
    private static let heartbeatNanoseconds: Int64 = 500_000_000

    init(
        segment: Segment, participant: Participant, options: WorkloadOptions, seed: UInt64, stop: StopFlag,
        report: ProgressReport
    ) {
        self.segment = segment
        me = participant
        self.options = options
        self.stop = stop
        self.report = report
        self.seed = seed
        random = SeededRandom(seed: seed)
        steady = options.ratePerSecond.map { Pace(perSecond: $0, begin: Clocks.monotonicNanoseconds()) }
        let endsAt = options.durationMilliseconds.map(Deadline.after(milliseconds:)) ?? .max
        self.endsAt = endsAt
        giveUp = { stop.isRaised || Clocks.monotonicNanoseconds() >= endsAt }
    }

    /// Whether it was told to end, or its time is up.
    var shouldEnd: Bool { stop.isRaised || Clocks.coarseNanoseconds() >= endsAt }

    // MARK: Under the lock

    /// Runs `body` with the lock held, as this participant.
    ///
    /// - Throws: ``SegmentError/gaveUp`` where it has to end before it gets the lock.
    func locked<Result>(
        _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(WorkloadError) -> Result {
        do throws(SegmentError) {
            return try segment.withLock(as: me, giveUp: giveUp, body)
        } catch {
            throw .segment(error)
        }
    }

    /// The same as `external`, for what outlives the worker.
    func lockedAsExternal<Result>(
        _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(WorkloadError) -> Result {
        do throws(SegmentError) {
            return try segment.withLock(giveUp: giveUp, body)
        } catch {
            throw .segment(error)
        }
    }

    /// Runs `body` with the lock held, while the worker leaves: with what is left of the time for that.
    func closing<Result>(
        as participant: Participant?, _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(WorkloadError) -> Result {
        do throws(SegmentError) {
            return try segment.withLock(as: participant, timeout: closingTime(), body)
        } catch {
            throw .segment(error)
        }
    }

    /// Gives the slot back.
    func leave() throws(WorkloadError) {
        do throws(SegmentError) {
            try segment.leave(me, timeout: closingTime())
        } catch {
            throw .segment(error)
        }
    }

    private func closingTime() -> Duration {
        let end = closesAt ?? Deadline.after(milliseconds: Self.closingMilliseconds)
        closesAt = end
        return Deadline.remaining(until: end)
    }

    // MARK: Operations

    /// Does an operation again and again, at the rate asked for, until as many are done as asked for or the worker has
    /// to end.
    ///
    /// - Parameter operation: answers whether it was one that counts. Where it throws ``SegmentError/gaveUp``, the
    ///   worker has to end.
    func work(_ operation: () throws(WorkloadError) -> Bool) throws(WorkloadError) {
        let limit = options.operations.map { UInt64($0) } ?? .max
        while operations < limit, pace(), !shouldEnd {
            do throws(WorkloadError) {
                guard try operation() else { continue }
            } catch {
                if error == .segment(.gaveUp) { return }
                throw error
            }
            count(1)
        }
    }

    func count(_ done: UInt64) {
        operations += done
        report.progress(operations, now: Clocks.coarseNanoseconds())
    }

    /// Tells what was done so far at once: before something after which nothing can be told.
    func tell() { report.send(.operations(operations)) }

    /// Sleeps until the next operation is due.
    ///
    /// - Returns: false where the worker has to end instead.
    private func pace() -> Bool {
        guard let due = steady?.due(after: operations, now: Clocks.monotonicNanoseconds()) else { return true }
        return !sleep(until: due)
    }

    /// Sleeps until a point in time on CLOCK_MONOTONIC, saying now and then that it lives.
    ///
    /// - Returns: true where the worker has to end instead.
    func sleep(until nanoseconds: Int64) -> Bool {
        while true {
            let now = Clocks.monotonicNanoseconds()
            guard !stop.isRaised, now < endsAt else { return true }
            guard now < nanoseconds else { return false }
            stop.wait(until: min(nanoseconds, endsAt, now + Self.heartbeatNanoseconds))
            segment.heartbeat(me)
        }
    }
}
