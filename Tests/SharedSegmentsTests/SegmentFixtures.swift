import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

/// A segment that is removed at the end of a test.
@discardableResult
func withSegment<Result>(
    capacity: Int = 65536, participants: Int = 8, events: Int = 64, _ body: (Segment) throws -> Result
) throws -> Result {
    let segment = try Segment.create(
        name: Unique.name(),
        options: SegmentOptions(capacityBytes: capacity, maxParticipants: participants, eventCount: events))
    defer { try? Segment.remove(name: segment.name, force: true) }
    return try body(segment)
}

/// The bytes of live memory as a source for the verifier, copied range by range.
struct LiveSource: ByteSource {
    let memory: LiveMemory

    func size() -> Int { memory.count }

    func read(at offset: Int, count: Int) -> [UInt8] {
        guard offset >= 0, offset < memory.count else { return [] }
        return memory.copyOut(offset..<min(offset + count, memory.count))
    }
}

extension SegmentCore {
    /// What a check of the whole segment finds.
    func verification() throws -> Verification {
        var verifier = Verifier(source: LiveSource(memory: memory), layout: layout)
        return try verifier.verify()
    }
}

extension Segment {
    /// The whole object, copied.
    func image() -> ArraySource { ArraySource(core.memory.copyOut(0..<layout.totalBytes)) }

    /// What a check of the whole segment finds.
    func verification() throws -> Verification { try core.verification() }

    /// The pool's offsets.
    var pool: Range<Int> { layout.poolOffset..<(layout.poolOffset + layout.poolBytes) }

    /// Every block in address order, as the segment says.
    func blocks() throws -> [SegmentBlock] {
        try withLock { (locked) throws(SegmentError) in
            var blocks: [SegmentBlock] = []
            while let next = try locked.block(after: blocks.last) { blocks.append(next) }
            return blocks
        }
    }
}
