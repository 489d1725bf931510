import CShmlens
import SegmentFormat

/// What is asked of the allocator.
struct AllocationRequest {
    var sizeBytes: Int
    /// As a power of two, 4 (16 bytes) to ``Span/largestAlignmentShift``.
    var alignmentShift: UInt8 = 4
    var tag = Tag.none
    var owner = OwnerKey.external

    /// Checks what a caller gave.
    ///
    /// - Throws: ``SegmentError/invalid(field:reason:)``.
    init(sizeBytes: Int, alignment: Int, tag: Tag, owner: OwnerKey) throws(SegmentError) {
        guard sizeBytes > 0 else { throw .invalid(field: "sizeBytes", reason: "must be at least 1") }
        guard sizeBytes <= 1 << 41 else { throw .invalid(field: "sizeBytes", reason: "is beyond what the format can hold") }
        let largest = 1 << Span.largestAlignmentShift
        guard alignment > 0, alignment <= largest, alignment & (alignment - 1) == 0 else {
            throw .invalid(field: "alignment", reason: "must be a power of two, at most \(largest)")
        }
        self.sizeBytes = sizeBytes
        alignmentShift = UInt8(max(4, alignment.trailingZeroBitCount))
        self.tag = tag
        self.owner = owner
    }

    var alignment: Int { 1 << Int(alignmentShift) }
    var leadBytes: Int { Span.leadBytes(alignment: alignment) }
}

/// A block as the allocator hands it out.
struct PlacedBlock {
    var index: UInt32
    var spanOffset: Int
    var spanBytes: Int
    var payloadOffset: Int
    /// How many more free blocks there are since.
    var freeBlocks: Int
}

extension SegmentCore {
    /// Allocates: the smallest free block that fits, its surplus given back at once.
    ///
    /// - Throws: ``SegmentError/noFreeBlock(wantedBytes:largestFreeBytes:)`` where none fits; nothing is changed then.
    func allocate(_ request: AllocationRequest, actor: OwnerKey) throws(SegmentError) -> Int {
        try requireTablesUnprotected()
        return try perform { () throws(SegmentError) in
            let placed = try place(request)
            try book(usedBytes: placed.spanBytes, usedBlocks: 1, freeBlocks: placed.freeBlocks)
            var event = EventDraft(kind: .allocate, actor: actor)
            describe(placed, request, in: &event)
            return (placed.payloadOffset, event)
        }
    }

    /// Carves a block out of the free ones, within an operation under way, which books it.
    func place(_ request: AllocationRequest) throws(SegmentError) -> PlacedBlock {
        guard let bytes = Span.bytes(payload: request.sizeBytes, leadBytes: request.leadBytes),
            let (index, prefix) = try findSpan(bytes: bytes, alignment: request.alignment)
        else {
            throw .noFreeBlock(wantedBytes: request.sizeBytes, largestFreeBytes: try largestFreeBytes())
        }
        let (offset, block) = try freeBlock(index, from: indexOffset)
        // Read a second time: it may be another block by now, where somebody writes past the lock.
        guard self.prefix(of: block, bytes: bytes, alignment: request.alignment) == prefix else {
            throw .damaged(what: "a free block changed while it was taken", offset: offset)
        }
        let ownership = BlockDescriptor.packOwnership(
            generation: request.owner.generation, slot: UInt16(truncatingIfNeeded: request.owner.slot), state: .used,
            leadBytes: UInt8(request.leadBytes))
        try removeFree(index, at: offset, block: block)

        let spanOffset = Int(block.spanOffset) + prefix
        let remainder = Int(block.spanBytes) - prefix - bytes
        let usedIndex = prefix == 0 ? index : try takeDescriptor(state: .used, ownership: ownership)
        var right = block.next
        if remainder > 0 {
            right = try makeFree(
                spanOffset: spanOffset + bytes, spanBytes: remainder, previous: usedIndex, next: block.next)
            try setPrevious(of: block.next, right, from: offset)
        }
        if prefix > 0 {
            try shorten(index, at: offset, to: prefix, next: usedIndex)
            if remainder == 0 { try setPrevious(of: block.next, usedIndex, from: offset) }
            try setStart(granule(spanOffset), usedIndex)
        }
        try fill(
            usedIndex, spanOffset: spanOffset, spanBytes: bytes,
            links: BlockDescriptor.pack(prefix > 0 ? index : block.previous, right), ownership: ownership, request)
        let payload = spanOffset + request.leadBytes
        try writeGuards(payload: payload, size: request.sizeBytes, journaled: false)
        return PlacedBlock(
            index: usedIndex, spanOffset: spanOffset, spanBytes: bytes, payloadOffset: payload,
            freeBlocks: (prefix > 0 ? 1 : 0) + (remainder > 0 ? 1 : 0) - 1)
    }

    /// Stores the words of a block that becomes used.
    private func fill(
        _ index: UInt32, spanOffset: Int, spanBytes: Int, links: UInt64, ownership: UInt64,
        _ request: AllocationRequest
    ) throws(SegmentError) {
        let offset = blockOffset(Int(index))
        try put(offset + shmlens_block_offset_generation, ownership)
        try put(offset + shmlens_block_offset_span_offset, UInt64(spanOffset))
        try put(offset + shmlens_block_offset_span_bytes, UInt64(spanBytes))
        try put(offset + shmlens_block_offset_previous, links)
        try put(offset + shmlens_block_offset_sequence, operation)
        let slack = spanBytes - request.leadBytes - request.sizeBytes - shmlens_guard_bytes
        try put(
            offset + 40,
            BlockDescriptor.packUse(
                allocatedAtMilliseconds: operationTime / 1_000_000, slackBytes: UInt8(slack),
                alignmentShift: request.alignmentShift))
        try put(offset + 48, request.tag.low)
        try put(offset + 56, request.tag.high)
    }

    /// Makes a free block out of part of the pool, with a descriptor of its own.
    func makeFree(
        spanOffset: Int, spanBytes: Int, previous: UInt32, next: UInt32
    ) throws(SegmentError) -> UInt32 {
        let ownership = BlockDescriptor.packOwnership(generation: 0, slot: 0, state: .free, leadBytes: 0)
        let index = try takeDescriptor(state: .free, ownership: ownership)
        let offset = blockOffset(Int(index))
        raw(offset + shmlens_block_offset_span_offset, UInt64(spanOffset))
        raw(offset + shmlens_block_offset_span_bytes, UInt64(spanBytes))
        try put(offset + shmlens_block_offset_previous, BlockDescriptor.pack(previous, next))
        raw(offset + shmlens_block_offset_sequence, operation)
        try insertFree(index, at: offset, spanBytes: spanBytes)
        try setStart(granule(spanOffset), index)
        return index
    }

    /// Leaves a free block, out of its bin already, with only its first bytes, and puts it back into one.
    private func shorten(_ index: UInt32, at offset: Int, to spanBytes: Int, next: UInt32) throws(SegmentError) {
        try put(offset + shmlens_block_offset_span_bytes, UInt64(spanBytes))
        try setNext(offset, next)
        try put(offset + shmlens_block_offset_sequence, operation)
        try insertFree(index, at: offset, spanBytes: spanBytes)
    }

    /// Says in an event what block an operation left behind.
    func describe(_ placed: PlacedBlock, _ request: AllocationRequest, in event: inout EventDraft) {
        event.spanOffset = placed.spanOffset
        event.spanBytes = placed.spanBytes
        event.sizeBytes = request.sizeBytes
        event.offset = placed.payloadOffset
        event.blockOwner = request.owner
        event.tag = request.tag
        event.allocatedAtMilliseconds = operationTime / 1_000_000
        event.leadBytes = UInt8(request.leadBytes)
        event.slackBytes = UInt8(placed.spanBytes - request.leadBytes - request.sizeBytes - shmlens_guard_bytes)
        event.alignmentShift = request.alignmentShift
    }
}

/// Where to carve from.
extension SegmentCore {
    /// How many free blocks are tried, smallest first, for one that holds an aligned span only if it happens to lie
    /// right, before all are gone through.
    static var alignedCandidates: Int { 256 }

    /// A free block for `bytes`, and how many of its first bytes stay free so that the payload is aligned.
    ///
    /// Up to 64 bytes every granule boundary is aligned as it must be, and the answer is the best fit. Beyond that
    /// a block may be large enough and lie wrong: candidates are tried in order of size.
    private func findSpan(bytes: Int, alignment: Int) throws(SegmentError) -> (index: UInt32, prefix: Int)? {
        let granules = UInt64(bytes / shmlens_granule_bytes)
        guard alignment > shmlens_granule_bytes else {
            return try bestFit(granules: granules).map { ($0, 0) }
        }
        var wanted = granules
        var tried = 0
        while tried < Self.alignedCandidates, let first = try bestFit(granules: wanted) {
            let (offset, block) = try freeBlock(first, from: indexOffset)
            var candidate = first
            var current = block
            repeat {
                if let prefix = prefix(of: current, bytes: bytes, alignment: alignment) { return (candidate, prefix) }
                tried += 1
                candidate = current.ringNext
                guard candidate != first, candidate != Self.none else { break }
                (_, current) = try freeBlock(candidate, from: offset)
            } while tried < Self.alignedCandidates
            wanted = block.spanBytes / UInt64(shmlens_granule_bytes) + 1
        }
        guard tried >= Self.alignedCandidates else { return nil }
        if let best = try scanForSpan(bytes: bytes, alignment: alignment) { return best }
        return try surelyFitting(bytes: bytes, alignment: alignment)
    }

    /// A free block so large that an aligned span must fit.
    private func surelyFitting(bytes: Int, alignment: Int) throws(SegmentError) -> (index: UInt32, prefix: Int)? {
        let sure = UInt64((bytes + alignment) / shmlens_granule_bytes)
        guard let index = try bestFit(granules: sure) else { return nil }
        let (_, block) = try freeBlock(index, from: indexOffset)
        return prefix(of: block, bytes: bytes, alignment: alignment).map { (index, $0) }
    }

    /// The second resort of an alignment above 64 bytes: every descriptor that was ever used, up to
    /// ``searchLimit``. It runs where the 256 smallest candidates lie wrong, and finds the best.
    private func scanForSpan(bytes: Int, alignment: Int) throws(SegmentError) -> (index: UInt32, prefix: Int)? {
        var best: (index: UInt32, prefix: Int, span: UInt64)?
        for index in 0..<searchedDescriptors {
            let offset = blockOffset(index)
            let block = descriptor(at: offset)
            guard block.state == .free, block.spanBytes < best?.span ?? .max else { continue }
            try checkSpan(block, at: offset)
            if let prefix = prefix(of: block, bytes: bytes, alignment: alignment) {
                best = (UInt32(index), prefix, block.spanBytes)
            }
        }
        return best.map { ($0.index, $0.prefix) }
    }

    /// Descriptors that a search over all of them looks at, whatever the segment says: a table that claims more is gone
    /// through in part. 2^20 take some milliseconds, during which everybody waits.
    static var searchLimit: Int { 1 << 20 }

    var searchedDescriptors: Int {
        let highWater = memory.loadHalf(indexOffset + shmlens_index_header_offset_table_high_water)
        return min(Int(highWater), blockCapacity, Self.searchLimit)
    }

    /// How many bytes of a free block come before an aligned span in it, or nil where none fits.
    func prefix(of block: BlockDescriptor, bytes: Int, alignment: Int) -> Int? {
        let start = Int(block.spanOffset)
        let payload = (start + shmlens_granule_bytes + alignment - 1) & ~(alignment - 1)
        let prefix = payload - shmlens_granule_bytes - start
        return prefix + bytes <= Int(block.spanBytes) ? prefix : nil
    }
}

/// Guards.
extension SegmentCore {
    /// Writes the guard words around a payload.
    ///
    /// - Parameter journaled: where the bytes may be somebody's payload until the commit, so that taking the
    ///   operation back must restore them. What is free until the commit needs no saving.
    func writeGuards(payload: Int, size: Int, journaled: Bool) throws(SegmentError) {
        try requireUnprotected(payload - shmlens_guard_bytes, length: size + 2 * shmlens_guard_bytes)
        try backing?.require(payload - shmlens_guard_bytes)
        try backing?.require(payload + size, length: shmlens_guard_bytes)
        let before = Span.guardBefore(payloadOffset: UInt64(payload))
        if journaled {
            try put(payload - shmlens_guard_bytes, before)
        } else {
            raw(payload - shmlens_guard_bytes, before)
        }
        let after = Span.guardAfter(payloadOffset: UInt64(payload))
        let end = payload + size
        let word = end & ~7
        let shift = UInt64((end & 7) * 8)
        let low = memory.load(word) & ~(~0 << shift) | after << shift
        try store(word, low, journaled: journaled)
        guard shift > 0 else { return }
        let high = memory.load(word + 8) & (~0 << shift) | after >> (64 - shift)
        try store(word + 8, high, journaled: journaled)
    }

    private func store(_ offset: Int, _ value: UInt64, journaled: Bool) throws(SegmentError) {
        if journaled {
            try put(offset, value)
        } else {
            raw(offset, value)
        }
    }
}
