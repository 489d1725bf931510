import CShmlens
import Glibc
import Parallel
import Synchronization
import TestSupport
import Testing

@Suite struct ParallelTests {
    @Test(arguments: [0, 1, 2, 99, 100, 101, 1_000])
    func `each element is worked on once, and the order stays`(count: Int) {
        let elements = Array(0..<count)
        let visits = Visits()
        let found = inParallel(elements, grain: 100) { part in
            visits.add(part.count)
            return part.map { $0 * 2 }
        }
        #expect(found == elements.map { $0 * 2 })
        #expect(visits.count == count)
    }

    /// Counts without a lock: who waits for one that the kernel hands over is taken for a race by the sanitizer.
    private final class Visits: Sendable {
        private final class Seat: Sendable {
            let thread = Atomic<Int32>(0)
        }

        private let all = Atomic(0)
        /// More than threads ever work.
        private let seats = (0..<16).map { _ in Seat() }

        var count: Int { all.load(ordering: .relaxed) }
        var threads: Int { seats.count { $0.thread.load(ordering: .relaxed) != 0 } }

        func add(_ count: Int) {
            let thread = currentThread()
            all.add(count, ordering: .relaxed)
            for seat in seats {
                let (isTaken, before) = seat.thread.compareExchange(expected: 0, desired: thread, ordering: .relaxed)
                if isTaken || before == thread { return }
            }
        }
    }

    @Test func `as many threads work as may, four at most`() {
        let visits = Visits()
        var allowed = shmlens_processors()
        var count: Int32 = 0
        #expect(unsafe shmlens_allowed_processors(&allowed, &count) == 0)
        let expected = min(4, Int(count))
        _ = inParallel(Array(0..<expected), grain: 1) { part in
            visits.add(part.count)
            // Who has a part holds it until all have come: one thread alone would wait in vain.
            for _ in 0..<10_000 where visits.threads < expected { usleep(1_000) }
            return part.map { $0 }
        }
        #expect(visits.threads == expected)
    }

    @Test func `two things are done, each once`() {
        let visits = Visits()
        let (first, second) = bothInParallel {
            visits.add(1)
            return 1
        } _: {
            visits.add(1)
            return "two"
        }
        #expect(first == 1 && second == "two" && visits.count == 2)
    }
}
