import CShmlens
import SegmentFormat

/// Free blocks by size: exact best fit in bounded steps.
///
/// Sizes are counted in granules. Below 64 there is a list for each size. Above, bin k holds the sizes from 2^k to
/// 2^(k+1) - 1 in a digital tree: each node is a size, its children continue with the next lower bit of the size, 0
/// to the left and 1 to the right. Blocks of a size that the tree has already hang in a ring off the one that is in
/// it. A path is at most as long as a size has bits, so the smallest size that is large enough is found by one walk
/// down and one walk along the left edge of the last subtree to the right that was passed by.
extension SegmentCore {
    /// Longest walk through one tree: a size has at most 34 bits (2^40 bytes in granules of 64). A longer one is a
    /// cycle that somebody wrote.
    static var walkLimit: Int { 40 }

    private var smallBitmapOffset: Int { indexOffset + shmlens_index_header_offset_small_bitmap }
    private var treeBitmapOffset: Int { indexOffset + shmlens_index_header_offset_tree_bitmap }

    private func smallBinOffset(_ granules: Int) -> Int {
        indexOffset + shmlens_index_header_offset_small_bins + granules * 4
    }

    private func treeBinOffset(_ bin: Int) -> Int {
        indexOffset + shmlens_index_header_offset_tree_bins + bin * 4
    }

    @inline(__always)
    private func treeBin(_ granules: UInt64) -> Int { 63 - granules.leadingZeroBitCount }

    /// The bits of a size below its leading one, at the top of the word.
    @inline(__always)
    private func path(_ granules: UInt64, bin: Int) -> UInt64 { granules << UInt64(64 - bin) }

    @inline(__always)
    private func granules(_ block: BlockDescriptor) -> UInt64 { block.spanBytes / UInt64(shmlens_granule_bytes) }

    /// The smallest free block of at least `wanted` granules, or nil where there is none.
    ///
    /// Of equal sizes the one freed last. At most `2 * walkLimit` descriptors are looked at.
    func bestFit(granules wanted: UInt64) throws(SegmentError) -> UInt32? {
        if wanted < UInt64(shmlens_small_bins) {
            let candidates = memory.load(smallBitmapOffset) & (~0 << wanted)
            if candidates != 0 {
                return try smallHead(candidates.trailingZeroBitCount)
            }
        }
        let trees = memory.load(treeBitmapOffset)
        let firstBin = max(treeBin(wanted), treeBin(UInt64(shmlens_small_bins)))
        if wanted >= UInt64(shmlens_small_bins), trees >> UInt64(firstBin) & 1 == 1,
            let found = try searchTree(firstBin, wanted: wanted)
        {
            return found
        }
        let skipped = wanted >= UInt64(shmlens_small_bins) ? firstBin + 1 : firstBin
        let larger = skipped > 63 ? 0 : trees & (~0 << UInt64(skipped))
        guard larger != 0 else { return nil }
        let bin = larger.trailingZeroBitCount
        return try smallest(under: memory.loadHalf(treeBinOffset(bin)), wanted: wanted)
    }

    private func smallHead(_ bin: Int) throws(SegmentError) -> UInt32 {
        let place = smallBinOffset(bin)
        let head = memory.loadHalf(place)
        let (offset, block) = try freeBlock(head, from: place)
        guard granules(block) == UInt64(bin) else {
            throw .damaged(what: "a block of \(granules(block)) granules is in bin \(bin)", offset: offset)
        }
        return head
    }

    /// The smallest block of one tree that is large enough.
    private func searchTree(_ bin: Int, wanted: UInt64) throws(SegmentError) -> UInt32? {
        var best: UInt32?
        var bestSize = UInt64.max
        var passedBy = Self.none
        var bits = path(wanted, bin: bin)
        var node = memory.loadHalf(treeBinOffset(bin))
        var steps = 0
        while node != Self.none {
            let (offset, block) = try freeBlock(node, from: treeBinOffset(bin))
            let size = granules(block)
            guard steps < Self.walkLimit, treeBin(size) == bin else {
                throw .damaged(what: "the tree of bin \(bin) is not one", offset: offset)
            }
            if size >= wanted, size < bestSize {
                best = node
                bestSize = size
                if size == wanted { return node }
            }
            if bits >> 63 == 0 {
                if block.rightChild != Self.none { passedBy = block.rightChild }
                node = block.leftChild
            } else {
                node = block.rightChild
            }
            bits <<= 1
            steps += 1
        }
        guard passedBy != Self.none else { return best }
        return try smallest(under: passedBy, wanted: wanted, best: best, bestSize: bestSize)
    }

    /// The smallest block under a node all of whose sizes are large enough: along the left edge.
    private func smallest(
        under root: UInt32, wanted: UInt64, best: UInt32? = nil, bestSize: UInt64 = .max
    ) throws(SegmentError) -> UInt32? {
        var best = best
        var bestSize = bestSize
        var node = root
        for _ in 0...Self.walkLimit {
            guard node != Self.none else { return best }
            let (offset, block) = try freeBlock(node, from: indexOffset)
            let size = granules(block)
            guard size >= wanted else {
                throw .damaged(what: "a tree of free blocks is out of order", offset: offset)
            }
            if size < bestSize {
                best = node
                bestSize = size
            }
            node = block.leftChild != Self.none ? block.leftChild : block.rightChild
        }
        throw .damaged(what: "a tree of free blocks has a cycle", offset: blockOffset(Int(root)))
    }

    /// The span of the largest free block, 0 where there is none.
    func largestFreeBytes() throws(SegmentError) -> Int {
        let trees = memory.load(treeBitmapOffset)
        guard trees != 0 else {
            let small = memory.load(smallBitmapOffset)
            return small == 0 ? 0 : (63 - small.leadingZeroBitCount) * shmlens_granule_bytes
        }
        let place = treeBinOffset(63 - trees.leadingZeroBitCount)
        var node = memory.loadHalf(place)
        var largest: UInt64 = 0
        for _ in 0...Self.walkLimit {
            guard node != Self.none else { return Int(largest) }
            let (_, block) = try freeBlock(node, from: place)
            largest = max(largest, block.spanBytes)
            node = block.rightChild != Self.none ? block.rightChild : block.leftChild
        }
        throw .damaged(what: "a tree of free blocks has a cycle", offset: place)
    }

    // MARK: Changing

    /// Puts a free block, whose span is stored already, into its bin.
    func insertFree(_ index: UInt32, at offset: Int, spanBytes: Int) throws(SegmentError) {
        let size = UInt64(spanBytes / shmlens_granule_bytes)
        guard size >= UInt64(shmlens_small_bins) else {
            return try insertSmall(index, at: offset, bin: Int(size))
        }
        try insertTree(index, at: offset, size: size)
    }

    private func insertSmall(_ index: UInt32, at offset: Int, bin: Int) throws(SegmentError) {
        let place = smallBinOffset(bin)
        let head = memory.loadHalf(place)
        try put(offset + 48, BlockDescriptor.pack(Self.none, head))
        try put(offset + 56, UInt64(Self.none))
        if head != Self.none {
            let headOffset = try freeOffset(head, from: place)
            try put(headOffset + 56, UInt64(index))
        } else {
            try put(smallBitmapOffset, memory.load(smallBitmapOffset) | 1 << UInt64(bin))
        }
        try putHalf(place, index)
    }

    private func insertTree(_ index: UInt32, at offset: Int, size: UInt64) throws(SegmentError) {
        let bin = treeBin(size)
        let place = treeBinOffset(bin)
        try put(offset + 40, BlockDescriptor.pack(Self.none, Self.none))
        guard memory.load(treeBitmapOffset) >> UInt64(bin) & 1 == 1 else {
            try put(offset + 48, BlockDescriptor.pack(UInt32(SHMLENS_PARENT_ROOT), index))
            try put(offset + 56, UInt64(index))
            try putHalf(place, index)
            return try put(treeBitmapOffset, memory.load(treeBitmapOffset) | 1 << UInt64(bin))
        }
        var bits = path(size, bin: bin)
        var node = memory.loadHalf(place)
        for _ in 0...Self.walkLimit {
            let (nodeOffset, block) = try freeBlock(node, from: place)
            if granules(block) == size {
                return try insertRing(index, at: offset, beside: node, nodeOffset: nodeOffset, block: block)
            }
            let childOffset = nodeOffset + 40 + (bits >> 63 == 0 ? 0 : 4)
            let child = memory.loadHalf(childOffset)
            if child == Self.none {
                try put(offset + 48, BlockDescriptor.pack(node, index))
                try put(offset + 56, UInt64(index))
                return try putHalf(childOffset, index)
            }
            node = child
            bits <<= 1
        }
        throw .damaged(what: "a tree of free blocks has a cycle", offset: place)
    }

    /// Hangs a block into the ring of one of equal size.
    private func insertRing(
        _ index: UInt32, at offset: Int, beside node: UInt32, nodeOffset: Int, block: BlockDescriptor
    ) throws(SegmentError) {
        let after = block.ringNext
        try put(offset + 48, BlockDescriptor.pack(Self.none, after))
        try put(offset + 56, UInt64(node))
        let afterOffset = try freeOffset(after, from: nodeOffset)
        try put(afterOffset + 56, UInt64(index))
        // The node's own word last: where the ring had one member, `after` is the node itself.
        try putHalf(nodeOffset + 52, index)
    }

    /// Takes a free block out of its bin.
    func removeFree(_ index: UInt32, at offset: Int, block: BlockDescriptor) throws(SegmentError) {
        let size = granules(block)
        guard size >= UInt64(shmlens_small_bins) else { return try removeSmall(index, block, bin: Int(size)) }
        try removeTree(index, at: offset, block, bin: treeBin(size))
    }

    private func removeSmall(_ index: UInt32, _ block: BlockDescriptor, bin: Int) throws(SegmentError) {
        let place = smallBinOffset(bin)
        if block.ringPrevious != Self.none {
            let (previousOffset, previous) = try freeBlock(block.ringPrevious, from: place)
            try requireLink(previous.ringNext == index, at: previousOffset)
            try putHalf(previousOffset + 52, block.ringNext)
        } else {
            try requireLink(memory.loadHalf(place) == index, at: place)
            try putHalf(place, block.ringNext)
            if block.ringNext == Self.none {
                try put(smallBitmapOffset, memory.load(smallBitmapOffset) & ~(1 << UInt64(bin)))
            }
        }
        if block.ringNext != Self.none {
            let (nextOffset, next) = try freeBlock(block.ringNext, from: place)
            try requireLink(next.ringPrevious == index, at: nextOffset)
            try put(nextOffset + 56, UInt64(block.ringPrevious))
        }
    }

    private func removeTree(_ index: UInt32, at offset: Int, _ block: BlockDescriptor, bin: Int) throws(SegmentError) {
        let replacement: UInt32
        if block.ringNext != index {
            replacement = block.ringNext
            let (nextOffset, next) = try freeBlock(block.ringNext, from: offset)
            let (previousOffset, previous) = try freeBlock(block.ringPrevious, from: offset)
            try requireLink(next.ringPrevious == index && previous.ringNext == index, at: offset)
            try put(nextOffset + 56, UInt64(block.ringPrevious))
            try putHalf(previousOffset + 52, block.ringNext)
        } else {
            replacement = try cutLeaf(under: index, at: offset)
        }
        guard block.parent != Self.none else { return }
        try replaceInParent(index, block, bin: bin, replacement: replacement)
        guard replacement != Self.none else { return }
        let replacementOffset = try freeOffset(replacement, from: offset)
        try putHalf(replacementOffset + 48, block.parent)
        // Read again: cutting the leaf may have been cutting a child of this very block.
        let children = memory.load(offset + 40)
        try put(replacementOffset + 40, children)
        for child in [UInt32(truncatingIfNeeded: children), UInt32(truncatingIfNeeded: children >> 32)]
        where child != Self.none {
            let childOffset = try freeOffset(child, from: offset)
            try putHalf(childOffset + 48, replacement)
        }
    }

    private func replaceInParent(
        _ index: UInt32, _ block: BlockDescriptor, bin: Int, replacement: UInt32
    ) throws(SegmentError) {
        guard block.parent != UInt32(SHMLENS_PARENT_ROOT) else {
            let place = treeBinOffset(bin)
            try requireLink(memory.loadHalf(place) == index, at: place)
            try putHalf(place, replacement)
            if replacement == Self.none {
                try put(treeBitmapOffset, memory.load(treeBitmapOffset) & ~(1 << UInt64(bin)))
            }
            return
        }
        let (parentOffset, parent) = try freeBlock(block.parent, from: treeBinOffset(bin))
        try requireLink(parent.leftChild == index || parent.rightChild == index, at: parentOffset)
        try putHalf(parentOffset + (parent.leftChild == index ? 40 : 44), replacement)
    }

    /// Takes a leaf off the tree under a node, to stand in the node's place; none where the node is a leaf.
    private func cutLeaf(under index: UInt32, at offset: Int) throws(SegmentError) -> UInt32 {
        var node = index
        var nodeOffset = offset
        var linkOffset: Int?
        for _ in 0...Self.walkLimit {
            let children = memory.load(nodeOffset + 40)
            let left = UInt32(truncatingIfNeeded: children)
            let right = UInt32(truncatingIfNeeded: children >> 32)
            guard left != Self.none || right != Self.none else {
                guard let linkOffset else { return Self.none }
                try putHalf(linkOffset, Self.none)
                return node
            }
            let goesRight = right != Self.none
            linkOffset = nodeOffset + (goesRight ? 44 : 40)
            node = goesRight ? right : left
            nodeOffset = try freeOffset(node, from: nodeOffset)
        }
        throw .damaged(what: "a tree of free blocks has a cycle", offset: offset)
    }

    private func requireLink(_ holds: Bool, at offset: Int) throws(SegmentError) {
        guard holds else { throw .damaged(what: "the links between free blocks contradict each other", offset: offset) }
    }
}
