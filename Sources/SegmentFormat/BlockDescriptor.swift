public import CShmlens

/// One entry of the block table, as eight words.
///
/// The words are kept as they are; the properties say what they mean. Nothing is checked here: a property of a
/// descriptor that was written by somebody else may hold anything.
@frozen
public struct BlockDescriptor: Sendable, Equatable {
    public enum State: UInt8, Sendable {
        case unused = 0
        case free = 1
        case used = 2
    }

    /// The segment's offset of the span's first byte.
    public var spanOffset: UInt64
    public var spanBytes: UInt64
    /// Bytes 16 to 23: the neighbours.
    public var links: UInt64
    /// Bytes 24 to 31: owner, state and lead.
    public var ownership: UInt64
    /// The operation that last changed the block.
    public var sequence: UInt64
    /// Bytes 40 to 47: of a used block when it was allocated, slack and alignment; of a free one its children.
    public var detail: UInt64
    /// Bytes 48 to 55 and 56 to 63: of a used block its tag; of a free one parent and ring.
    public var tagLow: UInt64
    public var tagHigh: UInt64

    @inlinable
    public init(
        spanOffset: UInt64 = 0, spanBytes: UInt64 = 0, links: UInt64 = 0, ownership: UInt64 = 0,
        sequence: UInt64 = 0, detail: UInt64 = 0, tagLow: UInt64 = 0, tagHigh: UInt64 = 0
    ) {
        self.spanOffset = spanOffset
        self.spanBytes = spanBytes
        self.links = links
        self.ownership = ownership
        self.sequence = sequence
        self.detail = detail
        self.tagLow = tagLow
        self.tagHigh = tagHigh
    }

    @inlinable public var previous: UInt32 { UInt32(truncatingIfNeeded: links) }
    @inlinable public var next: UInt32 { UInt32(truncatingIfNeeded: links >> 32) }
    @inlinable public var generation: UInt32 { UInt32(truncatingIfNeeded: ownership) }
    @inlinable public var slot: UInt16 { UInt16(truncatingIfNeeded: ownership >> 32) }
    @inlinable public var rawState: UInt8 { UInt8(truncatingIfNeeded: ownership >> 48) }
    @inlinable public var leadBytes: UInt8 { UInt8(truncatingIfNeeded: ownership >> 56) }
    /// nil where the byte names no state.
    @inlinable public var state: State? { State(rawValue: rawState) }

    // Of a used block.
    @inlinable public var allocatedAtMilliseconds: UInt64 {
        (detail & 0xffff_ffff) &* 1000 &+ (detail >> 32 & 0xffff)
    }
    @inlinable public var slackBytes: UInt8 { UInt8(truncatingIfNeeded: detail >> 48) }
    @inlinable public var alignmentShift: UInt8 { UInt8(truncatingIfNeeded: detail >> 56) }

    // Of a free block in a bin.
    @inlinable public var leftChild: UInt32 { UInt32(truncatingIfNeeded: detail) }
    @inlinable public var rightChild: UInt32 { UInt32(truncatingIfNeeded: detail >> 32) }
    @inlinable public var parent: UInt32 { UInt32(truncatingIfNeeded: tagLow) }
    @inlinable public var ringNext: UInt32 { UInt32(truncatingIfNeeded: tagLow >> 32) }
    @inlinable public var ringPrevious: UInt32 { UInt32(truncatingIfNeeded: tagHigh) }

    @inlinable public static func pack(_ low: UInt32, _ high: UInt32) -> UInt64 {
        UInt64(low) | UInt64(high) << 32
    }

    @inlinable
    public static func packOwnership(generation: UInt32, slot: UInt16, state: State, leadBytes: UInt8) -> UInt64 {
        UInt64(generation) | UInt64(slot) << 32 | UInt64(state.rawValue) << 48 | UInt64(leadBytes) << 56
    }

    /// The `detail` of a used block.
    @inlinable
    public static func packUse(allocatedAtMilliseconds at: UInt64, slackBytes: UInt8, alignmentShift: UInt8)
        -> UInt64
    {
        (at / 1000 & 0xffff_ffff) | (at % 1000) << 32 | UInt64(slackBytes) << 48 | UInt64(alignmentShift) << 56
    }

    /// The payload's first byte, from the segment's first. Wraps where the words are senseless.
    @inlinable public var payloadOffset: UInt64 { spanOffset &+ UInt64(leadBytes) }

    /// The bytes that were asked for, or nil where span, lead and slack contradict each other.
    @inlinable public var sizeBytes: UInt64? {
        let around = UInt64(leadBytes) + UInt64(slackBytes) + UInt64(shmlens_guard_bytes)
        guard spanBytes > around else { return nil }
        return spanBytes - around
    }
}

/// Sizes and places of spans: the arithmetic that writer and reader share.
public enum Span {
    /// The largest alignment, as a power of two: 1 GiB.
    public static let largestAlignmentShift = 30

    /// Span's first byte to payload's first byte, for an alignment (a power of two, at least 16): the alignment
    /// itself up to 64 bytes. Beyond that the span is placed so that 64 is right.
    @inlinable public static func leadBytes(alignment: Int) -> Int {
        min(max(alignment, shmlens_minimum_lead_bytes), shmlens_granule_bytes)
    }

    /// The bytes of the pool that a payload takes with its guards and the rounding; nil where that overflows.
    @inlinable public static func bytes(payload size: Int, leadBytes: Int) -> Int? {
        guard size > 0, size <= 1 << 41 else { return nil }
        let granule = shmlens_granule_bytes
        return (leadBytes + size + shmlens_guard_bytes + granule - 1) & ~(granule - 1)
    }

    /// What stands in the eight bytes before the payload.
    @inlinable public static func guardBefore(payloadOffset: UInt64) -> UInt64 {
        UInt64(SHMLENS_GUARD) ^ payloadOffset
    }

    /// What stands in the eight bytes behind it.
    @inlinable public static func guardAfter(payloadOffset: UInt64) -> UInt64 {
        UInt64(SHMLENS_GUARD) ^ ~payloadOffset
    }
}
