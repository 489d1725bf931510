import CShmlens
import Observations
public import SegmentFormat

/// The locks of one object, put together from what several looks tell of them.
public struct SegmentLocks: Sendable {
    /// What the segment's header tells first, then in the order of their places.
    public private(set) var reports: [LockReport]
    private var indices: [LockPlace: Int] = [:]

    /// - Parameter seen: what threads wait on or say to have.
    public init(_ seen: [LockReport]) {
        reports = seen
        for (index, report) in seen.enumerated() { indices[report.place] = index }
    }

    /// Adds a lock, or what tells of one that is known.
    public mutating func add(_ report: LockReport) {
        guard let index = indices[report.place] else {
            indices[report.place] = reports.count
            reports.append(report)
            return
        }
        for evidence in report.evidence where !reports[index].evidence.contains(evidence) { reports[index].evidence.append(evidence) }
    }

    /// Adds what a managed segment's header tells, with the threads that were seen to wait.
    public mutating func add(managed: [LockReport], lastHolders: [LastHolder]) {
        var all: [LockReport] = []
        for var report in managed {
            if let index = indices[report.place] { report.join(reports[index]) }
            all.append(report)
        }
        let places = Set(managed.map(\.place))
        all += reports.filter { !places.contains($0.place) }
        if !all.isEmpty { all[0].lastHolders = lastHolders }
        reports = all
        indices = [:]
        for (index, report) in reports.enumerated() { indices[report.place] = index }
    }
}

extension LockReport {
    /// Adds what a look at the host's threads saw of the same lock: threads that are no participants wait too.
    fileprivate mutating func join(_ seen: LockReport) {
        let told = Dictionary(waiters.compactMap { waiter in waiter.thread.map { ($0, waiter) } }, uniquingKeysWith: { first, _ in first })
        let all = Set(seen.waiters.compactMap(\.thread))
        waiters = (waiters.filter { waiter in waiter.thread.map { !all.contains($0) } ?? true }
            + seen.waiters.map { waiter in
                // The participant wrote down when it began.
                guard let told = waiter.thread.flatMap({ told[$0] }), let since = told.waitingForMilliseconds else { return waiter }
                return WaiterReport(
                    pid: waiter.pid, tid: waiter.tid, command: waiter.command, threadState: waiter.threadState,
                    waitingForMilliseconds: max(since, waiter.waitingForMilliseconds ?? 0), timed: waiter.timed)
            }).sorted(by: WaiterReport.isBefore)
        for found in seen.evidence where !evidence.contains(found) { evidence.append(found) }
        if state == .idle, !waiters.isEmpty { state = .waitedOn }
        guard verdict == .ok || seen.verdict == .deadlock, seen.verdict != .ok else { return }
        verdict = seen.verdict
        message = seen.message
        advice = seen.advice
    }
}

extension LockReport {
    /// What a managed segment's header says that it is.
    public var named: LockReport {
        var named = self
        switch place {
        case .offset(shmlens_header_offset_lock_mutex): named.label = "lock"
        case .offset(shmlens_header_offset_classic_condition): named.label = "classic condition"
        case .offset(shmlens_header_offset_condition_sequence):
            named = LockReport(place: place, type: .condition, state: waiters.isEmpty ? .idle : .waitedOn, evidence: evidence, verdict: verdict)
            named.label = "condition"
            named.waiters = waiters
            named.processShared = true
        default: return self
        }
        named.evidence.append(.header)
        return named
    }
}

extension LastHolder {
    /// Who did the last of some events, each once, the latest first.
    ///
    /// - Parameter events: ascending.
    public static func latest(of events: [EventRecord], _ owners: OwnerDirectory, limit: Int) -> [LastHolder] {
        var found: [LastHolder] = []
        var seen: Set<OwnerKey> = []
        for event in events.reversed() where found.count < limit && seen.insert(event.actor).inserted {
            found.append(
                LastHolder(
                    owner: owners.owner(event.actor), sequence: event.sequence,
                    at: WallTime(clampingNanoseconds: event.atNanoseconds)))
        }
        return found
    }
}
