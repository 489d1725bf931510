import SegmentFormat
import SharedSegments

/// Allocates, fills, checks, resizes and frees blocks at random, and keeps a bounded number of them.
///
/// What it wrote into a block it checks before it resizes or frees it: whatever another process did to it shows.
final class Churn {
    /// Blocks that it keeps at most.
    static let blockLimit = 64
    /// Bytes of a block at most, and what a small pool allows of that: a 64th.
    static let largestBytes = 4096
    static let smallestBytes = 16
    static let tag = Tag("churn") ?? .none
    /// How long it waits where nothing is free and it has nothing to give.
    private static let waitMilliseconds = 10

    private struct Held {
        var offset: Int
        var sizeBytes: Int
        let number: UInt64
    }

    private enum Step {
        case done
        /// Nothing that large is free.
        case full
        case corrupt(offset: Int, what: String)
    }

    private let session: Session
    private let largest: Int
    private var held: [Held] = []
    private var lastNumber: UInt64 = 0

    init(_ session: Session) {
        self.session = session
        largest = max(Self.smallestBytes, min(Self.largestBytes, session.segment.layout.poolBytes / 64))
    }

    static func run(_ session: Session) throws(WorkloadError) {
        let churn = Churn(session)
        try session.work { () throws(WorkloadError) in try churn.step() }
        try churn.close()
    }

    /// One operation.
    ///
    /// - Returns: false where the pool had no room for it.
    func step() throws(WorkloadError) -> Bool {
        let choice = UInt8.random(in: 0..<10, using: &session.random)
        let isFull = held.count == Self.blockLimit
        let outcome: Step
        switch choice {
        case _ where held.isEmpty: outcome = try allocate()
        case 0..<4 where !isFull: outcome = try allocate()
        case 4..<6: outcome = try resize(randomIndex())
        default: outcome = try free(randomIndex())
        }
        switch outcome {
        case .done: return true
        case .corrupt(let offset, let what):
            throw .corruption(offset: offset, what: what, seed: session.seed)
        case .full:
            try makeRoom()
            return false
        }
    }

    /// Frees what it has.
    func close() throws(WorkloadError) {
        while let block = held.last {
            let outcome = try session.closing(as: session.me) { (locked) throws(SegmentError) in
                try checkAndFree(block, &locked)
            }
            if case .corrupt(let offset, let what) = outcome {
                throw .corruption(offset: offset, what: what, seed: session.seed)
            }
            held.removeLast()
        }
    }

    private func makeRoom() throws(WorkloadError) {
        guard held.isEmpty else {
            if case .corrupt(let offset, let what) = try free(randomIndex()) {
                throw .corruption(offset: offset, what: what, seed: session.seed)
            }
            return
        }
        if session.sleep(until: Deadline.after(milliseconds: Self.waitMilliseconds)) { throw .segment(.gaveUp) }
    }

    private func randomIndex() -> Int { Int.random(in: held.indices, using: &session.random) }

    /// Small sizes as often as large ones: an even choice of the power of two, then of a size in it.
    private func randomSize() -> Int {
        let powers = Self.smallestBytes.trailingZeroBitCount..<(Int.bitWidth - largest.leadingZeroBitCount)
        let power = 1 << Int.random(in: powers, using: &session.random)
        return min(largest, power + Int.random(in: 0..<power, using: &session.random))
    }

    private func allocate() throws(WorkloadError) -> Step {
        let size = randomSize()
        let alignment = 1 << Int.random(in: 4...8, using: &session.random)
        let number = lastNumber + 1
        let bytes = Pattern(seed: session.seed, block: number).bytes(size)
        let offset = try session.locked { (locked) throws(SegmentError) -> Int? in
            guard let offset = try Self.unlessFull({ () throws(SegmentError) in
                try locked.allocate(sizeBytes: size, alignment: alignment, tag: Self.tag)
            }) else { return nil }
            try locked.write(bytes, at: offset)
            return offset
        }
        guard let offset else { return .full }
        lastNumber = number
        held.append(Held(offset: offset, sizeBytes: size, number: number))
        return .done
    }

    private func resize(_ index: Int) throws(WorkloadError) -> Step {
        let old = held[index]
        let size = randomSize()
        let pattern = Pattern(seed: session.seed, block: old.number)
        let bytes = pattern.bytes(size)
        var moved: Int?
        let outcome = try session.locked { (locked) throws(SegmentError) -> Step in
            if let what = try flaw(old, &locked) { return .corrupt(offset: old.offset, what: what) }
            guard let offset = try Self.unlessFull({ () throws(SegmentError) in
                try locked.resize(old.offset, to: size)
            }) else { return .full }
            let kept = min(size, old.sizeBytes)
            guard try locked.copy(offset..<(offset + kept)).elementsEqual(bytes.prefix(kept)) else {
                return .corrupt(offset: offset, what: "resizing changed the bytes that it keeps")
            }
            try locked.write(bytes, at: offset)
            moved = offset
            return .done
        }
        if let moved { held[index] = Held(offset: moved, sizeBytes: size, number: old.number) }
        return outcome
    }

    private func free(_ index: Int) throws(WorkloadError) -> Step {
        let block = held[index]
        let outcome = try session.locked { (locked) throws(SegmentError) in try checkAndFree(block, &locked) }
        if case .done = outcome {
            held.swapAt(index, held.count - 1)
            held.removeLast()
        }
        return outcome
    }

    private func checkAndFree(_ block: Held, _ locked: inout LockedSegment) throws(SegmentError) -> Step {
        if let what = try flaw(block, &locked) { return .corrupt(offset: block.offset, what: what) }
        try locked.free(block.offset)
        return .done
    }

    /// What is wrong with a block; nil where it is as it was left.
    private func flaw(_ block: Held, _ locked: inout LockedSegment) throws(SegmentError) -> String? {
        let found = try locked.block(at: block.offset)
        guard found.owner == session.me.key else {
            return "it belongs to slot \(found.owner.slot), generation \(found.owner.generation)"
        }
        guard found.sizeBytes == block.sizeBytes else {
            return "its size is \(found.sizeBytes), not \(block.sizeBytes)"
        }
        let expected = Pattern(seed: session.seed, block: block.number).bytes(block.sizeBytes)
        let bytes = try locked.copy(block.offset..<(block.offset + block.sizeBytes))
        guard let place = bytes.indices.first(where: { bytes[$0] != expected[$0] }) else { return nil }
        return "byte \(place) of its \(block.sizeBytes) is \(bytes[place]), not \(expected[place])"
    }

    /// - Returns: nil where nothing that large is free.
    private static func unlessFull<Result>(
        _ body: () throws(SegmentError) -> Result
    ) throws(SegmentError) -> Result? {
        do throws(SegmentError) {
            return try body()
        } catch {
            if case .noFreeBlock = error { return nil }
            throw error
        }
    }
}
