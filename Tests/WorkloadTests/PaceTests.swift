import Testing

@testable import Workload

/// When a worker's next operation is due.
@Suite struct PaceTests {
    private let millisecond: Int64 = 1_000_000

    @Test func `operations are due at a steady rate, and what is a little late is made up for`() {
        var pace = Pace(perSecond: 50, begin: 1000)
        #expect(pace.due(after: 0, now: 1000) == 1000)
        #expect(pace.due(after: 1, now: 1000) == 1000 + 20 * millisecond)
        // 90 ms late: the next is due when it was.
        #expect(pace.due(after: 2, now: 1000 + 130 * millisecond) == 1000 + 40 * millisecond)
    }

    @Test func `after a long wait the rate begins anew`() {
        var pace = Pace(perSecond: 50, begin: 0)
        let now = 10_000 * millisecond
        #expect(pace.due(after: 7, now: now) == now)
        #expect(pace.due(after: 8, now: now) == now + 20 * millisecond)
        #expect(pace.due(after: 9, now: now + 20 * millisecond) == now + 40 * millisecond)
    }

    @Test func `what is due beyond all time is due then`() {
        var pace = Pace(perSecond: 0.001, begin: .max - 5)
        #expect(pace.due(after: 1 << 40, now: .max - 4) == .max)
    }
}
