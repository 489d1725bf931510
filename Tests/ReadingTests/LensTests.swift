import Diagnostics
import Glibc
import Kernel
import Observations
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport
import Testing

@testable import Reading

/// A segment that is gone at the end of a test.
func withSegment<Result>(
    capacity: Int = 65536, events: Int = 4096, _ body: (Segment) throws -> Result
) throws -> Result {
    let segment = try Segment.create(
        name: Unique.name("lens"),
        options: SegmentOptions(capacityBytes: capacity, maxParticipants: 16, eventCount: events))
    defer { removeObject(segment.name) }
    return try body(segment)
}

func identifier(_ segment: Segment) -> SegmentIdentifier { .posix(ByteString(Array(segment.name.utf8))) }

@Suite struct LensTests {
    @Test func `a segment and somebody else's object are listed side by side`() throws {
        try withSegment { segment in
            let foreign = SharedObject(named: Unique.name("foreign"), bytes: 5000)
            let survey = try Lens().survey(fresh: true)
            let entries = survey.entries
            let mine = try #require(entries.first { $0.summary.id == identifier(segment) })
            let theirs = try #require(entries.first { $0.summary.name.text == foreign.name })
            #expect(mine.summary.managed && mine.summary.mode == 0o600)
            #expect(mine.pids == [getpid()])
            #expect(!theirs.summary.managed && theirs.summary.sizeBytes == 5000)
        }
    }

    @Test func `a memfd that is a segment is listed, found by its number and read`() throws {
        let segment = try Segment.createUnnamed(label: "lens", options: SegmentOptions(capacityBytes: 65536))
        try segment.withLock { (locked) throws(SegmentError) in _ = try locked.count() }
        let lens = try Lens()
        let id = SegmentIdentifier(.memfd(inode: segment.inode))
        #expect(try lens.survey(fresh: true).entries.contains { $0.summary.id == id })
        #expect(try lens.detail(id).report.header?.counter == 1)
    }

    @Test func `names that are not there, or lead elsewhere, are not found`() throws {
        let lens = try Lens()
        for name in ["shmlens-no-such-name", "../etc/passwd", "..", "."] {
            let id = SegmentIdentifier.posix(ByteString(Array(name.utf8)))
            #expect(throws: ReadingError.notFound(id)) { try lens.object(id) }
        }
    }

    @Test func `a segment whose header was damaged is shown with what is wrong`() throws {
        try withSegment { segment in
            // The pool's size, in the identity: it now contradicts every offset.
            let bytes: [UInt8] = [1]
            let written = unsafe pwrite(segment.descriptor.rawValue, bytes, 1, 203)
            #expect(written == 1)
            let detail = try Lens().detail(identifier(segment), fresh: true).report
            #expect(detail.summary.managed && detail.header == nil)
            #expect(detail.summary.findings.map(\.code) == ["undecodable"])
            #expect(throws: ReadingError.self) { try Lens().heapReport(identifier(segment)) }
        }
    }

    @Test func `of an object that may not be opened, what the list shows is shown`() throws {
        let foreign = SharedObject(named: Unique.name("foreign"), bytes: 5000)
        let id = SegmentIdentifier.posix(ByteString(Array((foreign.name ?? "").utf8)))
        let refusal = KernelError(
            operation: "open", object: "it", errno: .permissionDenied, needs: "CAP_DAC_READ_SEARCH")
        let unseen = try #require(Lens.unseen(.refused(refusal)))
        let lens = try Lens()
        let answer = try #require(try lens.outline(id, unseen, lens.survey()))
        #expect(answer.report.summary.id == id && answer.report.summary.sizeBytes == 5000)
        #expect(answer.report.header == nil && answer.envelope.consistency == nil)
        #expect(answer.envelope.hidden.first?.needs == "CAP_DAC_READ_SEARCH")
        let other = KernelError(operation: "open", object: "it", errno: .tooManyOpenFiles, needs: "nothing")
        #expect(Lens.unseen(.refused(other)) == nil)
    }

    @Test func `the survey that is known serves for what may not be opened, but where it came since`() throws {
        let lens = try Lens()
        let before = try lens.survey(fresh: true)
        let foreign = SharedObject(named: Unique.name("foreign"), bytes: 5000)
        let id = SegmentIdentifier.posix(ByteString(Array((foreign.name ?? "").utf8)))
        let unseen = Hidden(what: "its contents", count: 1, needs: "a right")
        #expect(try lens.outline(id, unseen, before)?.report.summary.id == id)
        let known = try lens.survey()
        #expect(known.takenAt.monotonicNanoseconds > before.takenAt.monotonicNanoseconds)
        let again = try #require(try lens.outline(id, unseen, known))
        #expect(again.envelope.takenAt == known.takenAt.realTime)
    }

    @Test func `an answer is as old as its oldest part`() throws {
        let lens = try Lens()
        let now = Clocks.reading()
        let half = 500_000_000 as Int64
        let envelope = lens.envelope(since: now, oldest: now.monotonicNanoseconds - half)
        #expect(envelope.ageMilliseconds >= 500)
        #expect(envelope.takenAt == now.wallTime(ofMonotonic: now.monotonicNanoseconds - half))
        #expect(lens.envelope(since: now, oldest: now.monotonicNanoseconds + half).takenAt == now.realTime)
        try withSegment { segment in
            let managed = try lens.managed(identifier(segment))
            let first = try lens.heap(of: managed)
            #expect(first.begunAtNanoseconds > now.monotonicNanoseconds)
            #expect(try lens.heap(of: managed).begunAtNanoseconds >= first.begunAtNanoseconds)
        }
    }

    @Test func `a segment that was cut short says so`() throws {
        try withSegment { segment in
            #expect(ftruncate(segment.descriptor.rawValue, 16384) == 0)
            #expect(throws: ReadingError.truncated(identifier(segment), at: 16384)) {
                try Lens().heapReport(identifier(segment))
            }
        }
    }

    @Test func `looking changes nothing: no page, no time, no word of the lock`() throws {
        try withSegment(capacity: 1 << 20) { segment in
            try segment.withLock { (locked) throws(SegmentError) in _ = try locked.allocate(sizeBytes: 1000) }
            let id = identifier(segment)
            let lens = try Lens()
            let before = try lens.object(id).file
            let words = try segment.withLock { (locked) throws(SegmentError) in try locked.copy(384..<1088) }
            _ = try lens.detail(id)
            _ = try lens.heapReport(id)
            _ = try lens.locks(id)
            _ = try lens.events(id, after: 0, page: .first)
            _ = try lens.participants(id, page: .first)
            _ = try lens.verify(id)
            _ = try lens.layout(id)
            let after = try lens.object(id).file
            #expect(after == before)
            let again = try segment.withLock { (locked) throws(SegmentError) in try locked.copy(384..<1088) }
            // The two acquisitions of this test, and nobody else's.
            #expect(Image(bytes: again).word(at: 0) == Image(bytes: words).word(at: 0).map { $0 + 1 })
        }
    }

    @Test func `overwritten guards are found and name the block`() throws {
        try withSegment { segment in
            let offset = try segment.withLock { (locked) throws(SegmentError) in
                try locked.allocate(sizeBytes: 100, tag: Tag("victim")!)
            }
            try segment.withLock { (locked) throws(SegmentError) in
                try locked.write([UInt8](repeating: 7, count: 101), at: offset)
            }
            let report = try Lens().verify(identifier(segment)).report
            #expect(report.findings.map(\.code) == ["guardAfter"])
            #expect(report.findings.first?.offset == offset + 100)
        }
    }
}
