import Diagnostics
import Glibc
import Kernel
import Observations
import TestSupport
import Testing

@testable import Reading

@Suite struct PageMarksTests {
    private static let page = 4_096

    private func run(_ first: Int, _ count: Int, _ state: PageRun.State = .resident) -> PageRun {
        PageRun(offset: first * Self.page, length: count * Self.page, state: state)
    }

    private func marked(_ runs: [PageRun], _ marks: [(Int, Int, Int)]) -> [[Int?]] {
        let marks = marks.map { (range: $0.0 * Self.page..<$0.1 * Self.page, mark: $0.2) }
        return PageMarks.marked(runs, marks) { $0.numaNode = $1 }.map { [$0.offset / Self.page, $0.length / Self.page, $0.numaNode] }
    }

    @Test func `runs are taken apart where marks begin and end`() {
        let runs = [run(0, 4), run(4, 2, .hole), run(6, 4), run(10, 1, .swapped)]
        #expect(marked(runs, []) == [[0, 4, nil], [4, 2, nil], [6, 4, nil], [10, 1, nil]])
        #expect(marked(runs, [(0, 4, 7)]) == [[0, 4, 7], [4, 2, nil], [6, 4, nil], [10, 1, nil]])
        #expect(
            marked(runs, [(1, 2, 7), (2, 3, 8), (5, 7, 9), (9, 20, 6)]) == [
                [0, 1, nil], [1, 1, 7], [2, 1, 8], [3, 1, nil], [4, 2, nil], [6, 1, 9], [7, 2, nil], [9, 1, 6], [10, 1, nil],
            ])
    }

    /// Each byte has the mark of the one mark that it lies in, and all runs together are what they were.
    @Test func `whatever the marks, no byte is lost, told twice or marked wrongly`() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var runs: [PageRun] = []
            var position = 0
            while position < 40 {
                let count = Int.random(in: 1...8, using: &random)
                runs.append(run(position, count, PageRun.State.allCases.randomElement(using: &random)!))
                position += count
            }
            var marks: [(Int, Int, Int)] = []
            var next = Int.random(in: 0...6, using: &random)
            while next < position {
                let end = next + Int.random(in: 1...9, using: &random)
                marks.append((next, end, marks.count))
                next = end + Int.random(in: 0...3, using: &random)
            }
            var byPage = [Int?](repeating: -1, count: position)
            for part in marked(runs, marks) {
                for page in part[0]!..<part[0]! + part[1]! {
                    #expect(byPage[page] == -1)
                    byPage[page] = part[2]
                }
            }
            for page in 0..<position {
                let state = runs.first { $0.offset <= page * Self.page && page * Self.page < $0.end }?.state
                let mark = marks.first { $0.0 <= page && page < $0.1 }?.2
                #expect(byPage[page] == (state == .resident ? mark : nil))
            }
        }
    }

    @Test func `nodes are told by a process that maps the pages, wherever it maps them`() throws {
        let object = SharedObject(named: Unique.name("marks"), bytes: 8 * Self.page)
        for page in [1, 2, 6] { object.write([1], at: page * Self.page) }
        let address = UInt64(object.map(8 * Self.page))
        for page in [1, 2] as [UInt] { unsafe UnsafeMutablePointer<UInt8>(bitPattern: UInt(address) + page * UInt(Self.page))?.pointee = 1 }
        var host = HostObject(id: .posix("x"), name: "x")
        // The second mapping begins in the middle of the object; the first shows only its beginning.
        let middle = UInt64(2 * Self.page)
        host.mappers = [
            Mapper(
                pid: getpid(),
                ranges: [
                    MappedRange(start: address, end: address + middle, offset: 0, access: [.read, .shared]),
                    MappedRange(start: address + middle, end: address + UInt64(8 * Self.page), offset: middle, access: [.read, .shared]),
                ])
        ]
        let marks = PageMarks(ProcFS(), host)
        let found = marks.markingNodes([run(0, 1, .hole), run(1, 2), run(3, 3, .hole), run(6, 1), run(7, 1, .hole)]).runs
        // Page 6 is in memory and in nobody's page tables: on which node it is, nobody tells.
        #expect(found.map(\.offset) == [0, 1, 3, 6, 7].map { $0 * Self.page })
        #expect(found.map { $0.numaNode != nil } == [false, true, false, false, false])
        // None of them is huge, and nobody who is gone says so.
        #expect(marks.markingHuge(found).runs.allSatisfy { !$0.isHuge } && marks.markingHuge(found).isWhole)
        host.mappers = [Mapper(pid: .max, ranges: host.mappers[0].ranges)]
        #expect(PageMarks(ProcFS(), host).markingNodes([run(1, 2)]).runs == [run(1, 2)])
        #expect(PageMarks(ProcFS(), nil).markingHuge([run(1, 2)]).runs == [run(1, 2)])
    }

    @Test func `of huge pages that nobody has mapped in, all or nothing is known`() {
        let marks = PageMarks(ProcFS(), nil)
        let size = 4 << 20
        let whole = marks.statesOfHugePages(size: size, allocated: size, from: 4_096)
        #expect(whole.runs.map(\.state) == [.resident] && whole.runs.first?.offset == 4_096 && whole.runs.first?.end == size)
        #expect(whole.unseenBytes == 0 && whole.runs.allSatisfy(\.isHuge))
        let part = marks.statesOfHugePages(size: size, allocated: size / 2, from: 0)
        #expect(part.runs == [PageRun(offset: 0, length: size, state: .hole)] && part.unseenBytes == size / 2)
        #expect(marks.statesOfHugePages(size: size, allocated: 0, from: size).runs.isEmpty)
        // Pages behind the end are none of what is shown.
        let behind = marks.statesOfHugePages(size: size, allocated: 2 * size, from: 0)
        #expect(behind.runs.map(\.state) == [.hole] && behind.unseenBytes == size)
    }
}
