import Diagnostics
import Encoding
import Observations
import Testing

@Suite struct WaitTreeTests {
    private func lock(
        _ offset: Int, owner: Int?, waiters: [(tid: Int, milliseconds: Int)], command: String = "pgm"
    ) -> LocatedLock {
        var report = LockReport(place: .offset(offset), type: .mutex, state: .held, evidence: [.waiter], verdict: .ok)
        report.owner = owner.map {
            LockOwnerReport(pid: $0, tid: $0, command: command, alive: .alive, threadState: .sleeping, heldForMilliseconds: nil)
        }
        report.waiters = waiters.map {
            WaiterReport(pid: $0.tid, tid: $0.tid, command: command, threadState: .sleeping, waitingForMilliseconds: $0.milliseconds)
        }
        return LocatedLock(segment: .init(.posix("r")), name: "r", report: report)
    }

    private func text(_ locks: [LocatedLock]) -> String {
        WaitTree.text(HostLocks(locks: locks, threadCount: 0, movingCount: 0))
    }

    @Test func `who has a lock stands above those who wait for it, and so on`() {
        let text = text([
            lock(0, owner: 1, waiters: [(2, 61_000), (3, 1_250)]), lock(64, owner: 2, waiters: [(4, 900)]),
        ])
        #expect(
            text == """
                posix:r  mutex at 0 of r, held by pgm (1), sleeping
                ├─ pgm (2) waits 1 min 1 s
                │  has the mutex at 64 of r
                │  └─ pgm (4) waits 900 ms
                └─ pgm (3) waits 1.2 s

                """)
    }

    @Test func `circles come first, with who waits behind them and what would help`() {
        let text = text([
            lock(128, owner: 9, waiters: [(8, 5)]), lock(0, owner: 1, waiters: [(2, 5), (3, 4)]), lock(64, owner: 2, waiters: [(1, 5)]),
        ])
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first?.hasPrefix("deadlock: 2 threads wait for one another") == true)
        #expect(lines.contains("├─ pgm (1) waits 5 ms for the mutex at 64 of r"))
        #expect(lines.contains("│  └─ pgm (3) waits 4 ms"))
        #expect(lines.contains { $0.hasPrefix("└─ what they have is not robust") })
        #expect(lines.suffix(2) == ["posix:r  mutex at 128 of r, held by pgm (9), sleeping", "└─ pgm (8) waits 5 ms"])
    }

    @Test func `who waits for something else that one of a circle has is drawn behind it`() {
        let text = text([
            lock(0, owner: 1, waiters: [(2, 5)]), lock(64, owner: 2, waiters: [(1, 5)]), lock(128, owner: 1, waiters: [(7, 3)]),
            lock(192, owner: 7, waiters: [(8, 2)]),
        ])
        #expect(
            text.split(separator: "\n").dropFirst().dropLast() == [
                "├─ pgm (1) waits 5 ms for the mutex at 64 of r", "│  has the mutex at 128 of r", "│  └─ pgm (7) waits 3 ms",
                "│     has the mutex at 192 of r", "│     └─ pgm (8) waits 2 ms", "├─ pgm (2) waits 5 ms for the mutex at 0 of r",
            ])
    }

    @Test func `what is wrong with a lock is told wherever it is drawn`() {
        var stopped = lock(64, owner: 2, waiters: [])
        stopped.report.verdict = .ownerStopped
        stopped.report.message = "why"
        stopped.report.advice = "what to do"
        // One that its owner does not map is nobody's to give back.
        var strange = lock(128, owner: 2, waiters: [(4, 1)])
        strange.report.verdict = .ownerNotMapping
        strange.report.message = "how so"
        #expect(
            text([lock(0, owner: 1, waiters: [(2, 5)]), stopped, strange]) == """
                posix:r  mutex at 128 of r, held by pgm (2), sleeping
                │  ownerNotMapping: how so
                └─ pgm (4) waits 1 ms
                posix:r  mutex at 0 of r, held by pgm (1), sleeping
                └─ pgm (2) waits 5 ms
                   has the mutex at 64 of r
                   │  ownerStopped: why
                   │  what to do

                """)
    }

    @Test func `a name cannot paint on the terminal`() {
        #expect(text([lock(0, owner: 1, waiters: [(2, 1)], command: "\u{1b}[2Jx\n")]).contains(#"\u{1b}[2Jx\n (1)"#))
    }

    @Test func `where nobody waits it says so, and a long chain ends somewhere`() {
        #expect(text([]) == "nobody waits for anything in shared memory\n")
        let chain = (1..<500).map { lock($0 * 64, owner: $0, waiters: [($0 + 1, 1)]) }
        let lines = text(chain).split(separator: "\n")
        #expect(lines.count <= 2 * WaitTree.depthMax + 2)
        #expect(lines.last?.hasSuffix("… and deeper: --json has it") == true)
        let wide = lock(0, owner: 1, waiters: (2..<12_000).map { ($0, 1) })
        let all = text([wide]).split(separator: "\n")
        #expect(all.count == WaitTree.linesMax + 1 && all.last?.contains("lines more") == true)
    }

    @Test func `who waits for one of several, and has what others of them wait for, is drawn once`() {
        let count = 20
        let locks = (0..<count).map { owner in
            var located = lock(owner * 64, owner: owner + 1, waiters: (0..<count).filter { $0 != owner }.map { ($0 + 1, 1) })
            for index in located.report.waiters.indices { located.report.waiters[index].isOneOfSeveral = true }
            return located
        }
        let lines = text(locks).split(separator: "\n")
        #expect(lines.count <= 2 * count * count && lines.count > count)
    }
}
