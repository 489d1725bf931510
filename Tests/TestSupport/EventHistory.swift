public import SegmentFormat

/// A heap as its events tell it, from the first one on: what pictures are held against.
///
/// It shares no code with the reader: a map from where a span begins to what stands there, changed event by event.
public struct EventHistory {
    public struct Block: Equatable, Sendable, CustomStringConvertible {
        public var spanOffset: Int
        public var spanBytes: Int
        public var payloadOffset: Int
        public var sizeBytes: Int
        public var owner: OwnerKey
        public var tag: Tag
        public var sequence: UInt64

        public init(_ block: PictureBlock) {
            spanOffset = block.spanOffset
            spanBytes = block.spanBytes
            payloadOffset = block.payloadOffset
            sizeBytes = block.sizeBytes
            owner = block.owner
            tag = block.tag
            sequence = block.sequence
        }

        init(_ event: EventRecord) {
            spanOffset = Int(event.spanOffset)
            spanBytes = Int(event.spanBytes)
            payloadOffset = Int(event.offset)
            sizeBytes = Int(event.sizeBytes)
            owner = event.blockOwner
            tag = event.tag
            sequence = event.sequence
        }

        public var description: String { "\(sizeBytes) bytes at \(payloadOffset), span \(spanOffset)+\(spanBytes), #\(sequence)" }
    }

    public private(set) var sequence: UInt64 = 0
    private var blocks: [Int: Block] = [:]

    public init() {}

    /// Goes on by events that follow one another without a gap.
    ///
    /// - Returns: what is wrong with them, if anything.
    public mutating func apply(_ events: [EventRecord]) -> String? {
        for event in events {
            guard event.sequence == sequence + 1 else { return "event \(event.sequence) follows \(sequence)" }
            sequence = event.sequence
            switch event.kind {
            case .allocate, .resize, .free, .reclaim: break
            default: continue
            }
            if event.oldSpanBytes > 0, blocks.removeValue(forKey: Int(event.oldSpanOffset)) == nil {
                return "event \(event.sequence) changes a block at \(event.oldSpanOffset) that there is not"
            }
            guard event.spanBytes > 0 else { continue }
            guard blocks.updateValue(Block(event), forKey: Int(event.spanOffset)) == nil else {
                return "event \(event.sequence) makes a block at \(event.spanOffset) where there is one"
            }
        }
        return nil
    }

    /// How a picture of this very moment differs, if it does.
    public func difference(from picture: HeapPicture) -> String? {
        let expected = blocks.values.sorted { $0.spanOffset < $1.spanOffset }
        let found = picture.blocks.map { Block($0) }
        guard expected != found else { return nil }
        let missing = expected.filter { !found.contains($0) }
        let surplus = found.filter { !expected.contains($0) }
        return "at event \(sequence) a picture lacks \(missing.prefix(3)) and has \(surplus.prefix(3)) instead"
    }
}
