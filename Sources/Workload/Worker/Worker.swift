import Glibc
public import SharedSegments

/// What a worker process does.
public enum Worker {
    /// Joins a segment, does what a workload says until it is done or told to end, and leaves.
    ///
    /// Blocks for as long as that takes. It frees its blocks and its slot when it ends, whether it is done, told to
    /// end, or the time is up. `crash` and `trespass` end the process instead. Whatever it waits for, it ends within
    /// ``Termination/graceMilliseconds`` of the flag being raised, as long as the lock can be had in that time.
    ///
    /// - Parameters:
    ///   - name: for people; default: the workload and the pid.
    ///   - stop: raised by whoever wants it to end.
    ///   - report: hears of its progress; what it answers is for the caller to send.
    /// - Throws: ``WorkloadError``: ``WorkloadError/segment(_:)`` with ``SegmentError/lockTimeout(_:)`` where it could
    ///   not leave in time, since somebody keeps the lock.
    public static func run(
        segment: Segment, kind: WorkloadKind, options: WorkloadOptions, name: String? = nil, stop: StopFlag,
        report: ProgressReport
    ) throws(WorkloadError) -> WorkerOutcome {
        do throws(WorkloadOptionError) {
            try options.check(for: kind)
        } catch {
            throw .option(error)
        }
        let participant: Participant
        do throws(SegmentError) {
            participant = try segment.join(
                name: name ?? "\(kind.rawValue)-\(getpid())", giveUp: { stop.isRaised })
        } catch {
            if error == .gaveUp { return WorkerOutcome(operations: 0, result: nil) }
            throw .segment(error)
        }
        let session = Session(
            segment: segment, participant: participant, options: options,
            seed: options.seed ?? UInt64.random(in: 0...UInt64.max), stop: stop, report: report)
        let result: WorkloadResult?
        do throws(WorkloadError) {
            result = try work(kind, session)
        } catch .segment(.gaveUp) {
            // It was told to end where there was nothing to put in order but the slot.
            result = nil
        } catch {
            // The first failure is the one to tell; a slot that cannot be given back is taken back by others.
            try? session.leave()
            session.tell()
            throw error
        }
        try session.leave()
        return WorkerOutcome(operations: session.operations, result: result)
    }

    private static func work(_ kind: WorkloadKind, _ session: Session) throws(WorkloadError) -> WorkloadResult? {
        switch kind {
        case .counter: try Counter.run(session)
        case .churn: try Churn.run(session)
        case .mixed: try Mixed.run(session)
        case .pingpong: return try PingPong.run(session)
        case .hold: try Hold.run(session)
        case .crash: try Crash.run(session)
        case .trespass: try Trespass.run(session)
        case .falsesharing: return try FalseSharing.run(session)
        }
        return nil
    }
}
