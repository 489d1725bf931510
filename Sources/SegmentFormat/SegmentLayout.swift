public import CShmlens

/// Where each part of a segment stands: a pure function of four numbers.
///
/// Whoever opens a segment takes the four numbers from its header, computes the layout again and requires every
/// offset in the header to agree. From then on only the computed layout is used, so nothing that a hostile process
/// writes into the header later can move a part.
public struct SegmentLayout: Sendable, Equatable {
    /// The creator's page size; parts begin on its multiples.
    public let pageBytes: Int
    /// The pool's capacity in bytes: what was asked for, rounded up to whole pages.
    public let poolBytes: Int
    /// Participant slots, the reserved slot 0 (`external`) included.
    public let participantCount: Int
    /// Entries of the event ring.
    public let eventCount: Int

    public let participantsOffset: Int
    public let eventsOffset: Int
    public let indexOffset: Int
    public let indexBytes: Int
    public let blocksOffset: Int
    /// Descriptors that the block table can hold.
    public let blockCapacity: Int
    public let poolOffset: Int
    /// The object's size in bytes.
    public let totalBytes: Int

    /// Granules of the pool: spans begin on their boundaries.
    public let granuleCount: Int
    /// Page sequence numbers: the header's state, the index header, the participants' pages, the block table's.
    public let sequencesOffset: Int
    public let sequenceCount: Int
    /// Offset of each level of the starts bitmap; level 0 has a bit a granule, the last level is one word.
    public let startsOffsets: [Int]
    /// Words of each level.
    public let startsWordCounts: [Int]
    public let mapOffset: Int

    /// What the format can hold. Values outside are refused before anything is made.
    public enum Limit {
        /// Pool bytes: one page to one tebibyte.
        public static let poolBytes = 1...(1 << 40)
        /// Participants beside `external`.
        public static let participants = 1...4095
        /// Events that the ring remembers.
        public static let events = 16...(1 << 20)
        /// Page sizes of 64-bit Linux.
        public static let pageBytes = 4096...65536
        /// The index of a descriptor is 32 bits; the two topmost values have other meanings.
        public static let blockCapacity = 0xffff_ff00
    }

    /// The sequence number that covers the header's state lines.
    @inlinable public static var stateSequence: Int { 0 }
    /// The one that covers the index header.
    @inlinable public static var indexSequence: Int { 1 }
    /// The first of those that cover the participants.
    @inlinable public static var firstParticipantSequence: Int { 2 }
    /// Descriptors that one sequence number covers.
    @inlinable public static var blocksPerSequence: Int {
        shmlens_sequence_page_bytes / shmlens_block_bytes
    }

    /// The first sequence number that covers the block table.
    public let firstBlockSequence: Int

    /// Computes a layout.
    ///
    /// - Parameters:
    ///   - capacityBytes: what the pool must hold at least; 1 to 2^40.
    ///   - participants: slots beside `external`, 1 to 4095.
    ///   - events: entries of the ring, 16 to 2^20.
    ///   - pageBytes: a power of two, 4096 to 65536.
    /// - Returns: nil where a number is out of its range.
    public init?(capacityBytes: Int, participants: Int, events: Int, pageBytes: Int) {
        guard Limit.poolBytes.contains(capacityBytes), Limit.participants.contains(participants),
            Limit.events.contains(events), Limit.pageBytes.contains(pageBytes),
            pageBytes & (pageBytes - 1) == 0
        else { return nil }
        func paged(_ bytes: Int) -> Int { (bytes + pageBytes - 1) & ~(pageBytes - 1) }
        func lined(_ bytes: Int) -> Int { (bytes + 63) & ~63 }

        self.pageBytes = pageBytes
        poolBytes = paged(capacityBytes)
        participantCount = participants + 1
        eventCount = events
        granuleCount = poolBytes / shmlens_granule_bytes
        blockCapacity = min(granuleCount, Limit.blockCapacity)

        let sequencePage = shmlens_sequence_page_bytes
        let participantBytes = participantCount * shmlens_participant_bytes
        let tableBytes = blockCapacity * shmlens_block_bytes
        participantsOffset = paged(shmlens_header_bytes)
        eventsOffset = participantsOffset + paged(participantBytes)
        indexOffset = eventsOffset + paged(events * shmlens_event_bytes)

        firstBlockSequence =
            Self.firstParticipantSequence + (participantBytes + sequencePage - 1) / sequencePage
        sequenceCount = firstBlockSequence + (tableBytes + sequencePage - 1) / sequencePage
        sequencesOffset = indexOffset + shmlens_index_header_bytes

        var offset = sequencesOffset + lined(sequenceCount * 8)
        var offsets: [Int] = []
        var counts: [Int] = []
        var bits = granuleCount
        repeat {
            let words = (bits + 63) / 64
            offsets.append(offset)
            counts.append(words)
            offset += lined(words * 8)
            bits = words
        } while bits > 1
        startsOffsets = offsets
        startsWordCounts = counts
        mapOffset = offset
        indexBytes = paged(offset + granuleCount * 4 - indexOffset)

        blocksOffset = indexOffset + indexBytes
        poolOffset = blocksOffset + paged(tableBytes)
        totalBytes = poolOffset + poolBytes
    }

    /// The offset of a participant's slot.
    @inlinable public func participantOffset(_ slot: Int) -> Int {
        participantsOffset + slot * shmlens_participant_bytes
    }

    /// The offset of the ring entry in which event number `sequence` stands.
    @inlinable public func eventOffset(_ sequence: UInt64) -> Int {
        eventsOffset + Int(sequence % UInt64(eventCount)) * shmlens_event_bytes
    }

    /// The offset of a descriptor.
    @inlinable public func blockOffset(_ index: Int) -> Int {
        blocksOffset + index * shmlens_block_bytes
    }

    /// The sequence number that covers the word at `offset`, or nil where none does: the event ring, the starts,
    /// the map, the pool.
    @inlinable public func sequenceIndex(covering offset: Int) -> Int? {
        if offset >= blocksOffset {
            guard offset < poolOffset else { return nil }
            return firstBlockSequence + (offset - blocksOffset) / shmlens_sequence_page_bytes
        }
        if offset >= indexOffset {
            return offset < sequencesOffset ? Self.indexSequence : nil
        }
        if offset >= participantsOffset {
            guard offset < eventsOffset else { return nil }
            return Self.firstParticipantSequence
                + (offset - participantsOffset) / shmlens_sequence_page_bytes
        }
        return Self.stateOffsets.contains(offset) ? Self.stateSequence : nil
    }

    /// The header's state lines.
    @inlinable public static var stateOffsets: Range<Int> {
        shmlens_header_offset_counter..<shmlens_header_offset_event_head
    }
}
