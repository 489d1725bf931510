public import Diagnostics
import Encoding
import Observations
import SharedSegments
import Workload

// What the supervisor knows of workers, in the model's words.

extension WorkerReport: Report {}

extension WorkerReport {
    /// What the supervisor knows, in the model's words.
    init(_ record: WorkerRecord) throws(Problem) {
        guard let segment = try? SegmentIdentifier(pathSegment: record.segment) else {
            throw .internalError("worker \(record.workerId) has a segment that has no name")
        }
        let state: State =
            switch record.state {
            case .running: .running
            case .exited: .exited
            case .killed: .killed
            }
        self.init(
            workerId: record.workerId, pid: Int(record.pid), segment: segment, workload: record.workload.rawValue,
            options: WorkerOptions(record.options), state: state, exitStatus: record.exitStatus.map { Int($0) },
            signal: record.signal.map { SignalName($0) }, operations: record.operations,
            startedAt: WallTime(nanoseconds: record.startedAtNanoseconds),
            ranForMilliseconds: Int(record.ranForMilliseconds), result: record.result.map { WorkerResult($0) },
            message: record.message)
    }
}

extension WorkerResult {
    init(_ result: WorkloadResult) {
        switch result {
        case .pingpong(let roundTrips, let perSecond):
            self = .pingPong(roundTrips: roundTrips, perSecond: perSecond)
        case .falsesharing(let packed, let padded, _):
            self = .falseSharing(packedPerSecond: packed, paddedPerSecond: padded)
        }
    }
}

extension WorkerOptions {
    init(_ options: WorkloadOptions) {
        self.init()
        operations = options.operations.map { UInt64(clamping: $0) }
        ratePerSecond = options.ratePerSecond
        seed = options.seed
        durationMilliseconds = options.durationMilliseconds
        holdMilliseconds = options.holdMilliseconds
        step = options.step
        offset = options.offset
        length = options.length
        access = options.access.flatMap { ProtectionReport.Access(rawValue: $0.rawValue) }
        padding = options.padding.flatMap { Padding(rawValue: $0.rawValue) }
        primitive = options.primitive.flatMap { Primitive(rawValue: $0.rawValue) }
    }
}
