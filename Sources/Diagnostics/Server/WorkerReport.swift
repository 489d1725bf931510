public import Observations

/// A process that the server started to work on a segment.
public struct WorkerReport: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case running
        /// It ended by itself: ``WorkerReport/exitStatus``.
        case exited
        /// A signal ended it: ``WorkerReport/signal``.
        case killed
    }

    /// Numbers rise and are not used again while the server runs.
    public var workerId: Int
    public var pid: Int
    public var segment: SegmentIdentifier
    public var workload: String
    public var options: WorkerOptions
    public var state: State
    public var exitStatus: Int?
    public var signal: SignalName?
    /// How many it has done.
    public var operations: UInt64
    public var startedAt: WallTime
    /// Until now, or until it ended.
    public var ranForMilliseconds: Int
    public var result: WorkerResult?
    /// Why it failed, in its own words.
    public var message: String?

    public init(
        workerId: Int, pid: Int, segment: SegmentIdentifier, workload: String, options: WorkerOptions, state: State,
        exitStatus: Int? = nil, signal: SignalName? = nil, operations: UInt64, startedAt: WallTime,
        ranForMilliseconds: Int, result: WorkerResult? = nil, message: String? = nil
    ) {
        self.workerId = workerId
        self.pid = pid
        self.segment = segment
        self.workload = workload
        self.options = options
        self.state = state
        self.exitStatus = exitStatus
        self.signal = signal
        self.operations = operations
        self.startedAt = startedAt
        self.ranForMilliseconds = ranForMilliseconds
        self.result = result
        self.message = message
    }
}

/// What a worker was told to do; nil where it was told nothing.
public struct WorkerOptions: Sendable, Hashable {
    /// Which counters of `falsesharing` are measured.
    public enum Padding: String, Sendable, CaseIterable {
        case packed
        case padded
        case both
    }

    /// What `pingpong` waits on.
    public enum Primitive: String, Sendable, CaseIterable {
        case futex
        case pthread
    }

    /// Of each worker.
    public var operations: UInt64?
    public var ratePerSecond: Double?
    public var seed: UInt64?
    public var durationMilliseconds: Int?
    public var holdMilliseconds: Int?
    /// At which call of the store primitive `crash` dies.
    public var step: Int?
    public var offset: Int?
    public var length: Int?
    public var access: ProtectionReport.Access?
    public var padding: Padding?
    public var primitive: Primitive?

    public init() {}
}

/// What a workload measured.
public enum WorkerResult: Sendable, Equatable {
    /// nil for what was not measured.
    case falseSharing(packedPerSecond: Double?, paddedPerSecond: Double?)
    case pingPong(roundTrips: UInt64, perSecond: Double)

    /// How many times as fast counters on lines of their own are; nil where not both rates were measured.
    public var ratio: Double? {
        guard case .falseSharing(let packed?, let padded?) = self, packed > 0 else { return nil }
        return padded / packed
    }
}

/// Workers by their numbers.
public struct WorkersReport: Sendable, Equatable {
    public let workers: [WorkerReport]
    /// The number of this page's last, where there are more.
    public let next: Cursor?

    /// - Parameter workers: ascending by number.
    /// - Throws: ``QueryError`` where the cursor is of another list's shape.
    public init(
        workers: [WorkerReport], sort: ListSort<WorkerKey> = ListSort(.natural), page: PageRequest = .first
    ) throws(QueryError) {
        let page = try sort.page(
            of: workers, .workers, page, value: { Self.value(of: $0, by: sort.key) }, number: { $0.workerId })
        self.workers = page.elements
        next = page.next
    }

    private static func value(of report: WorkerReport, by key: WorkerKey) -> SortValue {
        switch key {
        case .workerId: SortValue(report.workerId)
        case .pid: SortValue(report.pid)
        case .segment: SortValue(text: "\(report.segment)".utf8)
        case .workload: SortValue(text: report.workload.utf8)
        case .state: SortValue(text: report.state.rawValue.utf8)
        case .operations: SortValue(report.operations)
        case .startedAt: SortValue(Int(report.startedAt.nanoseconds))
        case .ranForMilliseconds: SortValue(report.ranForMilliseconds)
        }
    }
}

/// A signal's name on Linux, as signal(7) has them for x86 and ARM.
public struct SignalName: Sendable, Hashable, CustomStringConvertible {
    public let number: Int32

    public init(_ number: Int32) { self.number = number }

    /// `SIGKILL`; `SIGRTMIN+2`; `SIG32` for the two that the C library keeps for itself.
    public var description: String {
        if (1...Int32(Self.names.count)).contains(number) { return "SIG\(Self.names[Int(number) - 1])" }
        return number >= 34 ? "SIGRTMIN+\(number - 34)" : "SIG\(number)"
    }

    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
}
