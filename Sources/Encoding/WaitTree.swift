public import Diagnostics
import Observations

/// The waits of a host as a tree of text: circles first, then what else is wrong, then the rest. Who has a lock stands at the
/// root, and below it who waits, with what they have in turn.
public struct WaitTree: Sendable {
    /// How deep a tree is drawn, and how many lines in all.
    public static let depthMax = 64
    public static let linesMax = 10_000

    private let locks: HostLocks
    private var byLock: [WaitGraph.Lock: LocatedLock] = [:]
    private var held: [WaitGraph.Thread: [LocatedLock]] = [:]
    /// Each lock is drawn once: who waits for one of several may wait for what it has itself, in the end.
    private var drawn: Set<WaitGraph.Lock> = []
    private var lines: [String] = []
    private var omittedCount = 0

    /// Lines, each with its end. O(locks and waiters).
    public static func text(_ locks: HostLocks) -> String {
        var tree = WaitTree(locks)
        tree.draw()
        return tree.lines.map { $0 + "\n" }.joined()
    }

    /// What was not seen, as lines.
    public static func notes(on answer: Answer<HostLocks>) -> String {
        (answer.envelope.hidden + answer.report.hidden).map { "not seen: \($0.words)\n" }.joined()
    }

    private init(_ locks: HostLocks) {
        self.locks = locks
        for located in locks.locks {
            byLock[located.lock] = located
            if let owner = located.holder { held[owner, default: []].append(located) }
        }
    }

    private mutating func draw() {
        for deadlock in locks.deadlocks { draw(deadlock) }
        let inCircles = Set(locks.deadlocks.flatMap(\.locks))
        let victims = Set(locks.deadlocks.flatMap(\.victims).map(\.thread))
        for located in locks.wanted where !inCircles.contains(located.lock) && isRoot(located, victims) { draw(root: located) }
        if locks.wanted.isEmpty { add("nobody waits for anything in shared memory", "") }
        if omittedCount > 0 { lines.append("… and \(omittedCount) lines more: --json has them") }
    }

    /// Whether no tree or circle leads to it.
    private func isRoot(_ located: LocatedLock, _ victims: Set<WaitGraph.Thread>) -> Bool {
        guard let owner = located.holder else { return true }
        return locks.graph.lock(awaitedBy: owner) == nil && !victims.contains(owner)
    }

    private mutating func draw(_ deadlock: DeadlockReport) {
        add("deadlock: " + deadlock.message, "")
        let members = Set(deadlock.threads.map(\.thread))
        drawn.formUnion(deadlock.locks)
        for (thread, lock) in zip(deadlock.threads, deadlock.locks) {
            guard let located = byLock[lock] else { continue }
            add("\(thread.words)\(time(of: thread.thread, at: located)) for the \(located.words)", "├─ ")
            draw(waitersOf: located, "│  ", depth: 1) { !members.contains($0) }
            draw(whatIsHeldBy: thread.thread, "│  ", depth: 1) { !members.contains($0) }
        }
        add(deadlock.advice, "└─ ")
    }

    private mutating func draw(root located: LocatedLock) {
        drawn.insert(located.lock)
        add(located.line, "")
        drawVerdict(of: located, "│  ")
        draw(waitersOf: located, "", depth: 1) { _ in true }
    }

    private mutating func drawVerdict(of located: LocatedLock, _ indent: String) {
        if let message = located.report.message { add("\(located.report.verdict.rawValue): \(message)", indent) }
        if let advice = located.report.advice { add(advice, indent) }
    }

    private mutating func draw(
        waitersOf located: LocatedLock, _ indent: String, depth: Int, _ isShown: (WaitGraph.Thread) -> Bool
    ) {
        let waiters = located.report.waiters.filter { waiter in waiter.thread.map(isShown) ?? true }
        for (index, waiter) in waiters.enumerated() {
            let isLast = index == waiters.count - 1
            add(waiter.line, indent + (isLast ? "└─ " : "├─ "))
            guard let thread = waiter.thread else { continue }
            draw(whatIsHeldBy: thread, indent + (isLast ? "   " : "│  "), depth: depth, isShown)
        }
    }

    /// What a thread has that others wait for.
    private mutating func draw(
        whatIsHeldBy thread: WaitGraph.Thread, _ indent: String, depth: Int, _ isShown: (WaitGraph.Thread) -> Bool
    ) {
        for lock in held[thread] ?? [] where lock.isWanted && !drawn.contains(lock.lock) {
            guard depth < Self.depthMax else {
                add("… and deeper: --json has it", indent)
                return
            }
            drawn.insert(lock.lock)
            add("has the " + lock.words, indent)
            drawVerdict(of: lock, indent + "│  ")
            draw(waitersOf: lock, indent, depth: depth + 1, isShown)
        }
    }

    private mutating func add(_ text: String, _ indent: String) {
        guard lines.count < Self.linesMax else {
            omittedCount += 1
            return
        }
        lines.append(indent + TerminalText(text).text)
    }

    private func time(of thread: WaitGraph.Thread, at located: LocatedLock) -> String {
        let waiter = located.report.waiters.first { $0.thread == thread }
        return " waits" + (waiter?.time ?? "")
    }
}

extension LocatedLock {
    /// Who can give it back.
    fileprivate var holder: WaitGraph.Thread? { report.verdict == .ownerNotMapping ? nil : report.owner?.thread }

    /// Whether somebody waits for it, or something is wrong with it.
    fileprivate var isWanted: Bool { !report.waiters.isEmpty || report.verdict != .ok }

    /// `posix:ring  mutex at 64 of ring, held by pgm (4711), sleeping`.
    fileprivate var line: String {
        let text = "\(segment.text)  \(words), \(report.state.rawValue)"
        if let owner = report.owner { return text + (report.state == .held ? " by " : ": ") + "\(owner.words), \(owner.doing)" }
        return text + (report.value.map(words(of:)) ?? "")
    }

    /// What its number means.
    private func words(of value: Int) -> String {
        switch report.type {
        case .mutex, .rwlock: value == 1 ? " by 1 reader" : " by \(value) readers"
        case .condition, .barrier: ", counts \(value)"
        case .semaphore, .sysvSemaphore, .futex: ", value \(value)"
        }
    }
}

extension WaiterReport {
    /// `pgm (4711) waits 1.2 s`.
    fileprivate var line: String {
        let name = thread.map { ThreadName(thread: $0, command: command).words } ?? "thread \(tid)"
        return "\(name) waits\(time)\(timed == true ? ", with a limit" : "")\(isHeld)"
    }

    private var isHeld: String { threadState == .stopped ? ", stopped" : threadState == .traced ? ", held by a debugger" : "" }

    /// ` 1.2 s`; nothing where it is not known.
    fileprivate var time: String { waitingTime.map { " " + $0 } ?? "" }

    /// How long it has waited, as people say it: `1.2 s`; nil where it is not known.
    public var waitingTime: String? { waitingForMilliseconds.map(Self.text) }

    /// A time as people say it.
    private static func text(_ milliseconds: Int) -> String {
        switch milliseconds {
        case ..<1_000: return "\(milliseconds) ms"
        case ..<60_000: return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
        case ..<3_600_000: return "\(milliseconds / 60_000) min \(milliseconds / 1_000 % 60) s"
        default: return "\(milliseconds / 3_600_000) h \(milliseconds / 60_000 % 60) min"
        }
    }
}
