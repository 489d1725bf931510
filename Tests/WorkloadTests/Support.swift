import CShmlens
import Glibc
import Observations
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport
import Testing
import Workload

/// The program under test: `shmlens`, built beside the tests.
enum Program {
    /// SHMLENS_EXECUTABLE names another one.
    static let path: FilePath = {
        if let named = unsafe getenv("SHMLENS_EXECUTABLE") { return unsafe FilePath(platformString: named) }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return FilePath(own).removingLastComponent().appending("shmlens")
    }()
}

/// How long a test waits for what must come: no measure of speed, but an end.
let patience = Duration.seconds(50)

/// Runs the long tests too.
let isFull = unsafe getenv("SHMLENS_FULL") != nil

/// A segment and a supervisor of workers on it, both gone at the end.
struct Workshop: Sendable {
    let segment: Segment
    let supervisor: Supervisor

    func start(
        _ workload: WorkloadKind, count: Int = 1, _ change: (inout WorkloadOptions) -> Void = { _ in }
    ) throws -> [WorkerRecord] {
        var options = WorkloadOptions()
        change(&options)
        return try supervisor.start(
            segment: WorkerSegment(id: segment.name), workload: workload, options: options, count: count)
    }

    /// Waits until each has ended.
    func finish(_ records: [WorkerRecord]) throws -> [WorkerRecord] {
        try records.map { try #require(supervisor.waitUntilEnded($0.workerId, for: patience)) }
    }

    /// Waits until a worker has done something.
    func waitUntilBusy(_ record: WorkerRecord) throws {
        let busy = try #require(supervisor.wait(record.workerId, for: patience) { $0.operations > 0 })
        try #require(busy.state == .running, "it ended: \(busy)")
    }
}

func withWorkshop<Result>(capacity: Int = 1 << 20, _ body: (Workshop) throws -> Result) throws -> Result {
    let segment = try Segment.create(
        name: Unique.name("work"),
        options: SegmentOptions(capacityBytes: capacity, maxParticipants: 64, eventCount: 256))
    defer { try? Segment.remove(name: segment.name, force: true) }
    let supervisor = try Supervisor(executable: Program.path)
    defer { supervisor.shutDown() }
    return try body(Workshop(segment: segment, supervisor: supervisor))
}

extension Segment {
    /// The whole object, under the lock.
    func image() throws -> Image {
        Image(bytes: try withLock { (locked) throws(SegmentError) in try locked.copy(0..<layout.totalBytes) })
    }

    /// What a check of the whole segment finds.
    func findings() throws -> [Finding] {
        var verifier = Verifier(source: ArraySource(try image().bytes), layout: layout)
        return try verifier.verify().findings
    }

    /// Used blocks, and how many of them belong to the dead.
    func blocks() throws -> (used: Int, orphaned: Int, usedBytes: Int) {
        try withLock { (locked) throws(SegmentError) in
            var used = 0
            var orphaned = 0
            var usedBytes = 0
            var next = try locked.block(after: nil)
            while let block = next {
                if block.isUsed {
                    used += 1
                    usedBytes += block.spanBytes
                    if locked.ownerLiveness(of: block) == .dead { orphaned += 1 }
                }
                next = try locked.block(after: block)
            }
            return (used, orphaned, usedBytes)
        }
    }

    var counter: UInt64 {
        get throws { try withLock { (locked) throws(SegmentError) in locked.counter } }
    }

    var text: String {
        get throws {
            let bytes = try withLock { (locked) throws(SegmentError) in
                try locked.copy(
                    shmlens_header_offset_text..<(shmlens_header_offset_text + shmlens_text_bytes))
            }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The pool's bytes that no block takes.
    var freeBytes: Int { get throws { layout.poolBytes - (try blocks().usedBytes) } }

    /// Owner deaths recovered.
    var ownerDeaths: UInt64 {
        get throws { try #require(try image().word(at: shmlens_header_offset_lock_owner_deaths)) }
    }

    /// Buries the dead and frees what they had.
    ///
    /// - Returns: how many blocks.
    func reclaim() throws -> Int {
        _ = try withLock { (locked) throws(SegmentError) in try locked.bury() }
        var freed = 0
        var next: Int? = 0
        while let first = next {
            let piece = try withLock { (locked) throws(SegmentError) in try locked.reclaim(from: first, limit: 1000) }
            freed += piece.blocks
            next = piece.next
        }
        return freed
    }
}
