import CShmlens
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

/// Every sequence of operations on a pool of one page, up to a length: segment and model agree after each.
struct ExhaustiveWalk {
    let layout: SegmentLayout
    /// One copy of the segment for each operation of the sequence.
    let levels: [Scratch]
    var sequences = 0
    var problem: String?

    /// Requests for one granule, for two, for most of the page, and for an alignment that few places have.
    static let requests = [(size: 40, alignment: 16), (104, 16), (3000, 16), (8, 1024)]
    static let resizes = [1, 150]

    init(_ segment: Segment, length: Int) {
        layout = segment.layout
        levels = (0...length).map { _ in Scratch(layout: segment.layout) }
        levels[0].load(segment.core.memory)
    }

    mutating func run() throws {
        try descend(ReferenceAllocator(pool: layout.poolOffset..<layout.totalBytes), 0, trail: "")
    }

    private mutating func descend(_ model: ReferenceAllocator, _ depth: Int, trail: String) throws {
        guard depth + 1 < levels.count, problem == nil else { return }
        for (size, alignment) in Self.requests {
            try step(model, depth, "\(trail) allocate \(size)/\(alignment)") { core, model in
                try Self.allocate(size, alignment, core, &model)
            }
        }
        for block in model.blocks {
            let offset = block.payload.lowerBound
            try step(model, depth, "\(trail) free \(offset)") { core, model in
                try core.free(payload: offset, kind: .free, actor: .external)
                model.remove(at: offset)
                return nil
            }
            for size in Self.resizes {
                try step(model, depth, "\(trail) resize \(offset) to \(size)") { core, model in
                    try Self.resize(block, to: size, core, &model)
                }
            }
        }
    }

    private mutating func step(
        _ model: ReferenceAllocator, _ depth: Int, _ trail: String,
        _ operation: (SegmentCore, inout ReferenceAllocator) throws -> String?
    ) throws {
        guard problem == nil else { return }
        var model = model
        let scratch = levels[depth + 1]
        scratch.load(levels[depth].memory)
        problem = try operation(scratch.core, &model) ?? disagreement(scratch.core, model)
        problem = problem.map { "\(trail): \($0)" }
        sequences += 1
        try descend(model, depth + 1, trail: trail)
    }

    private static func allocate(
        _ size: Int, _ alignment: Int, _ core: SegmentCore, _ model: inout ReferenceAllocator
    ) throws -> String? {
        let request = try AllocationRequest(sizeBytes: size, alignment: alignment, tag: .none, owner: .external)
        do throws(SegmentError) {
            let offset = try core.allocate(request, actor: .external)
            return model.place(at: offset, size: size, alignment: alignment)
        } catch {
            guard case .noFreeBlock = error else { throw error }
            return model.smallestGap(size: size, alignment: alignment).map { "refused, and \($0) bytes hold it" }
        }
    }

    private static func resize(
        _ block: ReferenceAllocator.Block, to size: Int, _ core: SegmentCore, _ model: inout ReferenceAllocator
    ) throws -> String? {
        let offset = block.payload.lowerBound
        do throws(SegmentError) {
            let now = try core.resize(payload: offset, to: size, actor: .external)
            return model.resize(at: offset, to: size, now: now)
        } catch {
            guard case .noFreeBlock = error else { throw error }
            return model.staysInPlace(at: offset, size: size)
                || model.smallestGap(size: size, alignment: block.alignment) != nil ? "refused, and it would fit" : nil
        }
    }

    private func disagreement(_ core: SegmentCore, _ model: ReferenceAllocator) throws -> String? {
        let findings = try core.verification().findings
        guard findings.isEmpty else { return "verify finds \(findings)" }
        for block in model.blocks {
            let found = try core.usedBlock(payload: block.payload.lowerBound).block
            guard Int(found.spanOffset) == block.span.lowerBound, Int(found.spanBytes) == block.span.count,
                found.sizeBytes == UInt64(block.payload.count)
            else { return "the block at \(block.payload.lowerBound) is not what it should be" }
        }
        let counts = core.memory.load(layout.indexOffset + shmlens_index_header_offset_used_blocks)
        return counts == BlockDescriptor.pack(UInt32(model.blocks.count), UInt32(model.gaps.count))
            ? nil : "\(counts & 0xffff_ffff) used and \(counts >> 32) free blocks, not \(model.blocks.count) and \(model.gaps.count)"
    }
}

@Suite struct ExhaustiveArenaTests {
    @Test func `on one page every sequence of operations keeps segment and model alike`() throws {
        try withSegment(capacity: 4096, participants: 1, events: 16) { segment in
            var walk = ExhaustiveWalk(segment, length: runsFull ? 6 : 4)
            try walk.run()
            #expect(walk.problem == nil)
            #expect(walk.sequences > 1000)
            if runsFull { print("\(walk.sequences) sequences of up to 6 operations on one page") }
        }
    }

    /// Each arrangement of four blocks of three sizes, freed in each order.
    @Test func `on one page every arrangement can be freed in every order`() throws {
        try withSegment(capacity: 4096, participants: 1, events: 16) { segment in
            let (laid, scratch) = (Scratch(layout: segment.layout), Scratch(layout: segment.layout))
            let sizes = [40, 150, 1000]
            for arrangement in 0..<81 {
                laid.load(segment.core.memory)
                let offsets = try [1, 3, 9, 27].map { place in
                    let request = try AllocationRequest(
                        sizeBytes: sizes[arrangement / place % 3], alignment: 16, tag: .none, owner: .external)
                    return try laid.core.allocate(request, actor: .external)
                }
                #expect(try laid.core.verification().findings == [])
                for order in permutations(of: 4) where runsFull || (arrangement + order[0]) % 4 == 0 {
                    scratch.load(laid.memory)
                    for index in order {
                        try scratch.core.free(payload: offsets[index], kind: .free, actor: .external)
                        #expect(try scratch.core.verification().findings == [], "\(arrangement), \(order)")
                    }
                    #expect(try scratch.core.largestFreeBytes() == 4096)
                }
            }
        }
    }

    private func permutations(of count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return permutations(of: count - 1).flatMap { rest in
            (0...rest.count).map { position in
                var order = rest
                order.insert(count - 1, at: position)
                return order
            }
        }
    }
}
