import CShmlens
import SegmentFormat

/// Several blocks of one kind at a time: all of them, or none and no trace.
extension SegmentCore {
    /// Allocates `count` equal blocks, each an operation of its own: who is killed on the way leaves those made so far.
    ///
    /// Whether all have room is counted before the first is made, so that a refusal leaves neither events nor a
    /// high-water mark behind.
    ///
    /// - Throws: ``SegmentError/noFreeBlock(wantedBytes:largestFreeBytes:)`` where not all have room.
    func allocate(_ request: AllocationRequest, count: Int, actor: OwnerKey) throws(SegmentError) -> [Int] {
        try requireTablesUnprotected()
        if count > 1 {
            guard try hasRoom(for: request, count: count) else {
                throw .noFreeBlock(wantedBytes: request.sizeBytes, largestFreeBytes: try largestFreeBytes())
            }
        }
        var offsets: [Int] = []
        offsets.reserveCapacity(count)
        do throws(SegmentError) {
            for _ in 0..<count { offsets.append(try allocate(request, actor: actor)) }
        } catch {
            // A pool page that this process protected, a full file system, or damage: what was made is taken back as
            // far as that goes, and the first reason is the one to tell.
            for offset in offsets { try? free(payload: offset, kind: .free, actor: actor) }
            throw error
        }
        return offsets
    }

    /// Whether `count` such blocks have room together.
    ///
    /// O(1) where the largest free block holds them all, otherwise up to ``searchLimit`` descriptors are looked at. In
    /// which order the allocator takes the blocks makes no difference: each cuts as many out of a free block as that
    /// holds, and what is left over between two of them is too small for one.
    private func hasRoom(for request: AllocationRequest, count: Int) throws(SegmentError) -> Bool {
        guard let bytes = Span.bytes(payload: request.sizeBytes, leadBytes: request.leadBytes) else { return false }
        let stride = Self.stride(bytes, request.alignment)
        let together = stride.multipliedReportingOverflow(by: count)
        if !together.overflow, together.partialValue < (try largestFreeBytes()) - request.alignment { return true }
        var missing = count
        for index in 0..<searchedDescriptors {
            let offset = blockOffset(index)
            let block = descriptor(at: offset)
            guard block.state == .free, block.spanBytes >= UInt64(bytes) else { continue }
            try checkSpan(block, at: offset)
            missing -= spans(in: block, bytes: bytes, alignment: request.alignment)
            if missing <= 0 { return true }
        }
        return false
    }

    /// How many aligned spans of `bytes` a free block holds.
    private func spans(in block: BlockDescriptor, bytes: Int, alignment: Int) -> Int {
        let span = Int(block.spanBytes)
        guard alignment > shmlens_granule_bytes else { return span / bytes }
        guard let prefix = prefix(of: block, bytes: bytes, alignment: alignment) else { return 0 }
        return 1 + (span - prefix - bytes) / Self.stride(bytes, alignment)
    }

    /// From one aligned span to the next.
    private static func stride(_ bytes: Int, _ alignment: Int) -> Int { (bytes + alignment - 1) & ~(alignment - 1) }
}
