import Diagnostics
import Observations
import SegmentFormat
import TestSupport
import Testing

@Suite struct BlocksReportTests {
    let layout = SegmentLayout.small()

    private func report(
        _ picture: HeapPicture, _ filter: BlockFilter = BlockFilter(), limit: Int? = nil, cursor: Cursor? = nil
    ) throws -> BlocksReport {
        try BlocksReport(
            picture: picture, owners: Owners.directory, filter: filter,
            page: PageRequest(limit: limit, cursor: cursor))
    }

    /// free 2, living 1, dead 2 with a tag, free 3, external 1, replaced 4, free to the end.
    private var picture: HeapPicture {
        HeapPicture.of(
            [
                .at(2, granules: 1, in: layout, owner: Owners.living, sequence: 5),
                .at(3, granules: 2, in: layout, owner: Owners.dead, tag: Tag("red") ?? .none),
                .at(8, granules: 1, in: layout),
                .at(9, granules: 4, in: layout, owner: Owners.replaced),
            ], layout: layout, sequence: 77)
    }

    private func starts(_ report: BlocksReport) -> [Int] {
        report.blocks.map { ($0.spanOffset - layout.poolOffset) / 64 }
    }

    @Test func `blocks come in address order with what is known of each`() throws {
        let report = try report(picture)
        #expect(report.sequence == 77)
        #expect(starts(report) == [0, 2, 3, 5, 8, 9, 13])
        #expect(report.blocks.map(\.state) == [.free, .used, .orphaned, .free, .used, .orphaned, .free])
        #expect(report.next == nil)
        let used = report.blocks[1]
        #expect(used.offset == used.spanOffset + 16 && used.sizeBytes == 40 && used.spanBytes == 64)
        #expect(used.owner?.name == "worker-1" && used.tag == nil && used.sequence == 5)
        #expect(used.allocatedAt == WallTime(nanoseconds: 1_700_000_000_000_000_000))
        #expect(report.blocks[2].tag == Tag("red"))
    }

    @Test func `of a free block payload and span are the same and nothing else is known`() throws {
        let free = try report(picture).blocks[0]
        #expect(free.offset == free.spanOffset && free.sizeBytes == free.spanBytes && free.spanBytes == 128)
        #expect(free.owner == nil && free.tag == nil && free.sequence == nil && free.allocatedAt == nil)
    }

    @Test(arguments: [
        (BlockFilter(state: .used), [2, 8]),
        (BlockFilter(state: .free), [0, 5, 13]),
        (BlockFilter(state: .orphaned), [3, 9]),
        (BlockFilter(owner: 101), [2]),
        (BlockFilter(owner: 0), [8]),
        (BlockFilter(owner: 102), [3]),
        (BlockFilter(owner: 9999), []),
        (BlockFilter(tag: Tag("red")), [3]),
        (BlockFilter(tag: Tag("re")), []),
        (BlockFilter(minBytes: 105), [0, 5, 9, 13]),
        (BlockFilter(minBytes: 104), [0, 3, 5, 9, 13]),
        (BlockFilter(minBytes: -1), [0, 2, 3, 5, 8, 9, 13]),
        (BlockFilter(state: .orphaned, minBytes: 105), [9]),
        (BlockFilter(state: .free, owner: 101), []),
    ])
    func `each filter lets through what it names`(filter: BlockFilter, expected: [Int]) throws {
        #expect(try starts(report(picture, filter)) == expected)
    }

    @Test(arguments: [(0, 0), (127, 0), (128, 2), (191, 2), (192, 3), (4095, 13)])
    func `at finds the block whose span holds the offset`(offset: Int, expected: Int) throws {
        #expect(try starts(report(picture, BlockFilter(at: layout.poolOffset + offset))) == [expected])
    }

    @Test(arguments: [
        (0, 4096, [0, 2, 3, 5, 8, 9, 13]), (191, 193, [2, 3]), (192, 193, [3]), (192, 192, []), (300, 321, [3, 5]),
        (4095, 9000, [13]), (4096, 9000, []),
    ])
    func `a range finds the spans that have bytes in it`(from: Int, to: Int, expected: [Int]) throws {
        let filter = BlockFilter(from: layout.poolOffset + from, to: layout.poolOffset + to)
        #expect(try starts(report(picture, filter)) == expected)
        let sorted = try BlocksReport(
            picture: picture, owners: Owners.directory, filter: filter, sort: ListSort(.spanOffset, isDescending: true))
        #expect(starts(sorted) == expected.reversed())
    }

    @Test func `at outside the pool finds nothing`() throws {
        #expect(try report(picture, BlockFilter(at: layout.poolOffset - 1)).blocks.isEmpty)
        #expect(try report(picture, BlockFilter(at: layout.poolOffset + 4096)).blocks.isEmpty)
        #expect(try report(picture, BlockFilter(at: .max)).blocks.isEmpty)
        #expect(try report(picture, BlockFilter(at: .min)).blocks.isEmpty)
    }

    @Test(arguments: [1, 2, 3, 6, 7, 8])
    func `pages of any size make the whole list`(limit: Int) throws {
        var found: [Int] = []
        var cursor: Cursor?
        repeat {
            let page = try report(picture, limit: limit, cursor: cursor)
            #expect(page.blocks.count <= limit)
            found += starts(page)
            cursor = page.next
        } while cursor != nil
        #expect(found == [0, 2, 3, 5, 8, 9, 13])
    }

    @Test func `a cursor survives blocks that come and go`() throws {
        let first = try report(picture, limit: 3)
        #expect(starts(first) == [0, 2, 3])
        let changed = HeapPicture.of(
            [.at(4, granules: 2, in: layout), .at(6, granules: 1, in: layout)], layout: layout)
        // The block at 4 begins before the place where the first page ended, so it is not shown; nothing is twice.
        #expect(try starts(report(changed, cursor: first.next)) == [6, 7])
    }

    @Test func `a cursor with a filter goes on where the last match ended`() throws {
        let first = try report(picture, BlockFilter(state: .free), limit: 1)
        let second = try report(picture, BlockFilter(state: .free), limit: 2, cursor: first.next)
        #expect(starts(second) == [5, 13])
        #expect(second.next == nil)
    }

    @Test(arguments: [
        (ListSort<BlockKey>(.sizeBytes, isDescending: true), [13, 9, 5, 0, 3, 2, 8]),
        (ListSort<BlockKey>(.sizeBytes), [2, 8, 3, 0, 5, 9, 13]),
        (ListSort<BlockKey>(.spanOffset, isDescending: true), [13, 9, 8, 5, 3, 2, 0]),
        (ListSort<BlockKey>(.state), [0, 5, 13, 3, 9, 2, 8]),
        (ListSort<BlockKey>(.tag, isDescending: true), [3, 0, 2, 5, 8, 9, 13]),
        (ListSort<BlockKey>(.owner), [0, 5, 9, 13, 8, 2, 3]),
        (ListSort<BlockKey>(.sequence, isDescending: true), [2, 3, 8, 9, 0, 5, 13]),
    ])
    func `pages of a sorted list make the whole list in its order`(
        sort: ListSort<BlockKey>, expected: [Int]
    ) throws {
        for limit in 1...8 {
            var found: [Int] = []
            var cursor: Cursor?
            repeat {
                let page = try BlocksReport(
                    picture: picture, owners: Owners.directory, sort: sort,
                    page: PageRequest(limit: limit, cursor: cursor))
                #expect(page.blocks.count <= limit)
                found += starts(page)
                cursor = page.next
            } while cursor != nil
            #expect(found == expected, "limit \(limit)")
        }
    }

    @Test func `a cursor of one order is refused by another`() throws {
        let page = try PageRequest(limit: 1)
        let first = try BlocksReport(
            picture: picture, owners: Owners.directory, sort: ListSort(.sizeBytes), page: page)
        let cursor = try #require(first.next)
        for sort in [ListSort<BlockKey>(.sizeBytes, isDescending: true), ListSort(.tag), ListSort(.natural)] {
            #expect(throws: QueryError.self) {
                try BlocksReport(
                    picture: picture, owners: Owners.directory, sort: sort,
                    page: PageRequest(limit: 1, cursor: cursor))
            }
        }
    }

    @Test func `an order is a key, or a key with a minus`() throws {
        #expect(try ListSort<BlockKey>(text: nil) == ListSort(.offset))
        #expect(try ListSort<BlockKey>(text: "-tag") == ListSort(.tag, isDescending: true))
        for text in ["", "-", "--tag", "Tag", "size"] {
            #expect(throws: QueryError.self) { try ListSort<BlockKey>(text: text) }
        }
    }

    @Test func `a cursor of another shape is refused`() {
        let cursor = Cursor(.blocks, [.bytes([1])])
        #expect(throws: QueryError.self) { try report(picture, cursor: cursor) }
    }

    @Test func `a time beyond what the clock can tell is the latest there is`() {
        #expect(WallTime(clampingMilliseconds: .max) == WallTime(nanoseconds: Int64.max))
        #expect(WallTime(clampingMilliseconds: 5) == WallTime(nanoseconds: Int64(5_000_000)))
    }
}
