import CShmlens
public import Observations

/// What a check of a whole segment came to.
public struct Verification: Sendable, Equatable {
    /// Used and free blocks looked at.
    public var blocksChecked = 0
    /// Bytes of book-keeping and guards looked at.
    public var bytesChecked = 0
    /// The first ``findingLimit`` findings, in the order they were met.
    public var findings: [Finding] = []
    /// Findings beyond those.
    public var omittedFindings = 0

    public init(findings: [Finding] = []) { self.findings = findings }

    /// Findings kept; a segment full of garbage would give one for each byte.
    public static let findingLimit = 1000

    public var isClean: Bool { findings.isEmpty }

    mutating func report(_ code: String, at offset: Int, _ message: String) {
        guard findings.count < Self.findingLimit else {
            omittedFindings += 1
            return
        }
        findings.append(Finding(code: code, severity: .error, message: message, offset: offset))
    }
}

/// Checks everything that a segment says of itself: links, sizes, index, guards, sums.
///
/// Works on bytes that do not change meanwhile: under the lock, or on a picture. Garbage gives findings, never a trap
/// or an endless loop: each walk is bounded by the number of descriptors that the layout allows, and each index is
/// checked before it is followed. Memory: about 80 bytes a descriptor that was ever used.
public struct Verifier<Source: ByteSource> {
    let source: Source
    let layout: SegmentLayout
    var result = Verification()
    var blocks: [BlockDescriptor] = []
    var index = Image(bytes: [])
    /// Descriptors met on the walk in address order, and those met in bins.
    var visited: [Bool] = []
    var binned: [Bool] = []

    /// Descriptors that are checked: 256 MiB of table, and some 340 MiB of memory. A number out of the segment must not
    /// bound either.
    public static var descriptorLimit: Int { 1 << 22 }

    public init(source: Source, layout: SegmentLayout) {
        self.source = source
        self.layout = layout
    }

    /// Runs every check.
    ///
    /// - Throws: ``ReadFailure`` where the source fails; a source that ends early is a finding.
    public mutating func verify() throws(ReadFailure) -> Verification {
        result = Verification()
        try checkHeader()
        guard try loadTables() else { return result }
        let starts = walkAddressOrder()
        checkUnused()
        checkSmallBins()
        checkTrees()
        checkEveryFreeBlockIsBinned()
        checkTotals()
        try checkStarts(starts)
        try checkGuards(starts)
        result.blocksChecked = starts.count
        return result
    }

    /// Reads a range whole; a source that ends early is a finding and gives nil.
    mutating func load(_ offset: Int, count: Int) throws(ReadFailure) -> Image? {
        let bytes = try source.read(at: offset, count: count)
        guard bytes.count == count else {
            result.report("truncated", at: offset + bytes.count, "the object ends at \(offset + bytes.count), inside the segment")
            return nil
        }
        result.bytesChecked += count
        return Image(bytes: bytes, offset: offset)
    }

    // MARK: Header

    private mutating func checkHeader() throws(ReadFailure) {
        guard let header = try load(0, count: shmlens_header_bytes) else { return }
        do throws(FormatError) {
            let identity = try SegmentIdentity(image: header, objectBytes: nil)
            if identity.layout != layout {
                result.report("layout", at: 0, "the header describes another layout than it did when it was opened")
            }
        } catch {
            result.report("header", at: 0, error.description)
        }
        if header.word(at: shmlens_header_offset_damaged) != 0 {
            result.report("damaged", at: shmlens_header_offset_damaged, "damage was found earlier; changes are refused")
        }
        checkMutex(header)
        try checkParticipants()
        let head = header.word(at: shmlens_header_offset_event_head) ?? 0
        let count = header.word(at: shmlens_header_offset_journal_count) ?? 0
        if count != 0 {
            result.report(
                "journal", at: shmlens_header_offset_journal_count,
                "the journal holds \(count) entries while no operation is under way")
        }
        guard head > 0 else { return }
        let place = layout.eventOffset(head)
        guard let entry = try load(place, count: shmlens_event_bytes) else { return }
        let event = EventRecord(image: entry, at: place)
        if event.sequence != head || event.kind == nil {
            result.report(
                "eventRing", at: place, "the newest event should be number \(head) and is number \(event.sequence)")
        }
    }

    /// What the mutex was initialised as does not change: robust, process-shared, error-checking.
    ///
    /// In glibc's mutex its kind stands at byte 16: 2 error-checking, 16 robust, 128 process-shared (sysdeps/nptl/
    /// pthreadP.h). Another C library's is not judged.
    private mutating func checkMutex(_ header: Image) {
        guard header.halfWord(at: shmlens_header_offset_libc) == UInt32(shmlens_libc_glibc) else { return }
        let place = shmlens_header_offset_lock_mutex + 16
        let kind = header.halfWord(at: place) ?? 0
        if kind != 2 | 16 | 128 {
            result.report("mutex", at: place, "the lock's kind is \(kind): it was overwritten, and cannot be taken")
        }
    }

    private mutating func checkParticipants() throws(ReadFailure) {
        let count = layout.participantCount * shmlens_participant_bytes
        guard let slots = try load(layout.participantsOffset, count: count) else { return }
        for slot in 0..<layout.participantCount {
            let place = layout.participantOffset(slot)
            let state = slots.halfWord(at: place + shmlens_participant_offset_state) ?? 0
            let isKnown =
                slot == 0
                ? state == UInt32(shmlens_participant_external)
                : state == UInt32(shmlens_participant_free) || state == UInt32(shmlens_participant_joined)
            if !isKnown { result.report("participant", at: place, "slot \(slot) has state \(state), which is none") }
        }
    }

    private mutating func loadTables() throws(ReadFailure) -> Bool {
        guard let header = try load(layout.indexOffset, count: shmlens_index_header_bytes) else { return false }
        index = header
        let totals = HeapTotals(image: header, layout: layout)
        guard Int(totals.tableHighWater) <= layout.blockCapacity else {
            result.report(
                "tableHighWater", at: layout.indexOffset + shmlens_index_header_offset_table_high_water,
                "\(totals.tableHighWater) descriptors are said to be in use, the table holds \(layout.blockCapacity)")
            return false
        }
        let count = Int(totals.tableHighWater)
        guard count <= Self.descriptorLimit else {
            result.report(
                "tooManyBlocks", at: layout.indexOffset + shmlens_index_header_offset_table_high_water,
                "\(count) descriptors were used; a check holds \(Self.descriptorLimit) at most, and looked at none")
            return false
        }
        blocks.reserveCapacity(count)
        let chunk = 16_384
        for first in stride(from: 0, to: count, by: chunk) {
            let wanted = min(chunk, count - first)
            let place = layout.blockOffset(first)
            guard let image = try load(place, count: wanted * shmlens_block_bytes) else { return false }
            for block in 0..<wanted {
                blocks.append(BlockDescriptor(image: image, at: place + block * shmlens_block_bytes))
            }
        }
        visited = [Bool](repeating: false, count: count)
        binned = [Bool](repeating: false, count: count)
        return true
    }

    // MARK: Address order

    /// Follows the neighbours from the pool's first byte to its last.
    ///
    /// - Returns: the descriptors in address order, as far as the chain holds.
    private mutating func walkAddressOrder() -> [Int] {
        guard let first = blocks.firstIndex(where: { $0.state != .unused && $0.spanOffset == UInt64(layout.poolOffset) })
        else {
            result.report("noFirstBlock", at: layout.poolOffset, "no block begins where the pool begins")
            return []
        }
        var order: [Int] = []
        var current = first
        var expected = UInt64(layout.poolOffset)
        var previous: Int?
        while true {
            let block = blocks[current]
            guard checkBlock(block, current, expected: expected, previous: previous) else { return order }
            visited[current] = true
            order.append(current)
            expected += block.spanBytes
            guard block.next != UInt32(SHMLENS_NONE) else { break }
            guard Int(block.next) < blocks.count, !visited[Int(block.next)] else {
                result.report(
                    "next", at: layout.blockOffset(current),
                    "block \(current) names \(block.next) as its right neighbour, which cannot be")
                return order
            }
            previous = current
            current = Int(block.next)
        }
        let end = UInt64(layout.poolOffset + layout.poolBytes)
        if expected != end {
            result.report(
                "spanSum", at: layout.blockOffset(current), "the last span ends at \(expected), the pool at \(end)")
        }
        return order
    }

    /// Checks one block of the walk.
    ///
    /// - Returns: whether the walk can go on from it.
    private mutating func checkBlock(
        _ block: BlockDescriptor, _ number: Int, expected: UInt64, previous: Int?
    ) -> Bool {
        let place = layout.blockOffset(number)
        guard let state = block.state, state != .unused else {
            result.report("state", at: place, "block \(number) has state \(block.rawState) and is linked as a block")
            return false
        }
        let end = UInt64(layout.poolOffset + layout.poolBytes)
        let mask = UInt64(shmlens_granule_bytes - 1)
        guard block.spanOffset == expected, block.spanBytes > 0, block.spanBytes <= end - expected,
            block.spanBytes & mask == 0
        else {
            result.report(
                "span", at: place,
                "block \(number) spans \(block.spanBytes) bytes at \(block.spanOffset); a span is expected at \(expected)")
            return false
        }
        if block.previous != previous.map({ UInt32($0) }) ?? UInt32(SHMLENS_NONE) {
            result.report("previous", at: place, "block \(number) names \(block.previous) as its left neighbour")
        }
        if state == .free, let previous, blocks[previous].state == .free {
            result.report("uncoalesced", at: place, "two free blocks, \(previous) and \(number), lie side by side")
        }
        if state == .used { checkUse(block, number) }
        return true
    }

    private mutating func checkUse(_ block: BlockDescriptor, _ number: Int) {
        let place = layout.blockOffset(number)
        let largest = UInt8(Span.largestAlignmentShift)
        guard (4...largest).contains(block.alignmentShift),
            Int(block.leadBytes) == Span.leadBytes(alignment: 1 << Int(block.alignmentShift)),
            block.slackBytes < UInt8(shmlens_granule_bytes), block.sizeBytes != nil
        else {
            return result.report(
                "use", at: place,
                "block \(number): lead \(block.leadBytes), slack \(block.slackBytes) and alignment 2^\(block.alignmentShift) contradict each other")
        }
        if block.payloadOffset & (1 << UInt64(block.alignmentShift) - 1) != 0 {
            result.report(
                "alignment", at: place, "block \(number): the payload at \(block.payloadOffset) is not aligned as it says")
        }
        if Int(block.slot) >= layout.participantCount {
            result.report("owner", at: place, "block \(number) belongs to slot \(block.slot), which is not there")
        }
    }

    private mutating func checkUnused() {
        var next = index.halfWord(at: layout.indexOffset + shmlens_index_header_offset_unused_descriptors) ?? 0
        var count = 0
        while next != UInt32(SHMLENS_NONE) {
            guard Int(next) < blocks.count, blocks[Int(next)].rawState == 0, count < blocks.count else {
                result.report(
                    "unusedList", at: layout.indexOffset + shmlens_index_header_offset_unused_descriptors,
                    "the list of unused descriptors leads to \(next)")
                return
            }
            count += 1
            next = blocks[Int(next)].next
        }
        let expected = blocks.count { $0.rawState == 0 }
        if count != expected {
            result.report(
                "unusedList", at: layout.indexOffset + shmlens_index_header_offset_unused_descriptors,
                "\(expected) descriptors are unused, \(count) are on their list")
        }
        for number in blocks.indices where !visited[number] && blocks[number].rawState != 0 {
            result.report("unreachable", at: layout.blockOffset(number), "block \(number) is in use and not in the chain")
        }
    }

    // MARK: Totals

    private mutating func checkTotals() {
        let totals = HeapTotals(image: index, layout: layout)
        var used: UInt64 = 0
        var usedBlocks: UInt32 = 0
        var freeBlocks: UInt32 = 0
        for number in blocks.indices where visited[number] {
            if blocks[number].state == .used {
                used += blocks[number].spanBytes
                usedBlocks += 1
            } else {
                freeBlocks += 1
            }
        }
        let base = layout.indexOffset
        if totals.usedBytes != used {
            result.report(
                "usedBytes", at: base + shmlens_index_header_offset_used_bytes,
                "\(totals.usedBytes) bytes are booked as used, the blocks make \(used)")
        }
        if totals.usedBlocks != usedBlocks || totals.freeBlocks != freeBlocks {
            result.report(
                "blockCounts", at: base + shmlens_index_header_offset_used_blocks,
                "\(totals.usedBlocks) used and \(totals.freeBlocks) free blocks are booked, there are \(usedBlocks) and \(freeBlocks)")
        }
        if totals.highWaterBytes < used || totals.highWaterBytes > UInt64(layout.poolBytes) {
            result.report(
                "highWater", at: base + shmlens_index_header_offset_high_water_bytes,
                "the high-water mark is \(totals.highWaterBytes), \(used) bytes are used")
        }
    }
}

extension BlockDescriptor {
    /// Decodes a descriptor; words that the image does not hold are 0.
    @inlinable
    public init(image: Image, at offset: Int) {
        self.init(
            spanOffset: image.word(at: offset) ?? 0, spanBytes: image.word(at: offset + 8) ?? 0,
            links: image.word(at: offset + 16) ?? 0, ownership: image.word(at: offset + 24) ?? 0,
            sequence: image.word(at: offset + 32) ?? 0, detail: image.word(at: offset + 40) ?? 0,
            tagLow: image.word(at: offset + 48) ?? 0, tagHigh: image.word(at: offset + 56) ?? 0)
    }
}
