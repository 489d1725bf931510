import CShmlens
public import Observations

/// Why no picture could be taken.
public enum PictureError: Error, Sendable, Equatable {
    case read(ReadFailure)
    /// The object ends inside a table that every picture needs.
    case truncated(at: Int)
}

/// Takes pictures of a segment without its lock: copies, and proof that each copy is one state.
///
/// Each page that matters has a sequence number, odd while an operation changes it. A page is copied between two
/// readings of its number, a bounded number of times; pages copied at different moments are brought to one moment
/// with the event ring, as a database makes a checkpoint out of a fuzzy copy and its log. Where the lock's owner
/// stands still in the middle of an operation, the journal is undone on the copy.
///
/// Reads only. Time: proportional to the tables' used part; nothing in the segment bounds a loop.
public struct SegmentReader<Source: ByteSource>: Sendable {
    let source: Source
    public let layout: SegmentLayout

    /// How often one page is copied before the reader looks whether the owner stands still.
    static var pageTries: Int { 32 }
    /// How often a picture is begun again.
    static var pictureTries: Int { 8 }

    public init(source: Source, layout: SegmentLayout) {
        self.source = source
        self.layout = layout
    }

    // MARK: Copying

    /// Copies a range whole.
    func copy(_ offset: Int, count: Int) throws(PictureError) -> Image {
        let bytes: [UInt8]
        do throws(ReadFailure) {
            bytes = try source.read(at: offset, count: count)
        } catch {
            throw .read(error)
        }
        guard bytes.count == count else { throw .truncated(at: offset + bytes.count) }
        return Image(bytes: bytes, offset: offset)
    }

    /// The sequence numbers of some pages.
    func sequences(_ range: Range<Int>) throws(PictureError) -> Image {
        try copy(layout.sequencesOffset + range.lowerBound * 8, count: range.count * 8)
    }

    /// The newest committed operation; beyond ``headMax`` somebody else wrote there, and that is what it counts as.
    public func head() throws(PictureError) -> UInt64 {
        let head = try copy(shmlens_header_offset_event_head, count: 8).word(at: shmlens_header_offset_event_head)
        return min(head ?? 0, Self.headMax)
    }

    /// More operations than a segment sees, at a million a second, in a hundred thousand years: sums with the length
    /// of a ring stay far from the end of a word.
    private static var headMax: UInt64 { 1 << 62 }

    /// What became of copying one page.
    struct Settled {
        var image: Image
        var consistency: Consistency
    }

    /// Copies a range that one sequence number covers, until number and bytes belong together.
    ///
    /// - Parameters:
    ///   - sequence: the number's index.
    ///   - offset: first byte of the range.
    func settle(sequence: Int, offset: Int, count: Int) throws(PictureError) -> Settled {
        var image = Image(bytes: [])
        for _ in 0..<Self.pageTries {
            let before = try sequences(sequence..<sequence + 1)
            image = try copy(offset, count: count)
            guard try sequences(sequence..<sequence + 1) == before else { continue }
            guard let number = before.word(at: before.offset), number & 1 == 1 else {
                return Settled(image: image, consistency: .consistent)
            }
            if let undone = try undo(sequence: sequence, number: before, image: image) { return undone }
        }
        return Settled(image: image, consistency: .torn)
    }

    /// Takes an unfinished operation back on a copy, where its owner has not moved since the copy was made.
    private func undo(sequence: Int, number: Image, image: Image) throws(PictureError) -> Settled? {
        let header = try copy(0, count: shmlens_header_bytes)
        guard let journal = JournalRecord(image: header, layout: layout) else {
            return Settled(image: image, consistency: .torn)
        }
        // The same journal, number and head a second time: nothing moved in between, nor since the copy, for the
        // page's number is still the one that stood there before it.
        let again = try copy(0, count: shmlens_header_bytes)
        guard JournalRecord(image: again, layout: layout) == journal,
            try sequences(sequence..<sequence + 1) == number,
            try copy(image.offset, count: image.bytes.count) == image
        else { return nil }
        guard journal.isPending else {
            // Committed already: only the page's number was not made even yet.
            return journal.operation == journal.head ? Settled(image: image, consistency: .consistent) : nil
        }
        var bytes = image.bytes
        journal.undo(in: &bytes, from: image.offset)
        return Settled(image: Image(bytes: bytes, offset: image.offset), consistency: .rolledBack)
    }

    // MARK: Small pictures

    /// The header's lock, state and ring head.
    public struct HeaderPicture: Sendable {
        public let lock: LockRecord
        public let state: SegmentState
        public let head: UInt64
        public let consistency: Consistency
    }

    /// Copies the header.
    public func header() throws(PictureError) -> HeaderPicture {
        let (image, consistency) = try headerImage()
        return HeaderPicture(
            lock: LockRecord(image: image), state: SegmentState(image: image),
            head: image.word(at: shmlens_header_offset_event_head) ?? 0, consistency: consistency)
    }

    /// The header's bytes.
    public func headerImage() throws(PictureError) -> (image: Image, consistency: Consistency) {
        let settled = try settle(sequence: SegmentLayout.stateSequence, offset: 0, count: shmlens_header_bytes)
        return (settled.image, settled.consistency)
    }

    /// Copies the slots that anybody ever sat in, the reserved slot 0 left out. A free one tells who left it.
    public func participants() throws(PictureError) -> (records: [ParticipantRecord], consistency: Consistency) {
        let perPage = shmlens_sequence_page_bytes / shmlens_participant_bytes
        var records: [ParticipantRecord] = []
        var consistency = Consistency.consistent
        for first in stride(from: 0, to: layout.participantCount, by: perPage) {
            let count = min(perPage, layout.participantCount - first)
            let page = try settle(
                sequence: SegmentLayout.firstParticipantSequence + first / perPage,
                offset: layout.participantOffset(first), count: count * shmlens_participant_bytes)
            consistency = consistency.joined(page.consistency)
            for slot in max(first, 1)..<max(first + count, 1) {
                let record = ParticipantRecord(image: page.image, layout: layout, slot: slot)
                if record.generation != 0 { records.append(record) }
            }
        }
        return (records, consistency)
    }

    /// Events of the ring that are newer than one, oldest first.
    ///
    /// - Parameters:
    ///   - after: the sequence of the last one known; 0 for all that are there.
    ///   - limit: how many at most; the oldest of them.
    /// - Returns: the events, and how many between `after` and the first of them are gone.
    public func events(after: UInt64, limit: Int) throws(PictureError) -> (events: [EventRecord], lost: UInt64) {
        for _ in 0..<Self.pictureTries {
            let newest = try head()
            guard newest > after, limit > 0 else { return ([], 0) }
            let kept = UInt64(layout.eventCount - 1)
            let oldest = newest > kept ? newest - kept + 1 : 1
            let first = max(after &+ 1, oldest)
            let last = min(newest, first + UInt64(min(limit, layout.eventCount)) - 1)
            if let events = try ring(first...last) { return (events, first - after - 1) }
        }
        return ([], try head() &- after)
    }

    /// Copies ring entries.
    ///
    /// - Returns: nil where the ring lapped the reader meanwhile, or holds something else than it should.
    func ring(_ wanted: ClosedRange<UInt64>) throws(PictureError) -> [EventRecord]? {
        guard wanted.count <= layout.eventCount else { return nil }
        var events: [EventRecord] = []
        events.reserveCapacity(wanted.count)
        var next = wanted.lowerBound
        while next <= wanted.upperBound {
            // Entries stand one behind the other up to the ring's end.
            let index = Int(next % UInt64(layout.eventCount))
            let count = min(wanted.upperBound - next + 1, UInt64(layout.eventCount - index))
            let place = layout.eventOffset(next)
            let image = try copy(place, count: Int(count) * shmlens_event_bytes)
            for entry in 0..<Int(count) {
                let event = EventRecord(image: image, at: place + entry * shmlens_event_bytes)
                guard event.sequence == next + UInt64(entry) else { return nil }
                events.append(event)
            }
            next += count
        }
        // The entry that the next operation writes is lost already; so are all before it.
        let head = try head()
        guard head < wanted.lowerBound || head - wanted.lowerBound < UInt64(layout.eventCount - 1) else { return nil }
        return events
    }
}
