import Glibc
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

@Suite(.timeLimit(.minutes(10))) struct SharedWordTests {
    @Test func `words are shared inside the pool and nowhere else`() throws {
        try withSegment { segment in
            let layout = segment.layout
            let pool = layout.poolOffset..<layout.totalBytes
            for offset in [pool.lowerBound, pool.upperBound - 8] {
                try segment.storeWord(5, at: offset)
                try segment.incrementWord(at: offset, times: 3)
                #expect(try segment.loadWord(at: offset) == 8)
            }
            for offset in [0, -8, pool.lowerBound - 8, pool.upperBound - 7, pool.upperBound, .max, .min] {
                let refusal = SegmentError.outsidePool(offset: offset, length: 8, pool: pool)
                #expect(throws: refusal) { try segment.loadWord(at: offset) }
                #expect(throws: refusal) { try segment.storeWord(1, at: offset) }
                #expect(throws: refusal) { try segment.incrementWord(at: offset, times: 1) }
            }
            #expect(throws: SegmentError.self) { try segment.loadWord(at: pool.lowerBound + 4) }
            try segment.incrementWord(at: pool.lowerBound, times: -1)
            #expect(try segment.loadWord(at: pool.lowerBound) == 8)
        }
    }

    @Test func `additions of several threads to one word are all there`() throws {
        try withSegment { segment in
            let offset = segment.layout.poolOffset
            let failures = Failures()
            let threads = (0..<4).map { _ in
                InThread {
                    do throws(SegmentError) {
                        try segment.incrementWord(at: offset, times: 20_000)
                    } catch {
                        failures.add("\(error)")
                    }
                }
            }
            for thread in threads { thread.join() }
            #expect(failures.all == [])
            let sum = try segment.loadWord(at: offset)
            #expect(sum == 80_000)
        }
    }

    @Test func `a block is found by its tag where it belongs to nobody that dies`() throws {
        try withSegment { segment in
            let tag = try #require(Tag("meeting"))
            let me = try segment.join(name: "me")
            func found() throws -> Int? {
                try segment.withLock { (locked) throws(SegmentError) in
                    try locked.externalBlock(tagged: tag)?.offset
                }
            }
            #expect(try found() == nil)
            _ = try segment.withLock(as: me) { (locked) throws(SegmentError) in
                try locked.allocate(sizeBytes: 10, tag: tag)
            }
            #expect(try found() == nil)
            let offset = try segment.withLock { (locked) throws(SegmentError) in
                _ = try locked.allocate(sizeBytes: 10, tag: .none)
                return try locked.allocate(sizeBytes: 10, tag: tag)
            }
            #expect(try found() == offset)
            try segment.withLock { (locked) throws(SegmentError) in try locked.free(offset) }
            #expect(try found() == nil)
        }
    }
}

@Suite struct FaultInjectionTests {
    @Test func `a fault needs a step of 1 or more`() throws {
        try withSegment { segment in
            for step in [0, -1, Int.min] {
                #expect(throws: SegmentError.self) {
                    try segment.withLock { (locked) throws(SegmentError) in try locked.armFault(atStep: step) }
                }
            }
        }
    }

    @Test func `a fault that is disarmed does nothing`() throws {
        try withSegment { segment in
            try segment.withLock { (locked) throws(SegmentError) in
                try locked.armFault(atStep: 1)
                locked.disarmFault()
                _ = try locked.count()
            }
        }
    }

    @Test func `a fault beyond an operation's last store ends the process in a later one`() async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let segment = try Segment.createUnnamed(label: "fault", options: SegmentOptions(capacityBytes: 4096))
            try segment.withLock { (locked) throws(SegmentError) in
                try locked.armFault(atStep: 500)
                _ = try locked.count()
            }
            // Each stores less than 500 words, and all together more.
            for _ in 0..<500 { try segment.withLock { (locked) throws(SegmentError) in _ = try locked.count() } }
        }
    }

    @Test func `trespassing where one may write is refused and stores nothing`() throws {
        try withSegment { segment in
            let before = segment.image().bytes
            for offset in [-1, 0, segment.layout.poolOffset, segment.layout.totalBytes, .max] {
                #expect(throws: SegmentError.self) { try segment.trespass(at: offset) }
            }
            #expect(segment.image().bytes == before)
        }
    }
}
