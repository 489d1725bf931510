import CShmlens
import CrashScenarios
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

extension Scratch {
    /// The segment as a holder of its lock sees it.
    func locked() -> LockedSegment {
        LockedSegment(core: core, actor: .external, name: "external", liveness: { _ in .dead })
    }

    var isDamaged: Bool { memory.load(shmlens_header_offset_damaged) != 0 }
}

/// The allocator and all else that works under the lock, on bytes that somebody spoilt: an operation works or throws. It
/// never traps, which would end this process, and never loops.
@Suite(.timeLimit(.minutes(10))) struct HostileSegmentTests {
    static let good: EditableImage? = {
        guard let (bytes, layout) = try? RichArena.image() else { return nil }
        return EditableImage(bytes: bytes, layout: layout)
    }()

    /// Something that may be done with the lock held.
    enum Operation {
        case allocate(granules: Int)
        case aligned(Int)
        case resize(Int, to: Int)
        case free(Int)
        case bury, reclaim, count, text, flag, find, join, locate, walk

        func perform(_ locked: inout LockedSegment) throws(SegmentError) {
            switch self {
            case .allocate(let granules): _ = try locked.allocate(sizeBytes: Arena.payload(granules: granules))
            case .aligned(let alignment): _ = try locked.allocate(sizeBytes: 100, alignment: alignment)
            case .resize(let payload, let size): _ = try locked.resize(payload, to: size)
            case .free(let payload): try locked.free(payload)
            case .bury: _ = try locked.bury()
            case .reclaim: _ = try locked.reclaim(from: 0, limit: 100)
            case .count: _ = try locked.count()
            case .text: try locked.setText("another text")
            case .flag: try locked.setFlag(1)
            case .find: _ = try locked.externalBlock(tagged: Tag("u3") ?? .none)
            case .join:
                let process = ProcessIdentity(pid: 1, uid: 0, pidNamespace: 1, startTime: 1)
                _ = try locked.core.join(process, name: "n", liveness: { _ in .dead })
            case .locate:
                for offset in stride(from: 0, to: 65536, by: 640) {
                    _ = try locked.block(containing: locked.core.layout.poolOffset + offset)
                }
            case .walk:
                var block: SegmentBlock?
                while let next = try locked.block(after: block) {
                    _ = locked.ownerLiveness(of: next)
                    block = next
                }
            }
        }
    }

    /// Every kind of operation once or more.
    ///
    /// - Parameter payloads: of blocks that there were before.
    static func operations(payloads: [Int]) -> [Operation] {
        let sizes = [30, 40, 100, 5000]
        return [1, 2, 3, 5, 64, 66, 96, 97, 110, 140].map { .allocate(granules: $0) }
            + [32, 256, 4096].map { .aligned($0) }
            + payloads.enumerated().map { .resize($1, to: sizes[$0 % 4]) } + payloads.map { .free($0) }
            + [.bury, .reclaim, .count, .text, .flag, .find, .join, .locate, .walk]
    }

    static var payloads: [Int] {
        (good?.blocks ?? []).filter { $0.state == .used }.map { Int($0.payloadOffset) }
    }

    /// Runs every operation from the same spoilt beginning.
    ///
    /// - Returns: how many met the damage.
    func tryAll(
        _ operations: [Operation], on spoilt: Scratch, in scratch: Scratch,
        from first: Int, by stride: Int
    ) -> Int {
        var met = 0
        for index in Swift.stride(from: first, to: operations.count, by: stride) {
            scratch.load(spoilt.memory)
            let wasDamaged = scratch.isDamaged
            var locked = scratch.locked()
            do throws(SegmentError) {
                try operations[index].perform(&locked)
            } catch {
                guard case .damaged = error else { continue }
                met += 1
                // Reading tells; changing also notes it, and afterwards nothing is changed any more.
                guard scratch.isDamaged, !wasDamaged else { continue }
                #expect(throws: SegmentError.self) { try locked.count() }
                #expect(scratch.memory.load(shmlens_header_offset_journal_count) == 0)
            }
        }
        return met
    }

    func values(for image: EditableImage) -> [UInt64] {
        let layout = image.layout
        let indices = (0...UInt64(image.blocks.count)).map { $0 | $0 << 32 }
        let offsets = [
            layout.blocksOffset, layout.poolOffset, layout.poolOffset + 64, layout.totalBytes - 64, layout.totalBytes,
        ]
        return [0, 1, 64, .max, 1 << 63, UInt64(Int64.max), .max & ~63, 0xffff_fffe_ffff_fffe] + indices
            + offsets.map { UInt64($0) }
    }

    /// Every word that an operation reads.
    func words(of image: EditableImage) -> [Int] {
        let layout = image.layout
        let ranges = [
            1216..<2440, layout.participantsOffset..<layout.participantsOffset + 5 * 256,
            layout.indexOffset..<layout.indexOffset + 576, layout.sequencesOffset..<layout.sequencesOffset + 128,
            layout.startsOffsets[0]..<layout.mapOffset + 4096, layout.blocksOffset..<layout.blockOffset(image.blocks.count + 1),
        ]
        return ranges.flatMap { Array(stride(from: $0.lowerBound, to: $0.upperBound, by: 8)) }
    }

    @Test func `no value in any field makes an operation trap`() throws {
        let good = try #require(Self.good)
        let (spoilt, scratch) = (Scratch(layout: good.layout), Scratch(layout: good.layout))
        let operations = Self.operations(payloads: Self.payloads)
        let values = values(for: good)
        var (images, met, turn) = (0, 0, 0)
        for (position, offset) in words(of: good).enumerated() {
            let old = good.word(offset)
            for (number, value) in values.enumerated() {
                guard runsFull || (position + number) % 11 == 0 else { continue }
                for new in [value, old & ~0xffff_ffff | value & 0xffff_ffff, old & 0xffff_ffff | value & ~0xffff_ffff] {
                    spoilt.load(bytes: good.bytes)
                    spoilt.memory.store(offset, new)
                    met += tryAll(operations, on: spoilt, in: scratch, from: turn % 7, by: 7)
                    images += 1
                    turn += 1
                }
            }
        }
        print("operations: \(images) images with one word changed, damage met \(met) times")
        #expect(met > 100)
    }

    @Test(arguments: 1...(runsFull ? 100 : 3) as ClosedRange<UInt64>)
    func `no garbage makes an operation or a recovery trap`(seed: UInt64) throws {
        let good = try #require(Self.good)
        let (spoilt, scratch) = (Scratch(layout: good.layout), Scratch(layout: good.layout))
        let operations = Self.operations(payloads: Self.payloads)
        var generator = SeededGenerator(seed: seed)
        let words = words(of: good)
        let values = values(for: good)
        for round in 0..<100 {
            spoilt.load(bytes: good.bytes)
            for _ in 0..<Int.random(in: 1...30, using: &generator) {
                let value = Bool.random(using: &generator) ? values.randomElement(using: &generator)! : generator.next()
                spoilt.memory.store(words.randomElement(using: &generator)!, value)
            }
            if round % 2 == 0 { spoilJournal(spoilt, &generator, values) }
            spoilt.recoverWhole()
            _ = tryAll(operations, on: spoilt, in: scratch, from: round % 5, by: 5)
        }
    }

    /// A journal as a dead owner might have left it, had it been hostile.
    func spoilJournal(_ scratch: Scratch, _ generator: inout SeededGenerator, _ values: [UInt64]) {
        let head = scratch.memory.load(shmlens_header_offset_event_head)
        let count = ([1, 5, 255, 256, 257, .max] as [UInt64]).randomElement(using: &generator)!
        scratch.memory.store(shmlens_header_offset_journal_count, count)
        scratch.memory.store(
            shmlens_header_offset_journal_operation, [head, head &+ 1, 0, .max].randomElement(using: &generator)!)
        for entry in 0..<256 {
            let offset = UInt64.random(in: 0...UInt64(scratch.layout.totalBytes + 64), using: &generator)
            scratch.memory.store(
                SegmentCore.journalEntry(entry), Int.random(in: 0..<20, using: &generator) == 0 ? offset : offset & ~7)
            scratch.memory.store(SegmentCore.journalEntry(entry) + 8, values.randomElement(using: &generator)!)
        }
    }

    @Test func `damage that recovery finds is noted, and no page is left open`() throws {
        let good = try #require(Self.good)
        for (count, operation, offset): (UInt64, UInt64, UInt64) in [
            (257, 1, 8192), (.max, 1, 8192), (1, 7, 8192), (1, 1, 8191), (1, 1, 100), (1, 1, UInt64(good.layout.totalBytes)),
            (1, 1, .max), (1, 1, UInt64(good.layout.eventsOffset)),
        ] {
            let scratch = Scratch(layout: good.layout, bytes: good.bytes)
            let head = scratch.memory.load(shmlens_header_offset_event_head)
            scratch.memory.store(shmlens_header_offset_journal_count, count)
            scratch.memory.store(shmlens_header_offset_journal_operation, head + operation)
            scratch.memory.store(shmlens_header_offset_journal, offset)
            let opened = good.layout.sequencesOffset + 8 * good.layout.firstBlockSequence
            scratch.memory.store(opened, scratch.memory.load(opened) + 1)
            scratch.recoverWhole()
            #expect(scratch.isDamaged, "\(count), \(operation), \(offset)")
            #expect(scratch.memory.load(shmlens_header_offset_journal_count) == 0)
            let numbers = sequenceNumbers(image: scratch.image, layout: good.layout)
            #expect(numbers.allSatisfy { $0 & 1 == 0 })
            var locked = scratch.locked()
            #expect(throws: SegmentError.self) { _ = try locked.allocate(sizeBytes: 1) }
            #expect(throws: SegmentError.self) { try locked.setText("") }
            #expect(locked.counter == 0, "reading goes on")
        }
    }

    @Test func `an operation that meets damage takes back what it did`() throws {
        let good = try #require(Self.good)
        let layout = good.layout
        // A free block in the middle of a tree whose child is a used one: met while the block is taken out.
        let used = try #require(good.blocks.firstIndex { $0.state == .used })
        let root = try #require(
            good.block { $0.spanBytes == 96 * 64 && $0.parent == UInt32(SHMLENS_PARENT_ROOT) })
        var image = good
        image.set(half: root + 40, UInt32(used))
        let before = Scratch(layout: layout, bytes: image.bytes)
        let scratch = Scratch(layout: layout, bytes: image.bytes)
        let neighbour = try #require(
            good.blocks.first { $0.state == .used && $0.spanOffset + $0.spanBytes == good.word(root) })
        // The root is in a ring; freeing its neighbour takes it out of the ring and looks at its children.
        var locked = scratch.locked()
        #expect(throws: SegmentError.self) { try locked.free(Int(neighbour.payloadOffset)) }
        #expect(scratch.isDamaged)
        scratch.memory.store(shmlens_header_offset_damaged, 0)
        #expect(scratch.isSame(as: before))
    }

    @Test func `a hostile writer beside the owner traps nobody`() throws {
        let good = try #require(Self.good)
        let scratch = Scratch(layout: good.layout, bytes: good.bytes)
        let operations = Self.operations(payloads: Self.payloads)
        let words = words(of: good) + stride(from: 2368, to: 6528, by: 8)
        let values = values(for: good)
        let stop = Flag()
        let memory = scratch.memory
        let writer = InThread {
            var generator = SeededGenerator(seed: 5)
            while !stop.isSet {
                let word = words.randomElement(using: &generator)!
                let value = Bool.random(using: &generator) ? values.randomElement(using: &generator)! : memory.load(word) ^ 1
                memory.store(word, value)
            }
        }
        for round in 0..<(runsFull ? 20_000 : 200) {
            var locked = scratch.locked()
            for index in stride(from: round % 3, to: operations.count, by: 3) {
                memory.store(shmlens_header_offset_damaged, 0)
                try? operations[index].perform(&locked)
            }
            if round % 10 == 0 { scratch.load(bytes: good.bytes) }
        }
        stop.set()
        writer.join()
    }
}
