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

    public init(
        state: BlockReport.State? = nil, owner: Int? = nil, tag: Tag? = nil, at: Int? = nil, minBytes: Int? = nil
    ) {
        self.state = state
        self.owner = owner
        self.tag = tag
        self.at = at
        self.minBytes = minBytes
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
    /// O(log blocks) to find the page's beginning or the block at an offset, then O(blocks looked at) until the page
    /// is full: all of the rest where a filter lets few pass.
    ///
    /// - Throws: ``QueryError`` where the cursor is of another list's shape.
    public init(
        picture: HeapPicture, owners: OwnerDirectory, filter: BlockFilter = BlockFilter(), page: PageRequest = .first
    ) throws(QueryError) {
        let first = try page.cursor?.number() ?? picture.pool.lowerBound
        let matcher = BlockMatcher(filter, picture: picture, owners: owners)
        var spans = picture.spans(from: max(first, filter.at ?? first))
        var blocks: [BlockReport] = []
        var next: Cursor?
        while let span = spans.next() {
            // A block that begins before the cursor was shown, or what it was made of.
            guard span.offset >= first else { continue }
            if let at = filter.at, !(span.offset..<span.end).contains(at) { break }
            guard matcher.matches(span) else { continue }
            guard blocks.count < page.limit else {
                next = Cursor(.blocks, number: span.offset)
                break
            }
            blocks.append(BlockReport(span, of: picture, owners: owners))
        }
        sequence = picture.sequence
        self.blocks = blocks
        self.next = next
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
