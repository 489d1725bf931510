import CShmlens
public import Observations
public import SegmentFormat
public import SharedSegments

/// A part of a pool as a scenario wants it, in address order.
public enum Piece: Sendable {
    /// A block whose span has so many granules, with its tag.
    case used(String, Int)
    case free(Int)
}

/// Builds pools with blocks and gaps in a given order.
public enum Arena {
    /// The payload that makes a span of exactly so many granules.
    public static func payload(granules: Int) -> Int { granules * 64 - 24 }

    /// Lays out a new segment's pool.
    ///
    /// Pieces are allocated one behind the other out of the one free block, then the free ones are freed in
    /// their order, or in the order that `freeing` names by their positions among the free ones.
    ///
    /// - Parameter keepsRest: whether what is left of the pool stays free; else one block takes it.
    public static func lay(
        _ pieces: [Piece], in segment: Segment, keepsRest: Bool = true, freeing: [Int]? = nil
    ) throws(SegmentError) {
        try segment.withLock { (locked) throws(SegmentError) in
            var gaps: [Int] = []
            var sum = 0
            for piece in pieces {
                switch piece {
                case .used(let tag, let granules):
                    let offset = try locked.allocate(
                        sizeBytes: payload(granules: granules), tag: Tag(tag) ?? .none)
                    try paint(&locked, offset, payload(granules: granules), seed: tag)
                    sum += granules
                case .free(let granules):
                    gaps.append(try locked.allocate(sizeBytes: payload(granules: granules)))
                    sum += granules
                }
            }
            let rest = segment.layout.granuleCount - sum
            if !keepsRest, rest > 0 { _ = try locked.allocate(sizeBytes: payload(granules: rest), tag: Tag("rest") ?? .none) }
            for index in freeing ?? Array(gaps.indices) { try locked.free(gaps[index]) }
        }
    }

    /// Fills a payload so that lost bytes show.
    static func paint(
        _ locked: inout LockedSegment, _ offset: Int, _ count: Int, seed: String
    ) throws(SegmentError) {
        let first = seed.utf8.reduce(7) { $0 &* 31 &+ $1 }
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: Int(first) + $0) }
        try locked.write(unsafe bytes.span.bytes, at: offset)
    }

    /// The payload of the block with a tag.
    public static func offset(of tag: String, in locked: borrowing LockedSegment) throws(SegmentError) -> Int {
        var block: SegmentBlock?
        while let next = try locked.block(after: block) {
            if next.isUsed, next.tag.text == tag { return next.offset }
            block = next
        }
        throw .noSuchBlock(offset: 0)
    }
}

/// All that an operation promises to leave as it was or to change as a whole. Times, statistics and whatever
/// stands in free memory are not part of it.
public struct LogicalState: Equatable, Sendable {
    public struct Block: Equatable, Sendable {
        public let descriptor: BlockDescriptor
        public let payload: [UInt8]
    }

    public struct Slot: Equatable, Sendable {
        public let isJoined: Bool
        public let generation: UInt32
        public let name: String
    }

    public let state: SegmentState
    public let blocks: [Block]
    public let slots: [Slot]
    public let usedBytes: UInt64

    /// Decodes an image of a whole segment that no operation is under way in.
    public init(image: Image, layout: SegmentLayout) {
        state = SegmentState(image: image)
        let totals = HeapTotals(image: image, layout: layout)
        usedBytes = totals.usedBytes
        var blocks: [Block] = []
        for index in 0..<min(Int(totals.tableHighWater), layout.blockCapacity) {
            var block = BlockDescriptor(image: image, at: layout.blockOffset(index))
            guard block.state == .used else { continue }
            let payload = image.slice(Int(block.payloadOffset)..<Int(block.payloadOffset + (block.sizeBytes ?? 0)))
            // Neighbours and the time of allocation differ from run to run; where the block is and whose, not.
            block.links = 0
            block.detail &= 0xffff_0000_0000_0000
            blocks.append(Block(descriptor: block, payload: Array(payload ?? [])))
        }
        self.blocks = blocks.sorted { $0.descriptor.spanOffset < $1.descriptor.spanOffset }
        slots = (1..<layout.participantCount).map { slot in
            let record = ParticipantRecord(image: image, layout: layout, slot: slot)
            return Slot(
                isJoined: record.isJoined, generation: record.generation, name: record.isJoined ? record.name : "")
        }
    }
}

/// The page sequence numbers of an image.
public func sequenceNumbers(image: Image, layout: SegmentLayout) -> [UInt64] {
    (0..<layout.sequenceCount).map { image.word(at: layout.sequencesOffset + $0 * 8) ?? .max }
}
