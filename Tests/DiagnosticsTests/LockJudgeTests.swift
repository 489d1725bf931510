import Diagnostics
import ForeignFormats
import Observations
import TestSupport
import Testing

/// What is made of words, owners and waiters: each verdict by what it needs, and without that nothing is said.
@Suite struct LockJudgeTests {
    static func bytes(_ words: [UInt32], count: Int = 64) -> [UInt8] {
        let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        return bytes + [UInt8](repeating: 0, count: max(0, count - bytes.count))
    }

    static func mutex(_ words: [UInt32]) throws -> LockSighting.Subject {
        .glibc(.mutex(try #require(GlibcMutex(bytes(words)))))
    }

    /// - Parameter word: from the first byte of the lock, which stands at 64.
    static func waiter(
        _ tid: Int32, value: UInt32 = 2, word: Int = 0, isTimed: Bool = false, milliseconds: Int = 5
    ) -> LockSighting.Waiter {
        let wait = FutexWait(address: 0x7f00, operation: .wait, isPrivate: false, value: value, isTimed: isTimed)
        let sleep = Sleep(tid: tid, startTicks: 1, turns: Turns(nanoseconds: 1, count: 1))
        let thread = BlockedThread(pid: tid, command: "w", state: .sleeping, call: .futex(wait), sleep: sleep)
        return LockSighting.Waiter(thread: thread, word: 64 + word, isTimed: isTimed, isOneOfSeveral: false, waitingForMilliseconds: milliseconds)
    }

    static func owner(_ tid: Int, _ state: ThreadState = .running) -> LockOwnerReport {
        LockOwnerReport(pid: tid, tid: tid, command: "o", alive: .alive, threadState: state, heldForMilliseconds: nil)
    }

    private func threads(_ tids: Set<Int32>, unsettled: Int = 0, isWhole: Bool = true) -> MapperThreads {
        var threads = MapperThreads()
        threads.tids = tids
        threads.unsettledCount = unsettled
        threads.isWhole = isWhole
        return threads
    }

    private func judge(
        _ subject: LockSighting.Subject, _ owner: LockSighting.Owner = .none, waiters: [LockSighting.Waiter] = [Self.waiter(9)],
        _ threads: MapperThreads = MapperThreads()
    ) -> LockReport {
        var sighting = LockSighting(place: .offset(64), subject: subject, evidence: [.waiter])
        sighting.owner = owner
        sighting.waiters = waiters
        return LockJudge.report(on: sighting, threads)
    }

    @Test func `a mutex that somebody has who works is fine`() throws {
        let report = judge(try Self.mutex([2, 0, 4_711, 1, 128]), .found([Self.owner(4_711)]))
        #expect(report.type == .mutex && report.state == .held && report.verdict == .ok && report.message == nil)
        #expect(report.owner?.pid == 4_711 && report.mutexType == .normal && report.robust == false)
        #expect(report.waiters.map(\.tid) == [9] && report.waiters.first?.timed == false)
    }

    @Test(arguments: [ThreadState.stopped, .traced])
    func `an owner that is stopped is the verdict`(state: ThreadState) throws {
        let report = judge(try Self.mutex([2, 0, 4_711, 1, 128]), .found([Self.owner(4_711, state)]))
        #expect(report.verdict == .ownerStopped && report.state == .held)
        #expect(report.advice?.contains(state == .stopped ? "kill -CONT 4711" : "debugger") == true)
    }

    @Test func `an owner that is gone unmarked leaves a mutex for ever, and one that inherits priority ends the next`() throws {
        let plain = judge(try Self.mutex([2, 0, 4_711, 1, 128]), .gone(tid: 4_711))
        #expect(plain.verdict == .ownerDead && plain.state == .ownerDead && plain.recoverable == false)
        #expect(plain.owner?.tid == 4_711 && plain.owner?.alive == .dead && plain.owner?.pid == nil)
        let inheriting = judge(try Self.mutex([4_711, 1, 4_711, 1, 32 | 128]), .gone(tid: 4_711))
        #expect(inheriting.verdict == .willAbort && inheriting.recoverable == false)
        let both = judge(try Self.mutex([4_711, 1, 4_711, 1, 16 | 32 | 128]), .gone(tid: 4_711))
        #expect(both.verdict == .ownerDead)
    }

    @Test func `who has been handed a mutex that inherits priority waits for it no longer`() throws {
        let handed = judge(
            try Self.mutex([9 | 0x8000_0000, 1, 9, 1, 32 | 128]), .found([Self.owner(9)]), waiters: [Self.waiter(9), Self.waiter(10)])
        #expect(handed.verdict == .ok && handed.waiters.map(\.tid) == [10])
    }

    @Test func `of what only its bytes say that it is a lock nothing is sure`() throws {
        var sighting = LockSighting(place: .offset(64), subject: try Self.mutex([0x4000_0000, 1, 0, 1, 128 | 32]), evidence: [.scan])
        #expect(LockJudge.report(on: sighting, MapperThreads()).severity == .warning)
        sighting.evidence = [.scan, .waiter]
        #expect(LockJudge.report(on: sighting, MapperThreads()).severity == .error)
    }

    @Test func `what the kernel marked is recoverable where it is robust`() throws {
        let report = judge(try Self.mutex([0x4000_0000 | 0x8000_0000, 1, 0, 1, 16 | 128]))
        #expect(report.state == .ownerDead && report.verdict == .ownerDead && report.recoverable == true)
        #expect(report.severity == .warning)
        let lost = judge(try Self.mutex([0, 0, 0x7FFF_FFFE, 0, 16 | 128]))
        #expect(lost.state == .notRecoverable && lost.verdict == .ownerDead && lost.recoverable == false)
        #expect(lost.severity == .error)
    }

    @Test func `a number that is another's, or of several, or cannot be seen`() throws {
        let subject = try Self.mutex([2, 0, 7, 1, 128])
        #expect(judge(subject, .notMapping(Self.owner(7))).verdict == .ownerNotMapping)
        let several = judge(subject, .found([Self.owner(7), Self.owner(8)]))
        #expect(several.verdict == .ambiguous && several.owner == nil && several.ownerCandidates.map(\.tid) == [7, 8])
        #expect(judge(subject, .unknown(tid: 7)).verdict == .ambiguous)
    }

    @Test func `a free mutex that threads sleep on is nobody's only where nobody can be on the way to wake them`() throws {
        let free = try Self.mutex([0, 0, 0, 0, 128])
        #expect(judge(free, waiters: [Self.waiter(9)], threads([9])).verdict == .waitingOnNobody)
        #expect(judge(free, waiters: [Self.waiter(9)], threads([9, 10], unsettled: 1)).verdict == .ok)
        #expect(judge(free, waiters: [Self.waiter(9)], threads([9], isWhole: false)).verdict == .ok)
        #expect(judge(free, waiters: [], threads([9])).verdict == .ok)
        let nameless = try Self.mutex([2, 0, 0, 1, 128])
        #expect(judge(nameless, waiters: [Self.waiter(9)], threads([9])).verdict == .ambiguous)
        #expect(judge(nameless, waiters: [Self.waiter(9)], threads([9], unsettled: 1)).verdict == .ok)
    }

    @Test func `readers that cannot be anybody who lives are phantoms`() throws {
        let read = LockSighting.Subject.glibc(
            .readWriteLock(try #require(GlibcReadWriteLock(Self.bytes([1 << 3 | 2, 0, 3, 0, 0, 0, 0, 1])))))
        let phantom = judge(read, waiters: [Self.waiter(9, value: 3)], threads([9]))
        #expect(phantom.verdict == .phantomReaders && phantom.value == 1 && phantom.state == .held)
        let perhaps = judge(read, waiters: [Self.waiter(9, value: 3)], threads([9, 10]))
        #expect(perhaps.verdict == .ok && perhaps.caveats.contains { $0.contains("no name") })
        #expect(judge(read, waiters: [Self.waiter(9)], threads([9], isWhole: false)).verdict == .ok)
        // A reader that asks to write waits for itself, until its time is over.
        #expect(judge(read, waiters: [Self.waiter(9, value: 3, isTimed: true)], threads([9])).verdict == .ok)
        #expect(judge(read, waiters: [], threads([])).verdict == .ok)
    }

    @Test func `a condition that counts more than there can be has dead waiters`() throws {
        var words = [UInt32](repeating: 0, count: 12)
        (words[0], words[9]) = (6, 2 << 3 | 1)
        let two = LockSighting.Subject.glibc(
            .condition(try #require(GlibcCondition(Self.bytes(words), layout: .countingReferences)), .countingReferences))
        let one = judge(two, waiters: [Self.waiter(9, value: 0, word: 40)], threads([9, 10]))
        #expect(one.verdict == .deadWaiters && one.value == 2 && one.state == .waitedOn && one.severity == .error)
        #expect(judge(two, waiters: [Self.waiter(9, value: 0, word: 40)], threads([9, 10], unsettled: 1)).verdict == .ok)
        #expect(judge(two, waiters: [Self.waiter(9, value: 0, word: 40), Self.waiter(10, value: 7, word: 44)], threads([9, 10])).verdict == .ok)
        // Who signals it, and waits for those that were woken before, is none of them either.
        let signaller = judge(two, waiters: [Self.waiter(9, value: 0, word: 40), Self.waiter(10, value: 1, word: 16)], threads([9, 10]))
        #expect(signaller.verdict == .deadWaiters && signaller.caveats.contains { $0.contains("thread 10 waits in pthread_cond_signal") })
        // Who destroys it is none of those that it counts.
        words[9] = 1 << 3 | 4 | 1
        let destroyed = LockSighting.Subject.glibc(
            .condition(try #require(GlibcCondition(Self.bytes(words), layout: .countingReferences)), .countingReferences))
        let last = judge(destroyed, waiters: [Self.waiter(9, value: 1 << 3 | 4 | 1, word: 36)], threads([9]))
        #expect(last.verdict == .deadWaiters && last.caveats.contains { $0.contains("pthread_cond_destroy") })
    }

    @Test func `semaphores, barriers and words tell what they count`() throws {
        let empty = LockSighting.Subject.glibc(.semaphore(try #require(GlibcSemaphore(Self.bytes([0, 1, 128, 0])))))
        #expect(judge(empty).state == .empty && judge(empty).value == 0 && judge(empty).verdict == .ok)
        let barrier = LockSighting.Subject.glibc(.barrier(try #require(GlibcBarrier(Self.bytes([2, 0, 3, 128, 0])))))
        #expect(judge(barrier, waiters: [Self.waiter(8), Self.waiter(9)], threads([8, 9])).verdict == .ok)
        #expect(judge(barrier, waiters: [Self.waiter(9)], threads([9])).verdict == .deadWaiters)
        let word = judge(.word(17))
        #expect(word.type == .futex && word.value == 17 && word.state == .waitedOn && word.verdict == .ok)
        let set = SystemVSemaphore(index: 2, value: 0, lastPID: 5, raisingCount: 2, zeroCount: 0)
        let one = judge(.ofSet(set))
        #expect(one.type == .sysvSemaphore && one.state == .empty)
        #expect(one.caveats.contains { $0.contains("process 5") } && one.caveats.contains { $0.contains("1 more") })
    }

    @Test func `the longest wait stands first`() throws {
        let waiters = [Self.waiter(3, milliseconds: 5), Self.waiter(1, milliseconds: 50), Self.waiter(2, milliseconds: 5)]
        let report = judge(try Self.mutex([2, 0, 4_711, 1, 128]), .found([Self.owner(4_711)]), waiters: waiters)
        #expect(report.waiters.map(\.tid) == [1, 2, 3])
    }
}
