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

    @Test func `what is done aside is done when it says so, and is not waited for beyond a limit`() {
        final class Steps: Sendable {
            let begun = Atomic(0)
            let mayEnd = Atomic(false)
        }
        let steps = Steps()
        #expect(runAside(nanosecondsMax: 60_000_000_000) { steps.begun.add(1, ordering: .relaxed) })
        #expect(steps.begun.load(ordering: .relaxed) == 1)
        let wait: @Sendable () -> Void = { while !steps.mayEnd.load(ordering: .relaxed) { usleep(1_000) } }
        #expect(!runAside(nanosecondsMax: 1_000_000, wait))
        steps.mayEnd.store(true, ordering: .relaxed)
        #expect(runAside(nanosecondsMax: 60_000_000_000) {})
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
