import CShmlens
import SegmentFormat

extension SegmentCore {
    /// The used block whose payload begins at `payload`.
    ///
    /// - Throws: ``SegmentError/noSuchBlock(offset:)`` for any other offset, one of a freed block included.
    func usedBlock(payload: Int) throws(SegmentError) -> (index: UInt32, offset: Int, block: BlockDescriptor) {
        let pool = poolOffset..<poolEnd
        guard pool.contains(payload), pool.contains(payload - shmlens_minimum_lead_bytes) else {
            throw .noSuchBlock(offset: payload)
        }
        // A lead is 16 to 64 bytes, so the span begins in the granule of the byte 16 before the payload.
        let granule = granule(payload - shmlens_minimum_lead_bytes)
        guard isStart(granule) else { throw .noSuchBlock(offset: payload) }
        let found = try block(startingAt: granule)
        guard found.block.state == .used, found.block.payloadOffset == UInt64(payload) else {
            throw .noSuchBlock(offset: payload)
        }
        try checkUse(found.block, at: found.offset)
        return found
    }

    /// Checks what a used block says of itself beside its span: lead, slack and alignment fit one another.
    func checkUse(_ block: BlockDescriptor, at offset: Int) throws(SegmentError) {
        guard (4...UInt8(Span.largestAlignmentShift)).contains(block.alignmentShift),
            Int(block.leadBytes) == Span.leadBytes(alignment: 1 << Int(block.alignmentShift)),
            block.slackBytes < UInt8(shmlens_granule_bytes), block.sizeBytes != nil
        else {
            throw .damaged(what: "a block's lead, slack and alignment contradict each other", offset: offset)
        }
    }

    /// Frees a block and joins it with free neighbours at once.
    ///
    /// - Parameter kind: `.free`, or `.reclaim` where it was a dead participant's.
    func free(payload: Int, kind: OperationKind, actor: OwnerKey) throws(SegmentError) {
        try requireTablesUnprotected()
        let (index, offset, block) = try usedBlock(payload: payload)
        try perform { () throws(SegmentError) in
            let freeBlocks = try release(index, at: offset, block)
            try book(usedBytes: -Int(block.spanBytes), usedBlocks: -1, freeBlocks: freeBlocks)
            return ((), freed(block, kind: kind, actor: actor))
        }
    }

    /// Turns a used block into free memory, within an operation under way, which books it.
    ///
    /// - Returns: how many more free blocks there are since.
    func release(_ index: UInt32, at offset: Int, _ block: BlockDescriptor) throws(SegmentError) -> Int {
        let left = try freeNeighbour(block.previous, of: offset)
        let right = try freeNeighbour(block.next, of: offset)
        var spanBytes = Int(block.spanBytes)
        var next = block.next
        if let right {
            try requireTouching(block, right.block, at: right.offset)
            try removeFree(block.next, at: right.offset, block: right.block)
            try clearStart(granule(Int(right.block.spanOffset)))
            next = right.block.next
            spanBytes += Int(right.block.spanBytes)
            try giveBack(block.next, at: right.offset)
        }
        if let left {
            try requireTouching(left.block, block, at: offset)
            // Removing the right neighbour may have changed words of the left one: they may share a bin.
            try removeFree(block.previous, at: left.offset, block: descriptor(at: left.offset))
            try clearStart(granule(Int(block.spanOffset)))
            try giveBack(index, at: offset)
            try become(
                free: block.previous, at: left.offset, spanBytes: Int(left.block.spanBytes) + spanBytes,
                links: BlockDescriptor.pack(left.block.previous, next))
            try setPrevious(of: next, block.previous, from: offset)
        } else {
            try become(
                free: index, at: offset, spanBytes: spanBytes, links: BlockDescriptor.pack(block.previous, next))
            if right != nil { try setPrevious(of: next, index, from: offset) }
        }
        return 1 - (left == nil ? 0 : 1) - (right == nil ? 0 : 1)
    }

    /// Stores the words of a block that becomes free or larger, and puts it into its bin.
    func become(free index: UInt32, at offset: Int, spanBytes: Int, links: UInt64) throws(SegmentError) {
        try put(
            offset + shmlens_block_offset_generation,
            BlockDescriptor.packOwnership(generation: 0, slot: 0, state: .free, leadBytes: 0))
        try put(offset + shmlens_block_offset_span_bytes, UInt64(spanBytes))
        try put(offset + shmlens_block_offset_previous, links)
        try put(offset + shmlens_block_offset_sequence, operation)
        try insertFree(index, at: offset, spanBytes: spanBytes)
    }

    /// A neighbour, where there is one and it is free.
    func freeNeighbour(
        _ index: UInt32, of offset: Int
    ) throws(SegmentError) -> (offset: Int, block: BlockDescriptor)? {
        guard index != Self.none else { return nil }
        let neighbourOffset = try blockOffset(checking: index, at: offset)
        let neighbour = descriptor(at: neighbourOffset)
        guard neighbour.state == .free else {
            guard neighbour.state == .used else {
                throw .damaged(what: "a neighbour of a block is not in use", offset: offset)
            }
            return nil
        }
        try checkSpan(neighbour, at: neighbourOffset)
        return (neighbourOffset, neighbour)
    }

    /// Two neighbours' spans touch.
    func requireTouching(
        _ left: BlockDescriptor, _ right: BlockDescriptor, at offset: Int
    ) throws(SegmentError) {
        guard left.spanOffset &+ left.spanBytes == right.spanOffset else {
            throw .damaged(what: "neighbouring spans do not touch", offset: offset)
        }
    }

    private func freed(_ block: BlockDescriptor, kind: OperationKind, actor: OwnerKey) -> EventDraft {
        var event = EventDraft(kind: kind, actor: actor)
        describeOld(block, in: &event)
        event.blockOwner = OwnerKey(slot: UInt32(block.slot), generation: block.generation)
        event.tag = Tag(low: block.tagLow, high: block.tagHigh)
        event.allocatedAtMilliseconds = block.allocatedAtMilliseconds
        return event
    }

    /// Says in an event what block there was before the operation.
    func describeOld(_ block: BlockDescriptor, in event: inout EventDraft) {
        event.oldSpanOffset = Int(block.spanOffset)
        event.oldSpanBytes = Int(block.spanBytes)
        event.oldOffset = Int(block.payloadOffset)
        event.oldSizeBytes = Int(block.sizeBytes ?? 0)
    }
}
