import Glibc
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

/// The tests that take minutes.
let runsFull = unsafe getenv("SHMLENS_FULL") != nil

/// Random operations on a segment and on the model beside it.
struct ModelRun {
    let segment: Segment
    var model: ReferenceAllocator
    var generator: SeededGenerator
    /// The byte that fills each payload, by its offset.
    var fill: [Int: UInt8] = [:]
    let seed: UInt64
    /// Sizes are drawn up to here, mostly small ones.
    let largest: Int
    let liveLimit: Int
    var refusals = 0
    var moves = 0

    init(segment: Segment, seed: UInt64, largest: Int, liveLimit: Int) {
        self.segment = segment
        self.seed = seed
        self.largest = largest
        self.liveLimit = liveLimit
        model = ReferenceAllocator(pool: segment.pool)
        generator = SeededGenerator(seed: seed)
    }

    mutating func size() -> Int {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return Int.random(in: 1...largest, using: &generator)
        // Around the sizes where a span takes one granule more.
        case 1, 2: return max(1, Int.random(in: 1...8, using: &generator) * 64 - 24 + Int.random(in: -2...2, using: &generator))
        case 3: return Int.random(in: 1...max(1, largest / 8), using: &generator)
        default: return Int.random(in: 1...200, using: &generator)
        }
    }

    /// One operation on both.
    ///
    /// - Returns: what does not agree.
    mutating func step() throws -> String? {
        let choice = Int.random(in: 0..<10, using: &generator)
        if model.blocks.isEmpty || (choice < 5 && model.blocks.count < liveLimit) {
            let alignment = choice == 0 ? 1 << Int.random(in: 4...12, using: &generator) : 16
            return try allocate(size: size(), alignment: alignment)
        }
        let block = model.blocks.randomElement(using: &generator)!
        return choice < 7
            ? try resize(block, to: size())
            : try free(block)
    }

    private mutating func allocate(size: Int, alignment: Int) throws -> String? {
        let offset: Int
        do throws(SegmentError) {
            offset = try segment.withLock { (locked) throws(SegmentError) in
                try locked.allocate(sizeBytes: size, alignment: alignment)
            }
        } catch {
            guard case .noFreeBlock(_, let largest) = error else { throw error }
            refusals += 1
            guard largest == model.gaps.map(\.count).max() ?? 0 else {
                return "\(largest) is not the largest gap of \(model.gaps)"
            }
            return model.smallestGap(size: size, alignment: alignment).map {
                "\(size) bytes aligned to \(alignment) were refused, a gap of \($0) holds them"
            }
        }
        if let problem = model.place(at: offset, size: size, alignment: alignment) { return problem }
        paint(offset, size)
        return nil
    }

    private mutating func resize(_ block: ReferenceAllocator.Block, to size: Int) throws -> String? {
        let offset = block.payload.lowerBound
        let moved: Int
        do throws(SegmentError) {
            moved = try segment.withLock { (locked) throws(SegmentError) in try locked.resize(offset, to: size) }
        } catch {
            guard case .noFreeBlock = error else { throw error }
            refusals += 1
            let fits = model.staysInPlace(at: offset, size: size)
                || model.smallestGap(size: size, alignment: block.alignment) != nil
            return fits ? "\(size) bytes were refused and would fit" : checkPaint(offset, block.payload.count)
        }
        if let problem = model.resize(at: offset, to: size, now: moved) { return problem }
        let kept = min(size, block.payload.count)
        fill[moved] = fill[offset]
        if let problem = checkPaint(moved, kept) { return problem }
        if moved != offset {
            fill[offset] = nil
            moves += 1
        }
        paint(moved, size)
        return nil
    }

    private mutating func free(_ block: ReferenceAllocator.Block) throws -> String? {
        let offset = block.payload.lowerBound
        if let problem = checkPaint(offset, block.payload.count) { return problem }
        try segment.withLock { (locked) throws(SegmentError) in try locked.free(offset) }
        model.remove(at: offset)
        fill[offset] = nil
        return nil
    }

    private mutating func paint(_ offset: Int, _ count: Int) {
        let byte = UInt8.random(in: 1...255, using: &generator)
        fill[offset] = byte
        unsafe segment.core.memory.copyIn([UInt8](repeating: byte, count: count).span.bytes, at: offset)
    }

    private func checkPaint(_ offset: Int, _ count: Int) -> String? {
        let bytes = segment.core.memory.copyOut(offset..<(offset + count))
        return bytes.allSatisfy { $0 == fill[offset] } ? nil : "the payload at \(offset) lost bytes"
    }

    /// Compares all that segment and model say.
    func disagreement() throws -> String? {
        let findings = try segment.verification().findings
        guard findings.isEmpty else { return "verify: \(findings)" }
        let blocks = try segment.blocks()
        guard blocks.filter(\.isUsed).map({ $0.spanOffset..<($0.spanOffset + $0.spanBytes) }) == model.blocks.map(\.span),
            blocks.filter(\.isUsed).map({ $0.offset..<($0.offset + $0.sizeBytes) }) == model.blocks.map(\.payload),
            blocks.filter({ !$0.isUsed }).map({ $0.spanOffset..<($0.spanOffset + $0.spanBytes) }) == model.gaps
        else { return "the segment has \(blocks), the model \(model.blocks)" }
        return nil
    }

    /// All payloads hold what was written into them.
    func spoiledPayload() -> String? {
        for block in model.blocks {
            if let problem = checkPaint(block.payload.lowerBound, block.payload.count) { return problem }
        }
        return nil
    }
}

@Suite struct AllocatorModelTests {
    /// Runs so many steps, comparing everything each `interval`-th.
    func run(pool: Int, steps: Int, seed: UInt64, largest: Int, liveLimit: Int, interval: Int) throws {
        try withSegment(capacity: pool, events: 16) { segment in
            var run = ModelRun(segment: segment, seed: seed, largest: largest, liveLimit: liveLimit)
            for step in 1...steps {
                var problem = try run.step()
                if problem == nil, step % interval == 0 { problem = try run.disagreement() }
                if problem == nil, step % (64 * interval) == 0 || step == steps { problem = run.spoiledPayload() }
                if let problem {
                    Issue.record("seed \(seed), pool \(pool), step \(step): \(problem)")
                    return
                }
            }
            // The run met what it is for: full pools and blocks that had to move.
            #expect(run.refusals > 0 && run.moves > 0, "seed \(seed)")
            for block in run.model.blocks {
                try segment.withLock { (locked) throws(SegmentError) in try locked.free(block.payload.lowerBound) }
            }
            #expect(try segment.verification().blocksChecked == 1, "seed \(seed)")
        }
    }

    @Test(arguments: [(4096, 1), (4096, 2), (8192, 3), (16384, 4), (16384, 5), (16384, 6)] as [(Int, UInt64)])
    func `in a small arena segment and model agree after every step`(pool: Int, seed: UInt64) throws {
        try run(pool: pool, steps: 2000, seed: seed, largest: pool + 100, liveLimit: 64, interval: 1)
    }

    @Test(arguments: [(1 << 18, 11), (1 << 20, 12), (1 << 20, 13)] as [(Int, UInt64)])
    func `in a larger arena segment and model agree over many steps`(pool: Int, seed: UInt64) throws {
        try run(pool: pool, steps: 6000, seed: seed, largest: pool / 8, liveLimit: 200, interval: 1000)
    }

    @Test(.enabled(if: runsFull), arguments: 21...28 as ClosedRange<UInt64>)
    func `over a million steps segment and model agree`(seed: UInt64) throws {
        try run(pool: 1 << 20, steps: 125_000, seed: seed, largest: 1 << 16, liveLimit: 250, interval: 1000)
    }

    @Test(.enabled(if: runsFull), arguments: 31...34 as ClosedRange<UInt64>)
    func `in small arenas they agree after each of a hundred thousand steps`(seed: UInt64) throws {
        try run(pool: 4096 << (seed % 3), steps: 25_000, seed: seed, largest: 5000, liveLimit: 100, interval: 1)
    }
}
