public import SegmentFormat

/// A stretch of the pool: a used block with all that it takes, or the free gap between two of them.
@frozen
public struct PoolSpan: Sendable, Equatable {
    /// The first byte, from the segment's first.
    public let offset: Int
    public let bytes: Int
    /// The used block's index in the picture; nil where the span is free.
    public let block: Int?

    @inlinable
    public init(offset: Int, bytes: Int, block: Int?) {
        self.offset = offset
        self.bytes = bytes
        self.block = block
    }

    @inlinable public var end: Int { offset + bytes }
}

/// The spans of a pool in address order. They touch one another and end where the pool ends.
///
/// Free neighbours are always joined in a heap, so a gap between two used blocks is one free block. Nothing is
/// allocated; a step is O(1).
@frozen
public struct PoolSpans: Sequence, IteratorProtocol, Sendable {
    @usableFromInline let blocks: [PictureBlock]
    @usableFromInline let poolEnd: Int
    @usableFromInline var index: Int
    @usableFromInline var position: Int

    @inlinable
    init(blocks: [PictureBlock], poolEnd: Int, index: Int, position: Int) {
        self.blocks = blocks
        self.poolEnd = poolEnd
        self.index = index
        self.position = position
    }

    @inlinable
    public mutating func next() -> PoolSpan? {
        guard index < blocks.count else {
            guard position < poolEnd else { return nil }
            defer { position = poolEnd }
            return PoolSpan(offset: position, bytes: poolEnd - position, block: nil)
        }
        let start = blocks[index].spanOffset
        if start > position {
            defer { position = start }
            return PoolSpan(offset: position, bytes: start - position, block: nil)
        }
        let bytes = blocks[index].spanBytes
        defer {
            position = start + bytes
            index += 1
        }
        return PoolSpan(offset: start, bytes: bytes, block: index)
    }
}

extension HeapPicture {
    /// The pool's bytes, from the segment's first.
    @inlinable public var pool: Range<Int> { layout.poolOffset..<(layout.poolOffset + layout.poolBytes) }

    /// All spans. O(1).
    @inlinable public var spans: PoolSpans {
        PoolSpans(blocks: blocks, poolEnd: pool.upperBound, index: 0, position: layout.poolOffset)
    }

    /// The spans from the one that holds `offset` on; none where the pool ends before it, all where it begins after
    /// it. O(log blocks).
    @inlinable
    public func spans(from offset: Int) -> PoolSpans {
        let end = pool.upperBound
        guard offset < end else { return PoolSpans(blocks: [], poolEnd: end, index: 0, position: end) }
        let index = firstBlock(endingAfter: offset)
        var position = index > 0 ? blocks[index - 1].spanEnd : layout.poolOffset
        if index < blocks.count, blocks[index].spanOffset <= offset { position = blocks[index].spanOffset }
        return PoolSpans(blocks: blocks, poolEnd: end, index: index, position: position)
    }

    /// The index of the first used block whose span ends after `offset`; the count where there is none.
    @inlinable
    func firstBlock(endingAfter offset: Int) -> Int {
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = low + (high - low) / 2
            if blocks[middle].spanEnd > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
