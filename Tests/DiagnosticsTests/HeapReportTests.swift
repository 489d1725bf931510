import Diagnostics
import Observations
import SegmentFormat
import TestSupport
import Testing

@Suite struct HeapReportTests {
    let layout = SegmentLayout.small()

    @Test func `an empty pool is all free and not fragmented`() {
        let report = HeapReport(picture: .of([], layout: layout), owners: Owners.directory)
        #expect(report.capacityBytes == 4096)
        #expect(report.usedBytes == 0 && report.freeBytes == 4096 && report.largestFreeBytes == 4096)
        #expect(report.usedBlockCount == 0 && report.freeBlockCount == 1)
        #expect(report.fragmentation == 0)
        #expect(report.sizeHistogram.isEmpty && report.byOwner.isEmpty && report.byTag.isEmpty && report.hidden.isEmpty)
    }

    @Test func `a full pool is not fragmented either`() {
        let report = HeapReport(
            picture: .of([.at(0, granules: 64, in: layout)], layout: layout), owners: Owners.directory)
        #expect(report.freeBytes == 0 && report.freeBlockCount == 0 && report.largestFreeBytes == 0)
        #expect(report.fragmentation == 0)
    }

    @Test func `fragmentation is what of the free bytes is not in the largest block`() {
        // 16 granules free, 48 used, 0 free in between: gaps of 4 and 12.
        let picture = HeapPicture.of(
            [.at(4, granules: 40, in: layout), .at(56, granules: 8, in: layout)], layout: layout, highWaterBytes: 3500)
        let report = HeapReport(picture: picture, owners: Owners.directory)
        #expect(report.freeBytes == 16 * 64 && report.largestFreeBytes == 12 * 64)
        #expect(report.fragmentation == 0.25)
        #expect(report.usedBytes + report.freeBytes == report.capacityBytes)
        #expect(report.highWaterBytes == 3500)
    }

    @Test func `owners and tags are summed up, the largest first`() throws {
        let red = try #require(Tag("red"))
        let picture = HeapPicture.of(
            [
                .at(0, granules: 1, in: layout, owner: Owners.living, tag: red),
                .at(1, granules: 2, in: layout, owner: Owners.dead),
                .at(3, granules: 4, in: layout, owner: Owners.living, tag: red),
                .at(8, granules: 2, in: layout, owner: Owners.dead),
            ], layout: layout)
        let report = HeapReport(picture: picture, owners: Owners.directory)
        #expect(report.byOwner.map(\.owner.key) == [Owners.living, Owners.dead])
        #expect(report.byOwner.map(\.blockCount) == [2, 2])
        #expect(report.byOwner.map(\.sizeBytes) == [40 + 232, 104 + 104])
        #expect(report.byTag.map(\.tag) == [red, .none])
        #expect(report.byTag.map(\.sizeBytes) == [272, 208])
        #expect(
            picture.totalsByOwner()
                == [
                    Owners.living: BlockTotals(blockCount: 2, sizeBytes: 272),
                    Owners.dead: BlockTotals(blockCount: 2, sizeBytes: 208),
                ])
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (64, 64), (65, 128), (1 << 40, 1 << 40)])
    func `a size counts under the smallest power of two that is not below it`(sizeBytes: Int, upToBytes: Int) {
        let block = PictureBlock(
            spanOffset: layout.poolOffset, spanBytes: 64, payloadOffset: layout.poolOffset + 16, sizeBytes: sizeBytes,
            owner: .external, tag: .none, sequence: 1, allocatedAtMilliseconds: 0)
        let report = HeapReport(picture: .of([block], layout: layout), owners: Owners.directory)
        #expect(report.sizeHistogram.map(\.upToBytes) == [upToBytes])
        #expect(report.sizeHistogram.map(\.count) == [1])
    }

    @Test func `the histogram rises and leaves out sizes that no block has`() {
        let picture = HeapPicture.of(
            [.at(0, granules: 8, in: layout), .at(8, granules: 1, in: layout), .at(9, granules: 1, in: layout)],
            layout: layout)
        let report = HeapReport(picture: picture, owners: Owners.directory)
        #expect(report.sizeHistogram.map(\.upToBytes) == [64, 512])
        #expect(report.sizeHistogram.map(\.count) == [2, 1])
    }

    @Test(arguments: [HeapReport.groupLimit - 1, HeapReport.groupLimit, HeapReport.groupLimit + 1, 2500])
    func `beyond the limit the smallest groups are counted, not listed`(tagCount: Int) throws {
        let layout = SegmentLayout.small(poolBytes: 1 << 20)
        let blocks = (0..<tagCount).map { index in
            // The last ones are the largest, so that a list cut too early shows.
            PictureBlock(
                spanOffset: layout.poolOffset + index * 64, spanBytes: 64,
                payloadOffset: layout.poolOffset + index * 64 + 16, sizeBytes: 1 + index % 40 + index / 40 * 40,
                owner: .external, tag: Tag(low: UInt64(index + 1), high: 7), sequence: 1, allocatedAtMilliseconds: 0)
        }
        let report = HeapReport(picture: .of(blocks, layout: layout), owners: Owners.directory)
        let shown = min(tagCount, HeapReport.groupLimit)
        #expect(report.byTag.count == shown)
        #expect(report.byTag.first?.tag.low == UInt64(tagCount))
        #expect(report.byTag.last?.tag.low == UInt64(tagCount - shown + 1))
        #expect(report.hidden.map(\.count) == (tagCount > shown ? [tagCount - shown] : []))
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func `sums agree with those of a plain walk`(seed: UInt64) {
        let picture = HeapPicture.random(poolBytes: 1 << 16, owners: Owners.all, seed: seed)
        let report = HeapReport(picture: picture, owners: Owners.directory)
        #expect(report.usedBytes == picture.blocks.reduce(0) { $0 + $1.spanBytes })
        #expect(report.usedBytes + report.freeBytes == 1 << 16)
        #expect(report.usedBlockCount == picture.blocks.count)
        #expect(report.freeBlockCount == picture.spans.count { $0.block == nil })
        #expect(report.byOwner.reduce(0) { $0 + $1.blockCount } == picture.blocks.count)
        for owner in report.byOwner {
            let blocks = picture.blocks.filter { $0.owner == owner.owner.key }
            #expect(owner.blockCount == blocks.count)
            #expect(owner.sizeBytes == blocks.reduce(0) { $0 + $1.sizeBytes })
        }
        #expect(report.sizeHistogram.reduce(0) { $0 + $1.count } == picture.blocks.count)
    }
}
