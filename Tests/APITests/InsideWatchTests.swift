import Encoding
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import API
@testable import Diagnostics

/// Segments by their names: what they say, and what looking at them costs.
private final class Segments: InsideSource {
    var time: Int64 = 0
    var costs: [String: Int64] = [:]
    var locks: [String: LockReport] = [:]
    var findings: [String: [Finding]] = [:]
    var problems: [String: Problem] = [:]
    /// Looks at the whole heap, and looks at the locks, in order.
    private(set) var thorough: [String] = []
    private(set) var asked: [String] = []

    func forget() { (thorough, asked) = ([], []) }

    func now() -> Int64 { time }

    func segment(_ id: SegmentIdentifier) throws(Problem) -> (detail: SegmentDetail, gone: [ParticipantReport]) {
        let name = id.description
        thorough.append(name)
        time += costs[name] ?? 1
        if let problem = problems[name] { throw problem }
        var summary = SegmentSummary(
            id: id, name: ByteString(Array(name.utf8)), sizeBytes: 4096, residentBytes: 4096, mode: 0o600, uid: 0, gid: 0)
        summary.findings = findings[name] ?? []
        let heap = HeapReport(
            picture: .of([], layout: .small()), owners: OwnerDirectory(participants: [], liveness: [:]))
        return (SegmentDetail(summary: summary, heap: heap), [])
    }

    func locks(_ id: SegmentIdentifier) throws(Problem) -> [LockReport] {
        let name = id.description
        asked.append(name)
        if let problem = problems[name] { throw problem }
        return [locks[name] ?? Self.lock(.ok)]
    }

    static func lock(_ verdict: LockReport.Verdict) -> LockReport {
        var lock = LockReport(
            place: .offset(256), type: .mutex, state: verdict == .ok ? .free : .held, evidence: [.header], verdict: verdict)
        lock.label = "lock"
        lock.robust = true
        lock.processShared = true
        return lock
    }
}

@Suite struct InsideWatchTests {
    private let segments = Segments()

    private static func ids(_ names: some Sequence<Int>) -> [SegmentIdentifier] {
        names.map { .posix(ByteString(Array("s\($0)".utf8))) }
    }

    @Test func `all have a turn, a few at a time, and nothing is called complete before`() {
        var watch = InsideWatch()
        let ids = Self.ids(0..<20)
        watch.look(at: ids, segments)
        #expect(segments.thorough == ids.prefix(InsideWatch.roundMax).map(\.description))
        #expect(watch.report.managedCount == 20 && !watch.report.isComplete)
        #expect(watch.isDue(at: segments.time))
        for _ in 0..<2 { watch.look(at: ids, segments) }
        #expect(watch.report.isComplete)
        #expect(!watch.isDue(at: segments.time) && watch.isDue(at: segments.time + InsideWatch.roundNanoseconds))
        // From then on their locks, in turns.
        segments.forget()
        for _ in 0..<5 { watch.look(at: ids, segments) }
        #expect(segments.thorough.isEmpty && Set(segments.asked) == Set(ids.map(\.description)))
    }

    @Test func `a round that takes long is cut, and goes on where it was`() {
        var watch = InsideWatch()
        let ids = Self.ids(0..<4)
        for id in ids { segments.costs[id.description] = InsideWatch.budgetNanoseconds }
        for count in 1...4 {
            watch.look(at: ids, segments)
            #expect(segments.thorough == ids.prefix(count).map(\.description))
        }
        #expect(watch.report.isComplete)
    }

    @Test func `what takes long to look at is looked at seldom, within limits`() {
        for (cost, rest) in [(1, 8), (1_000_000_000, 10), (5_000_000_000, 20)] as [(Int64, Int64)] {
            let segments = Segments()
            var watch = InsideWatch()
            let ids = Self.ids(0..<1)
            segments.costs["posix:s0"] = cost
            watch.look(at: ids, segments)
            segments.time = rest * 1_000_000_000 - 1
            watch.look(at: ids, segments)
            #expect(segments.thorough.count == 1, "\(cost)")
            segments.time += 1
            watch.look(at: ids, segments)
            #expect(segments.thorough.count == 2, "\(cost)")
        }
    }

    @Test func `what has something to tell is asked each time, the others take turns`() {
        var watch = InsideWatch()
        let ids = Self.ids(0..<20)
        segments.findings["posix:s3"] = [Finding(code: "damaged", severity: .error, message: "")]
        for _ in 0..<3 { watch.look(at: ids, segments) }
        for _ in 0..<4 {
            segments.time += 1
            segments.forget()
            watch.look(at: ids, segments)
            #expect(segments.asked.contains("posix:s3") && segments.asked.count == InsideWatch.roundMax)
        }
    }

    @Test func `a lock that comes into trouble has its segment looked into at the next turn, once`() {
        var watch = InsideWatch()
        let ids = Self.ids(0..<1)
        func isThorough() -> Bool {
            segments.forget()
            segments.time += InsideWatch.roundNanoseconds / 2
            watch.look(at: ids, segments)
            return !segments.thorough.isEmpty
        }
        #expect(isThorough())
        #expect(!isThorough())
        segments.locks["posix:s0"] = Segments.lock(.ownerStopped)
        #expect(!isThorough())
        #expect(watch.report.insides[0].isTroubled)
        #expect(isThorough())
        #expect(!isThorough())
    }

    @Test func `only what has something to tell is told, no more than can be sent, and locks in trouble first`() {
        var watch = InsideWatch()
        let count = InsideWatch.toldMax + 50
        let ids = Self.ids(0..<count)
        for id in ids.dropFirst(20) {
            segments.findings[id.description] = [Finding(code: "damaged", severity: .error, message: "")]
        }
        segments.locks[ids[count - 1].description] = Segments.lock(.ownerStopped)
        repeat { watch.look(at: ids, segments) } while !watch.report.isComplete
        let report = watch.report
        #expect(report.managedCount == count && report.alarmingCount == count - 20)
        #expect(report.insides.count == InsideWatch.toldMax)
        #expect(report.insides.map(\.id).prefix(2) == [ids[count - 1], ids[20]])
    }

    @Test func `an alarm stands while nobody can look again, and what is gone is forgotten`() {
        var watch = InsideWatch()
        segments.locks["posix:s0"] = Segments.lock(.ownerStopped)
        watch.look(at: Self.ids(0..<2), segments)
        segments.problems["posix:s0"] = .unavailable("busy")
        segments.time += 60_000_000_000
        watch.look(at: Self.ids(0..<2), segments)
        #expect(watch.report.failedCount == 1 && watch.report.isComplete)
        #expect(watch.report.insides.first?.locks.first?.verdict == .ownerStopped)
        // One that never could be looked into is counted too.
        segments.problems["posix:s2"] = .unavailable("busy")
        watch.look(at: Self.ids(0..<3), segments)
        #expect(watch.report.failedCount == 2 && watch.report.isComplete && watch.report.insides.count == 1)
        segments.problems = ["posix:s0": .notFound("gone")]
        segments.time += 60_000_000_000
        watch.look(at: Self.ids(0..<3), segments)
        #expect(watch.report.failedCount == 0 && watch.report.managedCount == 2 && watch.report.isComplete)
        watch.look(at: [], segments)
        #expect(watch.report == InsidesReport(insides: [], alarmingCount: 0, managedCount: 0, failedCount: 0, isComplete: true))
    }
}
