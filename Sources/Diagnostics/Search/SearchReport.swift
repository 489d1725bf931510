public import Observations

/// A place where a pattern stands.
public struct SearchMatch: Sendable, Hashable {
    public let segment: SegmentIdentifier
    public let offset: Int
    /// What stands there: the pattern.
    public let bytes: [UInt8]
    /// What follows it, up to ``SearchReport/shownBytes`` of both.
    public let following: [UInt8]

    public init(segment: SegmentIdentifier, offset: Int, bytes: [UInt8], following: [UInt8]) {
        self.segment = segment
        self.offset = offset
        self.bytes = bytes
        self.following = following
    }
}

/// What a search found.
public struct SearchReport: Report, Equatable {
    /// Bytes shown of a match and what follows it, where the pattern is not longer.
    public static let shownBytes = 32

    /// In the order of segment and offset.
    public let matches: [SearchMatch]
    /// Bytes that were read; holes are not, and hold nothing.
    public let searchedBytes: Int
    /// Whether reading moved the access time of some object: the system keeps it still only for owners.
    public let atimeMoved: Bool
    /// Whether the object was attached to be read, which left traces.
    public let wasAttached: Bool
    public let hidden: [Hidden]
    /// Where to go on: the search is not at its end.
    public let next: Cursor?

    public init(
        matches: [SearchMatch], searchedBytes: Int, atimeMoved: Bool = false, wasAttached: Bool = false,
        hidden: [Hidden], next: SearchPlace?
    ) {
        self.matches = matches
        self.searchedBytes = searchedBytes
        self.atimeMoved = atimeMoved
        self.wasAttached = wasAttached
        self.hidden = hidden
        self.next = next?.cursor
    }
}

/// Where a search is: an object, by the order of identifiers, and an offset in it.
public struct SearchPlace: Sendable, Hashable {
    private let object: [Cursor.Part]
    public let offset: Int

    public init(_ id: SegmentIdentifier, offset: Int) {
        object = id.order
        self.offset = offset
    }

    /// - Throws: ``QueryError`` where the cursor is of another list's shape.
    public init(_ cursor: Cursor) throws(QueryError) {
        guard cursor.parts.count >= 3, case .number(let offset)? = cursor.parts.last, offset >= 0 else {
            throw Cursor.invalid
        }
        object = Array(cursor.parts.dropLast())
        self.offset = offset
    }

    var cursor: Cursor { Cursor(.search, object + [.number(offset)]) }

    /// Where to begin in an object: nil where it was searched before.
    public func start(in id: SegmentIdentifier) -> Int? {
        if id.order.lexicographicallyPrecedes(object, by: Cursor.Part.isOrdered) { return nil }
        return object.lexicographicallyPrecedes(id.order, by: Cursor.Part.isOrdered) ? 0 : offset
    }
}
