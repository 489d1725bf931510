public import Diagnostics
import Kernel
import Observations

/// Who maps what.
extension Lens {
    /// Runs of pages that one answer tells, of all mappings together.
    static let touchedRunsMax = 65_536

    /// The mappings of an object, in the order of process and address.
    ///
    /// - Parameter touched: tells of each mapping which pages the process has in its page tables.
    /// - Complexity: the page tables of each process of the page are walked.
    public func mappings(
        _ id: SegmentIdentifier, touched: Bool = false, page request: PageRequest, fresh: Bool = false
    ) throws(ListError) -> Answer<MappingsReport> {
        let begin = Clocks.reading()
        let survey: Survey
        let object: HostObject
        do throws(ReadingError) {
            survey = try self.survey(fresh: fresh)
            object = try known(id, survey)
        } catch {
            throw .reading(error)
        }
        do throws(QueryError) {
            let page = try MappingPlace.page(of: object.mappers, request)
            var look = ProcessLook(lens: self, survey: survey, deadline: begin.monotonicNanoseconds + answerNanosecondsMax)
            let reports = page.mappers.flatMap { look.reports(of: $0, object, touched: touched) }
            return Answer(
                MappingsReport(mappings: reports, hidden: look.hidden, next: page.next),
                envelope(since: begin, oldest: survey.takenAt.monotonicNanoseconds, hidden: survey.hidden))
        } catch {
            throw .query(error)
        }
    }

    /// An object that a survey knows, or a new one where that is too old for it.
    private func known(_ id: SegmentIdentifier, _ survey: Survey) throws(ReadingError) -> HostObject {
        if let object = survey.inventory[id] { return object }
        guard let object = try self.survey(fresh: true).inventory[id] else { throw .notFound(id) }
        return object
    }

    /// One process's shared memory; nil where there is no such process: a thread's number is none.
    public func process(_ pid: Int32, fresh: Bool = false) throws(ReadingError) -> Answer<ProcessReport>? {
        let begin = Clocks.reading()
        let survey = try self.survey(fresh: fresh)
        guard let facts = try task(pid) else { return nil }
        var look = ProcessLook(lens: self, survey: survey, deadline: begin.monotonicNanoseconds + answerNanosecondsMax)
        let mappings = try look.mappings(of: pid)
        let open = survey.inventory.objects.compactMap { object in
            object.holders.first { $0.pid == pid }.map {
                ProcessDescriptors(segment: object.id, name: object.name, number: $0.number, count: $0.count)
            }
        }
        let startedAt = begin.wallTime(ofStartTicks: facts.startTicks, ticksPerSecond: host.ticksPerSecond)
        return Answer(
            ProcessReport(
                process: look.name(of: pid), startedAt: startedAt, mappings: mappings, open: open,
                isWhole: look.hidden.isEmpty, hidden: look.hidden),
            envelope(since: begin, oldest: survey.takenAt.monotonicNanoseconds, hidden: survey.hidden))
    }

    private func task(_ pid: Int32) throws(ReadingError) -> TaskFacts? {
        do throws(KernelError) {
            guard let facts = try sources.proc.process(pid) else { return nil }
            if let group = try sources.proc.status(of: pid)?.threadGroup, group != pid { return nil }
            return facts
        } catch {
            throw .refused(error)
        }
    }

    /// The processes that map shared memory or have it open.
    public func processes(
        sort: ListSort<ProcessKey> = ListSort(.natural), page: PageRequest, fresh: Bool = false
    ) throws(ListError) -> Answer<ProcessesReport> {
        let survey: Survey
        do throws(ReadingError) {
            survey = try self.survey(fresh: fresh)
        } catch {
            throw .reading(error)
        }
        do throws(QueryError) {
            let found = try sort.processes(ProcessTotals(survey.inventory).byPID.values, page)
            var look = ProcessLook(lens: self, survey: survey, deadline: .max)
            let summaries = found.elements.map { total in
                ProcessSummary(
                    process: look.name(of: total.pid), mappedCount: total.mappedCount, segmentCount: total.segmentCount,
                    mappedBytes: total.mappedBytes)
            }
            return Answer(
                ProcessesReport(processes: summaries, hidden: look.hidden, next: found.next),
                survey.envelope(at: Clocks.reading()))
        } catch {
            throw .query(error)
        }
    }
}

/// What processes have of all objects together.
private struct ProcessTotals {
    private(set) var byPID: [Int32: ProcessTotal] = [:]

    init(_ inventory: Inventory) {
        for object in inventory.objects {
            for mapper in object.mappers {
                let bytes = mapper.ranges.reduce(0) { $0 + Int(clamping: $1.end - $1.start) }
                note(mapper.pid) {
                    $0.mappedCount += 1
                    $0.segmentCount += 1
                    $0.mappedBytes += bytes
                }
            }
            let mapping = Set(object.mappers.map(\.pid))
            for holder in object.holders where !mapping.contains(holder.pid) { note(holder.pid) { $0.segmentCount += 1 } }
        }
    }

    private mutating func note(_ pid: Int32, _ change: (inout ProcessTotal) -> Void) {
        change(&byPID[pid, default: ProcessTotal(pid: pid)])
    }
}

/// Asks processes about themselves, each once.
private struct ProcessLook {
    private let lens: Lens
    private let survey: Survey
    /// CLOCK_MONOTONIC.
    private let deadline: Int64
    private var names: [Int32: ProcessName] = [:]
    private var refusedCount = 0
    private var lateCount = 0
    private var untouchedCount = 0
    private var omittedCount = 0
    private var runsLeft = Lens.touchedRunsMax

    init(lens: Lens, survey: Survey, deadline: Int64) {
        self.lens = lens
        self.survey = survey
        self.deadline = deadline
    }

    mutating func name(of pid: Int32) -> ProcessName {
        if let known = names[pid] { return known }
        let proc = lens.sources.proc
        let status = try? proc.status(of: pid)
        let uid = status?.uids.first ?? 0
        let name = ProcessName(
            pid: pid, command: status?.command ?? "", uid: uid, user: survey.accounts.userNames[uid]?.text,
            controlGroup: try? proc.controlGroup(of: pid))
        names[pid] = name
        return name
    }

    mutating func reports(of mapper: Mapper, _ object: HostObject, touched: Bool) -> [MappingReport] {
        let used = uses(of: mapper.pid) { mapping in mapper.ranges.contains { $0.start == mapping.range.start } }
        return mapper.ranges.map { range in
            MappingReport(
                process: name(of: mapper.pid), range: range, use: used[range.start],
                touched: touched ? runs(of: range, by: mapper.pid) : nil)
        }
    }

    mutating func mappings(of pid: Int32) throws(ReadingError) -> [ProcessMapping] {
        var shown: [ProcessMapping] = []
        let used = uses(of: pid) { _ in true }
        for object in survey.inventory.objects {
            guard let mapper = object.mappers.first(where: { $0.pid == pid }) else { continue }
            for range in mapper.ranges {
                shown.append(
                    ProcessMapping(segment: object.id, name: object.name, range: range, use: used[range.start]))
            }
        }
        return shown.sorted { $0.range.start < $1.range.start }
    }

    /// By the mapping's first address.
    private mutating func uses(of pid: Int32, _ wanted: (Mapping) -> Bool) -> [UInt64: MappingUse] {
        guard Clocks.monotonicNanoseconds() < deadline else {
            lateCount += 1
            return [:]
        }
        do throws(KernelError) {
            let list = try lens.sources.proc.usedMappings(of: pid, where: wanted)
            return Dictionary(
                (list?.elements ?? []).map { ($0.mapping.range.start, $0.use) }, uniquingKeysWith: { first, _ in first })
        } catch {
            refusedCount += 1
            return [:]
        }
    }

    private mutating func runs(of range: MappedRange, by pid: Int32) -> [TouchedRun]? {
        guard Clocks.monotonicNanoseconds() < deadline, runsLeft > 0 else {
            lateCount += 1
            return nil
        }
        do throws(KernelError) {
            guard let runs = try lens.sources.proc.touched(by: pid, [range], limit: runsLeft) else { return nil }
            omittedCount += runs.omittedCount
            runsLeft -= runs.elements.count
            return runs.elements
        } catch {
            untouchedCount += 1
            return nil
        }
    }

    var hidden: [Hidden] {
        var hidden: [Hidden] = []
        func hide(_ what: String, _ count: Int, _ needs: String) {
            if count > 0 { hidden.append(Hidden(what: what, count: count, needs: needs)) }
        }
        hide("what processes use of their mappings", refusedCount, "CAP_SYS_PTRACE")
        hide("what processes use of their mappings, for want of time", lateCount, "a smaller limit")
        hide("page tables of processes", untouchedCount, "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH")
        hide("runs of touched pages", omittedCount, "a look at fewer pages")
        return hidden
    }
}
