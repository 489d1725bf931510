import CShmlens
import Observations

/// Bins: every free block stands in exactly one, where its size says.
extension Verifier {
    private var none: UInt32 { UInt32(SHMLENS_NONE) }

    private func bin(_ offset: Int, _ number: Int) -> UInt32 {
        index.halfWord(at: layout.indexOffset + offset + number * 4) ?? none
    }

    /// Notes that a descriptor was met in a bin.
    ///
    /// - Returns: the block, or nil where it cannot stand there.
    private mutating func meet(_ number: UInt32, in what: String, from place: Int) -> BlockDescriptor? {
        guard Int(number) < blocks.count, blocks[Int(number)].state == .free else {
            result.report("binEntry", at: place, "\(what) names descriptor \(number), which is not a free block")
            return nil
        }
        guard !binned[Int(number)] else {
            result.report("binTwice", at: layout.blockOffset(Int(number)), "\(what) meets block \(number) a second time")
            return nil
        }
        binned[Int(number)] = true
        return blocks[Int(number)]
    }

    mutating func checkSmallBins() {
        let bitmap = index.word(at: layout.indexOffset + shmlens_index_header_offset_small_bitmap) ?? 0
        for size in 0..<shmlens_small_bins {
            let place = layout.indexOffset + shmlens_index_header_offset_small_bins + size * 4
            var next = bin(shmlens_index_header_offset_small_bins, size)
            if (next != none) != (bitmap >> UInt64(size) & 1 == 1) {
                result.report("binBitmap", at: place, "bin \(size) and its bit in the bitmap disagree")
            }
            var previous = none
            while next != none {
                guard let block = meet(next, in: "bin \(size)", from: place) else { break }
                if block.spanBytes != UInt64(size * shmlens_granule_bytes) {
                    result.report(
                        "binSize", at: layout.blockOffset(Int(next)), "a block of \(block.spanBytes) bytes is in bin \(size)")
                }
                if block.ringPrevious != previous {
                    result.report("binLink", at: layout.blockOffset(Int(next)), "block \(next) does not know the one before it in bin \(size)")
                }
                previous = next
                next = block.ringNext
            }
        }
    }

    mutating func checkTrees() {
        let bitmap = index.word(at: layout.indexOffset + shmlens_index_header_offset_tree_bitmap) ?? 0
        for number in 0..<shmlens_tree_bins {
            let place = layout.indexOffset + shmlens_index_header_offset_tree_bins + number * 4
            let root = bin(shmlens_index_header_offset_tree_bins, number)
            if (root != none) != (bitmap >> UInt64(number) & 1 == 1) {
                result.report("binBitmap", at: place, "tree \(number) and its bit in the bitmap disagree")
            }
            guard root != none else { continue }
            checkTree(number, root: root, from: place)
        }
    }

    /// One node of the walk: what it must be.
    private struct Visit {
        let number: UInt32
        let parent: UInt32
        /// The bits of the size that the path to it fixes, and how many they are, the leading one included.
        let prefix: UInt64
        let depth: Int
    }

    private mutating func checkTree(_ bin: Int, root: UInt32, from place: Int) {
        var stack = [Visit(number: root, parent: UInt32(SHMLENS_PARENT_ROOT), prefix: 1, depth: 0)]
        while let visit = stack.popLast() {
            guard let block = meet(visit.number, in: "tree \(bin)", from: place) else { continue }
            let offset = layout.blockOffset(Int(visit.number))
            let size = block.spanBytes / UInt64(shmlens_granule_bytes)
            guard visit.depth <= bin, size >> UInt64(bin - visit.depth) == visit.prefix else {
                result.report("treeOrder", at: offset, "a block of \(size) granules is in a wrong place of tree \(bin)")
                continue
            }
            if block.parent != visit.parent {
                result.report("treeParent", at: offset, "block \(visit.number) names \(block.parent) as its parent, not \(visit.parent)")
            }
            checkRing(of: visit.number, size: block.spanBytes, at: offset)
            for (bit, child) in [(UInt64(0), block.leftChild), (1, block.rightChild)] where child != none {
                stack.append(
                    Visit(number: child, parent: visit.number, prefix: visit.prefix << 1 | bit, depth: visit.depth + 1))
            }
        }
    }

    /// The blocks of equal size that hang off a tree's node.
    private mutating func checkRing(of node: UInt32, size: UInt64, at offset: Int) {
        var previous = node
        var next = blocks[Int(node)].ringNext
        while next != node {
            guard let block = meet(next, in: "a ring", from: offset) else { return }
            if block.spanBytes != size || block.parent != none || block.ringPrevious != previous {
                result.report("ring", at: layout.blockOffset(Int(next)), "block \(next) does not belong into the ring of block \(node)")
            }
            previous = next
            next = block.ringNext
        }
        if blocks[Int(node)].ringPrevious != previous {
            result.report("ring", at: offset, "the ring of block \(node) does not close")
        }
    }

    mutating func checkEveryFreeBlockIsBinned() {
        for number in blocks.indices where visited[number] && blocks[number].state == .free && !binned[number] {
            result.report("notBinned", at: layout.blockOffset(number), "free block \(number) is in no bin")
        }
        for number in blocks.indices where binned[number] && !visited[number] {
            result.report("binUnreachable", at: layout.blockOffset(number), "block \(number) is in a bin and not in the chain")
        }
    }
}

/// The way from an address to its block, and the guards.
extension Verifier {
    /// Checks that bits are set exactly where spans begin, that the summaries agree, and that the map leads there.
    ///
    /// - Parameter order: descriptors in address order.
    mutating func checkStarts(_ order: [Int]) throws(ReadFailure) {
        var expected = order.map { Int(blocks[$0].spanOffset - UInt64(layout.poolOffset)) / shmlens_granule_bytes }
        let granules = expected
        for level in layout.startsOffsets.indices {
            try checkLevel(level, expected: expected)
            var above: [Int] = []
            for bit in expected where above.last != bit / 64 { above.append(bit / 64) }
            expected = above
        }
        try checkMap(granules, order)
    }

    private mutating func checkLevel(_ level: Int, expected: [Int]) throws(ReadFailure) {
        let base = layout.startsOffsets[level]
        let words = layout.startsWordCounts[level]
        let chunk = 8192
        var position = 0
        for first in stride(from: 0, to: words, by: chunk) {
            let count = min(chunk, words - first)
            guard let image = try load(base + first * 8, count: count * 8) else { return }
            for word in first..<first + count {
                var wanted: UInt64 = 0
                while position < expected.count, expected[position] / 64 == word {
                    wanted |= 1 << UInt64(expected[position] % 64)
                    position += 1
                }
                if image.word(at: base + word * 8) != wanted {
                    result.report("starts", at: base + word * 8, "level \(level) of the starts is wrong in word \(word)")
                }
            }
        }
    }

    private mutating func checkMap(_ granules: [Int], _ order: [Int]) throws(ReadFailure) {
        var reader = WindowedReader(source: source)
        for (granule, number) in zip(granules, order) {
            let place = layout.mapOffset + granule * 4
            let found = try reader.halfWord(at: place)
            result.bytesChecked += 4
            if found != UInt32(number) {
                result.report(
                    "map", at: place,
                    "the map leads to descriptor \(found.map { String($0) } ?? "nowhere") where block \(number) begins")
            }
        }
    }

    /// Checks the words before and after each payload.
    mutating func checkGuards(_ order: [Int]) throws(ReadFailure) {
        var reader = WindowedReader(source: source)
        for number in order {
            guard let block = PictureBlock(blocks[number], layout: layout) else { continue }
            result.bytesChecked += 2 * shmlens_guard_bytes
            for finding in try guardFindings(of: block, reader: &reader) {
                result.report(finding.code, at: finding.offset ?? 0, finding.message)
            }
        }
    }
}

/// Words at rising offsets, read a window at a time.
struct WindowedReader<Source: ByteSource> {
    let source: Source
    private var window = Image(bytes: [])
    static var windowBytes: Int { 16_384 }

    init(source: Source) { self.source = source }

    mutating func word(at offset: Int) throws(ReadFailure) -> UInt64? {
        try fetch(offset, count: 8)
        return window.word(at: offset)
    }

    mutating func halfWord(at offset: Int) throws(ReadFailure) -> UInt32? {
        try fetch(offset, count: 4)
        return window.halfWord(at: offset)
    }

    private mutating func fetch(_ offset: Int, count: Int) throws(ReadFailure) {
        guard offset >= 0, !window.contains(offset, count: count) else { return }
        window = Image(bytes: try source.read(at: offset, count: Self.windowBytes), offset: offset)
    }
}
