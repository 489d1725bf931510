import Diagnostics
import Observations
import TestSupport
import Testing

@Suite struct WaitGraphTests {
    private func thread(_ number: Int32) -> WaitGraph.Thread { WaitGraph.Thread(pid: number, tid: number) }

    private func lock(_ number: Int, _ segment: SegmentIdentifier = .posix("a")) -> WaitGraph.Lock {
        WaitGraph.Lock(segment: segment, place: .offset(number * 64))
    }

    /// Each pair says who waits for which lock, and each lock is owned by the thread of its number.
    private func graph(_ waits: [(Int32, Int)], owned: [Int]) -> WaitGraph {
        var graph = WaitGraph()
        for (waiter, number) in waits { graph.add(thread(waiter), waitsFor: lock(number)) }
        for number in owned { graph.add(lock(number), ownedBy: thread(Int32(number))) }
        return graph
    }

    @Test func `a chain that ends with somebody who works is no deadlock`() {
        let graph = graph([(1, 2), (2, 3), (3, 4), (9, 4)], owned: [2, 3, 4])
        #expect(graph.deadlocks().isEmpty)
        #expect(graph.chain(from: thread(1)) == [1, 2, 3, 4].map(thread))
        #expect(graph.chain(from: thread(4)) == [thread(4)])
        #expect(graph.chain(from: thread(77)) == [thread(77)])
    }

    @Test func `two that wait for each other are one, and who waits behind them is apart`() {
        let graph = graph([(1, 2), (2, 1), (5, 2), (6, 5), (7, 8)], owned: [1, 2, 5, 8])
        let found = graph.deadlocks()
        #expect(found.count == 1)
        #expect(found.first?.threads == [thread(1), thread(2)] && found.first?.locks == [lock(2), lock(1)])
        #expect(found.first?.victims == [thread(5), thread(6)])
        #expect(graph.chain(from: thread(6)) == [6, 5, 2, 1].map(thread))
    }

    @Test func `who waits for what it has itself is a circle of one`() {
        let found = graph([(3, 3), (4, 3)], owned: [3]).deadlocks()
        #expect(found.map(\.threads) == [[thread(3)]] && found.first?.victims == [thread(4)])
    }

    @Test func `circles in several segments, of several sizes, are each told once`() {
        var graph = graph([(1, 2), (2, 3), (3, 1), (8, 9), (9, 8)], owned: [1, 2, 3, 8, 9])
        let other = lock(1, .posix("b"))
        graph.add(thread(20), waitsFor: other)
        graph.add(other, ownedBy: thread(2))
        let found = graph.deadlocks()
        #expect(found.map(\.threads) == [[1, 2, 3].map(thread), [8, 9].map(thread)])
        #expect(found.map(\.victims) == [[thread(20)], []])
    }

    @Test func `a lock that nobody is known to have leads nowhere`() {
        let graph = graph([(1, 2), (2, 3)], owned: [2])
        #expect(graph.deadlocks().isEmpty && graph.chain(from: thread(1)) == [thread(1), thread(2)])
        #expect(graph.lock(awaitedBy: thread(2)) == lock(3) && graph.owner(of: lock(3)) == nil)
        #expect(WaitGraph().deadlocks().isEmpty)
    }

    /// Against a search that follows each thread as many steps as there are threads.
    @Test func `whatever the graph, the circles and their victims are those of a plain search`() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            let count = Int.random(in: 1...12, using: &random)
            var waits: [Int: Int] = [:]
            for waiter in 0..<count where Int.random(in: 0..<4, using: &random) > 0 {
                waits[waiter] = Int.random(in: 0..<count, using: &random)
            }
            let graph = graph(waits.map { (Int32($0.key), $0.value) }, owned: Array(0..<count))
            func after(_ start: Int, steps: Int) -> Int? {
                var current: Int? = start
                for _ in 0..<steps { current = current.flatMap { waits[$0] } }
                return current
            }
            let inCircle = (0..<count).filter { start in (1...count).contains { after(start, steps: $0) == start } }
            let behind = (0..<count).filter { start in
                !inCircle.contains(start) && (1...count).contains { after(start, steps: $0).map(inCircle.contains) ?? false }
            }
            let found = graph.deadlocks()
            #expect(Set(found.flatMap(\.threads)) == Set(inCircle.map { thread(Int32($0)) }))
            #expect(found.flatMap(\.threads).count == inCircle.count)
            #expect(found.flatMap(\.victims).sorted() == behind.map { thread(Int32($0)) })
            for deadlock in found {
                for (index, member) in deadlock.threads.enumerated() {
                    #expect(waits[Int(member.pid)] == Int(deadlock.threads[(index + 1) % deadlock.threads.count].pid))
                }
            }
        }
    }

    @Test func `ten thousand in one chain are followed at once`() {
        var graph = WaitGraph()
        for number in 0..<10_000 as Range<Int32> {
            graph.add(thread(number), waitsFor: lock(Int(number) + 1))
            graph.add(lock(Int(number)), ownedBy: thread(number))
        }
        #expect(graph.deadlocks().isEmpty && graph.chain(from: thread(0)).count == 10_000)
        graph.add(lock(10_000), ownedBy: thread(9_990))
        let found = graph.deadlocks()
        #expect(found.map(\.threads.count) == [10] && found.first?.victims.count == 9_990)
    }
}
