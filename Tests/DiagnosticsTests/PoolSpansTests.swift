import Diagnostics
import SegmentFormat
import TestSupport
import Testing

@Suite struct PoolSpansTests {
    let layout = SegmentLayout.small()
    var base: Int { layout.poolOffset }

    private func offsets(_ spans: PoolSpans) -> [Int] { spans.map { ($0.offset - base) / 64 } }

    @Test func `an empty pool is one free span`() {
        let picture = HeapPicture.of([], layout: layout)
        #expect(Array(picture.spans) == [PoolSpan(offset: base, bytes: 4096, block: nil)])
    }

    @Test func `a full pool has no gap`() {
        let picture = HeapPicture.of([.at(0, granules: 64, in: layout)], layout: layout)
        #expect(Array(picture.spans) == [PoolSpan(offset: base, bytes: 4096, block: 0)])
    }

    @Test func `gaps before, between and behind the used blocks are free`() {
        let picture = HeapPicture.of([.at(2, granules: 1, in: layout), .at(3, granules: 2, in: layout)], layout: layout)
        #expect(
            Array(picture.spans) == [
                PoolSpan(offset: base, bytes: 128, block: nil),
                PoolSpan(offset: base + 128, bytes: 64, block: 0),
                PoolSpan(offset: base + 192, bytes: 128, block: 1),
                PoolSpan(offset: base + 320, bytes: 4096 - 320, block: nil),
            ])
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func `spans touch one another and make the pool`(seed: UInt64) {
        let picture = HeapPicture.random(poolBytes: 1 << 16, owners: [.external], seed: seed)
        var end = picture.pool.lowerBound
        var wasFree = false
        for span in picture.spans {
            #expect(span.offset == end && span.bytes > 0)
            let isFree = span.block == nil
            #expect(!(isFree && wasFree), "free neighbours are one span")
            wasFree = isFree
            end = span.end
        }
        #expect(end == picture.pool.upperBound)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `from any offset on, the first span is the one that holds it`(seed: UInt64) {
        let picture = HeapPicture.random(poolBytes: 1 << 13, owners: [.external], seed: seed)
        let all = Array(picture.spans)
        for offset in stride(from: picture.pool.lowerBound, to: picture.pool.upperBound, by: 16) {
            let expected = Array(all.drop { $0.end <= offset })
            #expect(Array(picture.spans(from: offset)) == expected)
        }
    }

    @Test func `from before the pool on all spans come, from its end on none`() {
        let picture = HeapPicture.of([.at(2, granules: 1, in: layout)], layout: layout)
        #expect(offsets(picture.spans(from: Int.min)) == [0, 2, 3])
        #expect(offsets(picture.spans(from: picture.pool.upperBound - 1)) == [3])
        #expect(offsets(picture.spans(from: picture.pool.upperBound)).isEmpty)
        #expect(offsets(picture.spans(from: Int.max)).isEmpty)
    }
}
