import Diagnostics
import Glibc
import Observations
import Reading
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport
import Testing
import Workload

/// Pictures of a heap that real processes churn as fast as they can.
@Suite struct PictureSoakTests {
    static let isFull = unsafe getenv("SHMLENS_FULL") != nil
    static var pictures: Int { isFull ? 10_000 : 500 }

    @Test(.timeLimit(.minutes(10)))
    func `each picture under full churn is whole by the model's own rules, or marked`() throws {
        try withSegment(capacity: 4 << 20) { segment in
            let supervisor = try Supervisor(executable: Self.program)
            defer { supervisor.shutDown() }
            _ = try supervisor.start(
                segment: WorkerSegment(id: segment.name), workload: .churn, options: WorkloadOptions(), count: 4)
            let lens = try Lens()
            let id = identifier(segment)
            while try lens.heapReport(id).report.usedBlockCount == 0 { sched_yield() }

            let quiet = try waits(lens, id) { usleep(2_000_000) }
            var counts: [Consistency: Int] = [:]
            let watched = try waits(lens, id) {
                for _ in 0..<Self.pictures { counts[try check(lens, id), default: 0] += 1 }
            }
            print(
                "pictures under churn of 4 processes: \(counts.map { "\($0.key.rawValue) \($0.value)" }.sorted()); longest wait without the observer below \(quiet) ns, with it below \(watched) ns")
            #expect(counts.values.reduce(0, +) == Self.pictures)
            // Torn ones are honest; were they the rule, nobody could see a busy heap.
            #expect((counts[.torn] ?? 0) < Self.pictures / 10)
        }
    }

    /// Takes one picture and holds it against the rules: spans lie in order in the pool, sums make the capacity.
    private func check(_ lens: Lens, _ id: SegmentIdentifier) throws -> Consistency {
        let answer = try lens.blocks(id) { (picture, owners) throws(QueryError) in
            PictureCheck(picture: picture, heap: HeapReport(picture: picture, owners: owners))
        }
        let picture = answer.report.picture
        let heap = answer.report.heap
        let inOrder = zip(picture.blocks, picture.blocks.dropFirst()).allSatisfy { $0.spanEnd <= $1.spanOffset }
        #expect(inOrder)
        #expect(heap.usedBytes + heap.freeBytes == heap.capacityBytes)
        let isTagged = picture.blocks.allSatisfy { $0.tag.text == "churn" && $0.sizeBytes <= $0.spanBytes - 24 }
        #expect(isTagged)
        return answer.envelope.consistency ?? .torn
    }

    private struct PictureCheck: Report {
        let picture: HeapPicture
        let heap: HeapReport
    }

    /// The upper bound of the longest wait for the lock while `body` ran, in nanoseconds, by the lock's own histogram.
    private func waits(_ lens: Lens, _ id: SegmentIdentifier, _ body: () throws -> Void) throws -> Int {
        let before = try histogram(lens, id)
        try body()
        let after = try histogram(lens, id)
        let bucket = after.indices.last { after[$0] > ($0 < before.count ? before[$0] : 0) }
        return bucket.map { 1 << $0 } ?? 0
    }

    private func histogram(_ lens: Lens, _ id: SegmentIdentifier) throws -> [UInt64] {
        try lens.locks(id).report.locks.first?.statistics?.waitHistogram.map(\.count) ?? []
    }

    /// The program, built beside the tests.
    static let program: FilePath = {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return FilePath(own).removingLastComponent().appending("shmlens")
    }()
}
