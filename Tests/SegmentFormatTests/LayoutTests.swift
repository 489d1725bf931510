import SegmentFormat
import Testing

@Suite struct LayoutTests {
    @Test(arguments: [1, 4095, 4096, 4097, 1 << 20, 1 << 30, 1 << 40])
    func `parts follow one another on pages and the pool holds what was asked for`(capacity: Int) throws {
        for pageBytes in [4096, 16384, 65536] {
            let layout = try #require(
                SegmentLayout(capacityBytes: capacity, participants: 8, events: 64, pageBytes: pageBytes))
            let parts = [
                0, layout.participantsOffset, layout.eventsOffset, layout.indexOffset, layout.blocksOffset,
                layout.poolOffset, layout.totalBytes,
            ]
            #expect(parts == parts.sorted())
            #expect(parts.allSatisfy { $0 % pageBytes == 0 })
            #expect(layout.poolBytes >= capacity && layout.poolBytes < capacity + pageBytes)
            #expect(layout.startsWordCounts.last == 1)
            #expect(layout.mapOffset + layout.granuleCount * 4 <= layout.blocksOffset)
        }
    }

    @Test(arguments: [
        (0, 8, 64, 4096), (1 << 40 | 1, 8, 64, 4096), (4096, 0, 64, 4096), (4096, 4096, 64, 4096),
        (4096, 8, 15, 4096), (4096, 8, 1 << 20 | 1, 4096), (4096, 8, 64, 2048), (4096, 8, 64, 12288),
        (Int.min, 8, 64, 4096), (4096, 8, 64, Int.max),
    ])
    func `numbers out of range give no layout`(capacity: Int, participants: Int, events: Int, pageBytes: Int) {
        #expect(
            SegmentLayout(capacityBytes: capacity, participants: participants, events: events, pageBytes: pageBytes)
                == nil)
    }

    @Test func `every word that pictures are taken of has one sequence number`() throws {
        let layout = try #require(SegmentLayout(capacityBytes: 1 << 20, participants: 8, events: 64, pageBytes: 4096))
        #expect(layout.sequenceIndex(covering: layout.blocksOffset) == layout.firstBlockSequence)
        #expect(layout.sequenceIndex(covering: layout.poolOffset - 8) == layout.sequenceCount - 1)
        #expect(layout.sequenceIndex(covering: layout.poolOffset) == nil)
        #expect(layout.sequenceIndex(covering: layout.eventsOffset) == nil)
        #expect(layout.sequenceIndex(covering: layout.indexOffset) == SegmentLayout.indexSequence)
        #expect(layout.sequenceIndex(covering: layout.mapOffset) == nil)
        #expect(layout.sequenceIndex(covering: SegmentLayout.stateOffsets.lowerBound) == SegmentLayout.stateSequence)
        #expect(layout.sequenceIndex(covering: SegmentLayout.stateOffsets.upperBound) == nil)
    }
}
