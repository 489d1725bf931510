import CShmlens
public import SegmentFormat
import Synchronization

/// Words of the pool that processes share without the lock.
///
/// For bytes of a block whose users have agreed on what stands where: who writes where nobody expects it destroys
/// somebody's payload, though never the book-keeping, which lies elsewhere. Each access is atomic.
extension Segment {
    /// - Parameter offset: in the pool, a multiple of 8.
    /// - Throws: ``SegmentError/outsidePool(offset:length:pool:)``, ``SegmentError/invalid(field:reason:)``,
    ///   ``SegmentError/protected(offset:length:)``.
    public func loadWord(at offset: Int) throws(SegmentError) -> UInt64 {
        try requireWord(offset)
        return core.memory.loadAcquiring(offset)
    }

    /// - Throws: as ``loadWord(at:)``.
    public func storeWord(_ value: UInt64, at offset: Int) throws(SegmentError) {
        try requireWord(offset)
        core.memory.store(offset, value)
    }

    /// Adds one to a word, `count` times, one atomic addition each.
    ///
    /// - Throws: as ``loadWord(at:)``.
    public func incrementWord(at offset: Int, times count: Int) throws(SegmentError) {
        try requireWord(offset)
        core.memory.addOne(offset, times: count)
    }

    private func requireWord(_ offset: Int) throws(SegmentError) {
        let pool = layout.poolOffset..<(layout.poolOffset + layout.poolBytes)
        guard pool.contains(offset), offset <= pool.upperBound - 8 else {
            throw .outsidePool(offset: offset, length: 8, pool: pool)
        }
        guard offset & 7 == 0 else { throw .invalid(field: "offset", reason: "must be a multiple of 8, not \(offset)") }
        try core.requireUnprotected(offset, length: 8)
    }
}

extension LiveMemory {
    /// Adds one, `count` times; other processes may do the same to the same word.
    func addOne(_ offset: Int, times count: Int) {
        precondition(offset & 7 == 0 && offset >= 0 && offset <= self.count &- 8, "an offset outside the mapping")
        let word = unsafe UnsafePointer<Atomic<UInt64>>((base + offset).assumingMemoryBound(to: Atomic<UInt64>.self))
        for _ in 0..<max(count, 0) { unsafe word.pointee.wrappingAdd(1, ordering: .relaxed) }
    }
}

/// How processes find a block that they share.
extension LockedSegment {
    /// Descriptors that ``externalBlock(tagged:)`` looks at most: some ten milliseconds under the lock.
    public static let searchLimit = 1 << 20

    /// The first block of that tag that belongs to `external`, in the block table's order.
    ///
    /// - Complexity: O(descriptors ever used).
    /// - Returns: nil where there is none.
    /// - Throws: ``SegmentError/invalid(field:reason:)`` where more descriptors than ``searchLimit`` were ever used, so
    ///   that the answer would take too long.
    public func externalBlock(tagged tag: Tag) throws(SegmentError) -> SegmentBlock? {
        let highWater = min(
            Int(core.memory.loadHalf(core.layout.indexOffset + shmlens_index_header_offset_table_high_water)),
            core.layout.blockCapacity)
        guard highWater <= Self.searchLimit else {
            throw .invalid(
                field: "segment", reason: "has too many blocks to look for one by its tag: \(highWater)")
        }
        for index in 0..<highWater {
            let offset = core.layout.blockOffset(index)
            let block = core.descriptor(at: offset)
            guard block.state == .used, block.slot == 0, Tag(low: block.tagLow, high: block.tagHigh) == tag else {
                continue
            }
            try core.checkSpan(block, at: offset)
            try core.checkUse(block, at: offset)
            return SegmentBlock(block)
        }
        return nil
    }
}
