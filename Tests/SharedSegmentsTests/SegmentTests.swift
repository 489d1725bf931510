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
