import Kernel
import SharedSegments

/// Takes the lock and keeps it, for a time or until it is told to end.
enum Hold {
    static func run(_ session: Session) throws(WorkloadError) {
        let wanted = session.options.operations ?? 1
        try session.work { () throws(WorkloadError) in
            guard session.operations < wanted else { throw .segment(.gaveUp) }
            try session.locked { (_: inout LockedSegment) throws(SegmentError) in
                // Counted and told when it has the lock: who started it wants to know that it has.
                session.count(1)
                session.tell()
                let end = session.options.holdMilliseconds.map(Deadline.after(milliseconds:)) ?? .max
                _ = session.sleep(until: end)
            }
            return false
        }
    }
}
