import SharedSegments

/// Ends this process by SIGKILL with the lock held, before a chosen or random store.
enum Crash {
    /// A random step is 1 to this: within one or two operations.
    private static let randomSteps = 1...100
    /// Blocks that it makes on the way at most.
    private static let blockLimit = 16

    static func run(_ session: Session) throws(WorkloadError) {
        var blocks: [Int] = []
        if session.options.operations != nil {
            try session.work { () throws(WorkloadError) in
                try operate(session, &blocks)
                return true
            }
        }
        guard !session.shouldEnd else { return }
        let step = session.options.step ?? Int.random(in: randomSteps, using: &session.random)
        session.tell()
        try session.locked { (locked) throws(SegmentError) in try locked.armFault(atStep: step) }
        // Each of these stores something, so the end comes.
        while true { try operate(session, &blocks) }
    }

    /// One operation out of all that there are.
    private static func operate(_ session: Session, _ blocks: inout [Int]) throws(WorkloadError) {
        var mine = blocks
        defer { blocks = mine }
        let choice = UInt8.random(in: 0..<7, using: &session.random)
        let size = Int.random(in: 1...Churn.largestBytes, using: &session.random)
        try session.locked { (locked) throws(SegmentError) in
            switch choice {
            case 0..<2 where mine.count < blockLimit:
                do throws(SegmentError) {
                    mine.append(try locked.allocate(sizeBytes: size, tag: Churn.tag))
                } catch {
                    guard case .noFreeBlock = error else { throw error }
                    _ = try locked.count()
                }
            case 2:
                guard let last = mine.last else { fallthrough }
                do throws(SegmentError) {
                    mine[mine.count - 1] = try locked.resize(last, to: size)
                } catch {
                    guard case .noFreeBlock = error else { throw error }
                }
            case 3, 4:
                guard let last = mine.popLast() else { fallthrough }
                try locked.free(last)
            case 5: try locked.setFlag(locked.flag &+ 1)
            default: _ = try locked.count()
            }
        }
    }
}
