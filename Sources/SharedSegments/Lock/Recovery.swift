import CShmlens
import SegmentFormat

/// What a new owner of the lock does after the old one died holding it.
extension SegmentCore {
    /// Brings the segment to the state before or after the operation that was cut short.
    ///
    /// Safe to be killed at any store: what it does is the same when it is done again, and the journal is emptied
    /// last. The caller holds the lock, marks the mutex consistent afterwards and then announces the recovery.
    ///
    /// - Returns: what is wrong, where the journal or what it touched does not hold together.
    func recover() -> SegmentError? {
        let head = memory.load(shmlens_header_offset_event_head)
        let number = memory.load(shmlens_header_offset_journal_operation)
        let count = memory.load(shmlens_header_offset_journal_count)
        guard count > 0 else { return nil }
        var damage = journalDamage(count: count, number: number, head: head)
        if damage != nil {
            // Nobody can tell any more which pages the operation opened.
            closeAllPages()
        } else {
            if number != head, !undo(entries: Int(count)) {
                damage = .damaged(
                    what: "the journal changed while it was undone", offset: shmlens_header_offset_journal)
            }
            damage = damage ?? firstDamage(entries: Int(count))
            closePages(entries: Int(count))
        }
        // While the journal is still there: who dies in here leaves the next one to find the same.
        if damage != nil { raw(shmlens_header_offset_damaged, 1) }
        raw(shmlens_header_offset_journal_count, 0)
        return damage
    }

    /// What keeps a journal from being undone.
    private func journalDamage(count: UInt64, number: UInt64, head: UInt64) -> SegmentError? {
        guard count <= UInt64(shmlens_journal_entries) else {
            return .damaged(what: "the journal counts \(count) entries", offset: shmlens_header_offset_journal_count)
        }
        guard number == head || number == head &+ 1 else {
            return .damaged(
                what: "the journal belongs to operation \(number), the newest event is \(head)",
                offset: shmlens_header_offset_journal_operation)
        }
        for index in 0..<Int(count) where journaledOffset(index) == nil {
            return .damaged(
                what: "journal entry \(index) names a word that no operation journals", offset: Self.journalEntry(index))
        }
        return nil
    }

    /// Tells of a recovery, as an operation of its own.
    func announceRecovery(of owner: OwnerKey, damage: SegmentError?) {
        raw(
            shmlens_header_offset_lock_owner_deaths,
            memory.load(shmlens_header_offset_lock_owner_deaths) &+ 1)
        // Counted it is; where the file system has no page left for the event, there is none.
        if (try? requireEventBacked()) != nil {
            begin()
            commit(EventDraft(kind: .recover, actor: owner))
        }
        if case .damaged(_, let offset) = damage { tellDamage(at: offset) }
    }

    /// Makes the sequence numbers of all pages that the operation touched even and larger.
    private func closePages(entries: Int) {
        for index in 0..<entries {
            guard let offset = journaledOffset(index), let sequence = layout.sequenceIndex(covering: offset) else {
                continue
            }
            closePage(sequence)
        }
    }

    /// Pages of the block table that ``closeAllPages()`` looks at most: those of the first 64 million blocks.
    private static var closingLimit: Int { 1 << 20 }

    /// The same for every page that may have been touched.
    private func closeAllPages() {
        let highWater = Int(memory.loadHalf(layout.indexOffset + shmlens_index_header_offset_table_high_water))
        let pages = min(highWater / SegmentLayout.blocksPerSequence + 1, Self.closingLimit)
        for sequence in 0..<min(layout.firstBlockSequence + pages, layout.sequenceCount) { closePage(sequence) }
    }

    private func closePage(_ sequence: Int) {
        let place = layout.sequencesOffset + sequence * 8
        let number = memory.load(place)
        if number & 1 == 1 { raw(place, number &+ 1) }
    }

    /// Checks the descriptors that the operation touched: spans in the pool, neighbours that agree.
    private func firstDamage(entries: Int) -> SegmentError? {
        for index in 0..<entries {
            guard let word = journaledOffset(index), word >= layout.blocksOffset, word < layout.poolOffset else {
                continue
            }
            let offset = word & ~(shmlens_block_bytes - 1)
            do throws(SegmentError) {
                try checkNeighbours(UInt32((offset - layout.blocksOffset) / shmlens_block_bytes), at: offset)
            } catch {
                return error
            }
        }
        return nil
    }

    private func checkNeighbours(_ index: UInt32, at offset: Int) throws(SegmentError) {
        let block = descriptor(at: offset)
        guard block.state != .unused else { return }
        guard block.state != nil else { throw .damaged(what: "a descriptor has no known state", offset: offset) }
        try checkSpan(block, at: offset)
        guard block.next != Self.none else { return }
        let nextOffset = try blockOffset(checking: block.next, at: offset)
        let next = descriptor(at: nextOffset)
        guard next.previous == index else {
            throw .damaged(what: "a block's right neighbour does not know it", offset: nextOffset)
        }
        try requireTouching(block, next, at: nextOffset)
    }
}
