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

    private final class Visits: Sendable {
        private let seen = Mutex((count: 0, threads: Set<Int32>()))
        var count: Int { seen.withLock { $0.count } }
        var threads: Int { seen.withLock { $0.threads.count } }

        func add(_ count: Int) {
            let thread = currentThread()
            seen.withLock {
                $0.count += count
                $0.threads.insert(thread)
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
