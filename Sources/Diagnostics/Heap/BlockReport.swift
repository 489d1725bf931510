public import Observations
public import SegmentFormat

/// One block of a pool, as the API has it. Offsets count from the segment's first byte.
public struct BlockReport: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case used
        case free
        /// Used, and its owner is gone.
        case orphaned
    }

    /// The payload's first byte.
    public let offset: Int
    /// What was asked for.
    public let sizeBytes: Int
    /// The span's first byte. Spans, guards and rounding included, touch one another and make the pool.
    public let spanOffset: Int
    public let spanBytes: Int
    public let state: State
    /// nil of a free block.
    public let owner: OwnerReport?
    /// nil where there is none.
    public let tag: Tag?
    /// The operation that last changed the block; nil of a free one, which is a gap that nothing is written about.
    public let sequence: UInt64?
    /// nil of a free block.
    public let allocatedAt: WallTime?

    /// A used block.
    public init(_ block: PictureBlock, owners: OwnerDirectory) {
        let owner = owners.owner(block.owner)
        offset = block.payloadOffset
        sizeBytes = block.sizeBytes
        spanOffset = block.spanOffset
        spanBytes = block.spanBytes
        state = owner.alive == .dead ? .orphaned : .used
        self.owner = owner
        tag = block.tag == .none ? nil : block.tag
        sequence = block.sequence
        allocatedAt = WallTime(clampingMilliseconds: block.allocatedAtMilliseconds)
    }

    /// A free block: payload and span are the same.
    public init(freeOffset offset: Int, bytes: Int) {
        self.offset = offset
        sizeBytes = bytes
        spanOffset = offset
        spanBytes = bytes
        state = .free
        owner = nil
        tag = nil
        sequence = nil
        allocatedAt = nil
    }

    init(_ span: PoolSpan, of picture: HeapPicture, owners: OwnerDirectory) {
        if let index = span.block {
            self.init(picture.blocks[index], owners: owners)
        } else {
            self.init(freeOffset: span.offset, bytes: span.bytes)
        }
    }
}

extension WallTime {
    /// From a word of a segment: what does not fit becomes the latest time that does.
    public init(clampingNanoseconds nanoseconds: UInt64) { self.init(nanoseconds: Int64(clamping: nanoseconds)) }

    /// From a word of a segment: what does not fit becomes the latest time that does.
    public init(clampingMilliseconds milliseconds: UInt64) {
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        self.init(clampingNanoseconds: overflow ? .max : nanoseconds)
    }
}

/// Which blocks are wanted; nil asks for nothing.
public struct BlockFilter: Sendable, Hashable {
    public var state: BlockReport.State?
    /// The owner's pid; 0 for `external`.
    public var owner: Int?
    public var tag: Tag?
    /// An offset in the segment: the block whose span holds it.
    public var at: Int?
    /// The least ``BlockReport/sizeBytes``.
    public var minBytes: Int?
    /// Spans that have bytes from here on, and before ``to``.
    public var from: Int?
    public var to: Int?

    public init(
        state: BlockReport.State? = nil, owner: Int? = nil, tag: Tag? = nil, at: Int? = nil, minBytes: Int? = nil,
        from: Int? = nil, to: Int? = nil
    ) {
        self.state = state
        self.owner = owner
        self.tag = tag
        self.at = at
        self.minBytes = minBytes
        self.from = from
        self.to = to
    }
}

/// A change of one block is answered with it.
extension BlockReport: Report {}

/// Blocks of a heap in address order.
public struct BlocksReport: Sendable, Equatable {
    /// The newest operation that the blocks show.
    public let sequence: UInt64
    public let blocks: [BlockReport]
    /// Where the list goes on: the first block that begins at or behind the end of this page's last.
    public let next: Cursor?

    /// Looks blocks up.
    ///
    /// In address order O(log blocks) to find the page's beginning or the block at an offset, then O(blocks looked
    /// at) until the page is full: all of the rest where a filter lets few pass. In another order all are looked at.
    ///
    /// - Throws: ``QueryError`` where the cursor is of another list's shape or order.
    public init(
        picture: HeapPicture, owners: OwnerDirectory, filter: BlockFilter = BlockFilter(),
        sort: ListSort<BlockKey> = ListSort(.natural), page: PageRequest = .first
    ) throws(QueryError) {
        let matcher = BlockMatcher(filter, picture: picture, owners: owners)
        let spans =
            sort.isNatural
            ? try Self.inOrder(picture, matcher, page) : try Self.sorted(picture, owners, matcher, sort, page)
        sequence = picture.sequence
        blocks = spans.elements.map { BlockReport($0, of: picture, owners: owners) }
        next = spans.next
    }

    private static func inOrder(
        _ picture: HeapPicture, _ matcher: BlockMatcher, _ page: PageRequest
    ) throws(QueryError) -> Page<PoolSpan> {
        let at = matcher.filter.at
        let first = try page.cursor?.number() ?? picture.pool.lowerBound
        var spans = picture.spans(from: max(first, at ?? first, matcher.filter.from ?? first))
        var found: [PoolSpan] = []
        while let span = spans.next() {
            // A block that begins before the cursor was shown, or what it was made of.
            guard span.offset >= first else { continue }
            if let at, !(span.offset..<span.end).contains(at) { break }
            if let to = matcher.filter.to, span.offset >= to { break }
            guard matcher.matches(span) else { continue }
            guard found.count < page.limit else { return Page(elements: found, next: Cursor(.blocks, number: span.offset)) }
            found.append(span)
        }
        return Page(elements: found, next: nil)
    }

    private static func sorted(
        _ picture: HeapPicture, _ owners: OwnerDirectory, _ matcher: BlockMatcher, _ sort: ListSort<BlockKey>,
        _ page: PageRequest
    ) throws(QueryError) -> Page<PoolSpan> {
        let at = matcher.filter.at
        let start = at ?? matcher.filter.from
        let wanted = (start.map { picture.spans(from: $0) } ?? picture.spans).lazy.prefix { span in
            at.map { (span.offset..<span.end).contains($0) } ?? (span.offset < matcher.filter.to ?? .max)
        }
        return try sort.page(
            of: wanted.filter(matcher.matches), .blocks, page,
            value: { Self.value(of: $0, by: sort.key, picture, owners) }, number: { $0.offset })
    }

    /// What a span is sorted by.
    private static func value(
        of span: PoolSpan, by key: BlockKey, _ picture: HeapPicture, _ owners: OwnerDirectory
    ) -> SortValue {
        guard let index = span.block else {
            return switch key {
            case .offset, .spanOffset: SortValue(span.offset)
            case .sizeBytes, .spanBytes: SortValue(span.bytes)
            case .state: SortValue(text: BlockReport.State.free.rawValue.utf8)
            case .owner, .tag, .sequence, .allocatedAt: .missing
            }
        }
        let block = picture.blocks[index]
        return switch key {
        case .offset: SortValue(block.payloadOffset)
        case .sizeBytes: SortValue(block.sizeBytes)
        case .spanOffset: SortValue(block.spanOffset)
        case .spanBytes: SortValue(block.spanBytes)
        case .state:
            SortValue(text: (owners.isOrphaned(block.owner) ? BlockReport.State.orphaned : .used).rawValue.utf8)
        case .owner: owners.owner(block.owner).pid.map { SortValue($0) } ?? .missing
        case .tag: block.tag.text.map { SortValue(text: $0.utf8) } ?? .missing
        case .sequence: SortValue(block.sequence)
        case .allocatedAt: SortValue(block.allocatedAtMilliseconds)
        }
    }
}

/// The blocks that one request made.
public struct BlockList: Report, Equatable {
    public let blocks: [BlockReport]

    /// - Parameter offsets: where their payloads begin. One that has been freed meanwhile is missing in the list.
    public init(picture: HeapPicture, owners: OwnerDirectory, offsets: Set<Int>) {
        blocks = picture.blocks.filter { offsets.contains($0.payloadOffset) }.map { BlockReport($0, owners: owners) }
    }
}

/// A filter made ready to be asked for each block.
private struct BlockMatcher {
    let filter: BlockFilter
    let picture: HeapPicture
    let owners: OwnerDirectory
    /// nil where any owner will do.
    let keys: Set<OwnerKey>?

    init(_ filter: BlockFilter, picture: HeapPicture, owners: OwnerDirectory) {
        self.filter = filter
        self.picture = picture
        self.owners = owners
        keys = filter.owner.map(owners.keys(pid:))
    }

    func matches(_ span: PoolSpan) -> Bool {
        guard let index = span.block else { return matchesFree(span) }
        let block = picture.blocks[index]
        if let minBytes = filter.minBytes, block.sizeBytes < minBytes { return false }
        if let tag = filter.tag, block.tag != tag { return false }
        if let keys, !keys.contains(block.owner) { return false }
        switch filter.state {
        case nil: return true
        case .free: return false
        case .used: return !owners.isOrphaned(block.owner)
        case .orphaned: return owners.isOrphaned(block.owner)
        }
    }

    private func matchesFree(_ span: PoolSpan) -> Bool {
        guard keys == nil, filter.tag == nil, filter.state == nil || filter.state == .free else { return false }
        return span.bytes >= filter.minBytes ?? 0
    }
}
