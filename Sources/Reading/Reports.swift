public import Diagnostics
import Kernel
import Observations
public import SegmentFormat

/// What is shown of one segment: each answer with how it was got. None waits for the segment's lock.
extension Lens {
    /// The envelope of an answer that was read just now, or has a part that is older.
    ///
    /// - Parameter oldest: when the oldest part was begun, by CLOCK_MONOTONIC.
    func envelope(
        since begin: ClockReading, oldest: Int64 = .max, _ consistency: Consistency? = nil, hidden: [Hidden] = []
    ) -> Envelope {
        let takenAt = min(begin.monotonicNanoseconds, oldest)
        let age = Clocks.monotonicNanoseconds() - takenAt
        return Envelope(
            takenAt: begin.wallTime(ofMonotonic: takenAt), ageMilliseconds: Int(max(0, age) / 1_000_000), consistency: consistency,
            hidden: hidden)
    }

    private func clock(_ reading: ClockReading) -> SegmentClock {
        SegmentClock(reading: reading, ticksPerSecond: host.ticksPerSecond)
    }

    /// Everything about one object.
    ///
    /// - Parameter protection: the ranges of the asker's own mapping that differ from read-write and unlocked.
    public func detail(
        _ id: SegmentIdentifier, protection: [ProtectionReport] = [], fresh: Bool = false
    ) throws(ReadingError) -> Answer<SegmentDetail> {
        let survey = try survey(fresh: fresh)
        let begin = Clocks.reading()
        let object: OpenObject
        do throws(ReadingError) {
            object = try self.object(id)
        } catch {
            guard let unseen = Self.unseen(error), let answer = try outline(id, unseen, survey) else { throw error }
            return answer
        }
        var detail = SegmentDetail(summary: survey.summary(of: object))
        let segment: ManagedSegment
        do throws(ReadingError) {
            segment = try ManagedSegment(object)
        } catch {
            // Somebody else's object has no more to show; one of ours that cannot be decoded says why.
            if let finding = error.finding {
                detail.summary.managed = true
                let others = detail.summary.findings.filter { $0.code != "undecodable" }
                detail.summary.findings = [
                    Finding(code: "undecodable", severity: .error, message: finding.message, offset: finding.offset)
                ] + others
            }
            return Answer(
                detail, envelope(since: begin, oldest: survey.takenAt.monotonicNanoseconds, hidden: survey.hidden))
        }
        detail.summary.managed = true
        let header = try segment.header()
        let attendance = try attendance(of: segment)
        let taken = try heap(of: segment)
        let picture = taken.picture
        detail.header = HeaderReport(identity: segment.identity, state: header.state)
        let locks = locks(of: segment, header, attendance)
        detail.lock = locks?.reports.first
        detail.heap = HeapReport(picture: picture, owners: attendance.owners)
        detail.participantCount = attendance.records.count { $0.isJoined }
        detail.protection = protection
        detail.summary.findings += findings(header, detail.lock)
        let consistency = header.consistency.joined(picture.consistency).joined(attendance.consistency)
        return Answer(
            detail,
            envelope(
                since: begin, oldest: min(taken.begunAtNanoseconds, survey.takenAt.monotonicNanoseconds), consistency,
                hidden: survey.hidden + (locks?.hidden ?? [])))
    }

    /// What is not seen of an object that is there and cannot be opened; nil of any other failure.
    static func unseen(_ error: ReadingError) -> Hidden? {
        switch error {
        case .refused(let refusal):
            refusal.needs.map { Hidden(what: "its contents, and so whether it is managed", count: 1, needs: $0) }
        case .unattached: Hidden(what: "its contents", count: 1, needs: "to be attached: attach=true")
        case .unsupported: Hidden(what: "its contents", count: 1, needs: "a look at its semaphores, which have no bytes")
        default: nil
        }
    }

    /// What is known of an object that cannot be opened: what a list shows of it.
    ///
    /// - Parameter known: the last survey: the host is looked through anew only where the object is not in that.
    /// - Returns: nil where no list shows it.
    func outline(
        _ id: SegmentIdentifier, _ unseen: Hidden, _ known: Survey
    ) throws(ReadingError) -> Answer<SegmentDetail>? {
        var survey = known
        var entry = survey.entries.first { $0.summary.id == id }
        if entry == nil {
            survey = try self.survey(fresh: true)
            entry = survey.entries.first { $0.summary.id == id }
        }
        guard let entry else { return nil }
        var envelope = survey.envelope(at: Clocks.reading())
        envelope.hidden.insert(unseen, at: 0)
        return Answer(SegmentDetail(summary: entry.summary), envelope)
    }

    /// What deserves a look at first sight.
    private func findings(
        _ header: SegmentReader<DescriptorSource>.HeaderPicture, _ lock: LockReport?
    ) -> [Finding] {
        var findings: [Finding] = []
        if header.state.damaged {
            findings.append(
                Finding(
                    code: "damaged", severity: .error,
                    message: "the book-keeping is damaged: changes are refused, reading goes on"))
        }
        if let found = lock?.finding { findings.append(found) }
        return findings
    }

    /// What most answers are made of.
    private struct Sighting {
        let picture: HeapPicture
        let attendance: Attendance
        let envelope: Envelope
        let begin: ClockReading
    }

    private func look(at id: SegmentIdentifier) throws(ReadingError) -> Sighting {
        let begin = Clocks.reading()
        let segment = try managed(id)
        let taken = try heap(of: segment)
        let attendance = try attendance(of: segment)
        let consistency = taken.picture.consistency.joined(attendance.consistency)
        return Sighting(
            picture: taken.picture, attendance: attendance,
            envelope: envelope(since: begin, oldest: taken.begunAtNanoseconds, consistency), begin: begin)
    }

    /// The heap's totals.
    public func heapReport(_ id: SegmentIdentifier) throws(ReadingError) -> Answer<HeapReport> {
        let seen = try look(at: id)
        return Answer(HeapReport(picture: seen.picture, owners: seen.attendance.owners), seen.envelope)
    }

    /// A picture of the heap and who owns what, to be listed, filtered or summed up.
    public func blocks<Report>(
        _ id: SegmentIdentifier, _ report: (HeapPicture, OwnerDirectory) throws(QueryError) -> Report
    ) throws(ListError) -> Answer<Report> {
        try list(id) { (seen) throws(QueryError) in try report(seen.picture, seen.attendance.owners) }
    }

    /// The participants with their counts.
    public func participants(
        _ id: SegmentIdentifier, sort: ListSort<ParticipantKey> = ListSort(.natural), page: PageRequest
    ) throws(ListError) -> Answer<ParticipantsReport> {
        try list(id) { (seen) throws(QueryError) in
            try ParticipantsReport(
                records: seen.attendance.records, owners: seen.attendance.owners, clock: clock(seen.begin),
                totals: seen.picture.totalsByOwner(), sort: sort, page: page)
        }
    }

    private func list<Report>(
        _ id: SegmentIdentifier, _ report: (Sighting) throws(QueryError) -> Report
    ) throws(ListError) -> Answer<Report> {
        let seen: Sighting
        do throws(ReadingError) {
            seen = try look(at: id)
        } catch {
            throw .reading(error)
        }
        do throws(QueryError) {
            return Answer(try report(seen), seen.envelope)
        } catch {
            throw .query(error)
        }
    }

    /// Events newer than one.
    public func events(
        _ id: SegmentIdentifier, after: UInt64?, sort: ListSort<EventKey> = ListSort(.natural), page: PageRequest
    ) throws(ListError) -> Answer<EventsReport> {
        let asked: (start: UInt64, end: UInt64?)
        do throws(QueryError) {
            asked =
                sort.isDescending
                ? (after ?? 0, try EventsReport.end(page: page)) : (try EventsReport.start(after: after, page: page), nil)
        } catch {
            throw .query(error)
        }
        do throws(ReadingError) {
            let begin = Clocks.reading()
            let segment = try managed(id)
            let report =
                sort.isDescending
                ? try newestEvents(of: segment, after: asked.start, before: asked.end, limit: page.limit)
                : try oldestEvents(of: segment, after: asked.start, limit: page.limit)
            return Answer(report.report, envelope(since: begin, report.consistency))
        } catch {
            throw .reading(error)
        }
    }

    private func oldestEvents(
        of segment: ManagedSegment, after: UInt64, limit: Int
    ) throws(ReadingError) -> (report: EventsReport, consistency: Consistency) {
        let (records, lost) = try segment.events(after: after, limit: limit)
        let attendance = try attendance(of: segment)
        let report = EventsReport(records: records, lost: lost, head: try segment.head(), owners: attendance.owners)
        return (report, attendance.consistency)
    }

    /// - Parameter before: the sequence that all of them stand before; nil for the newest there are.
    private func newestEvents(
        of segment: ManagedSegment, after: UInt64, before: UInt64?, limit: Int
    ) throws(ReadingError) -> (report: EventsReport, consistency: Consistency) {
        let head = try segment.head()
        let end = min(before ?? .max, head &+ 1)
        let count = end > after && end - after > 1 ? min(UInt64(limit), end - after - 1) : 0
        let start = count > 0 ? end - 1 - count : after
        let (records, lost) = count > 0 ? try segment.events(after: start, limit: Int(count)) : ([], 0)
        // The ring may have gone on since the head was read.
        let wanted = records.filter { $0.sequence < end }
        let attendance = try attendance(of: segment)
        let report = EventsReport(
            newestFirst: wanted, lost: lost, isOldest: start <= after || lost > 0 || wanted.isEmpty,
            owners: attendance.owners)
        return (report, attendance.consistency)
    }

    /// A check of everything, on a picture taken without the lock.
    public func verify(_ id: SegmentIdentifier) throws(ReadingError) -> Answer<VerifyReport> {
        let begin = Clocks.reading()
        let object = try object(id)
        let found: PictureVerification
        do throws(ReadingError) {
            found = try ManagedSegment(object).verify()
        } catch {
            guard let finding = error.finding else { throw error }
            let consistency: Consistency = finding.code == "truncated" ? .truncated : .inFlux
            return Answer(
                VerifyReport(Verification(findings: [finding])), envelope(since: begin, consistency))
        }
        return Answer(
            VerifyReport(found.verification),
            envelope(since: begin, found.consistency))
    }

    /// The parts of an object.
    public func layout(_ id: SegmentIdentifier) throws(ReadingError) -> Answer<LayoutReport> {
        let begin = Clocks.reading()
        let object = try object(id)
        do throws(ReadingError) {
            let segment = try ManagedSegment(object)
            let settled = try segment.headerImage()
            return Answer(
                LayoutReport(layout: segment.layout, header: settled.image), envelope(since: begin, settled.consistency))
        } catch {
            guard case .notManaged = error else { throw error }
            return Answer(LayoutReport(objectBytes: object.file.sizeBytes), envelope(since: begin))
        }
    }
}

/// Why a list could not be given.
public enum ListError: Error, Sendable, Equatable {
    case reading(ReadingError)
    case query(QueryError)
}

extension ListError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .reading(let error): error.description
        case .query(let error): error.description
        }
    }
}

/// What the system says of threads.
extension Lens {
    /// What a thread that a segment's words name is doing.
    func thread(_ key: ThreadKey, mapping file: FileFacts) -> ThreadFacts {
        guard let tid = Int32(exactly: key.tid), let pid = Int32(exactly: key.pid), tid > 0 else { return .unknown }
        let isHere = host.pid == host.pidInProc && (key.pidNamespace == host.pidNamespace || key.pidNamespace == 0)
        guard !isHere else { return sight(tid: tid, pid: pid == 0 ? tid : pid, key, file) }
        // Of another namespace's process only the first thread is looked for: it bears the process' number.
        guard pid > 0, tid == pid, case .found(let outer) = sources.proc.process(pid, inNamespace: key.pidNamespace)
        else { return .unknown }
        return sight(tid: outer, pid: outer, key, file)
    }

    private func sight(tid: Int32, pid: Int32, _ key: ThreadKey, _ file: FileFacts) -> ThreadFacts {
        do throws(KernelError) {
            guard let process = try sources.proc.process(pid) else { return .gone }
            guard key.startTime == 0 || process.startTicks == key.startTime else { return .gone }
            guard let facts = try sources.proc.thread(tid, of: pid) else { return .gone }
            let hasEnded = facts.state == .dead || (facts.state == .zombie && facts.threadCount <= 1)
            return ThreadFacts(
                liveness: hasEnded ? .dead : .alive, pid: Int(pid), command: facts.command, state: facts.state,
                mapsObject: maps(file, pid), sleepsIn: sources.proc.sleepPlace(of: tid, in: pid, facts.state))
        } catch {
            return .unknown
        }
    }
}

extension Lens {
    /// Whether a process maps an object; nil where it would not say.
    private func maps(_ file: FileFacts, _ pid: Int32) -> Bool? {
        guard let mappings = try? sources.proc.mappings(of: pid, sharedOnly: true), mappings.omittedCount == 0 else {
            return nil
        }
        return mappings.elements.contains { $0.device == file.device && $0.inode == file.inode }
    }
}

extension Survey {
    /// What a list says of an open object, with what it is now.
    func summary(of open: OpenObject) -> SegmentSummary {
        let known = inventory[open.id]
        // Another object may have its name by now: nothing that was known is of that one.
        let isSame = known?.key.map { FileIdentity(device: $0.device, inode: $0.inode) == FileIdentity(open.file) } ?? true
        var object = known.flatMap { isSame ? $0 : nil } ?? HostObject(id: open.id, name: open.id.object.name ?? "")
        object.file = open.file
        if object.key == nil, object.systemV == nil { object.key = open.file.key }
        return summary(of: object)
    }
}

extension SegmentIdentifier.Object {
    /// What it is called, where its identifier is its name.
    fileprivate var name: ByteString? {
        switch self {
        case .posix(let name), .semaphore(let name): name
        default: nil
        }
    }
}
