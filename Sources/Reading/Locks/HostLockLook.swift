public import Diagnostics
import ForeignFormats
import Glibc
import Kernel
import Observations
import Synchronization
import SystemPackage

/// Looks at the waits of the host, once for all who ask at the same time, and remembers since when it sees each.
final class LockWatch: Sendable {
    /// How old an answer may be that was not asked to be fresh.
    private static let ageMaxNanoseconds: Int64 = 500_000_000

    struct Sighting: Sendable {
        let locks: HostLocks
        /// When the look began, by CLOCK_MONOTONIC.
        let begunAt: Int64
        let hidden: [Hidden]
    }

    /// How long somebody waits for another's look: what a process does with its memory can hold up who reads of it.
    private static let waitMaxNanoseconds: Int64 = 2_000_000_000
    private static let pauseMicroseconds: UInt32 = 1_000

    private let last = Mutex<Sighting?>(nil)
    /// Held while somebody looks; nobody ever waits for it.
    private let memory = Mutex(SleepMemory())

    /// Whoever waits here is served by a look that began after they asked, or is young enough; or, where that takes too long,
    /// by the last one that there was.
    func sighting(fresh: Bool, _ look: (SleepMemory) throws(ReadingError) -> (Sighting, SleepMemory)) throws(ReadingError) -> Sighting {
        let asked = Clocks.monotonicNanoseconds()
        let oldest = fresh ? asked : asked - Self.ageMaxNanoseconds
        while true {
            let known = last.withLock { $0 }
            if let known, known.begunAt >= oldest { return known }
            let own = memory.withLockIfAvailable { memory in
                Result { () throws(ReadingError) in
                    // Somebody may have looked since.
                    if let known = last.withLock({ $0 }), known.begunAt >= oldest { return known }
                    let (sighting, after) = try look(memory)
                    memory = after
                    last.withLock { $0 = sighting }
                    return sighting
                }
            }
            if let own { return try own.get() }
            if Clocks.monotonicNanoseconds() - asked > Self.waitMaxNanoseconds {
                guard let known else { throw .refused(KernelError(operation: "look", object: "the waits of the host", errno: .timedOut)) }
                return known
            }
            usleep(Self.pauseMicroseconds)
        }
    }
}

extension Lens {
    /// Who waits for what in shared memory, on the whole host: who has it, and whether anybody ever gives it back.
    ///
    /// No thread is stopped, no lock taken, no page touched. O(threads of the processes that map shared memory).
    public func hostLocks(fresh: Bool = false) throws(ReadingError) -> Answer<HostLocks> {
        let sighting = try lockSighting(fresh: fresh)
        return Answer(sighting.locks, envelope(since: Clocks.reading(), oldest: sighting.begunAt, hidden: sighting.hidden))
    }

    func lockSighting(fresh: Bool) throws(ReadingError) -> LockWatch.Sighting {
        try lockWatch.sighting(fresh: fresh) { memory throws(ReadingError) in
            let begin = Clocks.monotonicNanoseconds()
            var survey = try survey(fresh: fresh)
            var look = LockLook(sources, libraries, survey, try waitingPIDs(survey), memory)
            // Somebody may wait in what was made since.
            if look.isMissingObjects {
                survey = try self.survey(fresh: true)
                look = LockLook(sources, libraries, survey, try waitingPIDs(survey), memory)
            }
            let locks = reports(of: look)
            var found = HostLocks(locks: locks, threadCount: look.scan.threadCount, movingCount: look.movingCount)
            if !found.deadlocks.isEmpty || locks.contains(where: \.report.isDoubted) { found = try confirmed(locks, found, look) }
            let sighting = LockWatch.Sighting(locks: found, begunAt: begin, hidden: survey.hidden + look.hidden)
            return (sighting, look.memory)
        }
    }

    /// Whose threads may wait for something shared: who maps an object, and where there are System V semaphores, anybody.
    private func waitingPIDs(_ survey: Survey) throws(ReadingError) -> [Int32] {
        if survey.inventory.objects.contains(where: { $0.semaphores != nil }) {
            do throws(KernelError) {
                return try sources.proc.processes().elements
            } catch {
                throw .refused(error)
            }
        }
        var pids: Set<Int32> = []
        for object in survey.inventory.objects { for mapper in object.mappers { pids.insert(mapper.pid) } }
        return pids.sorted()
    }

    private func reports(of look: LockLook) -> [LocatedLock] {
        var located: [LocatedLock] = []
        for object in look.objects {
            guard let known = look.survey.inventory[object.key] else { continue }
            let isManaged = look.survey.managed[object.key] != nil
            for sighting in object.sightings {
                let report = LockJudge.report(on: sighting, object.threads)
                located.append(
                    LocatedLock(segment: known.id, name: known.name.text, report: isManaged ? report.named : report))
            }
        }
        for (set, sightings) in look.sets {
            let id = SegmentIdentifier(.sysvSemaphore(set))
            let name = look.survey.inventory[id]?.name.text ?? "\(set)"
            for sighting in sightings {
                located.append(LocatedLock(segment: id, name: name, report: LockJudge.report(on: sighting, MapperThreads())))
            }
        }
        return located
    }

    /// What is to be made of places of one object that look like locks.
    func judged(_ offsets: [Int], in key: ObjectKey) throws(ReadingError) -> [LockReport] {
        func look() throws(ReadingError) -> [LocatedLock] {
            let survey = try survey(fresh: true)
            let pids = (survey.inventory[key]?.mappers ?? []).map(\.pid)
            return reports(of: LockLook(sources, libraries, survey, pids, SleepMemory(), wanted: [key], adding: offsets))
        }
        let first = try look()
        guard first.contains(where: \.report.isDoubted) else { return first.map(\.report) }
        return Self.confirmed(first, by: try look()).map(\.report)
    }

    /// What a second look, at all who map the objects in doubt, says too: whoever was on the way to wake somebody has arrived,
    /// and who has just mapped an object is known to.
    ///
    /// A circle is one where the second look alone sees it, and each of its threads in the same sleep: what two looks saw is not
    /// put together to one.
    private func confirmed(_ locks: [LocatedLock], _ found: HostLocks, _ first: LockLook) throws(ReadingError) -> HostLocks {
        let survey = try survey(fresh: true)
        let ids = Set(locks.filter(\.report.isDoubted).map(\.segment) + found.deadlocks.flatMap(\.locks).map(\.segment))
        let keys = Set(first.objects.map(\.key).filter { key in first.survey.inventory[key].map { ids.contains($0.id) } == true })
        var pids: Set<Int32> = []
        for key in keys { for mapper in survey.inventory[key]?.mappers ?? [] { pids.insert(mapper.pid) } }
        for object in first.objects where keys.contains(object.key) {
            for sighting in object.sightings { for waiter in sighting.waiters { pids.insert(waiter.thread.pid) } }
        }
        let second = LockLook(sources, libraries, survey, pids.sorted(), first.memory, wanted: keys)
        let again = reports(of: second)
        let circles = HostLocks(locks: again, threadCount: 0, movingCount: 0).graph.deadlocks()
        let sleeps = (first.sleeps, second.sleeps)
        return HostLocks(
            locks: Self.confirmed(locks, by: again), threadCount: found.threadCount, movingCount: found.movingCount,
            believing: { circle in
                circles.contains { $0.threads == circle.threads && $0.locks == circle.locks }
                    && circle.threads.allSatisfy { thread in
                        sleeps.0[thread.tid].map { $0 == sleeps.1[thread.tid] } == true
                    }
            })
    }

    /// With what is doubted as a second look saw it.
    private static func confirmed(_ locks: [LocatedLock], by again: [LocatedLock]) -> [LocatedLock] {
        /// Of two that begin at one place each is another lock.
        struct Key: Hashable {
            let lock: WaitGraph.Lock
            let type: LockReport.Kind
        }
        let known = Dictionary(again.map { (Key(lock: $0.lock, type: $0.report.type), $0.report) }, uniquingKeysWith: { first, _ in first })
        return locks.compactMap { located in
            guard located.report.isDoubted else { return located }
            guard let report = known[Key(lock: located.lock, type: located.report.type)]?.confirming(located.report) else { return nil }
            return LocatedLock(segment: located.segment, name: located.name, report: report)
        }
    }
}

extension LockLook {
    /// Whether threads wait in objects that the survey does not know.
    fileprivate var isMissingObjects: Bool {
        scan.words.contains { survey.inventory[$0.object] == nil } || scan.robust.contains { survey.inventory[$0.object] == nil }
    }
}

extension LockReport {
    /// Whether what it says may have been the middle of something.
    fileprivate var isDoubted: Bool {
        switch verdict {
        // Circles are looked at twice by themselves.
        case .ok, .deadlock: false
        // Who is traced is stopped for a moment at each of its calls.
        case .ownerDead, .willAbort, .ownerNotMapping, .ownerStopped, .phantomReaders, .deadWaiters, .waitingOnNobody, .ambiguous: true
        }
    }

    /// Without what the first of two looks did not say too.
    ///
    /// Who comes to wait between a look at its thread and a look at the words is counted there and not seen here: that some of
    /// those who are counted are gone is said only where nobody has come from the one look to the other.
    fileprivate func confirming(_ first: LockReport) -> LockReport {
        let isSame = verdict == first.verdict && (verdict != .deadWaiters || arrivals == first.arrivals)
        guard !isSame else { return self }
        var report = self
        // Who does not map it has nothing of it.
        if verdict == .ownerNotMapping { report.owner = nil }
        report.verdict = .ok
        report.message = nil
        report.advice = nil
        return report
    }
}
