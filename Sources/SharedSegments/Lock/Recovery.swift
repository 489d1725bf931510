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
        guard count <= UInt64(shmlens_journal_entries) else {
            return .damaged(what: "the journal counts \(count) entries", offset: shmlens_header_offset_journal_count)
        }
        guard number == head || number == head &+ 1 else {
            return .damaged(
                what: "the journal belongs to operation \(number), the newest event is \(head)",
                offset: shmlens_header_offset_journal_operation)
        }
        for index in 0..<Int(count) {
            let entry = journalEntry(index)
            guard isJournaled(memory.load(entry)) else {
                return .damaged(what: "a journal entry names the word at \(memory.load(entry))", offset: entry)
            }
        }
        if number != head { undo(entries: Int(count)) }
        let damage = firstDamage(entries: Int(count))
        closePages(entries: Int(count))
        raw(shmlens_header_offset_journal_count, 0)
        return damage
    }

    /// Tells of a recovery, as an operation of its own.
    func announceRecovery(of owner: OwnerKey, damage: SegmentError?) {
        raw(
            shmlens_header_offset_lock_owner_deaths,
            memory.load(shmlens_header_offset_lock_owner_deaths) &+ 1)
        begin()
        commit(EventDraft(kind: .recover, actor: owner))
        if case .damaged(_, let offset) = damage { markDamaged(at: offset) }
    }

    private func journalEntry(_ index: Int) -> Int {
        shmlens_header_offset_journal + index * MemoryLayout<shmlens_journal_entry>.size
    }

    /// Whether operations journal the word there: the header's state, and everything behind the header but the ring.
    private func isJournaled(_ offset: UInt64) -> Bool {
        guard offset & 7 == 0, offset <= UInt64(layout.totalBytes - 8) else { return false }
        let offset = Int(offset)
        if offset < layout.participantsOffset { return SegmentLayout.stateOffsets.contains(offset) }
        return offset < layout.eventsOffset || offset >= layout.indexOffset
    }

    /// Makes the sequence numbers of all pages that the operation touched even and larger.
    private func closePages(entries: Int) {
        for index in 0..<entries {
            let offset = Int(memory.load(journalEntry(index)))
            guard let sequence = layout.sequenceIndex(covering: offset) else { continue }
            let place = layout.sequencesOffset + sequence * 8
            let number = memory.load(place)
            if number & 1 == 1 { raw(place, number &+ 1) }
        }
    }

    /// Checks the descriptors that the operation touched: spans in the pool, neighbours that agree.
    private func firstDamage(entries: Int) -> SegmentError? {
        for index in 0..<entries {
            let word = Int(memory.load(journalEntry(index)))
            guard word >= layout.blocksOffset, word < layout.poolOffset else { continue }
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
