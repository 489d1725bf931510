import CShmlens
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

@Suite struct SegmentTests {
    @Test func `a new segment is sound, empty and has the mode that was asked for`() throws {
        try withSegment { segment in
            let result = try segment.verification()
            #expect(result.findings == [])
            #expect(result.blocksChecked == 1)
            #expect(segment.layout.poolBytes == 65536)
        }
    }

    @Test func `a name that is taken is refused and what holds it is left alone`() throws {
        try withSegment { segment in
            try segment.withLock { (locked) throws(SegmentError) in _ = try locked.count() }
            #expect(throws: SegmentError.exists(name: segment.name)) {
                try Segment.create(name: segment.name, options: SegmentOptions(capacityBytes: 4096))
            }
            let again = try Segment.open(name: segment.name)
            #expect(try again.withLock { (locked) throws(SegmentError) in locked.counter } == 1)
        }
    }

    @Test func `allocating, resizing and freeing keeps every invariant`() throws {
        try withSegment { segment in
            var offsets: [Int] = []
            for size in [1, 16, 40, 41, 100, 1000, 4096, 5000] {
                offsets.append(
                    try segment.withLock { (locked) throws(SegmentError) in try locked.allocate(sizeBytes: size) })
                #expect(try segment.verification().findings == [])
            }
            for index in offsets.indices {
                offsets[index] = try segment.withLock { (locked) throws(SegmentError) in
                    try locked.resize(offsets[index], to: 777)
                }
                #expect(try segment.verification().findings == [])
            }
            for offset in offsets {
                try segment.withLock { (locked) throws(SegmentError) in try locked.free(offset) }
                #expect(try segment.verification().findings == [])
            }
            #expect(try segment.verification().blocksChecked == 1)
        }
    }

    @Test func `a block that moves counts once in the most that was ever used`() throws {
        try withSegment { segment in
            let high = segment.layout.indexOffset + shmlens_index_header_offset_high_water_bytes
            try segment.withLock { (locked) throws(SegmentError) in
                let first = try locked.allocate(sizeBytes: 10_000)
                _ = try locked.allocate(sizeBytes: 100)
                let moved = try locked.resize(first, to: 20_000)
                #expect(moved != first)
                #expect(segment.core.memory.load(high) == segment.core.memory.load(segment.layout.indexOffset))
            }
        }
    }

    /// 256 candidates that lie wrong stand before a small block that fits and a large one that must.
    @Test func `an aligned request takes the best of the free blocks, however many lie wrong`() throws {
        try withSegment(capacity: 1 << 20) { segment in
            try segment.withLock { (locked) throws(SegmentError) in
                // Two granules each, from a multiple of 128 on: the payload of an aligned span in one would begin a
                // granule behind its first, and does not fit.
                var narrow: [Int] = []
                for _ in 0..<600 { narrow.append(try locked.allocate(sizeBytes: 100)) }
                let wide = try locked.allocate(sizeBytes: 150)
                _ = try locked.allocate(sizeBytes: 10)
                for index in stride(from: 0, to: 600, by: 2) { try locked.free(narrow[index]) }
                try locked.free(wide)
                let large = try allBlocks(locked).filter { !$0.isUsed }.map(\.spanBytes).max()
                let offset = try locked.allocate(sizeBytes: 50, alignment: 128)
                #expect(offset % 128 == 0)
                #expect(abs(offset - wide) < 192)
                let after = try allBlocks(locked).filter { !$0.isUsed }.map(\.spanBytes).max()
                #expect(after == large, "the largest block was cut")
            }
        }
    }

    private func allBlocks(_ locked: borrowing LockedSegment) throws(SegmentError) -> [SegmentBlock] {
        var blocks: [SegmentBlock] = []
        while let next = try locked.block(after: blocks.last) { blocks.append(next) }
        return blocks
    }

    @Test func `freeing twice, or what was never allocated, is refused`() throws {
        try withSegment { segment in
            let offset = try segment.withLock { (locked) throws(SegmentError) in try locked.allocate(sizeBytes: 10) }
            try segment.withLock { (locked) throws(SegmentError) in try locked.free(offset) }
            for wrong in [offset, offset + 16, 0, -1, Int.min, Int.max, segment.layout.totalBytes] {
                #expect(throws: SegmentError.noSuchBlock(offset: wrong)) {
                    try segment.withLock { (locked) throws(SegmentError) in try locked.free(wrong) }
                }
            }
            #expect(try segment.verification().findings == [])
        }
    }
}
