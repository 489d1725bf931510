public import Diagnostics
import ForeignFormats
import Kernel
import Observations
import SegmentFormat

/// The locks of one object.
extension Lens {
    /// Its locks, who holds them and who waits: those that threads wait on or say to have, those that its kind or its header
    /// tells of, and those that its bytes look like, where that is asked for.
    ///
    /// - Parameters:
    ///   - scan: looks through the pages that are in memory for locks of which nothing else tells.
    ///   - fresh: no look that began before this will do.
    public func locks(
        _ id: SegmentIdentifier, scan: Bool = false, fresh: Bool = false
    ) throws(ReadingError) -> Answer<LocksReport> {
        let begin = Clocks.reading()
        let seen = try lockSighting(fresh: fresh)
        var found = SegmentLocks(seen.locks.locks(in: id))
        var hidden = seen.hidden
        if case .sysvSemaphore(let set) = id.object {
            try addSemaphores(of: set, id, &found)
            return Answer(LocksReport(locks: found.reports), envelope(since: begin, oldest: seen.begunAt, hidden: hidden))
        }
        let object = try self.object(id)
        var consistency: Consistency?
        var unknown = 0
        switch header(of: object) {
        case .success(let segment):
            // What stands before the pool is known.
            unknown = segment.layout.poolOffset
            let (header, attendance) = (try segment.header(), try attendance(of: segment))
            consistency = header.consistency.joined(attendance.consistency)
            if let words = locks(of: segment, header, attendance) {
                found.add(managed: words.reports, lastHolders: try lastHolders(of: segment, attendance))
                if found.reports.first?.waiters.isEmpty == true { hidden += words.hidden }
            } else {
                hidden.append(
                    Hidden(what: "the lock, which another C library made", count: 1, needs: "a decoder for that library"))
            }
        case .failure(.notManaged): break
        case .failure(let error): throw error
        }
        if id.kind == .semaphore { addSemaphore(of: object, &found) }
        if scan { hidden += try addScanned(of: object, from: unknown, &found) }
        return Answer(
            LocksReport(locks: found.reports), envelope(since: begin, oldest: seen.begunAt, consistency, hidden: hidden))
    }

    private func header(of object: OpenObject) -> Result<ManagedSegment, ReadingError> {
        Result { () throws(ReadingError) in try ManagedSegment(object) }
    }

    /// The lock and the conditions that a managed segment's header tells of, and no others: a few microseconds.
    public func headerLocks(_ id: SegmentIdentifier) throws(ReadingError) -> [LockReport] {
        let segment = try managed(id)
        return locks(of: segment, try segment.header(), try attendance(of: segment))?.reports ?? []
    }

    /// A named semaphore is all that its file holds.
    private func addSemaphore(of object: OpenObject, _ found: inout SegmentLocks) {
        guard let bytes = try? object.source.read(at: 0, count: GlibcSemaphore.byteCount), let semaphore = GlibcSemaphore(bytes)
        else { return }
        let sighting = LockSighting(place: .offset(0), subject: .glibc(.semaphore(semaphore)), evidence: [.layout])
        found.add(LockJudge.report(on: sighting, MapperThreads()))
    }

    private func addSemaphores(
        of set: Int32, _ id: SegmentIdentifier, _ found: inout SegmentLocks
    ) throws(ReadingError) {
        var entry = try survey().inventory[id]
        if entry == nil { entry = try survey(fresh: true).inventory[id] }
        guard let count = entry?.semaphores?.count else { throw .notFound(id) }
        for index in 0..<count {
            do throws(KernelError) {
                guard let semaphore = try systemVSemaphore(index, ofSet: set) else { break }
                let sighting = LockSighting(place: .index(index), subject: .ofSet(semaphore), evidence: [.layout])
                found.add(LockJudge.report(on: sighting, MapperThreads()))
            } catch {
                throw .refused(error)
            }
        }
    }

    /// What its bytes look like; who is said to have it is looked for like any other owner, twice.
    private func addScanned(of object: OpenObject, from begin: Int, _ found: inout SegmentLocks) throws(ReadingError) -> [Hidden] {
        let scan: LockScan
        do throws(ReadFailure) {
            scan = try LockScan(object.source, from: begin, nanosecondsMax: answerNanosecondsMax)
        } catch {
            throw .failed(error)
        }
        let known = Set(found.reports.map(\.place))
        let added = scan.found.filter { !known.contains(.offset($0.offset)) }
        guard !added.isEmpty, let key = try survey().inventory[object.id]?.key else { return scan.hidden }
        for report in try judged(added.map(\.offset), in: key) { found.add(report) }
        return scan.hidden
    }

    /// How many who changed something last are told.
    private static let lastHoldersMax = 8
    private static let eventsLookedThrough = 64

    /// Who changed something under the lock last.
    private func lastHolders(of segment: ManagedSegment, _ attendance: Attendance) throws(ReadingError) -> [LastHolder] {
        let head = try segment.head()
        let after = head > UInt64(Self.eventsLookedThrough) ? head - UInt64(Self.eventsLookedThrough) : 0
        let (events, _) = try segment.events(after: after, limit: Self.eventsLookedThrough)
        return LastHolder.latest(of: events, attendance.owners, limit: Self.lastHoldersMax)
    }

    /// The lock first; nil where its words cannot be read.
    func locks(
        of segment: ManagedSegment, _ header: SegmentReader<DescriptorSource>.HeaderPicture, _ attendance: Attendance
    ) -> (reports: [LockReport], hidden: [Hidden])? {
        guard
            let words = ManagedLock(
                record: header.lock, libc: segment.identity.libc, participants: attendance.records)
        else { return nil }
        var facts: [ThreadKey: ThreadFacts] = [:]
        let file = segment.object.file
        for key in words.threads { facts[key] = thread(key, mapping: file) }
        let reports = words.locks(facts: facts, nowNanoseconds: UInt64(clamping: Clocks.coarseNanoseconds()))
        return (reports, words.hidden(beside: reports[0]))
    }
}
