public import Observations

/// A lock and the object that it stands in.
public struct LocatedLock: Sendable, Equatable {
    public let segment: SegmentIdentifier
    /// What people call the object.
    public let name: String
    public var report: LockReport

    public init(segment: SegmentIdentifier, name: String, report: LockReport) {
        self.segment = segment
        self.name = name
        self.report = report
    }

    /// `mutex at 64 of ring`.
    public var words: String {
        let what = report.type == .sysvSemaphore ? "semaphore" : report.type == .futex ? "word" : report.type.rawValue
        switch report.place {
        case .offset(let offset): return "\(what) at \(offset) of \(name)"
        case .index(let index): return "\(what) \(index) of set \(name)"
        }
    }

    public var lock: WaitGraph.Lock { WaitGraph.Lock(segment: segment, place: report.place) }
}

/// A thread as people know it.
public struct ThreadName: Sendable, Hashable {
    public let thread: WaitGraph.Thread
    public let command: String?

    public init(thread: WaitGraph.Thread, command: String?) {
        self.thread = thread
        self.command = command
    }
}

/// A circle of threads that wait for one another.
public struct DeadlockReport: Sendable, Equatable {
    /// Each waits for the lock of the same index, which the next one has, and the last for what the first has.
    public let threads: [ThreadName]
    public let locks: [WaitGraph.Lock]
    /// Who waits behind the circle.
    public let victims: [ThreadName]
    public let message: String
    public let advice: String
}

/// Who waits for which lock of the whole host, who has it, and what is wrong.
public struct HostLocks: Sendable {
    /// Threads that were looked at, that wait for something shared, and that went on while they were looked at.
    public let threadCount: Int
    public let waitingCount: Int
    public let movingCount: Int
    /// Worst first, then those with most waiters.
    public let locks: [LocatedLock]
    public let deadlocks: [DeadlockReport]
    public let graph: WaitGraph

    /// Finds the circles among locks that were judged one by one.
    ///
    /// - Parameter believing: which of the circles are told.
    public init(
        locks: [LocatedLock], threadCount: Int, movingCount: Int, believing isBelieved: (WaitGraph.Deadlock) -> Bool = { _ in true }
    ) {
        var graph = WaitGraph()
        var commands: [WaitGraph.Thread: String] = [:]
        var waiting: Set<WaitGraph.Thread> = []
        for located in locks {
            for waiter in located.report.waiters {
                guard let thread = waiter.thread else { continue }
                waiting.insert(thread)
                commands[thread] = waiter.command
                if !waiter.isOneOfSeveral { graph.add(thread, waitsFor: located.lock) }
            }
            // Who does not map it cannot give it back, whatever becomes of it.
            if located.report.verdict != .ownerNotMapping, let owner = located.report.owner, let thread = owner.thread {
                graph.add(located.lock, ownedBy: thread)
                commands[thread] = commands[thread] ?? owner.command
            }
        }
        let byLock = Dictionary(locks.map { ($0.lock, $0) }, uniquingKeysWith: { first, _ in first })
        let circles = graph.deadlocks().filter(isBelieved)
        deadlocks = circles.map { DeadlockReport($0, byLock, commands) }
        var messages: [WaitGraph.Lock: DeadlockReport] = [:]
        for (circle, report) in zip(circles, deadlocks) { for lock in circle.locks { messages[lock] = report } }
        self.locks = locks
            .map { located in
                guard let deadlock = messages[located.lock] else { return located }
                var located = located
                located.report.verdict = .deadlock
                located.report.message = deadlock.message
                located.report.advice = deadlock.advice
                return located
            }
            .sorted(by: Self.isBefore)
        self.graph = graph
        self.threadCount = threadCount
        self.movingCount = movingCount
        waitingCount = waiting.count
    }

    private static func isBefore(_ left: LocatedLock, _ right: LocatedLock) -> Bool {
        let ranks = (left.report.rank, right.report.rank)
        if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
        if left.report.waiters.count != right.report.waiters.count { return left.report.waiters.count > right.report.waiters.count }
        return left.lock < right.lock
    }

    /// Locks and threads that one answer shows at most: the worst locks, each with all that wait for it.
    public static let nodesMax = 20_000

    /// The locks of which the host's graph is made: those that somebody waits for, or that something is wrong with. That
    /// somebody has a lock that nobody wants is told of its segment.
    public var wanted: [LocatedLock] { locks.filter { !$0.report.waiters.isEmpty || $0.report.verdict != .ok } }

    /// Those of them that one answer shows: the worst in any case.
    public var shown: ArraySlice<LocatedLock> {
        var nodeCount = 0
        let wanted = wanted
        let count = wanted.prefix { located in
            nodeCount += 2 + located.report.waiters.count
            return nodeCount <= Self.nodesMax
        }.count
        return wanted.prefix(max(1, count))
    }

    /// Those of one object.
    public func locks(in segment: SegmentIdentifier) -> [LockReport] {
        locks.filter { $0.segment == segment }.map(\.report).sorted { $0.place < $1.place }
    }

    /// Whether anything is wrong.
    public var hasTrouble: Bool { locks.contains { $0.report.verdict != .ok } }
}

extension HostLocks: Report {
    public var hidden: [Hidden] {
        let omittedCount = wanted.count - shown.count
        guard omittedCount > 0 else { return [] }
        return [Hidden(what: "locks, less bad than those that are shown", count: omittedCount, needs: "a look at one segment's locks")]
    }
}

extension LockReport {
    /// Worst first.
    fileprivate var rank: Int {
        if verdict == .deadlock { return 0 }
        if verdict == .ok { return 4 }
        return switch severity {
        case .error: 1
        case .warning: 2
        case .info: 3
        }
    }
}

extension DeadlockReport {
    fileprivate init(
        _ circle: WaitGraph.Deadlock, _ locks: [WaitGraph.Lock: LocatedLock], _ commands: [WaitGraph.Thread: String]
    ) {
        func name(_ thread: WaitGraph.Thread) -> ThreadName { ThreadName(thread: thread, command: commands[thread]) }
        threads = circle.threads.map(name)
        self.locks = circle.locks
        victims = circle.victims.map(name)
        message = Self.message(threads, circle.locks.map { locks[$0]?.words ?? "a lock" }, victims.count)
        advice = Self.advice(threads, circle.locks.map { locks[$0]?.report })
    }

    /// Members that a sentence names at most.
    private static let namedMax = 8

    private static func message(_ threads: [ThreadName], _ locks: [String], _ victimCount: Int) -> String {
        let links = zip(threads, locks).prefix(namedMax).map { "\($0.words) waits for the \($1)" }
        let rest = threads.count > namedMax ? ", and \(threads.count - namedMax) more" : ""
        let behind = victimCount == 0 ? "" : victimCount == 1 ? "; 1 thread waits behind" : "; \(victimCount) threads wait behind"
        guard threads.count > 1 else { return "\(threads[0].words) waits for the \(locks[0]), which it has itself\(behind)" }
        return "\(threads.count) threads wait for one another: \(links.joined(separator: ", "))\(rest)\(behind)"
    }

    /// Each of `locks` is had by the thread behind the one that waits for it.
    private static func advice(_ threads: [ThreadName], _ locks: [LockReport?]) -> String {
        for (thread, lock) in zip(threads, locks) {
            let isTimed = lock?.waiters.contains { $0.thread == thread.thread && $0.timed == true } == true
            if isTimed { return "none has to be ended: \(thread.words) gives up by itself, for its wait has a limit" }
        }
        for (index, lock) in locks.enumerated() where lock?.robust == true {
            let owner = threads[(index + 1) % threads.count]
            return "end process \(owner.thread.pid): what it has is robust, and who waits for it goes on with EOWNERDEAD"
        }
        let pids = Set(threads.map(\.thread.pid)).sorted()
        let named = pids.prefix(namedMax).map { "\($0)" }.joined(separator: ", ")
        let rest = pids.count > namedMax ? " and \(pids.count - namedMax) more" : ""
        let all = pids.count == 1 ? "process \(named)" : "processes \(named)\(rest)"
        return "what they have is not robust, so that ending one frees nobody: end \(all), and make the locks anew"
    }
}

extension ThreadName {
    /// `pgm (4711)`, `pgm (4711) thread 4712`.
    public var words: String {
        let name = command ?? "a process"
        return thread.pid == thread.tid ? "\(name) (\(thread.pid))" : "\(name) (\(thread.pid)) thread \(thread.tid)"
    }
}
