public import Observations

/// A process, as answers name it.
public struct ProcessName: Sendable, Hashable {
    public let pid: Int32
    /// The name that it runs under; need not be UTF-8.
    public let command: ByteString
    public let uid: UInt32
    /// The name of ``uid``, if it has one here.
    public let user: String?
    /// The path of its control group, which tells the container or the service.
    public let controlGroup: ByteString?

    public init(pid: Int32, command: ByteString, uid: UInt32, user: String?, controlGroup: ByteString?) {
        self.pid = pid
        self.command = command
        self.uid = uid
        self.user = user
        self.controlGroup = controlGroup
    }
}

/// A stretch of a process's addresses that shows a segment.
public struct MappingReport: Sendable, Equatable {
    public let process: ProcessName
    public let range: MappedRange
    /// nil where the process would not tell, or ended meanwhile.
    public let use: MappingUse?
    /// The pages that the process has in its page tables; nil where that was not asked, or would not be told.
    public let touched: [TouchedRun]?

    public init(process: ProcessName, range: MappedRange, use: MappingUse?, touched: [TouchedRun]? = nil) {
        self.process = process
        self.range = range
        self.use = use
        self.touched = touched
    }
}

/// Who maps a segment, and where.
public struct MappingsReport: Report, Equatable {
    /// In the order of process and address.
    public let mappings: [MappingReport]
    public let hidden: [Hidden]
    public let next: Cursor?

    public init(mappings: [MappingReport], hidden: [Hidden], next: Cursor?) {
        self.mappings = mappings
        self.hidden = hidden
        self.next = next
    }
}

/// A place in a list of mappings: those of a process by their addresses.
public struct MappingPlace: Sendable, Hashable, Comparable {
    public let pid: Int32
    public let start: UInt64

    public init(pid: Int32, start: UInt64) {
        self.pid = pid
        self.start = start
    }

    public static func < (left: MappingPlace, right: MappingPlace) -> Bool {
        (left.pid, left.start) < (right.pid, right.start)
    }

    private init(_ cursor: Cursor) throws(QueryError) {
        guard cursor.parts.count == 2, case .number(let pid) = cursor.parts[0], case .number(let start) = cursor.parts[1],
            let pid = Int32(exactly: pid)
        else { throw Cursor.invalid }
        self.init(pid: pid, start: UInt64(bitPattern: Int64(start)))
    }

    /// Cuts a page out of mappings in their order.
    ///
    /// - Throws: ``QueryError`` where the cursor is of another list's shape.
    public static func page(
        of mappers: [Mapper], _ request: PageRequest
    ) throws(QueryError) -> (mappers: [Mapper], next: Cursor?) {
        let after = try request.cursor.map { (cursor) throws(QueryError) in try MappingPlace(cursor) }
        var taken: [Mapper] = []
        var count = 0
        for mapper in mappers.sorted(by: { $0.pid < $1.pid }) {
            var ranges: [MappedRange] = []
            for range in mapper.ranges.sorted(by: { $0.start < $1.start }) {
                if let after, MappingPlace(pid: mapper.pid, start: range.start) <= after { continue }
                guard count < request.limit else {
                    if !ranges.isEmpty { taken.append(Mapper(pid: mapper.pid, ranges: ranges)) }
                    return (taken, cursor(taken))
                }
                ranges.append(range)
                count += 1
            }
            if !ranges.isEmpty { taken.append(Mapper(pid: mapper.pid, ranges: ranges)) }
        }
        return (taken, nil)
    }

    private static func cursor(_ taken: [Mapper]) -> Cursor? {
        guard let last = taken.last, let start = last.ranges.last?.start else { return nil }
        return Cursor(.mappings, [.number(Int(last.pid)), .number(Int(Int64(bitPattern: start)))])
    }
}
