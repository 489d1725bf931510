public import Observations
public import SegmentFormat

/// Who takes part in a managed segment.
public struct ParticipantReport: Sendable, Equatable {
    public let slot: Int
    public let generation: UInt32
    /// In the participant's own pid namespace.
    public let pid: Int
    /// When its process started.
    public let startedAt: WallTime
    public let name: String
    public let alive: Liveness
    /// When it last said that it lives; nil where it never did.
    public let heartbeatAt: WallTime?
    /// nil while it does not wait.
    public let waitingSince: WallTime?
    /// How many of each kind it did.
    public let operations: [OperationCount]
    public let blockCount: Int
    /// What was asked for.
    public let sizeBytes: Int

    /// - Parameters:
    ///   - clock: turns the words' clocks into wall time.
    ///   - totals: what it has in the heap.
    public init(_ record: ParticipantRecord, alive: Liveness, clock: SegmentClock, totals: BlockTotals) {
        slot = record.slot
        generation = record.generation
        pid = Int(record.pid)
        startedAt = clock.startTime(ticks: record.startTime)
        name = record.name
        self.alive = alive
        heartbeatAt = clock.wallTime(monotonic: record.heartbeatNanoseconds)
        waitingSince = clock.wallTime(monotonic: record.waitingSinceNanoseconds)
        operations = zip(OperationKind.counted, record.operations).map { OperationCount(kind: $0, count: $1) }
        blockCount = totals.blockCount
        sizeBytes = totals.sizeBytes
    }
}

/// How often a participant did something.
public struct OperationCount: Sendable, Equatable {
    public let kind: OperationKind
    public let count: UInt64
}

/// What turns the clocks that a segment's words are written with into wall time.
public struct SegmentClock: Sendable, Hashable {
    public let reading: ClockReading
    public let ticksPerSecond: Int

    public init(reading: ClockReading, ticksPerSecond: Int) {
        self.reading = reading
        self.ticksPerSecond = ticksPerSecond
    }

    /// - Parameter nanoseconds: CLOCK_MONOTONIC_COARSE; 0 for never.
    func wallTime(monotonic nanoseconds: UInt64) -> WallTime? {
        nanoseconds == 0 ? nil : reading.wallTime(ofMonotonic: Int64(clamping: nanoseconds))
    }

    /// - Parameter ticks: clock ticks since boot.
    func startTime(ticks: UInt64) -> WallTime {
        reading.wallTime(ofStartTicks: ticks, ticksPerSecond: ticksPerSecond)
    }
}

/// Participants by slot; `external`, who is none, is left out.
public struct ParticipantsReport: Sendable, Equatable {
    public let participants: [ParticipantReport]
    /// The slot of this page's last participant, where there are more.
    public let next: Cursor?

    /// - Parameters:
    ///   - records: by slot; those of free slots are left out.
    ///   - totals: what each owner has in the heap.
    /// - Throws: ``QueryError`` where the cursor is of another list's shape.
    public init(
        records: [ParticipantRecord], owners: OwnerDirectory, clock: SegmentClock, totals: [OwnerKey: BlockTotals],
        sort: ListSort<ParticipantKey> = ListSort(.natural), page: PageRequest = .first
    ) throws(QueryError) {
        let joined = records.filter { $0.isJoined && $0.slot > 0 }
        let page = try sort.page(
            of: joined.lazy.map { record in
                ParticipantReport(
                    record, alive: owners.owner(record.key).alive, clock: clock, totals: totals[record.key] ?? .none)
            }, .participants, page, value: { Self.value(of: $0, by: sort.key) }, number: { $0.slot })
        participants = page.elements
        next = page.next
    }

    private static func value(of report: ParticipantReport, by key: ParticipantKey) -> SortValue {
        func time(_ time: WallTime?) -> SortValue { time.map { SortValue(Int($0.nanoseconds)) } ?? .missing }
        return switch key {
        case .slot: SortValue(report.slot)
        case .generation: SortValue(Int(report.generation))
        case .pid: SortValue(report.pid)
        case .startedAt: time(report.startedAt)
        case .name: SortValue(text: report.name.utf8)
        case .alive: SortValue(text: "\(report.alive)".utf8)
        case .heartbeatAt: time(report.heartbeatAt)
        case .waitingSince: time(report.waitingSince)
        case .operations: SortValue(report.operations.reduce(0) { $0 &+ $1.count })
        case .blockCount: SortValue(report.blockCount)
        case .sizeBytes: SortValue(report.sizeBytes)
        }
    }
}
