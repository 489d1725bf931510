import CShmlens
public import Observations

/// The undo journal as it was copied: what an operation that is not finished would take back.
public struct JournalRecord: Sendable, Equatable {
    /// The operation that the entries belong to.
    public let operation: UInt64
    /// The newest event when the journal was copied.
    public let head: UInt64
    /// Words and what they held, oldest first. Offsets were checked.
    public let entries: [Entry]

    public struct Entry: Sendable, Equatable {
        public let offset: Int
        public let old: UInt64
    }

    /// Whether there is something to undo.
    public var isPending: Bool { !entries.isEmpty && operation == head &+ 1 }

    /// Decodes a header's journal.
    ///
    /// - Parameters:
    ///   - image: the header, whole.
    ///   - layout: bounds the offsets.
    /// - Returns: nil where the journal does not hold together.
    public init?(image: Image, layout: SegmentLayout) {
        guard let operation = image.word(at: shmlens_header_offset_journal_operation),
            let count = image.word(at: shmlens_header_offset_journal_count),
            let head = image.word(at: shmlens_header_offset_event_head),
            count <= UInt64(shmlens_journal_entries)
        else { return nil }
        var entries: [Entry] = []
        for index in 0..<Int(count) {
            let place = shmlens_header_offset_journal + index * 16
            guard let offset = image.word(at: place), let old = image.word(at: place + 8),
                offset & 7 == 0, offset <= UInt64(layout.totalBytes - 8)
            else { return nil }
            entries.append(Entry(offset: Int(offset), old: old))
        }
        self.operation = operation
        self.head = head
        self.entries = entries
    }

    /// Puts the old words back into a copy, newest first.
    ///
    /// - Parameters:
    ///   - bytes: the copy.
    ///   - start: where its first byte stands in the segment.
    public func undo(in bytes: inout [UInt8], from start: Int) {
        for entry in entries.reversed() {
            // A word may hang over an end of the copy by some of its bytes.
            for index in 0..<8 {
                let position = entry.offset - start + index
                guard bytes.indices.contains(position) else { continue }
                bytes[position] = UInt8(truncatingIfNeeded: entry.old >> UInt64(8 * index))
            }
        }
    }
}

/// A segment as it was before the operation under way, for whoever checks one whose owner stands still.
public struct UndoneSource<Source: ByteSource>: ByteSource {
    let source: Source
    let journal: JournalRecord

    public init(source: Source, journal: JournalRecord) {
        self.source = source
        self.journal = journal
    }

    public func size() throws(ReadFailure) -> Int { try source.size() }

    public func read(at offset: Int, count: Int) throws(ReadFailure) -> [UInt8] {
        var bytes = try source.read(at: offset, count: count)
        if journal.isPending { journal.undo(in: &bytes, from: offset) }
        for index in 0..<8 {
            let position = shmlens_header_offset_journal_count + index - offset
            if bytes.indices.contains(position) { bytes[position] = 0 }
        }
        return bytes
    }
}
