import Diagnostics
import Kernel
import Observations
import Reading
import SegmentFormat
import SharedSegments
import TestSupport
import Testing

@testable import API

@Suite struct LiveSegmentTests {
    private let live: LiveSegments

    init() throws { live = LiveSegments(lens: try Lens()) }

    private func withNamed(_ count: Int = 1, _ body: ([SegmentIdentifier]) throws -> Void) throws {
        let names = (0..<count).map { _ in Unique.name("open") }
        defer { for name in names { removeObject(name) } }
        try body(
            names.map { name in
                try live.create(name: name, options: SegmentOptions(capacityBytes: 4096))
            })
    }

    @Test func `keeps a segment open for the next change, and lets go of it when it was idle long enough`() throws {
        try withNamed { ids in
            let first = try live.segment(ids[0])
            #expect(try live.segment(ids[0]) === first)
            #expect(live.count == 1)
            let used = Clocks.monotonicNanoseconds()
            live.closeIdle(now: used)
            #expect(live.count == 1)
            live.closeIdle(now: used + LiveSegments.idleNanoseconds)
            #expect(live.count == 0)
        }
    }

    @Test func `opens anew where the name means another object by now`() throws {
        try withNamed { ids in
            let first = try live.segment(ids[0])
            try Segment.remove(name: first.name)
            _ = try Segment.create(name: first.name, options: SegmentOptions(capacityBytes: 8192))
            let second = try live.segment(ids[0])
            #expect(second.identity.uuid != first.identity.uuid)
            #expect(second.layout.poolBytes == 8192)
        }
    }

    @Test func `keeps what it holds by a protected range or by having no name`() throws {
        try withNamed { ids in
            let segment = try live.segment(ids[0])
            try segment.protect(
                ProtectedRange(offset: segment.layout.poolOffset, length: 4096, access: .read, locked: .no))
            let unnamed = try live.create(name: nil, options: SegmentOptions(capacityBytes: 4096))
            live.closeIdle(now: .max)
            #expect(live.count == 2)
            #expect(live.protection(of: ids[0], inode: segment.inode).count == 1)
            try live.remove(unnamed, force: false)
            #expect(live.count == 1)
        }
    }

    @Test func `holds no more than so many, the longest unused one going first`() throws {
        try withNamed(LiveSegments.countMax + 1) { ids in
            #expect(live.count == LiveSegments.countMax)
            _ = try live.segment(ids[0])
            #expect(live.count == LiveSegments.countMax)
        }
    }

    @Test func `refuses one more unnamed segment than it may hold`() throws {
        for _ in 0..<LiveSegments.heldMax {
            _ = try live.create(name: nil, options: SegmentOptions(capacityBytes: 4096))
        }
        let problem = #expect(throws: Problem.self) {
            try live.create(name: nil, options: SegmentOptions(capacityBytes: 4096))
        }
        #expect(problem?.status == 409)
        // Named ones are opened and changed all the same.
        try withNamed { ids in
            let segment = try live.segment(ids[0])
            #expect(try live.segment(ids[0]) === segment)
            let pool = segment.layout.poolOffset
            let one = #expect(throws: Problem.self) {
                try live.protect(ids[0]) { (segment) throws(SegmentError) in
                    try segment.protect(ProtectedRange(offset: pool, length: 4096, access: .read, locked: .no))
                }
            }
            #expect(one?.status == 409)
        }
    }
}

@Suite struct DemonstrationTests {
    @Test func `makes its segment, takes over what was left, and removes it`() throws {
        let name = Unique.name("demo")
        defer { removeObject(name) }
        let first = try Demonstration(named: name)
        let segment = try Segment.open(name: name)
        #expect(segment.layout.poolBytes == 1 << 20)
        let second = try Demonstration(named: name)
        #expect(try Segment.open(name: name).inode == segment.inode)
        try second.remove()
        #expect(throws: SegmentError.notFound(name: name)) { try Segment.open(name: name) }
        try first.remove()
    }

    @Test func `touches nothing that is not its own`() throws {
        let name = Unique.name("demo")
        defer { removeObject(name) }
        makeObject(name, bytes: Array("somebody's".utf8))
        #expect(throws: SegmentError.self) { try Demonstration(named: name) }
        removeObject(name)
        let demonstration = try Demonstration(named: name)
        try Segment.remove(name: name)
        let other = try Segment.create(name: name, options: SegmentOptions(capacityBytes: 4096))
        try demonstration.remove()
        #expect(try Segment.open(name: name).inode == other.inode)
    }
}
