public import Diagnostics
import ForeignFormats
import Kernel
import Observations
import Synchronization

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

    private struct State {
        var last: Sighting?
        var memory = SleepMemory()
    }

    private let state = Mutex(State())

    /// Whoever waits here is served by a look that began after they asked, or is young enough.
    func sighting(fresh: Bool, _ look: (SleepMemory) throws(ReadingError) -> (Sighting, SleepMemory)) throws(ReadingError) -> Sighting {
        let asked = Clocks.monotonicNanoseconds()
        let oldest = fresh ? asked : asked - Self.ageMaxNanoseconds
        let result: Result<Sighting, ReadingError> = state.withLock { state in
            if let last = state.last, last.begunAt >= oldest { return .success(last) }
            let memory = state.memory
            let found = Result { () throws(ReadingError) in try look(memory) }
            guard case .success(let (sighting, after)) = found else { return found.map(\.0) }
            state.memory = after
            state.last = sighting
            return .success(sighting)
        }
        return try result.get()
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
            var locks = reports(of: look)
            let doubted = locks.filter(\.report.isDoubted)
            if !doubted.isEmpty { locks = try confirmed(locks, doubted, look) }
            let found = HostLocks(locks: locks, threadCount: look.scan.threadCount, movingCount: look.movingCount)
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
    func judged(
        _ found: [(offset: Int, kind: WaitedObject.Kind)], in key: ObjectKey
    ) throws(ReadingError) -> [LockReport] {
        func look() throws(ReadingError) -> [LockReport] {
            let survey = try survey(fresh: true)
            let pids = (survey.inventory[key]?.mappers ?? []).map(\.pid)
            let look = LockLook(sources, libraries, survey, pids, SleepMemory(), wanted: [key], adding: found)
            return reports(of: look).map(\.report)
        }
        let first = try look()
        guard first.contains(where: \.isDoubted) else { return first }
        let again = Dictionary(try look().map { ($0.place, $0) }, uniquingKeysWith: { first, _ in first })
        return first.compactMap { report in
            guard report.isDoubted else { return report }
            return again[report.place]?.confirming(report)
        }
    }

    /// What a second look, at all who map the objects in doubt, says too: whoever was on the way to wake somebody has arrived,
    /// and who has just mapped an object is known to.
    private func confirmed(
        _ locks: [LocatedLock], _ doubted: [LocatedLock], _ first: LockLook
    ) throws(ReadingError) -> [LocatedLock] {
        let survey = try survey(fresh: true)
        let ids = Set(doubted.map(\.segment))
        let keys = Set(first.objects.map(\.key).filter { key in first.survey.inventory[key].map { ids.contains($0.id) } == true })
        var pids: Set<Int32> = []
        for key in keys { for mapper in survey.inventory[key]?.mappers ?? [] { pids.insert(mapper.pid) } }
        for object in first.objects where keys.contains(object.key) {
            for sighting in object.sightings { for waiter in sighting.waiters { pids.insert(waiter.thread.pid) } }
        }
        let second = LockLook(sources, libraries, survey, pids.sorted(), first.memory, wanted: keys)
        let again = Dictionary(
            reports(of: second).map { ($0.lock, $0.report) }, uniquingKeysWith: { first, _ in first })
        return locks.compactMap { located in
            guard located.report.isDoubted else { return located }
            guard let report = again[located.lock]?.confirming(located.report) else { return nil }
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
        case .ok, .deadlock, .ownerStopped: false
        case .ownerDead, .willAbort, .ownerNotMapping, .phantomReaders, .deadWaiters, .waitingOnNobody, .ambiguous: true
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
        report.verdict = .ok
        report.message = nil
        report.advice = nil
        return report
    }
}
