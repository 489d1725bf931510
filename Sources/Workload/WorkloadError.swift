public import SharedSegments
public import SystemPackage

/// Why a worker's work failed.
public enum WorkloadError: Error, Sendable, Equatable {
    case option(WorkloadOptionError)
    case segment(SegmentError)
    /// What a block holds is not what was written into it.
    case corruption(offset: Int, what: String, seed: UInt64)
    /// As many as can work together do already.
    case seatsTaken(workload: WorkloadKind, seats: Int)
    /// A block that has the meeting block's tag is not one.
    case foreignMeetingBlock(tag: String, offset: Int)
    /// A store that had to end the process did not.
    case notEnded(by: String)
    /// The process that started this one has ended already.
    case supervisorGone
    case system(operation: String, object: String, Errno)
}

extension WorkloadError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .option(let error): error.description
        case .segment(let error): error.description
        case .corruption(let offset, let what, let seed):
            "the block at offset \(offset) is corrupt: \(what) (the worker's seed was \(seed))"
        case .seatsTaken(let workload, let seats):
            "\(seats) workers of \(workload.rawValue) work on this segment already, which is as many as can"
        case .foreignMeetingBlock(let tag, let offset):
            "the block at offset \(offset) has the tag \(tag) and is not what workers of that workload meet in: "
                + "free it or give it another tag"
        case .notEnded(let signal): "a store that had to end this process by \(signal) did not"
        case .supervisorGone: "the supervisor that started this worker has ended"
        case .system(let operation, let object, let errno): "\(operation) of \(object) failed: \(errno)"
        }
    }
}
