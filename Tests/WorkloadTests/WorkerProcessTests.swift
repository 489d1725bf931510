import CShmlens
import Glibc
import Observations
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport
import Testing

@testable import Workload

/// Real processes of the program, started by a supervisor. One after the other, so that they have the machine's few
/// processors to themselves.
@Suite(.serialized, .timeLimit(.minutes(3))) struct WorkerProcessTests {
    static let countedByEach = isFull ? 250_000 : 2500

    @Test func `what four counters count adds up exactly`() throws {
        let each = Self.countedByEach
        try withWorkshop { shop in
            let ended = try shop.finish(try shop.start(.counter, count: 4) { $0.operations = each })
            for record in ended {
                #expect(record.state == .exited)
                #expect(record.exitStatus == 0)
                #expect(record.operations == UInt64(each))
                #expect(record.message == nil)
            }
            #expect(try shop.segment.counter == UInt64(4 * each))
            let text = try shop.segment.text
            let names = ended.map { "counter-\($0.pid): \(4 * each)" }
            #expect(names.contains(text), "\(text)")
            #expect(try shop.segment.findings() == [])
            #expect(try shop.segment.livingParticipants() == 0)
        }
    }

    @Test(arguments: [WorkloadKind.churn, .mixed])
    func `four of them at once find nothing changed and leave nothing behind`(_ kind: WorkloadKind) throws {
        // A pool that the four can fill, so that they also meet with no room.
        try withWorkshop(capacity: 65536) { shop in
            let ended = try shop.finish(
                try shop.start(kind, count: 4) {
                    $0.operations = 1000
                    $0.seed = 20
                })
            #expect(ended.map(\.exitStatus) == [0, 0, 0, 0], "\(ended)")
            #expect(ended.map(\.options.seed) == [20, 21, 22, 23])
            #expect(try shop.segment.findings() == [])
            #expect(try shop.segment.blocks().used == 0)
        }
    }

    @Test(arguments: Primitive.allCases)
    func `two pairs alternate through the flag, whatever they wait on`(_ primitive: Primitive) throws {
        try withWorkshop { shop in
            let ended = try shop.finish(
                try shop.start(.pingpong, count: 4) {
                    $0.operations = 300
                    $0.primitive = primitive
                })
            for record in ended {
                #expect(record.exitStatus == 0, "\(record)")
                guard case .pingpong(let roundTrips, let perSecond) = record.result else {
                    Issue.record("no result: \(record)")
                    continue
                }
                #expect(roundTrips == 299)
                #expect(perSecond > 0)
            }
            #expect(try shop.segment.blocks().used == 0, "the block where they met is free again")
            #expect(try shop.segment.findings() == [])
        }
    }

    @Test func `a pair plays on the classic condition after others were killed in its waits`() throws {
        try withWorkshop { shop in
            for _ in 1...3 {
                let pair = try shop.start(.pingpong, count: 2) { $0.primitive = .pthread }
                for record in pair { try shop.waitUntilBusy(record) }
                for record in pair { kill(record.pid, SIGKILL) }
                for record in try shop.finish(pair) { #expect(record.signal == SIGKILL) }
            }
            let pair = try shop.finish(
                try shop.start(.pingpong, count: 2) {
                    $0.primitive = .pthread
                    $0.operations = 200
                })
            #expect(pair.map(\.exitStatus) == [0, 0], "\(pair)")
        }
    }

    @Test func `counters on one line and on lines of their own are both measured`() throws {
        try withWorkshop { shop in
            let ended = try shop.finish(
                try shop.start(.falsesharing, count: 2) { $0.durationMilliseconds = 400 })
            for record in ended {
                #expect(record.exitStatus == 0, "\(record)")
                guard case .falsesharing(let packed?, let padded?, let ratio?) = record.result else {
                    Issue.record("no result: \(record)")
                    continue
                }
                #expect(packed > 0 && padded > 0)
                #expect((padded / packed - ratio).magnitude < 0.01)
            }
            #expect(try shop.segment.blocks().used == 0)
        }
    }

    @Test(arguments: [Padding.packed, .padded])
    func `only what was asked for is measured`(_ padding: Padding) throws {
        try withWorkshop { shop in
            let ended = try shop.finish(
                try shop.start(.falsesharing) {
                    $0.operations = 1_000_000
                    $0.padding = padding
                })
            guard case .falsesharing(let packed, let padded, let ratio) = ended[0].result else {
                Issue.record("no result: \(ended)")
                return
            }
            #expect((packed != nil) == (padding == .packed))
            #expect((padded != nil) == (padding == .padded))
            #expect(ratio == nil)
        }
    }

    @Test(arguments: [1, 2, 9, nil])
    func `a crash in the middle of a change is recovered from`(_ step: Int?) throws {
        try withWorkshop { shop in
            for seed in 1...3 as ClosedRange<UInt64> {
                let ended = try shop.finish(
                    try shop.start(.crash) {
                        $0.step = step
                        $0.seed = seed
                        $0.operations = 20
                    })
                #expect(ended[0].state == .killed)
                #expect(ended[0].signal == SIGKILL)
                #expect(ended[0].operations == 20)
                #expect(try shop.segment.findings() == [])
                #expect(try shop.segment.ownerDeaths == seed)
            }
            #expect(try shop.segment.livingParticipants() == 0)
            _ = try shop.segment.reclaim()
            #expect(try shop.segment.blocks().used == 0)
        }
    }

    struct Range: Sendable {
        let offset: Int?
        let access: ProtectedRange.Access?
    }

    @Test(arguments: [
        Range(offset: nil, access: nil), Range(offset: nil, access: .read),
        Range(offset: nil, access: ProtectedRange.Access.none), Range(offset: 4096, access: .read),
    ])
    func `who writes where it must not is ended by SIGSEGV, and the data is unchanged`(_ range: Range) throws {
        try withWorkshop { shop in
            let layout = shop.segment.layout
            func pool() throws -> [UInt8] {
                try shop.segment.withLock { (locked) throws(SegmentError) in
                    try locked.copy(layout.poolOffset..<layout.totalBytes)
                }
            }
            let before = try pool()
            let ended = try shop.finish(
                try shop.start(.trespass) {
                    $0.offset = range.offset.map { layout.poolOffset + $0 }
                    $0.length = range.offset == nil ? nil : 4096
                    $0.access = range.access
                })
            #expect(ended[0].state == .killed)
            #expect(ended[0].signal == SIGSEGV)
            #expect(try pool() == before)
            #expect(try shop.segment.findings() == [])
        }
    }

    @Test func `what was protected and given back can be written`() throws {
        try withWorkshop { shop in
            let ended = try shop.finish(try shop.start(.trespass) { $0.access = .readWrite })
            #expect(ended[0].exitStatus == 0, "\(ended)")
        }
    }

    @Test func `a range that is not made of pages is refused with a message`() throws {
        try withWorkshop { shop in
            let ended = try shop.finish(try shop.start(.trespass) { $0.offset = 1 })
            #expect(ended[0].exitStatus == 1)
            #expect(ended[0].message?.hasPrefix("offset:") == true, "\(ended)")
        }
    }

    @Test func `a segment that is not there is told apart from one that fails`() throws {
        try withWorkshop { shop in
            let records = try shop.supervisor.start(
                segment: WorkerSegment(id: Unique.name("missing")), workload: .counter)
            let ended = try shop.finish(records)
            #expect(ended[0].exitStatus == 4)
            #expect(ended[0].message != nil)
        }
    }

    @Test(arguments: [true, false])
    func `an unnamed segment is worked on, handed over or found through proc`(_ isHandedOver: Bool) throws {
        let segment = try Segment.createUnnamed(label: "unnamed", options: SegmentOptions(capacityBytes: 65536))
        let supervisor = try Supervisor(executable: Program.path)
        defer { supervisor.shutDown() }
        var options = WorkloadOptions()
        options.operations = 100
        let records = try supervisor.start(
            segment: WorkerSegment(
                id: "memfd:\(segment.inode)", descriptor: isHandedOver ? segment.descriptor : nil),
            workload: .counter, options: options)
        let ended = try #require(supervisor.waitUntilEnded(records[0].workerId, for: patience))
        #expect(ended.exitStatus == 0, "\(ended)")
        #expect(try segment.counter == 100)
    }

    @Test func `blocks of the killed are orphans, and come back`() throws {
        try withWorkshop { shop in
            try Mayhem(shop: shop, workers: 3).run(kills: 6, until: 0)
        }
    }

    @Test(.enabled(if: isFull))
    func `eight that churn for a minute survive two hundred kills`() throws {
        try withWorkshop { shop in
            try Mayhem(shop: shop, workers: 8).run(kills: 200, until: Deadline.after(milliseconds: 60_000))
        }
    }
}

/// Workers that churn while others of them are killed at random.
struct Mayhem {
    let shop: Workshop
    let workers: Int

    /// - Parameters:
    ///   - kills: how many at least.
    ///   - end: how long at least; CLOCK_MONOTONIC.
    func run(kills: Int, until end: Int64) throws {
        let freeAtStart = try shop.segment.freeBytes
        var random = SeededGenerator(seed: 3)
        var alive = try shop.start(.churn, count: workers)
        var killed = 0
        var orphans = 0
        while killed < kills || Deadline.remaining(until: end) > .zero {
            let index = Int.random(in: alive.indices, using: &random)
            let victim = alive[index]
            try shop.waitUntilBusy(victim)
            #expect(kill(victim.pid, SIGKILL) == 0)
            let ended = try shop.finish([victim])
            #expect(ended[0].signal == SIGKILL)
            killed += 1
            alive[index] = try shop.start(.churn)[0]
            if killed % 25 == 0 || killed == kills {
                #expect(try shop.segment.findings() == [], "after \(killed) kills")
                orphans += try reclaim()
            }
        }
        for record in alive {
            let ended = try shop.supervisor.end(record.workerId)
            #expect(ended.exitStatus == 0, "\(ended)")
        }
        orphans += try reclaim()
        let left = try shop.segment.blocks()
        #expect(orphans > 0)
        let deaths = try shop.segment.ownerDeaths
        #expect(kills < 100 || deaths > 0, "nobody died with the lock held")
        #expect(left.used == 0 && left.usedBytes == 0)
        #expect(try shop.segment.findings() == [])
        #expect(try shop.segment.freeBytes == freeAtStart)
        print("\(killed) kills, \(orphans) orphans found and reclaimed, \(deaths) deaths with the lock held")
    }
    /// Frees what the dead left, while the others go on.
    ///
    /// - Returns: how many blocks.
    private func reclaim() throws -> Int {
        // Who is dead stays dead, and nobody else's blocks become orphans meanwhile.
        let orphaned = try shop.segment.blocks().orphaned
        let freed = try shop.segment.reclaim()
        #expect(freed == orphaned)
        #expect(try shop.segment.blocks().orphaned == 0)
        return freed
    }
}
