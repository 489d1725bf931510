import CShmlens
import SegmentFormat

extension SegmentCore {
    /// Changes the size of a block: in place where its span or the free memory behind it allows, else by moving it.
    ///
    /// Owner, tag, alignment and time of allocation stay. A block that moves keeps as many bytes of its payload as
    /// fit; the copy is made before the commit, into memory that is still free, so a death on the way loses nothing.
    ///
    /// - Returns: where the payload is now.
    func resize(payload: Int, to sizeBytes: Int, actor: OwnerKey) throws(SegmentError) -> Int {
        try requireTablesUnprotected()
        let (index, offset, block) = try usedBlock(payload: payload)
        let request = try AllocationRequest(
            sizeBytes: sizeBytes, alignment: 1 << Int(min(block.alignmentShift, UInt8(Span.largestAlignmentShift))),
            tag: Tag(low: block.tagLow, high: block.tagHigh),
            owner: OwnerKey(slot: UInt32(block.slot), generation: block.generation))
        guard let bytes = Span.bytes(payload: sizeBytes, leadBytes: Int(block.leadBytes)) else {
            throw .invalid(field: "sizeBytes", reason: "is beyond what the format can hold")
        }
        return try perform { () throws(SegmentError) in
            var event = EventDraft(kind: .resize, actor: actor)
            describeOld(block, in: &event)
            let placed: PlacedBlock
            if try stretch(index, at: offset, block, to: bytes) {
                try restate(at: offset, block, spanBytes: bytes, sizeBytes: sizeBytes)
                placed = PlacedBlock(
                    index: index, spanOffset: Int(block.spanOffset), spanBytes: bytes, payloadOffset: payload,
                    freeBlocks: 0)
            } else {
                placed = try move(index, at: offset, block, request)
            }
            describe(placed, request, in: &event)
            event.leadBytes = block.leadBytes
            event.slackBytes = UInt8(placed.spanBytes - Int(block.leadBytes) - sizeBytes - shmlens_guard_bytes)
            event.allocatedAtMilliseconds = block.allocatedAtMilliseconds
            return (placed.payloadOffset, event)
        }
    }

    /// Makes a span end elsewhere, where the memory behind it allows.
    ///
    /// - Returns: false where it does not; nothing is changed then.
    private func stretch(
        _ index: UInt32, at offset: Int, _ block: BlockDescriptor, to spanBytes: Int
    ) throws(SegmentError) -> Bool {
        let change = spanBytes - Int(block.spanBytes)
        guard change != 0 else { return true }
        let right = try freeNeighbour(block.next, of: offset)
        let behind = right.map { Int($0.block.spanBytes) } ?? 0
        guard change <= behind else { return false }
        let surplus = behind - change
        let end = Int(block.spanOffset) + spanBytes
        if let right {
            try requireTouching(block, right.block, at: right.offset)
            try removeFree(block.next, at: right.offset, block: right.block)
            try clearStart(granule(Int(right.block.spanOffset)))
            if surplus > 0 {
                try moveFree(block.next, at: right.offset, spanOffset: end, spanBytes: surplus)
            } else {
                try setPrevious(of: right.block.next, index, from: offset)
                try setNext(offset, right.block.next)
                try giveBack(block.next, at: right.offset)
            }
        } else if surplus > 0 {
            let free = try makeFree(spanOffset: end, spanBytes: surplus, previous: index, next: block.next)
            try setPrevious(of: block.next, free, from: offset)
            try setNext(offset, free)
        }
        try book(
            usedBytes: change, usedBlocks: 0, freeBlocks: (surplus > 0 ? 1 : 0) - (right == nil ? 0 : 1))
        return true
    }

    /// Makes a free block, out of its bin and without a start already, begin and end elsewhere between the same
    /// neighbours.
    ///
    /// It keeps its descriptor: one that an operation gives back must not be taken again by the same operation,
    /// since what is stored into a descriptor that was taken is not journaled.
    private func moveFree(_ index: UInt32, at offset: Int, spanOffset: Int, spanBytes: Int) throws(SegmentError) {
        try put(offset + shmlens_block_offset_span_offset, UInt64(spanOffset))
        try put(offset + shmlens_block_offset_span_bytes, UInt64(spanBytes))
        try put(offset + shmlens_block_offset_sequence, operation)
        try insertFree(index, at: offset, spanBytes: spanBytes)
        try setStart(granule(spanOffset), index)
    }

    /// Stores what a block that stays in its place says of itself.
    private func restate(
        at offset: Int, _ block: BlockDescriptor, spanBytes: Int, sizeBytes: Int
    ) throws(SegmentError) {
        try put(offset + shmlens_block_offset_span_bytes, UInt64(spanBytes))
        try put(offset + shmlens_block_offset_sequence, operation)
        let slack = spanBytes - Int(block.leadBytes) - sizeBytes - shmlens_guard_bytes
        try put(
            offset + 40,
            BlockDescriptor.packUse(
                allocatedAtMilliseconds: block.allocatedAtMilliseconds, slackBytes: UInt8(slack),
                alignmentShift: block.alignmentShift))
        // The new guard may fall into the payload: saved, so that taking it back restores the bytes.
        try writeGuards(payload: Int(block.payloadOffset), size: sizeBytes, journaled: true)
    }

    /// Carves a new block, copies the payload, frees the old one.
    private func move(
        _ index: UInt32, at offset: Int, _ block: BlockDescriptor, _ request: AllocationRequest
    ) throws(SegmentError) -> PlacedBlock {
        let length = min(Int(block.sizeBytes ?? 0), request.sizeBytes)
        try requireReadable(Int(block.payloadOffset)..<(Int(block.payloadOffset) + length))
        let placed = try place(request)
        try requireUnprotected(placed.payloadOffset, length: length)
        try backing?.require(placed.payloadOffset, length: length)
        // Carving may have changed the old block's links: they are read again.
        let current = descriptor(at: offset)
        try checkSpan(current, at: offset)
        memory.move(from: Int(block.payloadOffset), to: placed.payloadOffset, count: length)
        let freeBlocks = try release(index, at: offset, current)
        // In one: that both were there for a moment is nothing that the high-water mark should tell.
        try book(
            usedBytes: placed.spanBytes - Int(block.spanBytes), usedBlocks: 0,
            freeBlocks: placed.freeBlocks + freeBlocks)
        let placedOffset = blockOffset(Int(placed.index))
        let detail = memory.load(placedOffset + 40)
        let slackAndAlignment = detail & ~0xffff_ffff_ffff
        let at = BlockDescriptor.packUse(
            allocatedAtMilliseconds: block.allocatedAtMilliseconds, slackBytes: 0, alignmentShift: 0)
        try put(placedOffset + 40, slackAndAlignment | at)
        return placed
    }
}
