import ArgumentParser
import Diagnostics
import Encoding
import Glibc
import Kernel
import Observations
import Reading

struct Locks: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show who waits for which lock, who has it, and whether anybody ever gives it back.",
        discussion: """
            Without a segment, of the whole host, as a tree: deadlocks first, who has a lock above those who wait for it. \
            No thread is stopped, and no lock is taken.

            Exit status: 3 where there is a deadlock, 2 where something else is wrong.

            Examples:
              shmlens locks                            who waits for what
              shmlens locks --watch                    the same, painted anew each second
              shmlens locks orders --scan              those of one segment
              shmlens locks --json | jq .deadlocks
            """)

    @Argument(help: "A name, or an identifier such as posix:orders or memfd:1234; without it, the whole host.")
    var segment: String?
    @Flag(help: "Of a segment: look for unknown locks in resident pages too.")
    var scan = false
    @Flag(help: "Paint it anew again and again, until it is interrupted.")
    var watch = false
    @Flag(help: "Accepted for the API's sake: it is always looked at anew.")
    var fresh = false
    @OptionGroup var repeating: RepeatOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if scan, segment == nil { throw ValidationError("--scan belongs to a segment.") }
        if watch, segment != nil || output.json { throw ValidationError("--watch shows the whole host, as text.") }
        if !watch, repeating.isSet { throw ValidationError("--count and --interval-milliseconds belong to --watch.") }
    }

    func run() throws {
        try Terminal.run(Self.self) {
            if let segment {
                try showSegment(try SegmentArgument.identifier(segment))
            } else if watch {
                let lens = try Lens()
                try repeating.run {
                    let answer = try lens.hostLocks(fresh: true)
                    return (WaitTree.text(answer.report), WaitTree.notes(on: answer), Exit.status(of: answer.report))
                }
            } else {
                try showHost()
            }
        }
    }

    private func showHost() throws {
        let answer = try Lens().hostLocks(fresh: true)
        if output.json {
            try Terminal.print(json: answer)
        } else {
            try Terminal.print(WaitTree.text(answer.report))
            Notes.tell(answer.envelope)
        }
        if let status = Exit.status(of: answer.report) { throw ExitCode(status.rawValue) }
    }

    private func showSegment(_ id: SegmentIdentifier) throws {
        let answer = try Lens().locks(id, scan: scan, fresh: true)
        let locks = answer.report.locks
        if output.json {
            try Terminal.print(json: answer)
        } else {
            for lock in locks { try Terminal.print(Facts.of(lock).text() + "\n") }
            if locks.isEmpty { Terminal.note("nobody waits for a lock in it or says to have one" + (scan ? "" : "; --scan looks for others")) }
            Notes.tell(answer.envelope)
        }
        if locks.contains(where: { $0.verdict == .deadlock }) { throw ExitCode(Exit.deadlock.rawValue) }
        guard locks.allSatisfy({ $0.verdict == .ok }) else { throw ExitCode(Exit.findings.rawValue) }
    }
}

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the worst waits of the host, painted anew each second.",
        discussion: """
            One line for each lock that is waited for: deadlocks first, then what else is wrong, then where most wait. \
            `locks` shows the same as a tree.

            Examples:
              shmlens top
              shmlens top --count 1                    once
            """)

    @OptionGroup var repeating: RepeatOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let lens = try Lens()
            try repeating.run {
                let answer = try lens.hostLocks(fresh: true)
                return (try Self.text(answer.report), WaitTree.notes(on: answer), Exit.status(of: answer.report))
            }
        }
    }

    /// Locks shown at most: a screen of them.
    private static let shownMax = 200

    private static func text(_ locks: HostLocks) throws -> String {
        let deadlocks = locks.deadlocks.count
        let head = "\(locks.waitingCount) waiting of \(locks.threadCount) threads, \(locks.wanted.count) locks, "
            + (deadlocks == 1 ? "1 deadlock" : "\(deadlocks) deadlocks")
        var table = TextTable([
            .init("VERDICT"), .init("WAITERS", .right), .init("LONGEST", .right), .init("LOCK"), .init("OWNER"), .init("CHAIN"),
        ])
        for located in locks.wanted.prefix(shownMax) {
            let report = located.report
            table.addRow([
                report.verdict.rawValue, "\(report.waiters.count)",
                report.waiters.first?.waitingTime ?? "", located.words,
                report.owner?.words ?? "", chain(located, locks),
            ])
        }
        return head + "\n\n" + table.text()
    }

    /// Threads of a chain that are named; more are counted.
    private static let linksMax = 6

    /// From who waits longest to who has what the last of them waits for.
    private static func chain(_ located: LocatedLock, _ locks: HostLocks) -> String {
        guard let first = located.report.waiters.first?.thread else { return "" }
        let pids = locks.graph.chain(from: first).map { "\($0.tid)" }
        let rest = pids.count > linksMax ? " → … \(pids.count - linksMax) more" : ""
        let isCircle = located.report.verdict == .deadlock
        return pids.prefix(linksMax).joined(separator: " → ") + rest + (isCircle ? " ↺" : "")
    }
}

/// How often something is painted anew.
struct RepeatOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "How long it stands before it is painted anew. (default: 1000)")
    var intervalMilliseconds: Int?
    @Option(parsing: .unconditional, help: "Paint it so often and end. (default: until it is interrupted)")
    var count: Int?

    private static let intervals = 50...3_600_000

    var isSet: Bool { intervalMilliseconds != nil || count != nil }

    func validate() throws {
        if let intervalMilliseconds, !Self.intervals.contains(intervalMilliseconds) {
            throw ValidationError("--interval-milliseconds must be \(Self.intervals.lowerBound) to \(Self.intervals.upperBound)")
        }
        if let count, count < 1 { throw ValidationError("--count must be 1 or more") }
    }

    /// Paints until the count is reached, and ends with the status of the last time.
    ///
    /// - Parameter paint: what is shown, what goes with it for people, and the status.
    func run(_ paint: () throws -> (text: String, notes: String, status: Exit?)) throws {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        // Homes the cursor, and clears from there: a screen that is cleared first flickers.
        let (begin, end) = isTerminal ? ("\u{1b}[H", "\u{1b}[J") : ("", "\n")
        if isTerminal { try Terminal.print("\u{1b}[2J") }
        var painted = 0
        while true {
            let (text, notes, status) = try paint()
            // Asked each time: a window changes its size.
            let body = Terminal.screen?.fit(text, above: notes) ?? (text + notes)
            try Terminal.print(begin + (isTerminal ? body.replacingLineEnds(with: "\u{1b}[K\n") : body) + end)
            painted += 1
            if painted == count {
                if let status { throw ExitCode(status.rawValue) }
                return
            }
            usleep(UInt32(intervalMilliseconds ?? 1_000) * 1_000)
        }
    }
}

extension String {
    fileprivate func replacingLineEnds(with end: String) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).joined(separator: end)
    }
}

extension Exit {
    /// nil where nothing is wrong.
    static func status(of locks: HostLocks) -> Exit? {
        if !locks.deadlocks.isEmpty { return .deadlock }
        return locks.hasTrouble ? .findings : nil
    }
}
