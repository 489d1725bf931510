public import Diagnostics
import Observations

extension HostLocks: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("threadCount", threadCount)
        writer.field("waitingCount", waitingCount)
        writer.field("movingCount", movingCount)
        let shown = Array(shown)
        writer.field("nodes", nodes(of: shown))
        writer.field("edges", shown.flatMap(WaitEdge.edges))
        writer.field("deadlocks", deadlocks)
        writer.field("verdicts", shown.filter { $0.report.verdict != .ok }.map(LockVerdict.init))
    }

    /// Locks in their order, then the threads that wait for them or have them, each once.
    private func nodes(of locks: [LocatedLock]) -> [WaitNode] {
        var threads: [WaitGraph.Thread: WaitNode] = [:]
        for located in locks {
            for waiter in located.report.waiters {
                guard let thread = waiter.thread else { continue }
                threads[thread] = .thread(thread, command: waiter.command, state: waiter.threadState, nil)
            }
            for owner in located.report.owners {
                guard let thread = owner.thread, threads[thread] == nil else { continue }
                threads[thread] = .thread(thread, command: owner.command, state: owner.threadState, owner.sleepsIn)
            }
        }
        return locks.map { .lock($0) } + threads.sorted { $0.key < $1.key }.map(\.value)
    }
}

extension LockReport {
    /// Who has it, or may have it.
    fileprivate var owners: [LockOwnerReport] { owner.map { [$0] } ?? ownerCandidates }
}

extension WaitGraph.Thread {
    fileprivate var id: String { "thread:\(pid):\(tid)" }
}

extension WaitGraph.Lock {
    fileprivate var id: String { "lock:\(segment.text):\(place.number)" }
}

private enum WaitNode: JSONObjectEncodable {
    case lock(LocatedLock)
    case thread(WaitGraph.Thread, command: String?, state: ThreadState, SleepPlace?)

    func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .lock(let located):
            writer.field("id", located.lock.id)
            writer.field("kind", "lock")
            writer.field("segment", located.segment.text)
            located.report.writeState(to: &writer)
            writer.field("waiterCount", located.report.waiters.count)
            located.report.writeJudgement(to: &writer)
        case .thread(let thread, let command, let state, let place):
            writer.field("id", thread.id)
            writer.field("kind", "thread")
            writer.field("pid", Int(thread.pid))
            writer.field("tid", Int(thread.tid))
            writer.field("command", orNull: command)
            writer.field("threadState", state.rawValue)
            writer.field("sleepsIn", place)
        }
    }
}

private struct WaitEdge: JSONObjectEncodable {
    enum Relation: String {
        case waitsFor, heldBy
    }

    let from: String
    let to: String
    let relation: Relation
    let milliseconds: Int?
    let timed: Bool?

    static func edges(of located: LocatedLock) -> [WaitEdge] {
        let lock = located.lock.id
        let waits = located.report.waiters.compactMap { waiter in
            waiter.thread.map {
                WaitEdge(
                    from: $0.id, to: lock, relation: .waitsFor, milliseconds: waiter.waitingForMilliseconds, timed: waiter.timed)
            }
        }
        let holds = located.report.owners.compactMap { owner in
            owner.thread.map {
                WaitEdge(from: lock, to: $0.id, relation: .heldBy, milliseconds: owner.heldForMilliseconds, timed: nil)
            }
        }
        return waits + holds
    }

    func writeMembers(to writer: inout JSONWriter) {
        writer.field("from", from)
        writer.field("to", to)
        writer.field("relation", relation.rawValue)
        writer.field(relation == .waitsFor ? "waitingForMilliseconds" : "heldForMilliseconds", milliseconds)
        writer.field("timed", timed)
    }
}

private struct LockVerdict: JSONObjectEncodable {
    let located: LocatedLock

    init(_ located: LocatedLock) { self.located = located }

    func writeMembers(to writer: inout JSONWriter) {
        let report = located.report
        writer.field("verdict", report.verdict.rawValue)
        writer.field("severity", report.severity.rawValue)
        located.lock.writeMembers(to: &writer)
        writer.field("type", report.type.rawValue)
        writer.field("message", report.message)
        writer.field("advice", report.advice)
        writer.field(
            "threads", report.waiters.compactMap { waiter in
                waiter.thread.map { ThreadName(thread: $0, command: waiter.command) }
            })
    }
}

extension DeadlockReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("threads", threads)
        writer.field("locks", locks)
        writer.field("victims", victims)
        writer.field("message", message)
        writer.field("advice", advice)
    }
}

extension WaitGraph.Lock: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("segment", segment.text)
        writer.field("offset", place.offset)
        writer.field("index", place.index)
    }
}

extension ThreadName: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("pid", Int(thread.pid))
        writer.field("tid", Int(thread.tid))
        writer.field("command", orNull: command)
    }
}
