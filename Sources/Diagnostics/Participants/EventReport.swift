public import Observations
public import SegmentFormat

/// An operation that a managed segment remembers.
public struct EventReport: Sendable, Equatable {
    public let sequence: UInt64
    public let at: WallTime
    /// nil where the number is none of this version's kinds.
    public let kind: OperationKind?
    /// Who did it.
    public let owner: OwnerReport
    /// nil where there is none.
    public let tag: Tag?
    /// Of the payload, or of the bytes written, from the segment's first byte; nil where the operation has none. So
    /// is ``sizeBytes``.
    public let offset: Int?
    /// What was asked for; of a write its length.
    public let sizeBytes: Int?
    /// Before the operation; nil where the block was made by it. So is ``oldSizeBytes``.
    public let oldOffset: Int?
    public let oldSizeBytes: Int?
    /// False while the bytes of a write are still being written, and for ever where the writer died in the middle.
    public let isEnded: Bool

    public init(_ record: EventRecord, owners: OwnerDirectory) {
        sequence = record.sequence
        at = WallTime(clampingNanoseconds: record.atNanoseconds)
        kind = record.kind
        owner = owners.owner(record.actor)
        tag = record.tag == .none ? nil : record.tag
        offset = Self.present(record.offset)
        sizeBytes = Self.present(record.sizeBytes)
        oldOffset = Self.present(record.oldOffset)
        oldSizeBytes = Self.present(record.oldSizeBytes)
        isEnded = record.isEnded || record.kind != .write
    }

    /// The format writes 0 where there is nothing: no payload begins there, and none is empty.
    private static func present(_ word: UInt64) -> Int? { word == 0 ? nil : Int(clamping: word) }
}

/// Events in the order in which they happened.
public struct EventsReport: Sendable, Equatable {
    public let events: [EventReport]
    /// Events between the one asked from and the first of these that the ring does not hold any more.
    public let lost: UInt64
    /// The sequence of this page's last event, where there are more.
    public let next: Cursor?

    /// - Parameters:
    ///   - records: ascending, as the ring had them.
    ///   - lost: how many before the first of them are gone.
    ///   - head: the newest there is.
    public init(records: [EventRecord], lost: UInt64, head: UInt64, owners: OwnerDirectory) {
        events = records.map { EventReport($0, owners: owners) }
        self.lost = lost
        if let last = records.last?.sequence, last < head {
            next = Cursor(.events, number: Int(truncatingIfNeeded: last))
        } else {
            next = nil
        }
    }

    /// The newest first.
    ///
    /// - Parameters:
    ///   - records: ascending, as the ring had them: those before `request.end`.
    ///   - isOldest: whether nothing older is wanted or there.
    public init(newestFirst records: [EventRecord], lost: UInt64, isOldest: Bool, owners: OwnerDirectory) {
        events = records.reversed().map { EventReport($0, owners: owners) }
        self.lost = lost
        next = isOldest ? nil : records.first.map {
            Cursor(.events, [Self.descending, .number(Int(truncatingIfNeeded: $0.sequence))])
        }
    }

    private static let descending = Cursor.Part.bytes(Array("-sequence".utf8))

    /// The sequence to read on from.
    ///
    /// - Parameters:
    ///   - after: what the client knows already; a cursor goes before it.
    /// - Throws: ``QueryError`` where the cursor is of another list's shape or order.
    public static func start(after: UInt64?, page: PageRequest) throws(QueryError) -> UInt64 {
        guard let cursor = page.cursor else { return after ?? 0 }
        return UInt64(truncatingIfNeeded: try cursor.number())
    }

    /// The sequence that the newest of a page stands before, where the newest come first; nil for the first page.
    ///
    /// - Throws: ``QueryError`` where the cursor is of another list's shape or order.
    public static func end(page: PageRequest) throws(QueryError) -> UInt64? {
        guard let parts = page.cursor?.parts else { return nil }
        guard parts.count == 2, parts[0] == descending, case .number(let number) = parts[1] else {
            throw Cursor.invalid
        }
        return UInt64(truncatingIfNeeded: number)
    }
}
