import CShmlens
import SegmentFormat

/// Reading and changing descriptors of the block table. An index from the segment is checked before it is used.
extension SegmentCore {
    /// Names nothing.
    static var none: UInt32 { UInt32(SHMLENS_NONE) }

    /// The offset of a descriptor whose index came out of the segment.
    @inline(__always)
    func blockOffset(checking index: UInt32, at place: Int) throws(SegmentError) -> Int {
        guard Int(index) < blockCapacity else {
            throw .damaged(what: "an index names descriptor \(index) of \(blockCapacity)", offset: place)
        }
        return blockOffset(Int(index))
    }

    /// The offset of a descriptor.
    @inline(__always)
    func blockOffset(_ index: Int) -> Int { blocksOffset &+ index &* shmlens_block_bytes }

    /// Copies a descriptor out, each word once.
    func descriptor(at offset: Int) -> BlockDescriptor {
        BlockDescriptor(
            spanOffset: memory.load(offset), spanBytes: memory.load(offset + 8), links: memory.load(offset + 16),
            ownership: memory.load(offset + 24), sequence: memory.load(offset + 32),
            detail: memory.load(offset + 40), tagLow: memory.load(offset + 48), tagHigh: memory.load(offset + 56))
    }

    /// Checks that a descriptor's span lies in the pool, on granules.
    @inline(__always)
    func checkSpan(_ block: BlockDescriptor, at offset: Int) throws(SegmentError) {
        let poolEnd = UInt64(poolEnd)
        let mask = UInt64(shmlens_granule_bytes - 1)
        guard block.spanOffset >= UInt64(poolOffset), block.spanOffset < poolEnd,
            block.spanBytes > 0, block.spanBytes <= poolEnd - block.spanOffset,
            (block.spanOffset | block.spanBytes) & mask == 0
        else {
            throw .damaged(
                what: "a descriptor's span, \(block.spanBytes) bytes at \(block.spanOffset), is not in the pool",
                offset: offset)
        }
    }

    /// A free descriptor whose index came out of the segment, with its offset.
    @inline(__always)
    func freeBlock(_ index: UInt32, from place: Int) throws(SegmentError) -> (offset: Int, block: BlockDescriptor) {
        let offset = try blockOffset(checking: index, at: place)
        let block = descriptor(at: offset)
        guard block.state == .free else {
            throw .damaged(what: "a bin names descriptor \(index), which is not free", offset: offset)
        }
        try checkSpan(block, at: offset)
        return (offset, block)
    }

    /// The offset of a free descriptor whose index came out of the segment, where nothing else of it matters.
    @inline(__always)
    func freeOffset(_ index: UInt32, from place: Int) throws(SegmentError) -> Int {
        let offset = try blockOffset(checking: index, at: place)
        let state = UInt8(truncatingIfNeeded: memory.load(offset + shmlens_block_offset_generation) >> 48)
        guard state == BlockDescriptor.State.free.rawValue else {
            throw .damaged(what: "a bin names descriptor \(index), which is not free", offset: offset)
        }
        return offset
    }

    /// Takes an unused descriptor: one given back, or the next that was never used.
    ///
    /// Its state word is changed here, through the journal; the rest of an unused descriptor means nothing, so the
    /// caller stores it with ``raw(_:_:)``, but for `links`, which the list of unused ones runs through. That is why
    /// an operation takes all its descriptors before it gives one back.
    func takeDescriptor(state: BlockDescriptor.State, ownership: UInt64) throws(SegmentError) -> UInt32 {
        let listOffset = indexOffset + shmlens_index_header_offset_unused_descriptors
        let first = memory.loadHalf(listOffset)
        let index: UInt32
        if first != Self.none {
            let offset = try blockOffset(checking: first, at: listOffset)
            let block = descriptor(at: offset)
            guard block.state == .unused else {
                throw .damaged(what: "the list of unused descriptors names one in use", offset: offset)
            }
            try putHalf(listOffset, block.next)
            index = first
        } else {
            let highWaterOffset = indexOffset + shmlens_index_header_offset_table_high_water
            let highWater = memory.loadHalf(highWaterOffset)
            guard Int(highWater) < blockCapacity else {
                throw .noFreeBlock(wantedBytes: shmlens_granule_bytes, largestFreeBytes: 0)
            }
            try putHalf(highWaterOffset, highWater + 1)
            index = highWater
        }
        try put(blockOffset(Int(index)) + shmlens_block_offset_generation, ownership)
        return index
    }

    /// Gives a descriptor back to the list of unused ones.
    func giveBack(_ index: UInt32, at offset: Int) throws(SegmentError) {
        let listOffset = indexOffset + shmlens_index_header_offset_unused_descriptors
        try put(offset + shmlens_block_offset_generation, 0)
        try put(
            offset + shmlens_block_offset_previous,
            BlockDescriptor.pack(Self.none, memory.loadHalf(listOffset)))
        try putHalf(listOffset, index)
    }

    /// Makes `next` the right neighbour of the descriptor at `offset`.
    func setNext(_ offset: Int, _ next: UInt32) throws(SegmentError) {
        try putHalf(offset + shmlens_block_offset_next, next)
    }

    /// Tells the block right of a change who its left neighbour is now.
    func setPrevious(of index: UInt32, _ previous: UInt32, from place: Int) throws(SegmentError) {
        guard index != Self.none else { return }
        let offset = try blockOffset(checking: index, at: place)
        try putHalf(offset + shmlens_block_offset_previous, previous)
    }
}

/// Totals in the index header.
extension SegmentCore {
    /// Books a change of the used bytes and of the numbers of blocks.
    func book(usedBytes change: Int, usedBlocks: Int, freeBlocks: Int) throws(SegmentError) {
        let base = indexOffset
        let used = memory.load(base + shmlens_index_header_offset_used_bytes) &+ UInt64(bitPattern: Int64(change))
        guard used <= UInt64(layout.poolBytes) else {
            throw .damaged(
                what: "the used bytes would become \(used)", offset: base + shmlens_index_header_offset_used_bytes)
        }
        try put(base + shmlens_index_header_offset_used_bytes, used)
        if used > memory.load(base + shmlens_index_header_offset_high_water_bytes) {
            try put(base + shmlens_index_header_offset_high_water_bytes, used)
        }
        let counts = memory.load(base + shmlens_index_header_offset_used_blocks)
        let usedCount = UInt32(truncatingIfNeeded: counts) &+ UInt32(truncatingIfNeeded: usedBlocks)
        let freeCount = UInt32(truncatingIfNeeded: counts >> 32) &+ UInt32(truncatingIfNeeded: freeBlocks)
        try put(base + shmlens_index_header_offset_used_blocks, BlockDescriptor.pack(usedCount, freeCount))
    }

    /// The offset of the left neighbour's word with both links (`previous` and `next`).
    @inline(__always)
    func linksOffset(_ offset: Int) -> Int { offset + shmlens_block_offset_previous }
}
