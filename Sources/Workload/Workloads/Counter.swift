import SharedSegments

/// Each operation adds one to the counter and writes `NAME: N` into the text.
enum Counter {
    static func run(_ session: Session) throws(WorkloadError) {
        try session.work { () throws(WorkloadError) in
            try session.locked { (locked) throws(SegmentError) in _ = try locked.count() }
            return true
        }
    }
}
