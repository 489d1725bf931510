import CShmlens
import CrashScenarios
import Glibc
import Observations
import SegmentFormat
import SharedSegments
import TestSupport
import Testing

/// The tests that take minutes.
private let runsFull = unsafe getenv("SHMLENS_FULL") != nil

/// One field of a good image, changed, and every code that the check then reports.
struct Corruption: Sendable, CustomStringConvertible {
    let description: String
    let codes: Set<String>
    let edit: @Sendable (inout EditableImage) throws -> Void

    init(_ description: String, _ codes: Set<String>, _ edit: @escaping @Sendable (inout EditableImage) throws -> Void) {
        self.description = description
        self.codes = codes
        self.edit = edit
    }

    /// Changes a field of the first descriptor of which something holds.
    init(
        _ description: String, _ codes: Set<String>, of holds: @escaping @Sendable (BlockDescriptor) -> Bool,
        _ edit: @escaping @Sendable (inout EditableImage, Int) -> Void
    ) {
        self.init(description, codes) { image in
            let offset = try #require(image.block(where: holds))
            edit(&image, offset)
        }
    }
}

private let none = UInt32(SHMLENS_NONE)
private func isUsed(_ block: BlockDescriptor) -> Bool { block.state == .used }
private func isSmall(_ block: BlockDescriptor) -> Bool { block.state == .free && block.spanBytes < 4096 }
/// In a list, and not the first.
private func isListed(_ block: BlockDescriptor) -> Bool { isSmall(block) && block.ringPrevious != none }
private func isRoot(_ block: BlockDescriptor) -> Bool {
    block.state == .free && block.spanBytes >= 4096 && block.parent == UInt32(SHMLENS_PARENT_ROOT)
        && block.leftChild != none
}
private func isRingMember(_ block: BlockDescriptor) -> Bool {
    block.state == .free && block.spanBytes >= 4096 && block.parent == none
}
private func isChild(_ block: BlockDescriptor) -> Bool {
    block.state == .free && block.spanBytes >= 4096 && block.parent != none
        && block.parent != UInt32(SHMLENS_PARENT_ROOT)
}
private func isLeaf(_ block: BlockDescriptor) -> Bool {
    isChild(block) && block.leftChild == none && block.rightChild == none
}

@Suite struct CorruptionTests {
    static let good: EditableImage? = {
        guard let (bytes, layout) = try? RichArena.image() else { return nil }
        return EditableImage(bytes: bytes, layout: layout)
    }()

    func goodImage() throws -> EditableImage { try #require(Self.good) }

    func verify(_ image: EditableImage) throws -> Verification {
        var verifier = Verifier(source: image.source, layout: image.layout)
        return try verifier.verify()
    }

    @Test func `the image that is spoilt below has something of everything`() throws {
        let image = try goodImage()
        let result = try verify(image)
        #expect(result.findings == [])
        let blocks = image.blocks
        #expect(result.blocksChecked == blocks.count { $0.state != .unused })
        for holds in [isUsed, isSmall, isListed, isRoot, isRingMember, isChild, isLeaf] {
            #expect(blocks.contains(where: holds))
        }
        #expect(blocks.count { $0.state == .unused } >= 2)
    }

    static let header: [Corruption] = [
        Corruption("the magic is gone", ["header"]) { $0.set(0, 0) },
        Corruption("another layout", ["layout"]) { image in
            // A layout that is sound in itself: of a ring with more entries.
            let other = try #require(
                SegmentLayout(capacityBytes: 65536, participants: 4, events: 32, pageBytes: 4096))
            try image.describe(other)
        },
        Corruption("damage was noted", ["damaged"]) { $0.set(shmlens_header_offset_damaged, 1) },
        Corruption("a journal that was not emptied", ["journal"]) { $0.set(shmlens_header_offset_journal_count, 3) },
        Corruption("the ring's head is ahead", ["eventRing"]) {
            $0.set(shmlens_header_offset_event_head, $0.word(shmlens_header_offset_event_head) + 1)
        },
        Corruption("an event of no kind", ["eventRing"]) { image in
            let place = image.layout.eventOffset(image.word(shmlens_header_offset_event_head))
            image.set(place + shmlens_event_offset_kind, 99, bytes: 2)
        },
        Corruption("the object ends in the pool", ["truncated"]) { $0.truncate($0.layout.poolOffset + 4096) },
        Corruption("the object ends in the block table", ["truncated"]) { $0.truncate($0.layout.blocksOffset + 100) },
        Corruption("the object ends in the header", ["truncated"]) { $0.truncate(1000) },
    ]

    static let chain: [Corruption] = [
        Corruption("no block begins the pool", ["noFirstBlock", "unreachable", "binUnreachable", "blockCounts", "usedBytes", "starts"]) { image in
            let first = try #require(image.block { $0.spanOffset == UInt64(image.layout.poolOffset) })
            image.set(first, image.word(first) + 64)
        },
        Corruption(
            "a right neighbour that is itself", ["next", "unreachable", "binUnreachable", "blockCounts", "usedBytes", "starts"], of: isRoot
        ) { image, offset in
            image.set(half: offset + 20, UInt32((offset - image.layout.blocksOffset) / 64))
        },
        Corruption(
            "a right neighbour past the table", ["next", "unreachable", "binUnreachable", "blockCounts", "usedBytes", "starts"], of: isRoot
        ) { image, offset in image.set(half: offset + 20, UInt32(image.blocks.count)) },
        Corruption("a chain that ends early", ["spanSum", "unreachable", "binUnreachable", "blockCounts", "usedBytes", "starts"], of: isRoot) {
            image, offset in image.set(half: offset + 20, none)
        },
        Corruption("a left neighbour that is another", ["previous"], of: isRoot) { image, offset in
            image.set(half: offset + 16, none)
        },
        Corruption(
            "a state that is none", ["state", "unreachable", "binEntry", "binUnreachable", "blockCounts", "usedBytes", "starts"],
            of: isLeaf
        ) { image, offset in image.set(offset + 30, 3, bytes: 1) },
        Corruption(
            "a span that is longer",
            ["span", "unreachable", "binUnreachable", "blockCounts", "usedBytes", "starts", "guardAfter"], of: isUsed
        ) { image, offset in image.set(offset + 8, image.word(offset + 8) + 64) },
        Corruption(
            "a span that reaches past the pool", ["span", "unreachable", "treeOrder", "binUnreachable", "blockCounts", "usedBytes", "starts"],
            of: isLeaf
        ) { image, offset in image.set(offset + 8, .max & ~63) },
        Corruption(
            "a used block that says it is free", ["uncoalesced", "notBinned", "usedBytes", "blockCounts"], of: isUsed
        ) { image, offset in image.set(offset + 30, 1, bytes: 1) },
    ]

    static let use: [Corruption] = [
        Corruption("a lead that does not fit the alignment", ["use", "guardBefore", "guardAfter"], of: isUsed) { image, offset in
            image.set(offset + 31, 32, bytes: 1)
        },
        Corruption("a slack beyond a granule", ["use"], of: isUsed) { image, offset in image.set(offset + 46, 64, bytes: 1) },
        Corruption("an alignment below 16", ["use"], of: isUsed) { image, offset in image.set(offset + 47, 3, bytes: 1) },
        Corruption("an alignment beyond 2^30", ["use"], of: isUsed) { image, offset in image.set(offset + 47, 31, bytes: 1) },
        Corruption("an alignment that the payload does not have", ["alignment", "guardBefore", "guardAfter"]) { image in
            // The lead is right for 4096 bytes; the payload moves with it.
            let offset = try #require(image.block { $0.state == .used && $0.spanBytes == 128 })
            image.set(offset + 47, 12, bytes: 1)
            image.set(offset + 31, 64, bytes: 1)
        },
        Corruption("an owner that has no slot", ["owner"], of: isUsed) { image, offset in
            image.set(offset + 28, UInt64(image.layout.participantCount), bytes: 2)
        },
        Corruption("the guard before a payload", ["guardBefore"], of: isUsed) { image, offset in
            image.set(Int(image.word(offset)) + 8, 0)
        },
        Corruption("one byte of the guard behind a payload", ["guardAfter"], of: isUsed) { image, offset in
            let block = BlockDescriptor(image: image.image, at: offset)
            let end = Int(block.payloadOffset + (block.sizeBytes ?? 0))
            image.set(end + 7, UInt64(image.bytes[end + 7] ^ 1), bytes: 1)
        },
    ]

    static let lists: [Corruption] = [
        Corruption("the list of unused descriptors is empty", ["unusedList"]) { image in
            image.set(half: image.layout.indexOffset + shmlens_index_header_offset_unused_descriptors, none)
        },
        Corruption("it names a block", ["unusedList"]) { image in
            image.set(half: image.layout.indexOffset + shmlens_index_header_offset_unused_descriptors, 0)
        },
        Corruption("it runs in a circle", ["unusedList"]) { image in
            let first = image.half(image.layout.indexOffset + shmlens_index_header_offset_unused_descriptors)
            image.set(half: image.layout.blockOffset(Int(first)) + 20, first)
        },
        Corruption("more descriptors than the table has", ["tableHighWater"]) { image in
            image.set(
                half: image.layout.indexOffset + shmlens_index_header_offset_table_high_water,
                UInt32(image.layout.blockCapacity + 1))
        },
        Corruption("one descriptor that was never used", ["unusedList"]) { image in
            let offset = image.layout.indexOffset + shmlens_index_header_offset_table_high_water
            image.set(half: offset, image.half(offset) + 1)
        },
        Corruption("a list's bit is not set", ["binBitmap"]) { image in
            let offset = image.layout.indexOffset + shmlens_index_header_offset_small_bitmap
            image.set(offset, image.word(offset) & (image.word(offset) - 1))
        },
        Corruption("a tree's bit is set and there is none", ["binBitmap"]) { image in
            let offset = image.layout.indexOffset + shmlens_index_header_offset_tree_bitmap
            image.set(offset, image.word(offset) | 1 << 40)
        },
        Corruption("a list begins with a used block", ["binEntry", "notBinned"]) { image in
            let used = try #require(image.blocks.firstIndex(where: isUsed))
            let size = try #require(image.blocks.first(where: isSmall)).spanBytes / 64
            image.set(
                half: image.layout.indexOffset + shmlens_index_header_offset_small_bins + Int(size) * 4, UInt32(used))
        },
        Corruption("a list runs in a circle", ["binTwice", "notBinned"], of: { isSmall($0) && $0.ringNext != none }) {
            image, offset in image.set(half: offset + 52, UInt32((offset - image.layout.blocksOffset) / 64))
        },
        Corruption("a block in the list of another size", ["binSize"]) { image in
            // The heads of two lists change places.
            let bins = image.layout.indexOffset + shmlens_index_header_offset_small_bins
            let heads = (1..<64).filter { image.half(bins + $0 * 4) != none }
            try #require(heads.count >= 2)
            let (first, second) = (image.half(bins + heads[0] * 4), image.half(bins + heads[1] * 4))
            image.set(half: bins + heads[0] * 4, second)
            image.set(half: bins + heads[1] * 4, first)
        },
        Corruption("a block that does not know the one before it", ["binLink"], of: isListed) { image, offset in
            image.set(half: offset + 56, none)
        },
    ]

    static let trees: [Corruption] = [
        Corruption("a parent that is another", ["treeParent"], of: isChild) { image, offset in
            image.set(half: offset + 48, UInt32(SHMLENS_PARENT_ROOT))
        },
        Corruption("children that changed places", ["treeOrder", "notBinned"], of: isRoot) { image, offset in
            let (left, right) = (image.half(offset + 40), image.half(offset + 44))
            image.set(half: offset + 40, right)
            image.set(half: offset + 44, left)
        },
        Corruption("a child that is used", ["binEntry", "notBinned"], of: isRoot) { image, offset in
            image.set(half: offset + 40, UInt32(image.blocks.firstIndex(where: isUsed) ?? 0))
        },
        Corruption("a child that is its parent", ["binTwice", "notBinned"], of: isRoot) { image, offset in
            image.set(half: offset + 44, UInt32((offset - image.layout.blocksOffset) / 64))
        },
        Corruption("a child that is cut off", ["notBinned"], of: isRoot) { image, offset in image.set(half: offset + 44, none) },
        Corruption("a ring that does not close", ["ring"], of: isRingMember) { image, offset in
            image.set(half: offset + 56, UInt32((offset - image.layout.blocksOffset) / 64))
        },
        Corruption("a ring's member with a parent", ["ring"], of: isRingMember) { image, offset in
            image.set(half: offset + 48, UInt32(SHMLENS_PARENT_ROOT))
        },
        Corruption("a tree that begins with a leaf of it", ["treeParent", "notBinned"]) { image in
            let leaf = try #require(image.blocks.firstIndex(where: isLeaf))
            let bin = 63 - (image.blocks[leaf].spanBytes / 64).leadingZeroBitCount
            image.set(
                half: image.layout.indexOffset + shmlens_index_header_offset_tree_bins + bin * 4, UInt32(leaf))
        },
    ]

    static let sums: [Corruption] = [
        Corruption("the used bytes", ["usedBytes"]) { image in
            let offset = image.layout.indexOffset + shmlens_index_header_offset_used_bytes
            image.set(offset, image.word(offset) - 64)
        },
        Corruption("the high-water mark is too low", ["highWater"]) { image in
            image.set(image.layout.indexOffset + shmlens_index_header_offset_high_water_bytes, 0)
        },
        Corruption("the high-water mark is beyond the pool", ["highWater"]) { image in
            image.set(
                image.layout.indexOffset + shmlens_index_header_offset_high_water_bytes,
                UInt64(image.layout.poolBytes + 64))
        },
        Corruption("the number of used blocks", ["blockCounts"]) { image in
            image.set(half: image.layout.indexOffset + shmlens_index_header_offset_used_blocks, 0)
        },
        Corruption("the number of free blocks", ["blockCounts"]) { image in
            image.set(half: image.layout.indexOffset + shmlens_index_header_offset_free_blocks, .max)
        },
        Corruption("a start that is not there", ["starts"]) { image in
            let offset = image.layout.startsOffsets[0]
            image.set(offset, image.word(offset) & ~1)
        },
        Corruption("a start where nothing begins", ["starts"]) { image in
            let offset = image.layout.startsOffsets[0] + 8 * (image.layout.startsWordCounts[0] - 1)
            image.set(offset, ~image.word(offset) & 1 << 33 | image.word(offset))
        },
        Corruption("a summary of the starts", ["starts"]) { image in image.set(image.layout.startsOffsets[1], 0) },
        Corruption("a start that leads to another block", ["map"]) { image in image.set(half: image.layout.mapOffset, 5) },
    ]

    @Test(arguments: header + chain + use + lists + trees + sums)
    func `one field that is wrong is found and named`(corruption: Corruption) throws {
        var image = try goodImage()
        try corruption.edit(&image)
        let result = try verify(image)
        #expect(Set(result.findings.map(\.code)) == corruption.codes)
        #expect(result.findings.allSatisfy { !$0.message.isEmpty && $0.offset != nil })
    }

    /// Values that a field is set to: nothing, the least, all, and whatever its own table has.
    func values(for image: EditableImage) -> [UInt64] {
        let indices = (0...UInt64(image.blocks.count)).map { $0 | $0 << 32 }
        let layout = image.layout
        let offsets = [
            layout.participantsOffset, layout.eventsOffset, layout.indexOffset, layout.blocksOffset, layout.poolOffset,
            layout.totalBytes, layout.totalBytes - 64,
        ]
        return [0, 1, 64, .max, 1 << 63, UInt64(Int64.max), 0xffff_fffe_ffff_fffe] + indices + offsets.map { UInt64($0) }
    }

    /// Every word that a check reads: of the header, the ring's newest event, the index, the table, starts and map.
    func words(of image: EditableImage) -> [Int] {
        let layout = image.layout
        let ranges = [
            0..<2440, layout.participantsOffset..<layout.eventsOffset, layout.eventsOffset..<layout.indexOffset,
            layout.indexOffset..<layout.indexOffset + 576, layout.startsOffsets[0]..<layout.mapOffset + 256,
            layout.blocksOffset..<layout.blockOffset(image.blocks.count + 1),
        ]
        return ranges.flatMap { Array(stride(from: $0.lowerBound, to: $0.upperBound, by: 8)) }
    }

    @Test func `no value in any field traps the check`() throws {
        let good = try goodImage()
        let values = values(for: good)
        var tried = 0
        var clean = 0
        for (position, offset) in words(of: good).enumerated() {
            let old = good.word(offset)
            // Both halves, each half and the whole, so that every field gets each value.
            for (number, value) in values.enumerated() {
                guard runsFull || (position + number) % 31 == 0 else { continue }
                for new in [value, old & ~0xffff_ffff | value & 0xffff_ffff, old & 0xffff_ffff | value & ~0xffff_ffff] {
                    var image = good
                    image.set(offset, new)
                    let result = try verify(image)
                    tried += 1
                    if result.isClean { clean += 1 }
                    #expect(result.findings.count <= Verification.findingLimit)
                }
            }
        }
        print("verify: \(tried) images with one word changed, \(clean) of them without a finding")
        #expect(tried > 1000)
    }

    @Test(arguments: 1...(runsFull ? 40 : 2) as ClosedRange<UInt64>)
    func `no garbage traps the check`(seed: UInt64) throws {
        let good = try goodImage()
        var generator = SeededGenerator(seed: seed)
        let words = words(of: good)
        let values = values(for: good)
        for _ in 0..<100 {
            var image = good
            for _ in 0..<Int.random(in: 1...40, using: &generator) {
                let value = Bool.random(using: &generator) ? values.randomElement(using: &generator)! : generator.next()
                image.set(words.randomElement(using: &generator)!, value)
            }
            #expect(try verify(image).findings.count <= Verification.findingLimit, "seed \(seed)")
        }
        let noise = (0..<good.bytes.count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        #expect(try !verify(EditableImage(bytes: noise, layout: good.layout)).isClean)
    }
}

extension EditableImage {
    /// Writes another layout's numbers into the header.
    mutating func describe(_ other: SegmentLayout) throws {
        set(half: shmlens_header_offset_event_count, UInt32(other.eventCount))
        set(shmlens_header_offset_total_bytes, UInt64(other.totalBytes))
        set(shmlens_header_offset_events_offset, UInt64(other.eventsOffset))
        set(shmlens_header_offset_index_offset, UInt64(other.indexOffset))
        set(shmlens_header_offset_index_bytes, UInt64(other.indexBytes))
        set(shmlens_header_offset_blocks_offset, UInt64(other.blocksOffset))
        set(shmlens_header_offset_pool_offset, UInt64(other.poolOffset))
    }
}
