/// What a workload found out beside doing its operations.
public enum WorkloadResult: Sendable, Equatable {
    /// Turns of this worker that its partner answered, and how many a second.
    case pingpong(roundTrips: UInt64, perSecond: Double)
    /// Additions of this worker a second, on a line that others write too and on lines of its own; nil where it was not
    /// asked for or the time was too short. The ratio is padded to packed.
    case falsesharing(packedPerSecond: Double?, paddedPerSecond: Double?, ratio: Double?)
}

/// What a worker did.
public struct WorkerOutcome: Sendable, Equatable {
    public let operations: UInt64
    public let result: WorkloadResult?
}
