/// A seeded source of random numbers: SplitMix64 (Steele, Lea and Flood 2014), so that a run can be had again.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= Self.increment
        return Self.mixed(state)
    }

    static let increment: UInt64 = 0x9e37_79b9_7f4a_7c15

    @inline(__always)
    static func mixed(_ state: UInt64) -> UInt64 {
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// What a block is filled with: a function of the worker's seed, the block's number and the byte's place, so that
/// bytes of another block, another worker or another place in the same block are told apart.
struct Pattern {
    private let start: UInt64

    init(seed: UInt64, block: UInt64) {
        start = SeededRandom.mixed(seed &+ block &* SeededRandom.increment)
    }

    func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 8)
        var state = start
        while result.count < count {
            state &+= SeededRandom.increment
            var word = SeededRandom.mixed(state)
            for _ in 0..<8 {
                result.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        result.removeLast(result.count - count)
        return result
    }
}
