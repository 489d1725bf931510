import Diagnostics
import Glibc
import Kernel
import Observations
import Reading
import SegmentFormat
import SharedSegments
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Workload

/// Pictures of segments that real processes change as fast as they can. One after the other, for the processes' sake.
@Suite(.serialized, .timeLimit(.minutes(10))) struct PictureSoakTests {
    static let isFull = unsafe getenv("SHMLENS_FULL") != nil
    static let pictures = isFull ? 10_000 : 500
    /// Room for what the workers do between two pictures on the fastest machine.
    static let events = 1 << 20

    @Test func `each picture under full churn is the very heap that the events make, or marked`() throws {
        try churned(by: 4) { segment, lens, id in
            let managed = try lens.managed(id)
            var history = EventHistory()
            var counts: [Consistency: Int] = [:]
            for _ in 0..<Self.pictures {
                let (picture, consistency) = try look(lens, id)
                counts[consistency, default: 0] += 1
                guard consistency == .consistent || consistency == .rolledBack else { continue }
                try #require(picture.sequence >= history.sequence, "pictures go forward")
                if let problem = try advance(&history, to: picture.sequence, managed) ?? history.difference(from: picture) {
                    Issue.record("\(consistency): \(problem)")
                    break
                }
            }
            let shown = counts.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", ")
            print("pictures under churn of 4 processes: \(shown); each equal to what \(history.sequence) events make")
            #expect(counts.values.reduce(0, +) == Self.pictures)
            // Torn ones are honest; were they the rule, nobody could see a busy heap.
            #expect((counts[.torn] ?? 0) < Self.pictures / 10)
        }
    }

    @Test func `a header that four processes count in is never seen half changed`() throws {
        try withSegment(capacity: 4096) { segment in
            let supervisor = try Supervisor(executable: Self.program)
            defer { supervisor.shutDown() }
            _ = try supervisor.start(
                segment: WorkerSegment(id: segment.name), workload: .counter, options: WorkloadOptions(), count: 4)
            let managed = try Lens().managed(identifier(segment))
            var counts: [Consistency: Int] = [:]
            var counters: Set<UInt64> = []
            for _ in 0..<10 * Self.pictures {
                let header = try managed.header()
                counts[header.consistency, default: 0] += 1
                guard header.consistency == .consistent || header.consistency == .rolledBack else { continue }
                let counter = header.state.counter
                let text = String(decoding: header.state.text, as: UTF8.self)
                counters.insert(counter)
                guard counter == 0 ? text.isEmpty : text.hasSuffix(": \(counter)") else {
                    Issue.record("\(header.consistency): the counter is \(counter), the text “\(text)”")
                    break
                }
            }
            let shown = counts.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", ")
            print("headers under 4 counters: \(shown), of \(counters.count) different moments")
            // However many looks there are: a machine of few processors lets nobody count while this reads.
            #expect(counters.count > 50, "the counters stood still")
            // Torn ones are honest, and the rule only for a reader that is much slower than who writes.
            #expect((counts[.torn] ?? 0) < 5 * Self.pictures)
        }
    }

    /// Windows of the same length alternate, so that what else the machine does weighs on both alike. Nothing is
    /// asserted of the times: what they are is for people to read.
    @Test(.enabled(if: isFull)) func `what workers wait for the lock, with and without an observer`() throws {
        try churned(by: 4) { segment, lens, id in
            var waits: [Bool: [Int64]] = [false: [], true: []]
            let pictures = Atomic<Int>(0)
            for round in 0..<20 {
                let isWatched = round % 2 == 1
                let stop = Deadline(milliseconds: 1000)
                let observe: @Sendable () -> Void = {
                    while !stop.isOver, (try? look(lens, id)) != nil { pictures.add(1, ordering: .relaxed) }
                }
                let observer = isWatched ? InThread(observe) : nil
                while !stop.isOver {
                    let begin = Clocks.monotonicNanoseconds()
                    try segment.withLock { _ in }
                    waits[isWatched, default: []].append(Clocks.monotonicNanoseconds() - begin)
                    usleep(200)
                }
                observer?.join()
            }
            let seen = pictures.load(ordering: .relaxed)
            for isWatched in [false, true] {
                let sorted = (waits[isWatched] ?? []).sorted()
                try #require(sorted.count > 100)
                func at(_ share: Double) -> Int64 { sorted[Int(Double(sorted.count - 1) * share)] / 1000 }
                print(
                    "waits for the lock beside 4 churning processes, \(isWatched ? "observed \(seen) times" : "unobserved"): "
                        + "\(sorted.count) taken, half ≤ \(at(0.5)) µs, 99 % ≤ \(at(0.99)) µs, longest \(at(1)) µs")
            }
            #expect(seen > 100)
        }
    }

    // MARK: Means

    private func churned(by workers: Int, _ body: (Segment, Lens, SegmentIdentifier) throws -> Void) throws {
        try withSegment(capacity: 4 << 20, events: Self.events) { segment in
            let supervisor = try Supervisor(executable: Self.program)
            defer { supervisor.shutDown() }
            _ = try supervisor.start(
                segment: WorkerSegment(id: segment.name), workload: .churn, options: WorkloadOptions(), count: workers)
            let lens = try Lens()
            let id = identifier(segment)
            while try lens.heapReport(id).report.usedBlockCount == 0 { sched_yield() }
            try body(segment, lens, id)
        }
    }

    private func look(_ lens: Lens, _ id: SegmentIdentifier) throws -> (picture: HeapPicture, Consistency) {
        let answer = try lens.blocks(id) { (picture, _) throws(QueryError) in Seen(picture: picture) }
        return (answer.report.picture, answer.envelope.consistency ?? .torn)
    }

    private struct Seen: Report {
        let picture: HeapPicture
    }

    /// Brings the history to a moment.
    private func advance(
        _ history: inout EventHistory, to sequence: UInt64, _ segment: ManagedSegment
    ) throws -> String? {
        guard sequence > history.sequence else { return nil }
        let (events, lost) = try segment.events(after: history.sequence, limit: Int(sequence - history.sequence))
        try #require(lost == 0, "the ring is too small for this test")
        return history.apply(events)
    }

    private struct Deadline {
        let end: Int64
        init(milliseconds: Int64) { end = Clocks.monotonicNanoseconds() + milliseconds * 1_000_000 }
        var isOver: Bool { Clocks.monotonicNanoseconds() >= end }
    }

    /// The program, built beside the tests.
    static let program: FilePath = {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return FilePath(own).removingLastComponent().appending("shmlens")
    }()
}
