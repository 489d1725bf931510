/// The plainest allocator there is: a sorted list of blocks, and whatever lies between them is free.
///
/// It does not decide where a block goes: it says whether where the segment put it is allowed. Its arithmetic of
/// spans is its own, so that a mistake in the format's shows.
public struct ReferenceAllocator {
    public struct Block: Equatable, Sendable {
        public let span: Range<Int>
        public let payload: Range<Int>
        public let alignment: Int
    }

    public let pool: Range<Int>
    /// In address order.
    public private(set) var blocks: [Block] = []
    /// Blocks that were taken from an exactly smallest gap, of all that were placed.
    public private(set) var placed = 0

    public init(pool: Range<Int>) { self.pool = pool }

    /// What is free, in address order.
    public var gaps: [Range<Int>] {
        var gaps: [Range<Int>] = []
        var end = pool.lowerBound
        for block in blocks {
            if block.span.lowerBound > end { gaps.append(end..<block.span.lowerBound) }
            end = block.span.upperBound
        }
        if end < pool.upperBound { gaps.append(end..<pool.upperBound) }
        return gaps
    }

    /// Where a block would begin in a gap; nil where it does not fit.
    public static func block(in gap: Range<Int>, size: Int, alignment: Int) -> Block? {
        let lead = min(max(alignment, 16), 64)
        let boundary = max(alignment, 64)
        let start = (gap.lowerBound + (alignment > 64 ? 64 : 0) + boundary - 1) / boundary * boundary - (alignment > 64 ? 64 : 0)
        let (wanted, overflow) = size.addingReportingOverflow(lead + 8 + 63)
        guard !overflow, wanted / 64 * 64 <= gap.upperBound - start, start < gap.upperBound else { return nil }
        let payload = start + lead
        return Block(
            span: start..<(start + wanted / 64 * 64), payload: payload..<(payload + size), alignment: max(alignment, 16))
    }

    /// The size of the smallest gap that can hold a block.
    public func smallestGap(size: Int, alignment: Int) -> Int? {
        gaps.filter { Self.block(in: $0, size: size, alignment: alignment) != nil }.map(\.count).min()
    }

    /// Notes a block that was placed.
    ///
    /// - Returns: what is wrong with where it stands.
    public mutating func place(at offset: Int, size: Int, alignment: Int) -> String? {
        guard let gap = gaps.first(where: { $0.contains(offset) }) else { return "\(offset) was not free" }
        guard let block = Self.block(in: gap, size: size, alignment: alignment), block.payload.lowerBound == offset else {
            return "\(size) bytes aligned to \(alignment) do not belong at \(offset) of the gap \(gap)"
        }
        let smallest = smallestGap(size: size, alignment: alignment) ?? gap.count
        guard gap.count == smallest else {
            return "\(size) bytes aligned to \(alignment) were taken from \(gap.count) bytes, \(smallest) would do"
        }
        blocks.insert(block, at: blocks.firstIndex { $0.span.lowerBound > offset } ?? blocks.endIndex)
        placed += 1
        return nil
    }

    /// Forgets a block.
    public mutating func remove(at offset: Int) {
        blocks.removeAll { $0.payload.lowerBound == offset }
    }

    /// Whether a block can grow or shrink where it stands.
    public func staysInPlace(at offset: Int, size: Int) -> Bool {
        guard let index = blocks.firstIndex(where: { $0.payload.lowerBound == offset }) else { return false }
        let end = index + 1 < blocks.count ? blocks[index + 1].span.lowerBound : pool.upperBound
        let block = blocks[index]
        return Self.block(in: block.span.lowerBound..<end, size: size, alignment: min(block.alignment, 64)) != nil
    }

    /// Notes a block that was resized.
    ///
    /// - Returns: what is wrong with where it stands now.
    public mutating func resize(at offset: Int, to size: Int, now: Int) -> String? {
        guard let index = blocks.firstIndex(where: { $0.payload.lowerBound == offset }) else {
            return "no block is at \(offset)"
        }
        let old = blocks[index]
        guard staysInPlace(at: offset, size: size) else {
            if let problem = place(at: now, size: size, alignment: old.alignment) { return problem }
            remove(at: offset)
            return nil
        }
        guard now == offset else { return "the block at \(offset) moved to \(now) and could have stayed" }
        let end = (size + old.payload.lowerBound + 8 + 63) / 64 * 64
        blocks[index] = Block(
            span: old.span.lowerBound..<end, payload: offset..<(offset + size), alignment: old.alignment)
        return nil
    }
}
