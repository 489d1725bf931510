import Diagnostics
import SegmentFormat
import TestSupport
import Testing

@Suite struct BucketsReportTests {
    let layout = SegmentLayout.small()

    private func buckets(
        _ picture: HeapPicture, _ count: Int, from: Int? = nil, to: Int? = nil
    ) throws -> [BucketReport] {
        let request = try BucketRequest(count: count, from: from, to: to, pool: picture.pool)
        return BucketsReport(picture: picture, owners: Owners.directory, request: request).buckets
    }

    @Test func `a used block counts where its span begins, its bytes where they are`() throws {
        // Used from granule 12 to 40; buckets of 16 granules.
        let picture = HeapPicture.of([.at(12, granules: 28, in: layout, owner: Owners.living)], layout: layout)
        let found = try buckets(picture, 4)
        #expect(found.map(\.blockCount) == [1, 0, 0, 0])
        #expect(found.map(\.usedBytes) == [4 * 64, 16 * 64, 8 * 64, 0])
        #expect(found.map(\.freeBytes) == [12 * 64, 0, 8 * 64, 16 * 64])
        #expect(found.map(\.largestFreeBytes) == [12 * 64, 0, 8 * 64, 16 * 64])
        #expect(found.map { $0.mainOwner?.key } == [Owners.living, Owners.living, Owners.living, nil])
        #expect(found.map(\.offset) == [0, 1024, 2048, 3072].map { layout.poolOffset + $0 })
    }

    @Test func `a block that begins before the range does not count in it`() throws {
        let picture = HeapPicture.of([.at(0, granules: 32, in: layout)], layout: layout)
        let found = try buckets(picture, 1, from: layout.poolOffset + 64, to: layout.poolOffset + 192)
        #expect(found.map(\.blockCount) == [0])
        #expect(found.map(\.usedBytes) == [128])
    }

    @Test func `the main owner is the one with the most bytes there`() throws {
        let picture = HeapPicture.of(
            [
                .at(0, granules: 3, in: layout, owner: Owners.living),
                .at(3, granules: 2, in: layout, owner: Owners.dead),
                .at(5, granules: 2, in: layout, owner: Owners.dead),
            ], layout: layout)
        #expect(try buckets(picture, 1).first?.mainOwner?.key == Owners.dead)
    }

    @Test func `what the dead left is told, also where the living have more`() throws {
        let picture = HeapPicture.of(
            [
                .at(0, granules: 9, in: layout, owner: Owners.living),
                .at(9, granules: 1, in: layout, owner: Owners.dead),
                .at(20, granules: 2, in: layout, owner: Owners.living),
                .at(47, granules: 2, in: layout, owner: Owners.dead),
            ], layout: layout)
        let found = try buckets(picture, 4)
        #expect(found.map(\.orphanedBytes) == [64, 0, 64, 64])
        #expect(found.first?.mainOwner?.key == Owners.living)
    }

    /// What each byte of a pool is, the slow way.
    private static func reference(_ picture: HeapPicture, _ count: Int, _ range: Range<Int>) -> [[Int]] {
        var owner = [OwnerKey?](repeating: nil, count: picture.pool.count)
        var begins = [Int](repeating: 0, count: picture.pool.count)
        for block in picture.blocks {
            let start = block.spanOffset - picture.pool.lowerBound
            begins[start] += 1
            for byte in start..<start + block.spanBytes { owner[byte] = block.owner }
        }
        return (0..<count).map { index in
            let first = range.lowerBound + range.count * index / count - picture.pool.lowerBound
            let last = range.lowerBound + range.count * (index + 1) / count - picture.pool.lowerBound
            let part = owner[first..<last]
            let largestFree = part.split { $0 != nil }.map(\.count).max() ?? 0
            let mainBytes = Dictionary(grouping: part.compactMap { $0 }) { $0 }.values.map(\.count).max() ?? 0
            return [
                first + picture.pool.lowerBound, last - first, part.count { $0 != nil },
                begins[first..<last].reduce(0, +), largestFree, mainBytes,
            ]
        }
    }

    @Test(arguments: [1, 2, 3, 7, 64, 1000, 4096], [UInt64(1), 2, 3])
    func `buckets agree with a byte by byte count`(count: Int, seed: UInt64) throws {
        let picture = HeapPicture.random(poolBytes: 8192, owners: Owners.all, seed: seed)
        var random = SeededGenerator(seed: seed)
        let from = Int.random(in: picture.pool.lowerBound..<picture.pool.lowerBound + 2048, using: &random)
        let to = Int.random(in: picture.pool.upperBound - 1024...picture.pool.upperBound, using: &random)
        let found = try buckets(picture, count, from: from, to: to)
        let expected = Self.reference(picture, count, from..<to)
        #expect(found.count == count)
        for (bucket, reference) in zip(found, expected) {
            let mainBytes = bucket.mainOwner.map { owner in
                let range = bucket.offset..<bucket.offset + bucket.sizeBytes
                return picture.blocks.filter { $0.owner == owner.key }
                    .reduce(0) { $0 + ($1.spanOffset..<$1.spanEnd).clamped(to: range).count }
            }
            #expect(
                [
                    bucket.offset, bucket.sizeBytes, bucket.usedBytes, bucket.blockCount, bucket.largestFreeBytes,
                    mainBytes ?? 0,
                ] == reference)
            #expect(bucket.usedBytes + bucket.freeBytes == bucket.sizeBytes)
            let orphaned = picture.blocks.filter { Owners.directory.isOrphaned($0.owner) }.reduce(0) {
                $0 + ($1.spanOffset..<$1.spanEnd).clamped(to: bucket.offset..<bucket.offset + bucket.sizeBytes).count
            }
            #expect(bucket.orphanedBytes == orphaned)
        }
    }

    @Test func `buckets touch one another and make the range, also where it does not divide evenly`() throws {
        let found = try buckets(.of([], layout: layout), 7)
        var end = layout.poolOffset
        for bucket in found {
            #expect(bucket.offset == end && (585...586).contains(bucket.sizeBytes))
            end += bucket.sizeBytes
        }
        #expect(end == layout.poolOffset + 4096)
    }

    @Test(arguments: [
        (0, nil, nil, "buckets"), (10_001, nil, nil, "buckets"), (4097, nil, nil, "buckets"), (-1, nil, nil, "buckets"),
        (1, -1, nil, "from"), (1, 4096, nil, "from"), (1, nil, 4097, "to"), (1, 8, 8, "to"), (1, 8, 7, "to"),
        (2, 8, 9, "buckets"),
    ] as [(Int, Int?, Int?, String)])
    func `what is out of range is refused by its name`(count: Int, from: Int?, to: Int?, field: String) {
        let base = layout.poolOffset
        let error = #expect(throws: QueryError.self) {
            try BucketRequest(
                count: count, from: from.map { base + $0 }, to: to.map { base + $0 }, pool: base..<base + 4096)
        }
        #expect(error?.field == field)
    }

    @Test func `the limits themselves are accepted`() throws {
        let large = SegmentLayout.small(poolBytes: 1 << 20)
        let pool = large.poolOffset..<large.poolOffset + large.poolBytes
        #expect(try BucketRequest(count: 10_000, pool: pool).count == 10_000)
        let last = try BucketRequest(count: 1, from: pool.upperBound - 1, to: pool.upperBound, pool: pool)
        #expect(last.range.count == 1)
    }
}
