import Glibc
import Observations
import SegmentFormat
import SystemPackage
import TestSupport
import Testing

@testable import SharedSegments

/// Reads through a descriptor, as every observer does.
struct DescriptorBytes: ByteSource {
    let descriptor: Int32

    func size() -> Int { Int(lseek(descriptor, 0, SEEK_END)) }

    func read(at offset: Int, count: Int) throws(ReadFailure) -> [UInt8] {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, unsafe pread(descriptor, buffer.baseAddress, count, offset))
        }
        return bytes
    }
}

extension Segment {
    var reader: SegmentReader<DescriptorBytes> {
        SegmentReader(source: DescriptorBytes(descriptor: descriptor.rawValue), layout: layout)
    }
}

@Suite struct PictureTests {
    @Test func `a picture of a quiet heap shows each used block`() throws {
        try withSegment { segment in
            let sizes = [10, 200, 3000]
            let offsets = try sizes.map { size in
                try segment.withLock { (locked) throws(SegmentError) in
                    try locked.allocate(sizeBytes: size, tag: Tag("t\(size)")!)
                }
            }
            let picture = try segment.reader.heap()
            #expect(picture.consistency == .consistent)
            #expect(picture.blocks.map(\.payloadOffset) == offsets)
            #expect(picture.blocks.map(\.sizeBytes) == sizes)
            #expect(picture.blocks.map(\.tag.text) == ["t10", "t200", "t3000"])
        }
    }

    /// Threads with mappings of their own churn while pictures are taken. The ring never laps the test, so that each
    /// picture is held against the very heap that the events up to it make.
    @Test(.timeLimit(.minutes(2)))
    func `pictures under churn are consistent or say that they are not`() throws {
        try withSegment(capacity: 1 << 20, events: 1 << 18) { segment in
            let stop = Flag()
            let failures = Failures()
            let churners = (0..<2).map { seed in
                InThread {
                    do {
                        try Self.churn(segment.name, seed: UInt64(seed), stop: stop)
                    } catch {
                        failures.add("\(error)")
                    }
                }
            }
            defer { churners.forEach { $0.join() } }
            defer { stop.set() }
            try Self.observe(segment, pictures: 2000)
            stop.set()
            churners.forEach { $0.join() }
            #expect(failures.all == [])
            let findings = try segment.verification().findings
            #expect(findings == [])
        }
    }

    static func churn(_ name: String, seed: UInt64, stop: Flag) throws {
        let segment = try Segment.open(name: name)
        let me = try segment.join(name: "churn")
        var random = SeededGenerator(seed: seed)
        var live: [Int] = []
        while !stop.isSet {
            let size = Int.random(in: 1...2000, using: &random)
            let pick = live.isEmpty ? 0 : Int.random(in: 0..<live.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0 where live.count < 100:
                live.append(
                    try segment.withLock(as: me) { (locked) throws(SegmentError) in
                        try locked.allocate(sizeBytes: size)
                    })
            case 1 where !live.isEmpty:
                live[pick] = try segment.withLock(as: me) { (locked) throws(SegmentError) in
                    try locked.resize(live[pick], to: size)
                }
            default:
                guard !live.isEmpty else { continue }
                let offset = live.remove(at: pick)
                try segment.withLock(as: me) { (locked) throws(SegmentError) in try locked.free(offset) }
            }
        }
    }

    static func observe(_ segment: Segment, pictures: Int) throws {
        let reader = segment.reader
        var counts: [Consistency: Int] = [:]
        var history = EventHistory()
        var events = 0
        for _ in 0..<pictures {
            let picture = try reader.heap()
            counts[picture.consistency, default: 0] += 1
            guard picture.consistency == .consistent || picture.consistency == .rolledBack else { continue }
            try #require(picture.sequence >= history.sequence, "pictures go forward")
            events += Int(picture.sequence - history.sequence)
            if let problem = try advance(&history, to: picture.sequence, reader) ?? history.difference(from: picture) {
                Issue.record("\(picture.consistency): \(problem)")
                return
            }
        }
        let shown = counts.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
        print("pictures under churn: \(shown); each equal to what \(events) events make")
        #expect(events > pictures, "the heap stood still")
        // Torn ones are honest; were they the rule, nobody could see a busy heap.
        #expect((counts[.torn] ?? 0) < pictures / 10)
    }

    /// Brings the history to a moment.
    static func advance(
        _ history: inout EventHistory, to sequence: UInt64, _ reader: SegmentReader<DescriptorBytes>
    ) throws -> String? {
        guard sequence > history.sequence else { return nil }
        let (events, lost) = try reader.events(after: history.sequence, limit: Int(sequence - history.sequence))
        try #require(lost == 0, "the ring is too small for this test")
        return history.apply(events)
    }
}
