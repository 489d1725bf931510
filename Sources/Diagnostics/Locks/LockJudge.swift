import ForeignFormats
import Observations

/// What is to be made of what was seen of a lock.
public struct LockJudge: Sendable {
    private let sighting: LockSighting
    private let threads: MapperThreads
    private var report: LockReport

    /// - Parameters:
    ///   - sighting: the waiters slept all the while that the words were read.
    ///   - threads: of the processes that map the object.
    public static func report(on sighting: LockSighting, _ threads: MapperThreads) -> LockReport {
        var judge = LockJudge(sighting, threads)
        judge.judge()
        return judge.report
    }

    private init(_ sighting: LockSighting, _ threads: MapperThreads) {
        self.sighting = sighting
        self.threads = threads
        report = LockReport(
            place: sighting.place, type: sighting.type, state: sighting.waiters.isEmpty ? .idle : .waitedOn,
            evidence: sighting.evidence, verdict: .ok)
        report.label = sighting.label
        report.caveats = sighting.caveats
        report.waiters = sighting.waiters.map(WaiterReport.init).sorted(by: WaiterReport.isBefore)
        switch sighting.owner {
        case .none, .gone, .unknown: break
        case .notMapping(let owner): report.owner = owner
        case .found(let owners):
            if owners.count == 1 { report.owner = owners[0] } else { report.ownerCandidates = owners }
        }
    }

    private mutating func judge() {
        switch sighting.subject {
        case .glibc(.mutex(let mutex)): judge(mutex)
        case .glibc(.readWriteLock(let lock)): judge(lock)
        case .glibc(.condition(let condition, let layout)): judge(condition, layout)
        case .glibc(.barrier(let barrier)): judge(barrier)
        case .glibc(.semaphore(let semaphore)): judge(semaphore)
        case .ofSet(let semaphore): judge(semaphore)
        case .word(let value): report.value = value.map { Int($0) }
        }
    }

    /// Whether nobody who maps the object is in the middle of anything: whoever is to be woken has been.
    private var isSettled: Bool { threads.isWhole && threads.unsettledCount == 0 }

    private mutating func judge(_ mutex: GlibcMutex) {
        report.mutexType = mutex.type
        report.robust = mutex.robust
        report.processShared = mutex.processShared
        report.protocol = mutex.protocol
        if mutex.isInconsistent {
            report.caveats.append("who has it inherited it from a dead owner, and has not said that what it protects is consistent")
        }
        switch mutex.state {
        case .free:
            report.state = .free
            judgeFree()
        case .held(nil):
            report.state = .held
            if isSettled, !sighting.waiters.isEmpty { report.judge(.ambiguous, .nameless) }
        case .held:
            // The kernel hands it over before the next owner has run. To who has it already it refuses it, and that one is stuck.
            if mutex.protocol == .inherit, !sighting.isOwnerStuck, let owner = report.owner {
                report.waiters.removeAll { $0.thread == owner.thread }
            }
            judgeHeld(isRobust: mutex.robust, inherits: mutex.protocol == .inherit)
            if report.verdict == .ok, sighting.isOwnerStuck { report.judge(.waitingOnNobody, .stuck) }
        case .ownerDied:
            report.state = .ownerDead
            report.recoverable = mutex.robust
            report.judge(.ownerDead, mutex.robust ? .died : .diedForEver)
        case .notRecoverable:
            report.state = .notRecoverable
            report.recoverable = false
            report.judge(.ownerDead, .notRecoverable)
        case .destroyed:
            report.state = .destroyed
            if !sighting.waiters.isEmpty { report.judge(.waitingOnNobody, .destroyed) }
        case .corrupt(let reason):
            report.state = .corrupt
            report.judge(.ambiguous, .corrupt(reason))
        }
    }

    private mutating func judgeFree() {
        if isSettled, !sighting.waiters.isEmpty { report.judge(.waitingOnNobody, .free) }
    }

    private mutating func judgeHeld(isRobust: Bool, inherits: Bool) {
        report.state = .held
        switch sighting.owner {
        case .none: break
        case .found(let owners) where owners.count == 1: judge(owners[0])
        case .found: report.judge(.ambiguous, .candidates)
        case .notMapping: report.judge(.ownerNotMapping, .notMapping)
        case .unknown(let tid): report.judge(.ambiguous, .unseen(tid))
        case .gone(let tid):
            report.state = .ownerDead
            report.recoverable = false
            report.owner = LockOwnerReport(
                pid: nil, tid: Int(tid), command: nil, alive: .dead, threadState: .dead, heldForMilliseconds: nil)
            if inherits, !isRobust { report.judge(.willAbort, .willAbort) } else { report.judge(.ownerDead, .goneUnmarked) }
        }
    }

    private mutating func judge(_ owner: LockOwnerReport) {
        if owner.threadState == .stopped || owner.threadState == .traced { report.judge(.ownerStopped, .stopped) }
    }

    private mutating func judge(_ lock: GlibcReadWriteLock) {
        report.processShared = lock.processShared
        switch lock.state {
        case .free:
            report.state = .free
            judgeFree()
        case .written(nil):
            report.state = .held
            if isSettled, !sighting.waiters.isEmpty { report.judge(.ambiguous, .nameless) }
        case .written: judgeHeld(isRobust: false, inherits: false)
        case .read(let count):
            report.state = .held
            report.value = Int(count)
            let waiting = Set(sighting.waiters.map(\.thread.tid))
            // Who waits here itself does not give back what it may hold, but where it gives up at some time.
            let givingUpCount = sighting.waiters.count(where: \.isTimed)
            if threads.isWhole, !waiting.isEmpty, Int(count) > givingUpCount, threads.tids.isSubset(of: waiting) {
                report.recoverable = false
                report.judge(.phantomReaders, .phantomReaders(Int(count)))
            } else if !waiting.isEmpty {
                report.caveats.append("readers leave no name: which threads have it cannot be told")
            }
        }
    }

    private mutating func judge(_ condition: GlibcCondition, _ layout: GlibcCondition.Layout) {
        report.processShared = condition.processShared
        report.arrivals = condition.waitCount
        let purposes = sighting.waiters.map { waiter in
            waiter.word.flatMap { GlibcCondition.purpose(ofWaitAt: $0 - sighting.place.number, layout: layout) }
        }
        judgeCounted(condition.waiterCount, parked: purposes.count { $0 == .signal })
        if condition.isBeingDestroyed { report.caveats.append("somebody waits in pthread_cond_destroy for the last waiter to leave") }
        for (waiter, purpose) in zip(sighting.waiters, purposes) where purpose == .groupToLeave {
            report.caveats.append("thread \(waiter.thread.tid) waits in pthread_cond_signal or pthread_cond_broadcast for earlier waiters to leave")
        }
    }

    private mutating func judge(_ barrier: GlibcBarrier) {
        report.processShared = barrier.processShared
        report.arrivals = UInt64(barrier.arrivals)
        judgeCounted(barrier.arrivedCount, parked: sighting.waiters.count)
    }

    /// Of what counts those who wait: who was ended meanwhile is counted for ever.
    private mutating func judgeCounted(_ count: UInt32, parked: Int) {
        report.value = Int(count)
        report.state = count > 0 || !sighting.waiters.isEmpty ? .waitedOn : .idle
        let present = parked + threads.unsettledCount
        if threads.isWhole, Int(count) > present {
            report.judge(.deadWaiters, .deadWaiters(counted: Int(count), missing: Int(count) - present))
        }
    }

    private mutating func judge(_ semaphore: GlibcSemaphore) {
        report.processShared = semaphore.processShared
        report.value = Int(semaphore.value)
        report.state = semaphore.value > 0 ? .available : .empty
        if semaphore.value > 0 { judgeFree() }
    }

    private mutating func judge(_ semaphore: SystemVSemaphore) {
        report.value = semaphore.value
        report.state = semaphore.value > 0 ? .available : .empty
        if let pid = semaphore.lastPID, !sighting.waiters.isEmpty {
            report.caveats.append("a semaphore has no owner; the last to change it was process \(pid)")
        }
        let unseen = semaphore.raisingCount + semaphore.zeroCount - sighting.waiters.count
        if unseen > 0 { report.caveats.append("the kernel counts \(unseen) more waiting than were seen") }
    }
}

extension LockSighting {
    fileprivate var type: LockReport.Kind {
        switch subject {
        case .glibc(.mutex): .mutex
        case .glibc(.readWriteLock): .rwlock
        case .glibc(.condition): .condition
        case .glibc(.barrier): .barrier
        case .glibc(.semaphore): .semaphore
        case .ofSet: .sysvSemaphore
        case .word: .futex
        }
    }
}

extension WaiterReport {
    init(_ waiter: LockSighting.Waiter) {
        self.init(
            pid: Int(waiter.thread.pid), tid: Int(waiter.thread.tid), command: waiter.thread.command.text,
            threadState: waiter.thread.state, waitingForMilliseconds: waiter.waitingForMilliseconds, timed: waiter.isTimed)
        isOneOfSeveral = waiter.isOneOfSeveral
    }

    /// Who waits longest stands first.
    static func isBefore(_ left: WaiterReport, _ right: WaiterReport) -> Bool {
        (-(left.waitingForMilliseconds ?? 0), left.pid, left.tid) < (-(right.waitingForMilliseconds ?? 0), right.pid, right.tid)
    }
}
