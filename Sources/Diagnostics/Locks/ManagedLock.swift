import CShmlens
import ForeignFormats
public import Observations
public import SegmentFormat

/// The lock and the conditions of a managed segment, read from its words alone.
///
/// What the words say comes first; ``threads`` names those of whom the kernel is then to be asked; ``locks`` puts
/// both together.
public struct ManagedLock: Sendable {
    private let record: LockRecord
    private let mutex: GlibcMutex
    private let waiting: [ParticipantRecord]
    /// The slot that the owner sat in, where it is still the same one's.
    private let ownerSlot: ParticipantRecord?

    /// - Parameters:
    ///   - record: the lock's words.
    ///   - libc: the header's number of the C library that made the mutex.
    ///   - participants: the slots that are taken.
    /// - Returns: nil where the library is not glibc, whose mutex is the only one that can be read.
    public init?(record: LockRecord, libc: UInt32, participants: [ParticipantRecord]) {
        guard SegmentLibc(rawValue: libc) == .glibc, let mutex = GlibcMutex(record.mutex) else { return nil }
        self.record = record
        self.mutex = mutex
        waiting = participants.filter { $0.isJoined && $0.waitingSinceNanoseconds != 0 && $0.waitingFor != .nothing }
        let key = OwnerKey(slot: record.ownerSlot, generation: record.ownerGeneration)
        ownerSlot = participants.first { $0.isJoined && $0.key == key && $0.pid == record.ownerPid }
    }

    /// The owner as the words have it; nil where there is none, or none that can be told.
    public var owner: ThreadKey? {
        guard let tid = ownerTid else { return nil }
        guard record.ownerTid == tid else { return ThreadKey(tid: tid, pid: 0, pidNamespace: 0, startTime: 0) }
        return ThreadKey(
            tid: tid, pid: record.ownerPid, pidNamespace: record.ownerPidNamespace,
            startTime: ownerSlot?.startTime ?? 0)
    }

    /// The threads that the kernel is to be asked about.
    public var threads: Set<ThreadKey> { Set(waiting.map(Self.key)).union(owner.map { [$0] } ?? []) }

    /// Who took it: by the mutex' own word, or where the kernel wiped that, by what the owner wrote of itself.
    private var ownerTid: UInt32? {
        guard corruption == nil else { return nil }
        return switch mutex.state {
        case .held(let tid): tid
        case .ownerDied: record.ownerTid == 0 ? nil : record.ownerTid
        case .free, .notRecoverable, .destroyed, .corrupt: nil
        }
    }

    private static func key(of waiter: ParticipantRecord) -> ThreadKey {
        ThreadKey(
            tid: waiter.waitingTid, pid: waiter.pid, pidNamespace: waiter.pidNamespace, startTime: waiter.startTime)
    }

    /// The lock, the condition and the classic condition as the API has them.
    ///
    /// - Parameters:
    ///   - facts: what the kernel said of ``threads``; who is missing is `unknown`.
    ///   - nowNanoseconds: CLOCK_MONOTONIC_COARSE.
    public func locks(facts: [ThreadKey: ThreadFacts], nowNanoseconds: UInt64) -> [LockReport] {
        [
            lock(facts: facts, nowNanoseconds: nowNanoseconds),
            Self.condition(
                "condition", at: shmlens_header_offset_condition_sequence,
                waiters: waiters(.condition, facts, nowNanoseconds)),
            Self.condition(
                "classic condition", at: shmlens_header_offset_classic_condition,
                waiters: waiters(.classicCondition, facts, nowNanoseconds)),
        ]
    }

    /// The lock alone.
    public func lock(facts: [ThreadKey: ThreadFacts], nowNanoseconds: UInt64) -> LockReport {
        let ownerFacts = owner.map { facts[$0] ?? .unknown }
        let judgement = judge(ownerFacts)
        var report = LockReport(
            place: .offset(shmlens_header_offset_lock_mutex), type: .mutex, state: judgement.state, evidence: [.header],
            verdict: judgement.verdict)
        report.label = "lock"
        report.recoverable = judgement.recoverable
        report.owner = ownerReport(ownerFacts, judgement.state, nowNanoseconds)
        report.waiters = waiters(.lock, facts, nowNanoseconds)
        report.mutexType = mutex.type
        report.robust = mutex.robust
        report.processShared = mutex.processShared
        report.protocol = mutex.protocol
        report.statistics = LockReport.Statistics(record)
        report.message = report.finding?.message
        return report
    }

    /// What the lock's waiters do not show.
    ///
    /// Who is no participant has no slot to say in that it waits: workers that are about to join, changes over HTTP.
    /// That somebody waits stands in the mutex' word; the mark also outlives the last who gave up waiting, until the
    /// lock is given back.
    ///
    /// - Parameter lock: as ``lock(facts:nowNanoseconds:)`` has it.
    public func hidden(beside lock: LockReport) -> [Hidden] {
        guard mutex.hasWaiters, corruption == nil, lock.waiters.isEmpty else { return [] }
        return [
            Hidden(
                what: "threads that wait for the lock and are no participants", count: 1,
                needs: "CAP_SYS_PTRACE and a look at what each thread of its mappers waits for")
        ]
    }

    private static func condition(_ label: String, at offset: Int, waiters: [WaiterReport]) -> LockReport {
        var report = LockReport(
            place: .offset(offset), type: .condition, state: waiters.isEmpty ? .idle : .waitedOn, evidence: [.header], verdict: .ok)
        report.label = label
        report.waiters = waiters
        report.processShared = true
        return report
    }

    // MARK: Judging

    private struct Judgement {
        var state: LockReport.State
        var verdict: LockReport.Verdict
        var recoverable: Bool?
    }

    private func judge(_ owner: ThreadFacts?) -> Judgement {
        guard corruption == nil else { return Judgement(state: .corrupt, verdict: .ambiguous) }
        return switch mutex.state {
        case .free: Judgement(state: .free, verdict: .ok)
        case .held: Self.judgeHeld(owner ?? .unknown)
        case .ownerDied: Judgement(state: .ownerDead, verdict: .ownerDead, recoverable: mutex.robust)
        case .notRecoverable: Judgement(state: .notRecoverable, verdict: .ownerDead, recoverable: false)
        case .destroyed: Judgement(state: .destroyed, verdict: .ambiguous)
        case .corrupt: Judgement(state: .corrupt, verdict: .ambiguous)
        }
    }

    /// Why the words cannot be those of the mutex that the format asks for.
    private var corruption: String? {
        switch mutex.state {
        case .corrupt(let reason): return reason
        case .destroyed: return nil
        case .free, .held, .ownerDied, .notRecoverable: break
        }
        guard mutex.robust, mutex.processShared, mutex.type == .errorCheck, mutex.protocol == MutexProtocol.none else {
            return "it is not the robust, process-shared, error-checking mutex that a segment is made with"
        }
        return nil
    }

    /// What is wrong with the lock's words; nil where they can be those of a lock.
    public var finding: Finding? {
        corruption.map {
            Finding(
                code: "lockCorrupt", severity: .error, message: "the lock was overwritten: \($0)",
                offset: shmlens_header_offset_lock_mutex)
        }
    }

    private static func judgeHeld(_ owner: ThreadFacts) -> Judgement {
        switch owner.liveness {
        // The kernel did not mark the word when the owner ended, so nobody who waits will ever be told.
        case .dead: return Judgement(state: .ownerDead, verdict: .ownerDead, recoverable: false)
        case .unknown: return Judgement(state: .held, verdict: .ambiguous)
        case .alive: break
        }
        if owner.mapsObject == false { return Judgement(state: .held, verdict: .ownerNotMapping) }
        let isStopped = owner.state == .stopped || owner.state == .traced
        return Judgement(state: .held, verdict: isStopped ? .ownerStopped : .ok)
    }

    private func ownerReport(
        _ facts: ThreadFacts?, _ state: LockReport.State, _ now: UInt64
    ) -> LockOwnerReport? {
        guard let owner, let facts else { return nil }
        // A marked word is the kernel's own testimony, whoever has the number by now.
        let isDead = state == .ownerDead
        let isDescribed = record.ownerTid == owner.tid
        let numbers = Self.numbers(pid: owner.pid, tid: owner.tid, isDead ? nil : facts.pid)
        return LockOwnerReport(
            pid: numbers.pid ?? facts.pid, tid: numbers.tid, command: (isDead ? nil : facts.command?.text) ?? ownerSlot?.name,
            alive: isDead ? .dead : facts.liveness, threadState: isDead ? .dead : facts.state,
            heldForMilliseconds: isDescribed ? Self.milliseconds(since: record.takenAtNanoseconds, now) : nil,
            sleepsIn: isDead ? nil : facts.sleepsIn)
    }

    private func waiters(
        _ what: ParticipantRecord.WaitingFor, _ facts: [ThreadKey: ThreadFacts], _ now: UInt64
    ) -> [WaiterReport] {
        waiting.filter { $0.waitingFor == what }
            .sorted { ($0.waitingSinceNanoseconds, $0.slot) < ($1.waitingSinceNanoseconds, $1.slot) }
            .compactMap { waiter in
                let facts = facts[Self.key(of: waiter)] ?? .unknown
                // Who died while waiting left its words behind and waits no more.
                guard facts.liveness != .dead else { return nil }
                let numbers = Self.numbers(pid: waiter.pid, tid: waiter.waitingTid, facts.pid)
                return WaiterReport(
                    pid: numbers.pid ?? Int(waiter.pid), tid: numbers.tid,
                    command: facts.command?.text ?? waiter.name, threadState: facts.state,
                    waitingForMilliseconds: Self.milliseconds(since: waiter.waitingSinceNanoseconds, now))
            }
    }

    /// A thread by the observer's numbers where they are known: of another pid namespace's process only the first thread is,
    /// which bears the process' own. Otherwise as the words have them; nil where they name no process.
    private static func numbers(pid: UInt32, tid: UInt32, _ seen: Int?) -> (pid: Int?, tid: Int) {
        if let seen, pid == tid, seen != Int(pid) { return (seen, seen) }
        return (pid == 0 ? nil : Int(pid), Int(tid))
    }

    /// nil where there is no beginning; 0 where the clock's steps make it look later than now.
    static func milliseconds(since begin: UInt64, _ now: UInt64) -> Int? {
        guard begin != 0 else { return nil }
        return now > begin ? Int((now - begin) / 1_000_000) : 0
    }
}

extension LockReport.Statistics {
    init(_ record: LockRecord) {
        self.init(
            acquisitions: record.acquisitions, contended: record.contended, ownerDeaths: record.ownerDeaths,
            sampled: record.sampled, waitHistogram: TimeCount.counts(record.waitHistogram),
            holdHistogram: TimeCount.counts(record.holdHistogram))
    }
}

extension TimeCount {
    /// A histogram up to its last bucket that is not empty. The format's last bucket has no upper end.
    static func counts(_ buckets: [UInt64]) -> [TimeCount] {
        guard let last = buckets.lastIndex(where: { $0 != 0 }) else { return [] }
        return buckets[...last].enumerated().map { exponent, count in
            TimeCount(
                upToNanoseconds: exponent < shmlens_histogram_buckets - 1 ? 1 << UInt64(exponent) : nil, count: count)
        }
    }
}
