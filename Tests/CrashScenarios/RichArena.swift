import CShmlens
public import Observations
public import SegmentFormat
public import SharedSegments

/// A segment with something of everything in it: lists and trees of free blocks, rings of equal ones, descriptors
/// given back, blocks of a living participant, of one that left, and of nobody.
public enum RichArena {
    public static let options = SegmentOptions(capacityBytes: 65536, maxParticipants: 4, eventCount: 16)

    /// Gaps between used blocks, in granules. 96, 66, 100, 70, 110 are one tree, with two rings; 140 another.
    private static let gaps = [2, 2, 2, 5, 96, 66, 100, 96, 96, 70, 110, 66, 140, 1, 1, 1]

    public static func fill(_ segment: Segment) throws(SegmentError) {
        let living = try segment.join(name: "living")
        let gone = try segment.join(name: "gone")
        var pieces: [Piece] = []
        for (index, size) in gaps.enumerated() { pieces += [.used("u\(index)", 1), .free(size)] }
        try Arena.lay(pieces, in: segment, keepsRest: false)
        // The last three gaps become one, and two descriptors are unused.
        for tag in ["u14", "u15"] {
            try segment.withLock { (locked) throws(SegmentError) in
                try locked.free(try Arena.offset(of: tag, in: locked))
            }
        }
        for (participant, tag) in [(living, "mine"), (gone, "orphan")] {
            try segment.withLock(as: participant) { (locked) throws(SegmentError) in
                _ = try locked.allocate(sizeBytes: 40, alignment: 32, tag: Tag(tag) ?? .none)
            }
        }
        try segment.leave(gone)
        try segment.withLock { (locked) throws(SegmentError) in try locked.setText("a text") }
    }

    /// The segment's bytes.
    public static func image() throws(SegmentError) -> (bytes: [UInt8], layout: SegmentLayout) {
        let segment = try Segment.createUnnamed(label: "rich", options: options)
        try fill(segment)
        let total = segment.layout.totalBytes
        let bytes = try segment.withLock { (locked) throws(SegmentError) in try locked.copy(0..<total) }
        return (bytes, segment.layout)
    }
}

/// An image that tests may spoil.
public struct EditableImage: Sendable {
    public private(set) var bytes: [UInt8]
    public let layout: SegmentLayout

    public init(bytes: [UInt8], layout: SegmentLayout) {
        self.bytes = bytes
        self.layout = layout
    }

    public var image: Image { Image(bytes: bytes) }
    public var source: ArraySource { ArraySource(bytes) }

    public func word(_ offset: Int) -> UInt64 { image.word(at: offset) ?? 0 }
    public func half(_ offset: Int) -> UInt32 { image.halfWord(at: offset) ?? 0 }

    public mutating func set(_ offset: Int, _ value: UInt64, bytes count: Int = 8) {
        for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    public mutating func set(half offset: Int, _ value: UInt32) { set(offset, UInt64(value), bytes: 4) }

    public mutating func truncate(_ count: Int) { bytes.removeLast(bytes.count - count) }

    /// Descriptors that were ever used.
    public var blocks: [BlockDescriptor] {
        let count = half(layout.indexOffset + shmlens_index_header_offset_table_high_water)
        return (0..<Int(count)).map { BlockDescriptor(image: image, at: layout.blockOffset($0)) }
    }

    /// The offset of the first descriptor of which something holds.
    public func block(where holds: (BlockDescriptor) -> Bool) -> Int? {
        blocks.firstIndex(where: holds).map { layout.blockOffset($0) }
    }
}
