import CShmlens
import Diagnostics
import ForeignFormats
import Observations
import SegmentFormat
import TestSupport
import Testing

@Suite struct ManagedLockTests {
    static let kind: UInt32 = 2 | 16 | 128
    static let namespace: UInt64 = 4_026_531_836
    /// One second after the words below were written.
    static let now: UInt64 = 11_000_000_000

    /// A header whose owner words name thread 201 of process 101 in slot 1, and two more participants.
    static func segment(
        word: UInt32, ownerField: UInt32 = 201, kind: UInt32 = kind, ownerTid: UInt32 = 201,
        change: (inout SegmentBytes) -> Void = { _ in }
    ) -> SegmentBytes {
        var segment = SegmentBytes(layout: .small())
        let mutex = shmlens_header_offset_lock_mutex
        segment.put(half: word, at: mutex)
        segment.put(half: ownerField, at: mutex + 8)
        segment.put(half: kind, at: mutex + 16)
        segment.put(half: ownerTid, at: shmlens_header_offset_lock_owner_tid)
        segment.put(half: ownerTid == 0 ? 0 : 101, at: shmlens_header_offset_lock_owner_pid)
        segment.put(half: 1, at: shmlens_header_offset_lock_owner_slot)
        segment.put(half: 1, at: shmlens_header_offset_lock_owner_generation)
        segment.put(word: 10_000_000_000, at: shmlens_header_offset_lock_taken_at_ns)
        segment.put(word: namespace, at: shmlens_header_offset_lock_owner_pid_namespace)
        segment.put(SegmentBytes.Participant(pid: 101, name: "alpha"), slot: 1)
        segment.put(SegmentBytes.Participant(pid: 102, name: "beta"), slot: 2)
        segment.put(SegmentBytes.Participant(pid: 103, name: "gamma"), slot: 3)
        change(&segment)
        return segment
    }

    static func lock(_ segment: SegmentBytes) throws -> ManagedLock {
        try #require(
            ManagedLock(
                record: LockRecord(image: segment.image), libc: UInt32(shmlens_libc_glibc),
                participants: segment.participants(3)))
    }

    static let owner = ThreadKey(tid: 201, pid: 101, pidNamespace: namespace, startTime: 500)

    static func alive(_ state: ThreadState = .running, mapsObject: Bool? = true) -> ThreadFacts {
        ThreadFacts(liveness: .alive, pid: 101, command: "worker", state: state, mapsObject: mapsObject)
    }

    private func report(_ segment: SegmentBytes, _ facts: [ThreadKey: ThreadFacts] = [:]) throws -> LockReport {
        try Self.lock(segment).lock(facts: facts, nowNanoseconds: Self.now)
    }

    @Test func `a free lock has no owner, whatever stands in the owner's words`() throws {
        let segment = Self.segment(word: 0)
        #expect(try Self.lock(segment).threads.isEmpty)
        let report = try report(segment)
        #expect(report.state == .free && report.verdict == .ok && report.owner == nil && report.recoverable == nil)
        #expect(report.type == .mutex && report.mutexType == .errorCheck && report.robust == true)
        #expect(report.processShared == true && report.protocol == MutexProtocol.none)
        #expect(report.place.offset == shmlens_header_offset_lock_mutex && report.evidence == [.header])
    }

    @Test func `a held lock names its owner, what it does and for how long it has held it`() throws {
        let segment = Self.segment(word: 201)
        #expect(try Self.lock(segment).threads == [Self.owner])
        let report = try report(segment, [Self.owner: Self.alive()])
        #expect(report.state == .held && report.verdict == .ok)
        #expect(
            report.owner
                == LockOwnerReport(
                    pid: 101, tid: 201, command: "worker", alive: .alive, threadState: .running,
                    heldForMilliseconds: 1000))
    }

    @Test(arguments: [ThreadState.stopped, .traced])
    func `an owner that was stopped is the verdict`(state: ThreadState) throws {
        let report = try report(Self.segment(word: 201), [Self.owner: Self.alive(state)])
        #expect(report.state == .held && report.verdict == .ownerStopped)
        #expect(report.owner?.threadState == state)
        let finding = try #require(report.finding)
        #expect(finding.code == "ownerStopped" && finding.severity == .error && finding.offset == report.place.offset)
        #expect(finding.message == "the lock is held by worker (101), which is stopped: nobody gets it until it goes on")
    }

    @Test func `a lock that is as it should be is no finding, one that lost its owner is`() throws {
        #expect(try report(Self.segment(word: 201), [Self.owner: Self.alive()]).finding == nil)
        let dead = try #require(try report(Self.segment(word: 0x4000_0000)).finding)
        #expect(dead.code == "ownerDead" && dead.severity == .warning)
        #expect(dead.message.hasSuffix("died with the lock: the next to take it repairs what was half done"))
        let unmarked = try #require(try report(Self.segment(word: 201), [Self.owner: .gone]).finding)
        #expect(unmarked.code == "ownerDead" && unmarked.severity == .error)
        #expect(unmarked.message.hasSuffix("which the system did not mark: nobody can take it again"))
    }

    @Test(arguments: [ThreadState.running, .sleeping, .waiting])
    func `an owner that lives otherwise is fine`(state: ThreadState) throws {
        #expect(try report(Self.segment(word: 201), [Self.owner: Self.alive(state)]).verdict == .ok)
    }

    @Test func `an owner that does not map the object any more cannot give it back`() throws {
        let report = try report(Self.segment(word: 201), [Self.owner: Self.alive(mapsObject: false)])
        #expect(report.state == .held && report.verdict == .ownerNotMapping)
    }

    @Test func `where it is not known whether the owner maps it, nothing is said of that`() throws {
        #expect(try report(Self.segment(word: 201), [Self.owner: Self.alive(mapsObject: nil)]).verdict == .ok)
    }

    @Test func `an owner that cannot be seen makes the verdict ambiguous, and its participant's name is told`() throws {
        let report = try report(Self.segment(word: 201))
        #expect(report.state == .held && report.verdict == .ambiguous)
        #expect(report.owner?.alive == .unknown && report.owner?.threadState == .unknown)
        #expect(report.owner?.command == "alpha" && report.owner?.pid == 101)
    }

    @Test func `the kernel's mark means a dead owner that the next one recovers from`() throws {
        let report = try report(Self.segment(word: 0xc000_0000), [Self.owner: Self.alive()])
        #expect(report.state == .ownerDead && report.verdict == .ownerDead && report.recoverable == true)
        // Whoever has the thread's number by now is not the owner.
        #expect(report.owner?.alive == .dead && report.owner?.threadState == .dead)
        #expect(report.owner?.tid == 201 && report.owner?.command == "alpha")
    }

    @Test func `an owner that died before it wrote its words is not made up`() throws {
        let report = try report(Self.segment(word: 0x4000_0000, ownerTid: 0))
        #expect(report.state == .ownerDead && report.owner == nil)
    }

    @Test func `a dead owner without the kernel's mark leaves those that wait behind for ever`() throws {
        let report = try report(Self.segment(word: 201), [Self.owner: .gone])
        #expect(report.state == .ownerDead && report.verdict == .ownerDead && report.recoverable == false)
        #expect(report.owner?.alive == .dead)
    }

    @Test func `a lock given back unrepaired is not recoverable`() throws {
        let report = try report(Self.segment(word: 0, ownerField: 0x7fff_fffe))
        #expect(report.state == .notRecoverable && report.verdict == .ownerDead && report.recoverable == false)
        #expect(report.owner == nil)
    }

    @Test func `who has just taken it and not yet said so is known by the mutex' word alone`() throws {
        let segment = Self.segment(word: 202)
        let key = ThreadKey(tid: 202, pid: 0, pidNamespace: 0, startTime: 0)
        #expect(try Self.lock(segment).threads == [key])
        let facts = ThreadFacts(liveness: .alive, pid: 102, command: "other", state: .running, mapsObject: true)
        let owner = try #require(try report(segment, [key: facts]).owner)
        #expect(owner.tid == 202 && owner.pid == 102 && owner.heldForMilliseconds == nil)
    }

    @Test func `a slot that was given to another since does not name the owner`() throws {
        let segment = Self.segment(word: 201) { segment in
            segment.put(half: 2, at: segment.layout.participantOffset(1) + shmlens_participant_offset_generation)
        }
        let lock = try Self.lock(segment)
        #expect(lock.owner?.startTime == 0)
        #expect(lock.lock(facts: [:], nowNanoseconds: Self.now).owner?.command == nil)
    }

    @Test(arguments: [2 | 16, 0, 2 | 128, 1 | 16 | 128, 2 | 16 | 128 | 32, 4] as [UInt32])
    func `another kind than the format asks for is corrupt, and a finding`(kind: UInt32) throws {
        let segment = Self.segment(word: 201, kind: kind)
        let lock = try Self.lock(segment)
        let report = lock.lock(facts: [:], nowNanoseconds: Self.now)
        #expect(report.state == .corrupt && report.verdict == .ambiguous && report.owner == nil)
        #expect(lock.finding?.code == "lockCorrupt")
        #expect(lock.finding?.offset == shmlens_header_offset_lock_mutex)
    }

    @Test func `a destroyed mutex is told, and is not corrupt`() throws {
        let lock = try Self.lock(Self.segment(word: 0, kind: .max))
        #expect(lock.lock(facts: [:], nowNanoseconds: Self.now).state == .destroyed)
        #expect(lock.finding == nil)
    }

    @Test func `a sound lock is no finding`() throws {
        #expect(try Self.lock(Self.segment(word: 201)).finding == nil)
    }

    @Test(arguments: [UInt32(shmlens_libc_musl), UInt32(shmlens_libc_other), 99])
    func `another library's mutex is not guessed at`(libc: UInt32) {
        let segment = Self.segment(word: 0)
        #expect(
            ManagedLock(
                record: LockRecord(image: segment.image), libc: libc, participants: segment.participants(3)) == nil)
    }

    @Test func `those that wait come with the longest wait first, the dead left out`() throws {
        let segment = Self.segment(word: 0x8000_0000 | 201) { segment in
            for (slot, pid, since, what) in [
                (1, 101, 9_500_000_000, ParticipantRecord.WaitingFor.lock), (2, 102, 9_000_000_000, .lock),
                (3, 103, 8_000_000_000, .lock), (4, 104, 7_000_000_000, .condition), (5, 105, 0, .lock),
                (6, 106, 6_000_000_000, .classicCondition),
            ] {
                var participant = SegmentBytes.Participant(pid: UInt32(pid), name: "p\(pid)")
                participant.waitingSince = UInt64(since)
                participant.waitingTid = UInt32(pid + 1000)
                participant.waitingFor = what
                segment.put(participant, slot: slot)
            }
        }
        func key(_ pid: UInt32) -> ThreadKey {
            ThreadKey(tid: pid + 1000, pid: pid, pidNamespace: Self.namespace, startTime: 500)
        }
        let lock = try #require(
            ManagedLock(
                record: LockRecord(image: segment.image), libc: UInt32(shmlens_libc_glibc),
                participants: segment.participants(6)))
        #expect(lock.threads == [Self.owner, key(101), key(102), key(103), key(104), key(106)])
        let facts: [ThreadKey: ThreadFacts] = [
            Self.owner: Self.alive(), key(103): .gone, key(101): Self.alive(.sleeping),
        ]
        let locks = lock.locks(facts: facts, nowNanoseconds: Self.now)
        #expect(locks.map(\.type) == [.mutex, .condition, .condition])
        #expect(
            locks[0].waiters == [
                WaiterReport(
                    pid: 102, tid: 1102, command: "p102", threadState: .unknown, waitingForMilliseconds: 2000),
                WaiterReport(
                    pid: 101, tid: 1101, command: "worker", threadState: .sleeping, waitingForMilliseconds: 1500),
            ])
        #expect(locks[1].state == .waitedOn && locks[1].waiters.map(\.tid) == [1104])
        #expect(locks[2].state == .waitedOn && locks[2].waiters.map(\.tid) == [1106])
        #expect(locks[2].place.offset == shmlens_header_offset_classic_condition && locks[2].label == "classic condition")
        #expect(locks[1].place.offset == shmlens_header_offset_condition_sequence && locks[1].mutexType == nil)
    }

    @Test func `one who waits and has no slot is hidden, and nobody is where a participant waits`() throws {
        let alone = try Self.lock(Self.segment(word: 0x8000_0000 | 201))
        #expect(alone.hidden(beside: alone.lock(facts: [:], nowNanoseconds: Self.now)).map(\.count) == [1])
        let free = try Self.lock(Self.segment(word: 201))
        #expect(free.hidden(beside: free.lock(facts: [:], nowNanoseconds: Self.now)).isEmpty)
        let shared = try Self.lock(
            Self.segment(word: 0x8000_0000 | 201) { segment in
                var participant = SegmentBytes.Participant(pid: 102, name: "beta")
                participant.waitingSince = 9_000_000_000
                participant.waitingTid = 202
                participant.waitingFor = .lock
                segment.put(participant, slot: 2)
            })
        #expect(shared.hidden(beside: shared.lock(facts: [:], nowNanoseconds: Self.now)).isEmpty)
        let corrupt = try Self.lock(Self.segment(word: 0x8000_0000 | 201, kind: 2))
        #expect(corrupt.hidden(beside: corrupt.lock(facts: [:], nowNanoseconds: Self.now)).isEmpty)
    }

    @Test func `nobody on the condition leaves it idle`() throws {
        let locks = try Self.lock(Self.segment(word: 0)).locks(facts: [:], nowNanoseconds: Self.now)
        #expect(locks[1].state == .idle && locks[1].verdict == .ok && locks[1].waiters.isEmpty)
    }

    @Test func `a time that lies ahead of a clock that ticks coarsely is now`() throws {
        let lock = try Self.lock(Self.segment(word: 201))
        #expect(lock.lock(facts: [:], nowNanoseconds: 5).owner?.heldForMilliseconds == 0)
    }

    @Test func `histograms end with their last bucket that is not empty`() throws {
        let segment = Self.segment(word: 0) { segment in
            segment.put(word: 7, at: shmlens_header_offset_lock_acquisitions)
            segment.put(word: 3, at: shmlens_header_offset_wait_histogram)
            segment.put(word: 4, at: shmlens_header_offset_wait_histogram + 8 * 2)
            segment.put(word: 1, at: shmlens_header_offset_hold_histogram + 8 * (shmlens_histogram_buckets - 1))
        }
        let statistics = try #require(try report(segment).statistics)
        #expect(statistics.acquisitions == 7)
        #expect(statistics.waitHistogram.map(\.upToNanoseconds) == [1, 2, 4])
        #expect(statistics.waitHistogram.map(\.count) == [3, 0, 4])
        #expect(statistics.holdHistogram.count == shmlens_histogram_buckets)
        // The last one has no upper end.
        #expect(statistics.holdHistogram.last == TimeCount(upToNanoseconds: nil, count: 1))
        #expect(statistics.holdHistogram.dropLast().last?.upToNanoseconds == 1 << 38)
    }

    @Test func `no byte of the words that name a lock makes it trap`() throws {
        var random = SeededGenerator(seed: 42)
        for _ in 0..<2000 {
            var segment = Self.segment(word: 0)
            for offset in shmlens_header_offset_lock_mutex..<shmlens_header_offset_condition_sequence {
                segment.bytes[offset] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) {
                segment.put(half: Self.kind, at: shmlens_header_offset_lock_mutex + 16)
            }
            let lock = try Self.lock(segment)
            let locks = lock.locks(facts: lock.threads.reduce(into: [:]) { $0[$1] = .gone }, nowNanoseconds: Self.now)
            #expect(locks.count == 3)
        }
    }
}
