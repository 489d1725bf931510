import Diagnostics
import ForeignFormats
import Observations
import TestSupport
import Testing

@Suite struct HostLocksTests {
    /// A mutex that `owner` has and `waiters` wait for.
    private func lock(
        _ offset: Int, owner: Int? = nil, waiters: [Int32], robust: Bool = false, timed: Bool = false
    ) -> LocatedLock {
        var report = LockReport(place: .offset(offset), type: .mutex, state: .held, evidence: [.waiter], verdict: .ok)
        report.owner = owner.map { LockJudgeTests.owner($0) }
        report.robust = robust
        report.waiters = waiters.map { tid in
            WaiterReport(pid: Int(tid), tid: Int(tid), command: "w", threadState: .sleeping, waitingForMilliseconds: 5, timed: timed)
        }
        return LocatedLock(segment: .posix("ring"), name: "ring", report: report)
    }

    private func host(_ locks: [LocatedLock]) -> HostLocks { HostLocks(locks: locks, threadCount: 20, movingCount: 0) }

    @Test func `a circle makes its locks a deadlock, and nobody else's`() {
        let found = host([lock(0, owner: 1, waiters: [2, 7]), lock(64, owner: 2, waiters: [1]), lock(128, owner: 7, waiters: [8])])
        #expect(found.deadlocks.count == 1 && found.waitingCount == 4)
        #expect(found.deadlocks.first?.threads.map(\.thread.tid) == [1, 2])
        #expect(found.deadlocks.first?.locks.map(\.place) == [.offset(64), .offset(0)])
        #expect(found.deadlocks.first?.victims.map(\.thread.tid) == [7, 8])
        #expect(found.locks.map(\.report.verdict) == [.deadlock, .deadlock, .ok])
        let message = found.deadlocks.first?.message ?? ""
        #expect(message.contains("2 threads wait for one another") && message.contains("mutex at 64 of ring"))
        #expect(message.contains("2 threads wait behind"))
        #expect(found.locks.first?.report.advice == found.deadlocks.first?.advice)
    }

    @Test func `what helps depends on what the locks do when somebody is ended`() {
        func advice(robust: Bool, timed: Bool = false) -> String {
            host([lock(0, owner: 1, waiters: [2], robust: robust), lock(64, owner: 2, waiters: [1], timed: timed)]).deadlocks[0].advice
        }
        #expect(advice(robust: false).contains("frees nobody"))
        // Thread 1 has the robust one.
        #expect(advice(robust: true).contains("end process 1:"))
        #expect(advice(robust: false, timed: true).contains("gives up by itself"))
    }

    @Test func `a change elsewhere may wake who waits for several, so that it is in no circle`() {
        var one = lock(0, owner: 1, waiters: [2])
        one.report.waiters[0].isOneOfSeveral = true
        #expect(host([one, lock(64, owner: 2, waiters: [1])]).deadlocks.isEmpty)
    }

    @Test func `who waits for what it has itself is told so`() {
        let found = host([lock(0, owner: 1, waiters: [1])])
        #expect(found.deadlocks.first?.message.contains("which it has itself") == true)
    }

    @Test func `the worst stand first, then those where most wait`() {
        var dead = lock(192, waiters: [9])
        dead.report.verdict = .willAbort
        let locks = [lock(0, owner: 1, waiters: [2]), lock(64, owner: 1, waiters: [3, 4]), dead]
        #expect(host(locks).locks.map(\.report.place) == [.offset(192), .offset(64), .offset(0)])
        #expect(host(locks).hasTrouble && !host(Array(locks.prefix(2))).hasTrouble)
        #expect(host(locks).locks(in: .posix("ring")).map(\.place) == [.offset(0), .offset(64), .offset(192)])
        #expect(host(locks).locks(in: .posix("other")).isEmpty)
    }

    @Test func `one answer shows no more than its limit, the worst of it, and says what it leaves out`() {
        let many = (0..<15_000).map { lock($0 * 64, waiters: [Int32($0 + 1)]) }
        let found = host(many)
        #expect(found.shown.count == HostLocks.nodesMax / 3 && found.hidden.first?.count == many.count - found.shown.count)
        #expect(host(Array(many.prefix(10))).hidden.isEmpty)
    }
}
