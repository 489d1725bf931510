import CShmlens
public import Observations
public import SegmentFormat

/// A segment whose lock the calling thread holds: everything that changes one.
///
/// Only ``Segment/withLock(as:timeout:_:)`` makes one, and it cannot leave the closure that it was made for.
public struct LockedSegment: ~Copyable {
    let core: SegmentCore
    let actor: OwnerKey
    let name: String
    let liveness: (ProcessIdentity) -> Liveness

    /// Runs a change: refused where damage is known, and where it meets damage, that is noted.
    @inline(__always)
    private func change<Result>(
        _ body: () throws(SegmentError) -> Result
    ) throws(SegmentError) -> Result {
        try core.requireSound()
        do throws(SegmentError) {
            return try body()
        } catch {
            if case .damaged(_, let offset) = error { core.markDamaged(at: offset) }
            throw error
        }
    }

    // MARK: The heap

    /// Allocates a block: of the free blocks that fit, the smallest.
    ///
    /// The payload holds whatever was there before. O(1) in the number of blocks: at most 80 descriptors are
    /// looked at. Above an alignment of 64, where the smallest 256 that are large enough lie wrong, 2^20 are.
    ///
    /// - Parameters:
    ///   - sizeBytes: 1 or more.
    ///   - alignment: of the payload's offset in the segment; a power of two, 16 at least, 2^30 at most. The address
    ///     in a process is aligned like it up to the page size.
    ///   - tag: for people.
    /// - Returns: the payload's offset from the segment's first byte.
    /// - Throws: ``SegmentError/noFreeBlock(wantedBytes:largestFreeBytes:)``, ``SegmentError/invalid(field:reason:)``.
    public mutating func allocate(sizeBytes: Int, alignment: Int = 16, tag: Tag = .none) throws(SegmentError) -> Int {
        let request = try AllocationRequest(sizeBytes: sizeBytes, alignment: alignment, tag: tag, owner: actor)
        let offset = try change { () throws(SegmentError) in try core.allocate(request, actor: actor) }
        core.count(.allocate, for: actor)
        return offset
    }

    /// Allocates several equal blocks: all, or none and no trace of the attempt. The parameters are as in
    /// ``allocate(sizeBytes:alignment:tag:)``.
    ///
    /// Everybody waits meanwhile: some microseconds for each block.
    ///
    /// - Parameter count: 1 to ``countMax``.
    /// - Returns: the payloads' offsets in the order in which they were made.
    public mutating func allocate(
        count: Int, sizeBytes: Int, alignment: Int = 16, tag: Tag = .none
    ) throws(SegmentError) -> [Int] {
        guard (1...Self.countMax).contains(count) else {
            throw .invalid(field: "count", reason: "must be 1 to \(Self.countMax), not \(count)")
        }
        let request = try AllocationRequest(sizeBytes: sizeBytes, alignment: alignment, tag: tag, owner: actor)
        let offsets = try change { () throws(SegmentError) in
            try core.allocate(request, count: count, actor: actor)
        }
        for _ in offsets { core.count(.allocate, for: actor) }
        return offsets
    }

    /// Blocks that are allocated under one hold of the lock at most.
    public static let countMax = 10_000

    /// Changes a block's size, in place where that is possible.
    ///
    /// - Returns: the payload's offset now; the bytes that fit are kept.
    /// - Throws: ``SegmentError/noSuchBlock(offset:)``; where nothing large enough is free, the block stays as it is.
    public mutating func resize(_ offset: Int, to sizeBytes: Int) throws(SegmentError) -> Int {
        let moved = try change { () throws(SegmentError) in
            try core.resize(payload: offset, to: sizeBytes, actor: actor)
        }
        core.count(.resize, for: actor)
        return moved
    }

    /// Frees a block.
    ///
    /// - Throws: ``SegmentError/noSuchBlock(offset:)`` where no used block has its payload there, also the second time.
    public mutating func free(_ offset: Int) throws(SegmentError) {
        try change { () throws(SegmentError) in try core.free(payload: offset, kind: .free, actor: actor) }
        core.count(.free, for: actor)
    }

    /// The block whose payload begins at `offset`.
    public func block(at offset: Int) throws(SegmentError) -> SegmentBlock {
        let found = try core.usedBlock(payload: offset)
        return SegmentBlock(found.block)
    }

    /// The used or free block whose span holds an offset. O(1) in the number of blocks.
    ///
    /// - Throws: ``SegmentError/outsidePool(offset:length:pool:)``.
    public func block(containing offset: Int) throws(SegmentError) -> SegmentBlock {
        let layout = core.layout
        let pool = layout.poolOffset..<(layout.poolOffset + layout.poolBytes)
        guard pool.contains(offset) else { throw .outsidePool(offset: offset, length: 1, pool: pool) }
        let start = try core.start(atOrBefore: core.granule(offset))
        return SegmentBlock(try core.block(startingAt: start).block)
    }

    /// The block after one, in address order; nil after the last. Beginning with nil gives the first.
    ///
    /// Blocks touch: the next one begins where this one ends.
    public func block(after block: SegmentBlock?) throws(SegmentError) -> SegmentBlock? {
        let layout = core.layout
        let next = block.map { $0.spanOffset + $0.spanBytes } ?? layout.poolOffset
        guard next < layout.poolOffset + layout.poolBytes else { return nil }
        let granule = core.granule(next)
        guard core.isStart(granule) else {
            throw .damaged(what: "no span begins where the one before ends", offset: next)
        }
        return SegmentBlock(try core.block(startingAt: granule).block)
    }

    /// Whether the participant that owns a block lives.
    public func ownerLiveness(of block: SegmentBlock) -> Liveness {
        liveness(of: block.owner)
    }

    /// Whether a participant lives: it has its slot still, and its process has not ended.
    public func liveness(of owner: OwnerKey) -> Liveness {
        guard owner != .external else { return .alive }
        guard core.isLiving(owner) else { return .dead }
        return liveness(core.identity(of: Int(owner.slot)))
    }

    /// The process of a participant that has its slot still; nil for `external`.
    public func process(of owner: OwnerKey) -> ProcessIdentity? {
        owner != .external && core.isLiving(owner) ? core.identity(of: Int(owner.slot)) : nil
    }

    // MARK: State

    public var counter: UInt64 { core.memory.load(shmlens_header_offset_counter) }
    public var flag: UInt32 { UInt32(truncatingIfNeeded: core.memory.load(shmlens_header_offset_flag)) }

    /// Adds one to the counter and writes `NAME: N` into the text.
    @discardableResult
    public mutating func count() throws(SegmentError) -> UInt64 {
        let value = try change { () throws(SegmentError) in try core.count(name: name, actor: actor) }
        core.count(.count, for: actor)
        return value
    }

    /// Replaces the text: at most 1024 bytes of UTF-8.
    public mutating func setText(_ text: String) throws(SegmentError) {
        try change { () throws(SegmentError) in try core.setText(text, actor: actor) }
        core.count(.write, for: actor)
    }

    /// Sets the flag and wakes everyone who waits for the condition.
    public mutating func setFlag(_ flag: UInt32) throws(SegmentError) {
        try change { () throws(SegmentError) in try core.setFlag(flag, actor: actor) }
        core.count(.flag, for: actor)
    }

    /// Wakes those who wait for the condition.
    public mutating func wakeEveryone() { core.wakeCondition(everyone: true) }

    // MARK: Bytes

    /// Writes bytes into the pool, wherever asked.
    public mutating func write(_ bytes: RawSpan, at offset: Int) throws(SegmentError) {
        try core.requireSound()
        try core.write(bytes, at: offset, actor: actor)
        core.count(.write, for: actor)
    }

    /// Writes an array's bytes into the pool.
    public mutating func write(_ bytes: [UInt8], at offset: Int) throws(SegmentError) {
        // Unsafe by its type only: a byte has no padding, and the array outlives the call.
        try unsafe write(bytes.span.bytes, at: offset)
    }

    // MARK: The dead

    /// Frees the slots of dead participants.
    ///
    /// - Parameter unknown: also of those that cannot be seen from here.
    public mutating func bury(including unknown: Bool = false) throws(SegmentError) -> Int {
        try change { () throws(SegmentError) in try core.bury(including: unknown, liveness: liveness) }
    }

    /// Frees blocks whose owner is gone, from descriptor number `first` on.
    ///
    /// A table can be long and everybody waits meanwhile, so the work is done in pieces: call again with what comes
    /// back, giving the lock back in between.
    ///
    /// - Parameters:
    ///   - first: 0 to begin with.
    ///   - limit: how many descriptors to look at.
    /// - Returns: what was freed, and where to go on; nil where the table is done.
    public mutating func reclaim(
        from first: Int, limit: Int
    ) throws(SegmentError) -> (blocks: Int, bytes: Int, next: Int?) {
        try change { () throws(SegmentError) in try core.reclaim(from: first, limit: limit, actor: actor) }
    }

    /// Copies bytes of the segment while nobody changes its book-keeping.
    ///
    /// - Throws: ``SegmentError/invalid(field:reason:)`` for bytes outside the segment;
    ///   ``SegmentError/protected(offset:length:)`` where this process must not even read them.
    public func copy(_ range: Range<Int>) throws(SegmentError) -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= core.layout.totalBytes else {
            throw .invalid(field: "offset", reason: "must be 0 to \(core.layout.totalBytes), not \(range)")
        }
        try core.requireReadable(range)
        return core.memory.copyOut(range)
    }
}

/// A block of the heap, copied.
public struct SegmentBlock: Sendable, Equatable {
    /// First byte of the span; spans touch one another and fill the pool.
    public let spanOffset: Int
    public let spanBytes: Int
    public let isUsed: Bool
    /// First byte of the payload, and of a free block of its span.
    public let offset: Int
    /// What was asked for; of a free block its span.
    public let sizeBytes: Int
    public let owner: OwnerKey
    public let tag: Tag
    public let sequence: UInt64

    /// - Parameter block: was checked.
    init(_ block: BlockDescriptor) {
        spanOffset = Int(block.spanOffset)
        spanBytes = Int(block.spanBytes)
        isUsed = block.state == .used
        offset = isUsed ? Int(block.payloadOffset) : spanOffset
        sizeBytes = isUsed ? Int(block.sizeBytes ?? 0) : spanBytes
        owner = isUsed ? OwnerKey(slot: UInt32(block.slot), generation: block.generation) : .external
        tag = isUsed ? Tag(low: block.tagLow, high: block.tagHigh) : .none
        sequence = block.sequence
    }
}
