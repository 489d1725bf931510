public import Observations

/// A used block in a picture of the heap. Its numbers were checked: the span lies in the pool, the payload in the
/// span.
public struct PictureBlock: Sendable, Equatable {
    public let spanOffset: Int
    public let spanBytes: Int
    public let payloadOffset: Int
    /// What was asked for.
    public let sizeBytes: Int
    public let owner: OwnerKey
    public let tag: Tag
    /// The operation that last changed the block.
    public let sequence: UInt64
    /// CLOCK_REALTIME.
    public let allocatedAtMilliseconds: UInt64

    public init(
        spanOffset: Int, spanBytes: Int, payloadOffset: Int, sizeBytes: Int, owner: OwnerKey, tag: Tag,
        sequence: UInt64, allocatedAtMilliseconds: UInt64
    ) {
        self.spanOffset = spanOffset
        self.spanBytes = spanBytes
        self.payloadOffset = payloadOffset
        self.sizeBytes = sizeBytes
        self.owner = owner
        self.tag = tag
        self.sequence = sequence
        self.allocatedAtMilliseconds = allocatedAtMilliseconds
    }

    public var spanEnd: Int { spanOffset + spanBytes }
}

/// One state of a heap, copied without the lock.
///
/// Used blocks are the whole truth: free neighbours are always joined, so the free blocks are the gaps.
public struct HeapPicture: Sendable {
    public let layout: SegmentLayout
    /// The newest operation that the picture includes.
    public let sequence: UInt64
    /// Used blocks by rising offset; spans do not overlap.
    public let blocks: [PictureBlock]
    /// The most bytes that were ever used, as far as the copy tells.
    public let highWaterBytes: Int
    public let consistency: Consistency

    public init(
        layout: SegmentLayout, sequence: UInt64, blocks: [PictureBlock], highWaterBytes: Int,
        consistency: Consistency
    ) {
        self.layout = layout
        self.sequence = sequence
        self.blocks = blocks
        self.highWaterBytes = highWaterBytes
        self.consistency = consistency
    }
}

extension HeapPicture {
    /// Sum of the used spans.
    var usedBytes: UInt64 { blocks.reduce(0) { $0 + UInt64($1.spanBytes) } }

    /// The same picture, less to be trusted.
    func marked(_ consistency: Consistency) -> HeapPicture {
        HeapPicture(
            layout: layout, sequence: sequence, blocks: blocks, highWaterBytes: highWaterBytes,
            consistency: self.consistency.joined(consistency))
    }
}

extension PictureBlock {
    /// Decodes and checks a used descriptor.
    ///
    /// - Returns: nil where its numbers contradict each other or the layout.
    init?(_ block: BlockDescriptor, layout: SegmentLayout) {
        guard block.state == .used else { return nil }
        self.init(
            spanOffset: block.spanOffset, spanBytes: block.spanBytes, leadBytes: block.leadBytes,
            slackBytes: block.slackBytes, owner: OwnerKey(slot: UInt32(block.slot), generation: block.generation),
            tag: Tag(low: block.tagLow, high: block.tagHigh), sequence: block.sequence,
            allocatedAtMilliseconds: block.allocatedAtMilliseconds, layout: layout)
    }

    /// The block that an event left behind.
    init?(_ event: EventRecord, layout: SegmentLayout) {
        self.init(
            spanOffset: event.spanOffset, spanBytes: event.spanBytes, leadBytes: event.leadBytes,
            slackBytes: event.slackBytes, owner: event.blockOwner, tag: event.tag, sequence: event.sequence,
            allocatedAtMilliseconds: event.blockAllocatedAtMilliseconds, layout: layout)
    }

    private init?(
        spanOffset: UInt64, spanBytes: UInt64, leadBytes: UInt8, slackBytes: UInt8, owner: OwnerKey, tag: Tag,
        sequence: UInt64, allocatedAtMilliseconds: UInt64, layout: SegmentLayout
    ) {
        let end = UInt64(layout.totalBytes)
        let around = UInt64(leadBytes) + UInt64(slackBytes) + 8
        guard spanOffset >= UInt64(layout.poolOffset), spanOffset < end, spanBytes <= end - spanOffset,
            spanBytes > around, leadBytes >= 16, (spanOffset | spanBytes) & 63 == 0
        else { return nil }
        self.init(
            spanOffset: Int(spanOffset), spanBytes: Int(spanBytes), payloadOffset: Int(spanOffset) + Int(leadBytes),
            sizeBytes: Int(spanBytes - around), owner: owner, tag: tag, sequence: sequence,
            allocatedAtMilliseconds: allocatedAtMilliseconds)
    }
}
