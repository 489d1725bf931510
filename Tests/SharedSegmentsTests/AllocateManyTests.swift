import CShmlens
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

@Suite struct AllocateManyTests {
    /// What allocating one after the other makes of a copy of the segment's situation: how many have room.
    private func room(_ segment: Segment, sizeBytes: Int, alignment: Int) throws -> Int {
        try segment.withLock { (locked) throws(SegmentError) in
            var offsets: [Int] = []
            while true {
                do throws(SegmentError) {
                    offsets.append(try locked.allocate(sizeBytes: sizeBytes, alignment: alignment))
                } catch {
                    guard case .noFreeBlock = error else { throw error }
                    break
                }
            }
            for offset in offsets { try locked.free(offset) }
            return offsets.count
        }
    }

    /// A pool with gaps of many sizes.
    private func fragment(_ segment: Segment, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try segment.withLock { (locked) throws(SegmentError) in
            var offsets: [Int] = []
            for _ in 0..<60 { offsets.append(try locked.allocate(sizeBytes: Int.random(in: 1...900, using: &random))) }
            for offset in offsets where Bool.random(using: &random) { try locked.free(offset) }
        }
    }

    @Test(
        arguments: [(1, 16), (100, 16), (40, 64), (41, 64), (700, 128), (10, 256), (1500, 1024), (4000, 4096)],
        [1, 2, 3, 4] as [UInt64])
    func `exactly as many have room as fit one after the other`(kind: (size: Int, alignment: Int), seed: UInt64) throws {
        try withSegment { segment in
            try fragment(segment, seed: seed)
            let room = try room(segment, sizeBytes: kind.size, alignment: kind.alignment)
            try segment.withLock { (locked) throws(SegmentError) in
                #expect(throws: SegmentError.self) {
                    try locked.allocate(count: room + 1, sizeBytes: kind.size, alignment: kind.alignment)
                }
                guard room > 0 else { return }
                let offsets = try locked.allocate(count: room, sizeBytes: kind.size, alignment: kind.alignment)
                #expect(offsets.count == room && offsets.allSatisfy { $0 % kind.alignment == 0 })
            }
            #expect(try segment.verification().findings == [])
        }
    }

    @Test func `what is refused leaves no trace`() throws {
        try withSegment { segment in
            try segment.withLock { (locked) throws(SegmentError) in _ = try locked.allocate(sizeBytes: 1000) }
            let tables = segment.layout.participantsOffset..<segment.layout.totalBytes
            let before = segment.core.memory.copyOut(tables)
            let head = segment.core.memory.load(shmlens_header_offset_event_head)
            _ = try segment.withLock { (locked) throws(SegmentError) in
                #expect(throws: SegmentError.self) { try locked.allocate(count: 100, sizeBytes: 1000) }
            }
            #expect(segment.core.memory.load(shmlens_header_offset_event_head) == head)
            let after = segment.core.memory.copyOut(tables)
            // Acquisitions of the lock are counted for who asked.
            let counter = segment.layout.participantOffset(0) + shmlens_participant_offset_operations - tables.lowerBound
            let differing = before.indices.filter { before[$0] != after[$0] }
            #expect(differing.allSatisfy { (counter..<counter + 64).contains($0) }, "\(differing.prefix(8))")
        }
    }

    @Test(arguments: [0, -1, 10_001, .max])
    func `a count out of range is refused`(count: Int) throws {
        try withSegment { segment in
            _ = try segment.withLock { (locked) throws(SegmentError) in
                let error = #expect(throws: SegmentError.self) { try locked.allocate(count: count, sizeBytes: 1) }
                guard case .invalid("count", _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
    }
}
