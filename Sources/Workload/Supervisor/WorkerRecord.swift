/// What a supervisor knows of a worker; the names are the API's keys.
public struct WorkerRecord: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case running
        /// It ended by itself; ``WorkerRecord/exitStatus`` says how.
        case exited
        /// A signal ended it.
        case killed
    }

    /// Counted from 1; never given twice.
    public let workerId: Int
    public let pid: Int32
    /// The segment's id, as it was asked for.
    public let segment: String
    public let workload: WorkloadKind
    public let options: WorkloadOptions
    public internal(set) var state = State.running
    /// 0 to 255, of one that exited.
    public internal(set) var exitStatus: Int32?
    /// The signal's number, of one that was killed.
    public internal(set) var signal: Int32?
    /// As it last said; of one that was killed, up to a tenth of a second before.
    public internal(set) var operations: UInt64 = 0
    /// CLOCK_REALTIME, nanoseconds.
    public let startedAtNanoseconds: Int64
    /// Until now, or until it ended.
    public internal(set) var ranForMilliseconds: Int64 = 0
    public internal(set) var result: WorkloadResult?
    /// Why it failed, in its own words.
    public internal(set) var message: String?
}

/// Why a supervisor did not do what it was asked for.
public enum SupervisorError: Error, Sendable, Equatable {
    case option(WorkloadOptionError)
    /// As many workers run as may.
    case tooMany(alive: Int, limit: Int)
    case noSuchWorker(workerId: Int)
    /// It was killed and has not ended yet: the kernel is busy with it.
    case notEnded(workerId: Int)
    case shuttingDown
    /// Whoever asked has given up waiting.
    case abandoned
    case system(operation: String, object: String, errorNumber: Int32)
}

extension SupervisorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .option(let error): error.description
        case .tooMany(let alive, let limit):
            "\(alive) workers run and \(limit) may: end some, or wait until some have ended"
        case .noSuchWorker(let id): "there is no worker \(id), or it ended too long ago to be listed"
        case .notEnded(let id): "worker \(id) was killed and has not ended yet; look again"
        case .shuttingDown: "the server is shutting down: no worker is started any more"
        case .abandoned: "who asked for the workers no longer waits for them: none was started"
        case .system(let operation, let object, let number):
            "\(operation) of \(object) failed with error number \(number)"
        }
    }
}
