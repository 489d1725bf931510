import CShmlens
import SegmentFormat

extension SegmentCore {
    /// Frees the used blocks among some descriptors whose owner's generation is not its slot's living one.
    func reclaim(
        from first: Int, limit: Int, actor: OwnerKey
    ) throws(SegmentError) -> (blocks: Int, bytes: Int, next: Int?) {
        let highWater = min(
            Int(memory.loadHalf(indexOffset + shmlens_index_header_offset_table_high_water)),
            blockCapacity)
        guard first >= 0, first < highWater else { return (0, 0, nil) }
        let end = first + min(max(limit, 1), highWater - first)
        var blocks = 0
        var bytes = 0
        for index in first..<end {
            let block = descriptor(at: blockOffset(index))
            guard block.state == .used,
                !isLiving(OwnerKey(slot: UInt32(block.slot), generation: block.generation))
            else { continue }
            try checkSpan(block, at: blockOffset(index))
            guard block.spanBytes > UInt64(block.leadBytes) else { continue }
            try free(payload: Int(block.payloadOffset), kind: .reclaim, actor: actor)
            count(.reclaim, for: actor)
            blocks += 1
            bytes += Int(block.spanBytes)
        }
        return (blocks, bytes, end < highWater ? end : nil)
    }
}

extension Segment {
    /// Descriptors looked at for each time that the lock is held.
    static var reclaimPiece: Int { 1024 }

    /// Frees the slots of dead participants and then their blocks, giving the lock back every now and then.
    ///
    /// - Parameters:
    ///   - unknown: also of participants that cannot be seen from here.
    ///   - timeout: for each time that the lock is taken.
    /// - Returns: what was freed; the bytes are those of spans.
    public func reclaim(
        includingUnknown unknown: Bool = false, timeout: Duration? = nil
    ) throws(SegmentError) -> (slots: Int, blocks: Int, bytes: Int) {
        let slots = try withLock(timeout: timeout) { (locked) throws(SegmentError) in
            try locked.bury(including: unknown)
        }
        var blocks = 0
        var bytes = 0
        var next: Int? = 0
        while let first = next {
            let piece = try withLock(timeout: timeout) { (locked) throws(SegmentError) in
                try locked.reclaim(from: first, limit: Self.reclaimPiece)
            }
            blocks += piece.blocks
            bytes += piece.bytes
            next = piece.next
        }
        return (slots, blocks, bytes)
    }
}
