public import Observations

/// What a process has mapped of a segment.
public struct ProcessMapping: Sendable, Equatable {
    public let segment: SegmentIdentifier
    public let name: ByteString
    public let range: MappedRange
    public let use: MappingUse?

    public init(segment: SegmentIdentifier, name: ByteString, range: MappedRange, use: MappingUse?) {
        self.segment = segment
        self.name = name
        self.range = range
        self.use = use
    }
}

/// What a process has open of a segment.
public struct ProcessDescriptors: Sendable, Equatable {
    public let segment: SegmentIdentifier
    public let name: ByteString
    /// One of its descriptors, the lowest, and how many it has.
    public let number: Int32
    public let count: Int

    public init(segment: SegmentIdentifier, name: ByteString, number: Int32, count: Int) {
        self.segment = segment
        self.name = name
        self.number = number
        self.count = count
    }
}

/// One process's shared memory.
public struct ProcessReport: Report, Equatable {
    public let process: ProcessName
    public let startedAt: WallTime?
    /// In the order of their addresses.
    public let mappings: [ProcessMapping]
    /// In the order of their segments' ids.
    public let open: [ProcessDescriptors]
    /// Whether the process let itself be looked into: else what it maps is not known, or not how much of it it has.
    public let isWhole: Bool
    public let hidden: [Hidden]

    public init(
        process: ProcessName, startedAt: WallTime?, mappings: [ProcessMapping], open: [ProcessDescriptors],
        isWhole: Bool = true, hidden: [Hidden]
    ) {
        self.process = process
        self.startedAt = startedAt
        self.mappings = mappings
        self.open = open
        self.isWhole = isWhole
        self.hidden = hidden
    }

    /// Its share of all that it maps, where each page is divided among those who map it; nil where it would not tell.
    public var proportionalBytes: Int? { sum(\.proportionalBytes) }
    public var residentBytes: Int? { sum(\.residentBytes) }

    private func sum(_ value: (MappingUse) -> Int) -> Int? {
        guard isWhole, mappings.allSatisfy({ $0.use != nil }) else { return nil }
        return mappings.reduce(0) { total, mapping in
            let (sum, overflow) = total.addingReportingOverflow(mapping.use.map(value) ?? 0)
            return overflow ? .max : sum
        }
    }
}

/// A process of a list.
public struct ProcessSummary: Sendable, Equatable {
    public let process: ProcessName
    /// Segments that it maps, and that it maps or has open.
    public let mappedCount: Int
    public let segmentCount: Int
    /// The addresses that its mappings take.
    public let mappedBytes: Int

    public init(process: ProcessName, mappedCount: Int, segmentCount: Int, mappedBytes: Int) {
        self.process = process
        self.mappedCount = mappedCount
        self.segmentCount = segmentCount
        self.mappedBytes = mappedBytes
    }
}

/// What a process has of all segments together.
public struct ProcessTotal: Sendable, Hashable {
    public let pid: Int32
    public var mappedCount = 0
    public var segmentCount = 0
    public var mappedBytes = 0

    public init(pid: Int32) { self.pid = pid }
}

extension ListSort<ProcessKey> {
    /// A page of processes in this order.
    ///
    /// - Throws: ``QueryError`` where the cursor is of another list or another order.
    public func processes(
        _ totals: some Sequence<ProcessTotal>, _ request: PageRequest
    ) throws(QueryError) -> Page<ProcessTotal> {
        try page(of: totals, .processes, request) { total in
            switch key {
            case .pid: SortValue(Int(total.pid))
            case .mappedCount: SortValue(total.mappedCount)
            case .segmentCount: SortValue(total.segmentCount)
            case .mappedBytes: SortValue(total.mappedBytes)
            }
        } number: { Int($0.pid) }
    }
}

public enum ProcessKey: String, SortKey {
    case pid, mappedCount, segmentCount, mappedBytes
    public static let natural = ProcessKey.pid
}

/// The processes that have shared memory.
public struct ProcessesReport: Report, Equatable {
    public let processes: [ProcessSummary]
    public let hidden: [Hidden]
    public let next: Cursor?

    public init(processes: [ProcessSummary], hidden: [Hidden], next: Cursor?) {
        self.processes = processes
        self.hidden = hidden
        self.next = next
    }
}
