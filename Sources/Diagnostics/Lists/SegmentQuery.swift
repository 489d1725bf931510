public import Observations

/// A segment with what a list's filters ask beside its summary.
public struct SegmentEntry: Sendable, Equatable {
    public var summary: SegmentSummary
    /// Processes that map it, as far as they are known.
    public var pids: [Int32]

    public init(summary: SegmentSummary, pids: [Int32]) {
        self.summary = summary
        self.pids = pids
    }
}

/// Which segments are wanted; nil asks for nothing.
public struct SegmentFilter: Sendable, Hashable {
    public var kind: SegmentKind?
    public var managed: Bool?
    public var orphaned: Bool?
    public var deleted: Bool?
    /// A process that maps it.
    public var pid: Int32?
    public var uid: UInt32?
    /// Bytes that it is large at least, whatever of them is in memory.
    public var minBytes: Int?
    /// Bytes that the name holds, upper and lower case apart.
    public var q: ByteString?

    public init() {}

    public func matches(_ entry: SegmentEntry) -> Bool {
        let summary = entry.summary
        return kind.map { $0 == summary.kind } != false && managed.map { $0 == summary.managed } != false
            && orphaned.map { $0 == summary.orphaned } != false && deleted.map { $0 == summary.deleted } != false
            && uid.map { $0 == summary.uid } != false && pid.map { entry.pids.contains($0) } != false
            && minBytes.map { summary.sizeBytes >= $0 } != false && q.map { summary.name.contains($0) } != false
    }
}

extension ByteString {
    /// Whether `part` stands somewhere in it; an empty one always does. O(name * part), both at most some hundred.
    func contains(_ part: ByteString) -> Bool {
        guard let first = part.bytes.first else { return true }
        return bytes.indices.contains { start in
            bytes[start] == first && bytes[start...].starts(with: part.bytes)
        }
    }
}

/// The order of a list of segments.
public struct SegmentSort: Sendable, Hashable {
    /// The raw value is the summary's key in the API; `findings` goes by ``SegmentSummary/gravity``.
    public enum Key: String, Sendable, CaseIterable {
        case id, kind, name, sizeBytes, residentBytes, swappedBytes, mode, uid, gid, mapperCount, attachCount, openCount, inode
        case creatorPid, lastPid, createdAt, changedAt, attachedAt, detachedAt, orphanedSince, family, user, group, managed, deleted, orphaned
        case findings
    }

    public let key: Key
    public let isDescending: Bool

    /// By kind and name.
    public static let byIdentifier = SegmentSort(.id)

    public init(_ key: Key, isDescending: Bool = false) {
        self.key = key
        self.isDescending = isDescending
    }

    /// - Parameter text: a key, or `-key` for the reverse order.
    /// - Throws: ``QueryError`` where there is no such key.
    public init(text: String) throws(QueryError) {
        let isDescending = text.utf8.first == UInt8(ascii: "-")
        guard let key = Key(rawValue: String(isDescending ? text.dropFirst() : text[...])) else {
            let keys = Key.allCases.map(\.rawValue).joined(separator: ", ")
            throw .outOfRange(field: "sort", reason: "must be one of \(keys), or one with - before it")
        }
        self.init(key, isDescending: isDescending)
    }

    /// Bytes of a name that are sorted by. Paths of files may be longer, and a cursor must fit a URL.
    private static let nameMaximum = 255

    /// What a segment is sorted by; empty where it has no such value, which stands before all that have one.
    func value(of summary: SegmentSummary) -> [Cursor.Part] {
        func number(_ value: Int?) -> [Cursor.Part] { value.map { [.number($0)] } ?? [] }
        func time(_ value: WallTime?) -> [Cursor.Part] { number(value.map { Int($0.nanoseconds) }) }
        func flag(_ value: Bool) -> [Cursor.Part] { [.number(value ? 1 : 0)] }
        return switch key {
        case .id: []
        case .kind: [.bytes(Array(summary.kind.rawValue.utf8))]
        case .name: [.bytes(Array(summary.name.bytes.prefix(Self.nameMaximum)))]
        case .sizeBytes: number(summary.sizeBytes)
        case .residentBytes: number(summary.residentBytes)
        case .swappedBytes: number(summary.swappedBytes)
        case .mode: number(Int(summary.mode))
        case .uid: number(Int(summary.uid))
        case .gid: number(Int(summary.gid))
        case .mapperCount: number(summary.mapperCount)
        case .attachCount: number(summary.attachCount)
        case .openCount: number(summary.openCount)
        case .creatorPid: number(summary.creatorPID.map { Int($0) })
        case .lastPid: number(summary.lastPID.map { Int($0) })
        case .inode: number(summary.inode.map { Int(truncatingIfNeeded: $0) })
        case .createdAt: time(summary.createdAt)
        case .changedAt: time(summary.changedAt)
        case .attachedAt: time(summary.attachedAt)
        case .detachedAt: time(summary.detachedAt)
        case .orphanedSince: time(summary.orphanedSince)
        case .family: summary.family.map { [.bytes(Array($0.utf8))] } ?? []
        case .user: summary.user.map { [.bytes(Array($0.utf8))] } ?? []
        case .group: summary.group.map { [.bytes(Array($0.utf8))] } ?? []
        case .managed: flag(summary.managed)
        case .deleted: flag(summary.deleted)
        case .orphaned: flag(summary.orphaned)
        case .findings: number(summary.gravity)
        }
    }
}

extension SegmentSummary {
    /// How much its health needs a look: 4 and 3 by its gravest finding, 2 left by everybody, 1 without a name, 0 fine.
    var gravity: Int {
        if findings.contains(where: { $0.severity == .error }) { return 4 }
        if findings.contains(where: { $0.severity == .warning }) { return 3 }
        return orphaned ? 2 : deleted ? 1 : 0
    }
}

/// A place in a list of segments: a value and, as many may have the same, an identifier.
private struct SegmentPlace {
    let value: [Cursor.Part]
    let id: [Cursor.Part]

    init(_ summary: SegmentSummary, sort: SegmentSort) {
        value = sort.value(of: summary)
        id = summary.id.order
    }

    /// - Returns: nil where the parts were not made by ``parts(sort:)`` for the same order.
    init?(_ parts: [Cursor.Part], sort: SegmentSort) {
        guard parts.count >= 2, parts[0] == Self.mark(sort), case .number(let count) = parts[1], 0...1 ~= count,
            parts.count > 2 + count
        else { return nil }
        value = Array(parts[2..<2 + count])
        id = Array(parts[(2 + count)...])
    }

    func parts(sort: SegmentSort) -> [Cursor.Part] { [Self.mark(sort), .number(value.count)] + value + id }

    /// What tells the cursors of different orders apart.
    private static func mark(_ sort: SegmentSort) -> Cursor.Part {
        .bytes(Array("\(sort.isDescending ? "-" : "")\(sort.key.rawValue)".utf8))
    }

    /// By value in the order asked for; identifiers of equal values rise, unless it is by them that is sorted.
    static func precedes(_ left: SegmentPlace, _ right: SegmentPlace, _ sort: SegmentSort) -> Bool {
        let isOrdered = Cursor.Part.isOrdered
        let (first, second) = sort.isDescending ? (right, left) : (left, right)
        guard sort.key != .id else { return first.id.lexicographicallyPrecedes(second.id, by: isOrdered) }
        if first.value.lexicographicallyPrecedes(second.value, by: isOrdered) { return true }
        if second.value.lexicographicallyPrecedes(first.value, by: isOrdered) { return false }
        return left.id.lexicographicallyPrecedes(right.id, by: isOrdered)
    }
}

/// Segments, filtered and sorted.
public struct SegmentsReport: Sendable, Equatable {
    public let segments: [SegmentSummary]
    /// The value and the identifier of this page's last, where there are more.
    public let next: Cursor?

    public init(segments: [SegmentSummary], next: Cursor?) {
        self.segments = segments
        self.next = next
    }

    /// O(entries * log entries).
    ///
    /// - Throws: ``QueryError`` where the cursor is not one of a list in this order.
    public init(
        entries: [SegmentEntry], filter: SegmentFilter = SegmentFilter(), sort: SegmentSort = .byIdentifier,
        page: PageRequest = .first
    ) throws(QueryError) {
        func place(_ index: Int) -> SegmentPlace { SegmentPlace(entries[index].summary, sort: sort) }
        var ordered = Self.ordered(entries, entries.indices.filter { filter.matches(entries[$0]) }, sort)[...]
        if let cursor = page.cursor {
            guard let last = SegmentPlace(cursor.parts, sort: sort) else { throw Cursor.invalid }
            let start = PageRequest.partition(ordered) {
                SegmentPlace.precedes(last, place($0), sort)
            }
            ordered = ordered[start...]
        }
        let shown = ordered.prefix(page.limit)
        segments = shown.map { entries[$0].summary }
        next = shown.count < ordered.count ? shown.last.map { Cursor(.segments, place($0).parts(sort: sort)) } : nil
    }

    /// Some entries' places in an order. By identifier, in which a host's list comes, that takes no more than a look at each.
    private static func ordered(_ entries: [SegmentEntry], _ wanted: [Int], _ sort: SegmentSort) -> [Int] {
        guard sort.key != .id else {
            return wanted.sorted { left, right in
                let (first, second) = sort.isDescending ? (right, left) : (left, right)
                return entries[first].summary.id < entries[second].summary.id
            }
        }
        let placed = wanted.map { (index: $0, place: SegmentPlace(entries[$0].summary, sort: sort)) }
        return placed.sorted { SegmentPlace.precedes($0.place, $1.place, sort) }.map(\.index)
    }
}
