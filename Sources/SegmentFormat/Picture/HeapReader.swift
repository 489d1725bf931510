import CShmlens
import Observations

/// Pictures of the heap.
extension SegmentReader {
    /// Blocks that addresses are reserved for on a segment's word alone: 80 MiB, of which only what is filled takes memory.
    private static var reservedBlocks: Int { 1 << 20 }
    /// Sequence pages copied in one go: 1 MiB of the table.
    private static var pagesPerChunk: Int { 256 }

    /// Takes a picture of the heap.
    ///
    /// - Throws: ``PictureError`` where bytes that every picture needs cannot be had. A picture that did not become
    ///   one is returned and says `torn`.
    public func heap() throws(PictureError) -> HeapPicture {
        var last: HeapPicture?
        for _ in 0..<Self.pictureTries {
            let before = try head()
            var copied = try copyTable()
            let after = try head()
            if after != before {
                // A head that went back is somebody else's writing.
                guard after > before, after - before < UInt64(layout.eventCount - 1), let events = try ring(before + 1...after) else {
                    last = picture(copied.blocks, sequence: after, highWater: copied.highWater, .torn)
                    continue
                }
                if !replay(events, onto: &copied.blocks) { copied.consistency = .torn }
            }
            var result = picture(
                copied.blocks, sequence: after, highWater: copied.highWater, copied.consistency)
            // Where nobody moved, the blocks must make what is booked: a table that somebody else overwrote does not.
            if after == before, result.usedBytes != copied.usedBytes { result = result.marked(.torn) }
            if result.consistency != .torn { return result }
            last = result
        }
        // The loop ran at least once and each turn either returned or left a picture.
        return last ?? picture([], sequence: 0, highWater: 0, .torn)
    }

    /// The table's used blocks, each page at its own moment.
    private struct Copied {
        var blocks: [PictureBlock] = []
        var highWater: UInt64 = 0
        /// What the heap's index has booked.
        var usedBytes: UInt64 = 0
        var consistency = Consistency.consistent
    }

    private func copyTable() throws(PictureError) -> Copied {
        let index = try settle(
            sequence: SegmentLayout.indexSequence, offset: layout.indexOffset, count: shmlens_index_header_bytes)
        let totals = HeapTotals(image: index.image, layout: layout)
        var copied = Copied(
            highWater: totals.highWaterBytes, usedBytes: totals.usedBytes, consistency: index.consistency)
        let used = min(Int(totals.tableHighWater), layout.blockCapacity)
        let count = min(used, Verifier<Source>.descriptorLimit)
        // The rest is not looked at, and the picture says that it is none.
        if count < used { copied.consistency = .torn }
        let perPage = SegmentLayout.blocksPerSequence
        let pages = (count + perPage - 1) / perPage
        copied.blocks.reserveCapacity(min(Int(totals.usedBlocks), count, Self.reservedBlocks))
        for first in stride(from: 0, to: pages, by: Self.pagesPerChunk) {
            try copyPages(first..<min(first + Self.pagesPerChunk, pages), into: &copied)
        }
        return copied
    }

    /// Copies some pages at once, and those that changed meanwhile again one by one.
    private func copyPages(_ pages: Range<Int>, into copied: inout Copied) throws(PictureError) {
        let numbers = layout.firstBlockSequence + pages.lowerBound..<layout.firstBlockSequence + pages.upperBound
        let pageBytes = shmlens_sequence_page_bytes
        let start = layout.blocksOffset + pages.lowerBound * pageBytes
        let before = try sequences(numbers)
        let image = try copy(start, count: pages.count * pageBytes)
        let after = try sequences(numbers)
        for page in 0..<pages.count {
            let place = before.offset + page * 8
            let number = before.word(at: place)
            if number == after.word(at: place), let number, number & 1 == 0 {
                decode(image, at: start + page * pageBytes, into: &copied)
            } else {
                let settled = try settle(
                    sequence: numbers.lowerBound + page, offset: start + page * pageBytes, count: pageBytes)
                copied.consistency = copied.consistency.joined(settled.consistency)
                decode(settled.image, at: start + page * pageBytes, into: &copied)
            }
        }
    }

    private func decode(_ image: Image, at start: Int, into copied: inout Copied) {
        // Held once: the layout has arrays in it, whose owners are counted at each copy.
        let layout = layout
        for index in 0..<SegmentLayout.blocksPerSequence {
            let offset = start + index * shmlens_block_bytes
            // The state alone first: most descriptors of an aged table are free or unused.
            guard let ownership = image.word(at: offset + shmlens_block_offset_generation),
                UInt8(truncatingIfNeeded: ownership >> 48) == UInt8(shmlens_block_used)
            else { continue }
            if let block = PictureBlock(BlockDescriptor(image: image, at: offset), layout: layout) {
                copied.blocks.append(block)
            } else {
                copied.consistency = .torn
            }
        }
    }

    /// Brings blocks copied at different moments to the moment of the last event.
    ///
    /// A copied block that is as new as an event includes it already.
    ///
    /// - Returns: false where an event tells of a block that cannot be.
    func replay(_ events: [EventRecord], onto blocks: inout [PictureBlock]) -> Bool {
        var touched: Set<Int> = []
        for event in events {
            if event.spanBytes != 0 { touched.insert(Int(truncatingIfNeeded: event.spanOffset)) }
            if event.oldSpanBytes != 0 { touched.insert(Int(truncatingIfNeeded: event.oldSpanOffset)) }
        }
        guard !touched.isEmpty else { return true }
        var isSound = true
        var changed: [Int: PictureBlock] = [:]
        blocks.removeAll { block in
            guard touched.contains(block.spanOffset) else { return false }
            if changed[block.spanOffset].map({ $0.sequence < block.sequence }) ?? true {
                changed[block.spanOffset] = block
            }
            return true
        }
        for event in events {
            let old = Int(truncatingIfNeeded: event.oldSpanOffset)
            if event.oldSpanBytes != 0, let block = changed[old], block.sequence < event.sequence {
                changed[old] = nil
            }
            let new = Int(truncatingIfNeeded: event.spanOffset)
            if event.spanBytes != 0, changed[new].map({ $0.sequence < event.sequence }) ?? true {
                let block = PictureBlock(event, layout: layout)
                if block == nil { isSound = false }
                changed[new] = block
            }
        }
        blocks.append(contentsOf: changed.values)
        return isSound
    }

    /// Sorts the blocks and holds them against each other.
    private func picture(
        _ blocks: [PictureBlock], sequence: UInt64, highWater: UInt64, _ consistency: Consistency
    ) -> HeapPicture {
        var (blocks, consistency) = (blocks, consistency)
        // Allocated one after the other, and all still there: they stand in their order already, and are not copied.
        if !stand(inOrder: blocks) {
            let count = blocks.count
            blocks = inOrder(blocks)
            if blocks.count < count { consistency = consistency.joined(.torn) }
        }
        let used = blocks.reduce(0) { $0 + $1.spanBytes }
        let mark = min(max(Int(clamping: highWater), used), layout.poolBytes)
        return HeapPicture(
            layout: layout, sequence: sequence, blocks: blocks, highWaterBytes: mark, consistency: consistency)
    }

    /// Whether each block begins at or behind the end of the one before.
    private func stand(inOrder blocks: [PictureBlock]) -> Bool {
        var end = layout.poolOffset
        for block in blocks {
            guard block.spanOffset >= end else { return false }
            end = block.spanEnd
        }
        return true
    }

    /// By rising offset, without those that overlap an earlier one.
    private func inOrder(_ blocks: [PictureBlock]) -> [PictureBlock] {
        var sorted: [PictureBlock] = []
        sorted.reserveCapacity(blocks.count)
        var end = layout.poolOffset
        for index in RadixSort.order(of: blocks.map { UInt64($0.spanOffset - layout.poolOffset) >> 6 }) {
            guard blocks[index].spanOffset >= end else { continue }
            end = blocks[index].spanEnd
            sorted.append(blocks[index])
        }
        return sorted
    }
}

/// Sorting by number in linear time.
enum RadixSort {
    /// The positions of `keys` by rising key; equal keys keep their order. O(n) for each 11 bits of the largest key.
    static func order(of keys: [UInt64]) -> [Int] {
        guard keys.count > 256 else { return keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) } }
        var order = Array(keys.indices)
        let largest = keys.max() ?? 0
        var scratch = order
        var shift: UInt64 = 0
        while largest >> shift > 0 {
            var counts = [Int](repeating: 0, count: 2049)
            for key in keys { counts[Int(key >> shift & 2047) + 1] += 1 }
            for digit in 1..<2048 { counts[digit] += counts[digit - 1] }
            for index in order {
                let digit = Int(keys[index] >> shift & 2047)
                scratch[counts[digit]] = index
                counts[digit] += 1
            }
            swap(&order, &scratch)
            shift += 11
        }
        return order
    }
}
