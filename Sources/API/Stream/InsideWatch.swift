import Diagnostics
import Kernel
import Observations
import Reading

/// Where a watch looks.
protocol InsideSource {
    /// CLOCK_MONOTONIC, nanoseconds.
    func now() -> Int64
    /// All of a segment but its locks: costs a look at the whole heap.
    func segment(_ id: SegmentIdentifier) throws(Problem) -> (detail: SegmentDetail, gone: [ParticipantReport])
    func locks(_ id: SegmentIdentifier) throws(Problem) -> [LockReport]
}

/// Looks into managed segments for what their list does not say, by turns: one look for all who watch the host.
///
/// A segment's locks are looked at each time it takes its turn, the rest less often, and the seldomer the longer that
/// takes. Used by one thread.
struct InsideWatch {
    /// From one round to the next, once each segment had its turn.
    static let roundNanoseconds: Int64 = 2_000_000_000
    /// A round begins no further look after so long: the streams wait meanwhile.
    static let budgetNanoseconds: Int64 = 50_000_000
    /// Segments that are looked into in one round; of these the ones that had something to tell: they are asked again
    /// each time, the others take turns.
    static let roundMax = 8
    static let againMax = 4
    /// From one thorough look at a segment to the next: so many times what it took, within these.
    static let restFactor: Int64 = 10
    static let restNanoseconds: ClosedRange<Int64> = 8_000_000_000...20_000_000_000
    /// Segments that are told of at most: some kilobytes each, for each client, each time that one changes.
    static let toldMax = 200

    private struct Known {
        var inside: Inside
        var thoroughAt: Int64
    }

    private var known: [SegmentIdentifier: Known] = [:]
    private var failed: Set<SegmentIdentifier> = []
    private var askedAt: [SegmentIdentifier: Int64] = [:]
    private var ids: [SegmentIdentifier] = []
    private var due: Int64 = .min

    func isDue(at now: Int64) -> Bool { now >= due }

    var report: InsidesReport {
        let alarming = ids.compactMap { known[$0]?.inside }.filter(\.isAlarming)
        let told = alarming.filter(\.isTroubled) + alarming.filter { !$0.isTroubled }
        return InsidesReport(
            insides: Array(told.prefix(Self.toldMax)), alarmingCount: alarming.count, managedCount: ids.count,
            failedCount: failed.count,
            isComplete: ids.allSatisfy { known[$0] != nil || failed.contains($0) })
    }

    /// One round.
    ///
    /// - Parameter all: the managed segments that there are.
    mutating func look(at all: [SegmentIdentifier], _ source: some InsideSource) {
        let begin = source.now()
        ids = all
        let present = Set(all)
        known = known.filter { present.contains($0.key) }
        failed.formIntersection(present)
        askedAt = askedAt.filter { present.contains($0.key) }
        for (index, id) in round().enumerated() {
            guard index == 0 || source.now() - begin < Self.budgetNanoseconds else { break }
            look(into: id, source)
        }
        due = begin + (report.isComplete ? Self.roundNanoseconds : 0)
    }

    /// Who has a turn: what was asked longest ago first, but for what has something to tell.
    private func round() -> [SegmentIdentifier] {
        let byAge = ids.enumerated().sorted { left, right in
            let (a, b) = (askedAt[left.element] ?? .min, askedAt[right.element] ?? .min)
            return a == b ? left.offset < right.offset : a < b
        }.map(\.element)
        let again = byAge.filter { known[$0]?.inside.isAlarming == true }.prefix(Self.againMax)
        // Those that never had a turn come before those that are asked again.
        let new = byAge.prefix { askedAt[$0] == nil }
        let others = byAge.filter { askedAt[$0] != nil && !again.contains($0) }
        return Array((new + again + others).prefix(Self.roundMax))
    }

    private mutating func look(into id: SegmentIdentifier, _ source: some InsideSource) {
        askedAt[id] = source.now()
        do throws(Problem) {
            known[id] = try looked(into: id, source)
            failed.remove(id)
        } catch {
            // Only what is gone is forgotten: an alarm that cannot be looked at again stands.
            if error.status == 404 {
                known[id] = nil
                failed.remove(id)
                ids.removeAll { $0 == id }
            } else {
                failed.insert(id)
            }
        }
    }

    private func looked(into id: SegmentIdentifier, _ source: some InsideSource) throws(Problem) -> Known {
        let before = known[id]
        let begin = source.now()
        var next: Known
        if let before, begin < before.thoroughAt {
            next = before
        } else {
            let (detail, gone) = try source.segment(id)
            let rest = (source.now() - begin).multipliedReportingOverflow(by: Self.restFactor)
            let wait = rest.overflow ? Self.restNanoseconds.upperBound : rest.partialValue
            next = Known(
                inside: Inside(id: id, segment: detail, gone: gone, locks: before?.inside.locks ?? []),
                thoroughAt: begin + min(max(wait, Self.restNanoseconds.lowerBound), Self.restNanoseconds.upperBound))
        }
        next.inside.locks = next.inside.segment.heap == nil ? [] : try source.locks(id)
        // A lock may be in trouble because somebody died: that is looked into at the next turn.
        if next.inside.isTroubled, before?.inside.isTroubled != true { next.thoroughAt = begin }
        return next
    }
}

/// The segments of this host.
struct HostInsides: InsideSource {
    let service: Service

    func now() -> Int64 { Clocks.monotonicNanoseconds() }

    func segment(_ id: SegmentIdentifier) throws(Problem) -> (detail: SegmentDetail, gone: [ParticipantReport]) {
        let detail = try service.detail(id).report
        // Of one that cannot be decoded its finding is all there is.
        guard detail.heap != nil, let count = detail.participantCount, count > 0 else { return (detail, []) }
        let page = try asking { () throws(QueryError) in try PageRequest(limit: PageRequest.limits.upperBound) }
        let all = try listing { () throws(ListError) in try service.lens.participants(id, page: page) }
        return (detail, all.report.participants.filter { $0.alive == .dead })
    }

    func locks(_ id: SegmentIdentifier) throws(Problem) -> [LockReport] {
        try looking { () throws(ReadingError) in try service.lens.headerLocks(id) }
    }
}
