import CShmlens
import SegmentFormat

/// From an address to its block: where spans begin, as a bitmap with summaries, and whose descriptor that is.
///
/// A level's bit i is set where word i of the level below is not zero, so setting, clearing and finding the nearest
/// start at or before a granule each look at one word a level: at most seven for the largest pool.
extension SegmentCore {
    /// The granule of the pool that a checked offset stands in.
    @inline(__always)
    func granule(_ offset: Int) -> Int { (offset - poolOffset) / shmlens_granule_bytes }

    /// Notes that a span begins at a granule, and whose it is.
    func setStart(_ granule: Int, _ index: UInt32) throws(SegmentError) {
        try putHalf(mapOffset + granule * 4, index)
        var bit = granule
        for level in 0..<startsLevels {
            let offset = startsOffsets[level] + bit / 64 * 8
            let word = memory.load(offset)
            try put(offset, word | 1 << UInt64(bit % 64))
            guard word == 0 else { return }
            bit /= 64
        }
    }

    /// Notes that no span begins at a granule any more.
    func clearStart(_ granule: Int) throws(SegmentError) {
        var bit = granule
        for level in 0..<startsLevels {
            let offset = startsOffsets[level] + bit / 64 * 8
            let word = memory.load(offset) & ~(1 << UInt64(bit % 64))
            try put(offset, word)
            guard word == 0 else { return }
            bit /= 64
        }
    }

    /// Whether a span begins at a granule.
    func isStart(_ granule: Int) -> Bool {
        memory.load(startsOffsets[0] + granule / 64 * 8) >> UInt64(granule % 64) & 1 == 1
    }

    /// The last granule at or before `granule` where a span begins.
    func start(atOrBefore granule: Int) throws(SegmentError) -> Int {
        var bit = granule
        for level in 0..<startsLevels {
            guard bit >= 0 else { break }
            let word = memory.load(startsOffsets[level] + bit / 64 * 8)
            let below = word & (~0 >> UInt64(63 - bit % 64))
            if below != 0 {
                return try descend(from: level, bit: bit / 64 * 64 + 63 - below.leadingZeroBitCount)
            }
            bit = bit / 64 - 1
        }
        throw .damaged(what: "no span begins at or before granule \(granule)", offset: startsOffsets[0])
    }

    /// The last start below a set bit of a level.
    private func descend(from level: Int, bit: Int) throws(SegmentError) -> Int {
        var bit = bit
        for below in (0..<level).reversed() {
            guard bit < layout.startsWordCounts[below] else {
                throw .damaged(what: "a summary of the starts names a word that is not there", offset: startsOffsets[below])
            }
            let word = memory.load(startsOffsets[below] + bit * 8)
            guard word != 0 else {
                throw .damaged(what: "a summary of the starts is wrong", offset: startsOffsets[below] + bit * 8)
            }
            bit = bit * 64 + 63 - word.leadingZeroBitCount
        }
        guard bit < layout.granuleCount else {
            throw .damaged(what: "a span begins past the pool's end", offset: startsOffsets[0])
        }
        return bit
    }

    /// The descriptor of the span that begins at a granule with its bit set.
    func block(startingAt granule: Int) throws(SegmentError) -> (index: UInt32, offset: Int, block: BlockDescriptor) {
        let place = mapOffset + granule * 4
        let index = memory.loadHalf(place)
        let offset = try blockOffset(checking: index, at: place)
        let block = descriptor(at: offset)
        let expected = UInt64(poolOffset + granule * shmlens_granule_bytes)
        guard block.spanOffset == expected, block.state != .unused,
            block.state != nil
        else {
            throw .damaged(what: "the map names descriptor \(index), whose span begins elsewhere", offset: place)
        }
        try checkSpan(block, at: offset)
        return (index, offset, block)
    }
}
