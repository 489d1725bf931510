import CShmlens
import SegmentFormat

/// A mapped segment and the one way of changing it.
///
/// Everything that changes under the lock is stored by ``put(_:_:)``, which saves the word that it overwrites, or by
/// ``raw(_:_:)`` where there is nothing to save: words that nobody reads before the commit, and the journal itself.
/// An operation is ``begin()``, stores, ``commit(_:)``; or ``rollBack()`` where it cannot be finished.
///
/// All methods but those that only load need the segment's lock held by the calling thread: the lock is what makes
/// the mutable properties of this class safe. The layout was checked once, when the segment was opened; nothing that
/// stands in the segment's header is used as an offset afterwards.
@safe
final class SegmentCore: @unchecked Sendable {
    // Unchecked because the mutable properties are guarded by the segment's own lock, which the compiler cannot see.
    let memory: LiveMemory
    let layout: SegmentLayout

    // What every operation needs of the layout, which as a whole is too large to be passed around.
    let indexOffset: Int
    let sequencesOffset: Int
    let mapOffset: Int
    let blocksOffset: Int
    let blockCapacity: Int
    let poolOffset: Int
    let poolEnd: Int
    private let firstBlockSequence: Int
    /// Levels of the starts, and where they stand: six are enough for the largest pool, 2^34 granules.
    let startsLevels: Int
    let startsOffsets: [6 of Int]

    /// The number of the operation under way, once it commits.
    var operation: UInt64 = 0
    /// When it began: CLOCK_REALTIME_COARSE, nanoseconds.
    private(set) var operationTime: UInt64 = 0
    var journalCount = 0
    /// The sequence numbers that the operation under way made odd, at most one for each journal entry. Not an array:
    /// the language would look for overlapping accesses at each store.
    private let touched = UnsafeMutablePointer<Int>.allocate(capacity: shmlens_journal_entries)
    private var touchedCount = 0

    /// Called before each store under the lock, in every build: where the `crash` workload and the tests end the
    /// process. One branch while nothing is armed.
    var stepHook: (() -> Void)? {
        didSet { isArmed = stepHook != nil }
    }
    private var isArmed = false

    /// Ranges of this process' mapping that must not be written.
    let protection = ProtectionTable()

    /// Threads of this process that wait for the lock or a condition.
    let waits = Waits()

    /// nil for memory that is no file's: all of it is there.
    let backing: Backing?

    /// - Parameter backing: which pages the file system has given already.
    init(memory: LiveMemory, layout: SegmentLayout, backing: Backing? = nil) {
        precondition(memory.count >= layout.totalBytes, "the mapping is smaller than the segment")
        self.memory = memory
        self.layout = layout
        self.backing = backing
        indexOffset = layout.indexOffset
        sequencesOffset = layout.sequencesOffset
        mapOffset = layout.mapOffset
        blocksOffset = layout.blocksOffset
        blockCapacity = layout.blockCapacity
        poolOffset = layout.poolOffset
        poolEnd = layout.poolOffset + layout.poolBytes
        firstBlockSequence = layout.firstBlockSequence
        startsLevels = layout.startsOffsets.count
        var offsets: [6 of Int] = [0, 0, 0, 0, 0, 0]
        for (level, offset) in layout.startsOffsets.enumerated() { offsets[level] = offset }
        startsOffsets = offsets
    }

    deinit { unsafe touched.deallocate() }

    /// The store that everything else is made of.
    @inline(__always)
    func raw(_ offset: Int, _ value: UInt64) {
        if isArmed { stepHook?() }
        memory.store(offset, value)
    }

    /// Changes one word of the operation under way.
    ///
    /// The entry is whole before the count shows it, the page's number is odd before the word changes: a process
    /// killed in between leaves something to undo that undoes nothing.
    ///
    /// - Throws: ``SegmentError/damaged(what:offset:)`` where the journal is full, which a sound segment never
    ///   makes it.
    @inline(__always)
    func put(_ offset: Int, _ value: UInt64) throws(SegmentError) {
        let old = memory.load(offset)
        guard old != value else { return }
        guard journalCount < shmlens_journal_entries else {
            throw .damaged(what: "an operation needs more stores than the journal holds", offset: offset)
        }
        try backing?.require(offset)
        let sequence = sequenceIndex(covering: offset)
        if let sequence { try backing?.require(sequencesOffset + sequence * 8) }
        let entry = shmlens_header_offset_journal + journalCount * MemoryLayout<shmlens_journal_entry>.size
        raw(entry, UInt64(offset))
        raw(entry + 8, old)
        journalCount += 1
        raw(shmlens_header_offset_journal_count, UInt64(journalCount))
        if let sequence { touch(sequence) }
        raw(offset, value)
    }

    /// As ``SegmentLayout/sequenceIndex(covering:)`` says, what is changed most often first.
    @inline(__always)
    private func sequenceIndex(covering offset: Int) -> Int? {
        if offset >= blocksOffset {
            return offset < poolOffset
                ? firstBlockSequence + (offset &- blocksOffset) / shmlens_sequence_page_bytes : nil
        }
        if offset >= indexOffset { return offset < sequencesOffset ? SegmentLayout.indexSequence : nil }
        return layout.sequenceIndex(covering: offset)
    }

    /// Changes half a word; `offset` is a multiple of 4.
    @inline(__always)
    func putHalf(_ offset: Int, _ value: UInt32) throws(SegmentError) {
        let wordOffset = offset & ~7
        let shift = UInt64((offset & 4) * 8)
        let word = memory.load(wordOffset)
        try put(wordOffset, word & ~(0xffff_ffff << shift) | UInt64(value) << shift)
    }

    @inline(__always)
    private func touch(_ sequence: Int) {
        let offset = sequencesOffset + sequence * 8
        let number = memory.load(offset)
        guard number & 1 == 0 else { return }
        // No operation opens more pages than it journals words.
        unsafe touched[touchedCount] = sequence
        touchedCount += 1
        raw(offset, number &+ 1)
    }

    /// Begins an operation. The journal of the one before is empty by now.
    func begin() {
        operation = memory.load(shmlens_header_offset_event_head) &+ 1
        operationTime = Clock.realtimeCoarse()
        journalCount = 0
        touchedCount = 0
        raw(shmlens_header_offset_journal_count, 0)
        raw(shmlens_header_offset_journal_operation, operation)
    }

    /// Commits the operation under way: describes it in the ring, moves the head, closes the pages.
    ///
    /// The ring's entry that is overwritten is the one that a reader already takes for lost.
    func commit(_ event: EventDraft) {
        write(event)
        raw(shmlens_header_offset_event_head, operation)
        closePages()
        raw(shmlens_header_offset_journal_count, 0)
        journalCount = 0
    }

    /// Ends an operation without an event: only where nobody else can see the segment yet.
    func closeQuietly() {
        closePages()
        raw(shmlens_header_offset_journal_count, 0)
        raw(shmlens_header_offset_journal_operation, 0)
        journalCount = 0
    }

    /// Takes back what the operation under way has stored, for one that cannot be finished.
    ///
    /// The entries are this operation's own, and yet they stand where any process can write: where one was spoilt
    /// meanwhile, that is damage.
    func rollBack() {
        let isWhole = undo(entries: journalCount)
        closePages()
        if !isWhole { raw(shmlens_header_offset_damaged, 1) }
        raw(shmlens_header_offset_journal_count, 0)
        journalCount = 0
        if !isWhole { tellDamage(at: shmlens_header_offset_journal) }
    }

    private func closePages() {
        for index in 0..<touchedCount {
            let offset = unsafe sequencesOffset + touched[index] * 8
            raw(offset, (memory.load(offset) | 1) &+ 1)
        }
        touchedCount = 0
    }

    /// Stores the old words again, newest first. Doing it twice does the same.
    ///
    /// - Parameter entries: how many, at most `shmlens_journal_entries`.
    /// - Returns: false where an entry names a word that no operation journals; it is passed over.
    func undo(entries: Int) -> Bool {
        var isWhole = true
        for index in (0..<entries).reversed() {
            if let offset = journaledOffset(index) {
                raw(offset, memory.load(Self.journalEntry(index) + 8))
            } else {
                isWhole = false
            }
        }
        return isWhole
    }

    static func journalEntry(_ index: Int) -> Int {
        shmlens_header_offset_journal + index * MemoryLayout<shmlens_journal_entry>.size
    }

    /// The word that a journal entry names, read once; nil where operations do not journal there: the header's state,
    /// and everything behind the header but the ring.
    func journaledOffset(_ index: Int) -> Int? {
        let offset = memory.load(Self.journalEntry(index))
        guard offset & 7 == 0, offset <= UInt64(layout.totalBytes - 8) else { return nil }
        let word = Int(offset)
        let isJournaled =
            word < layout.participantsOffset
            ? SegmentLayout.stateOffsets.contains(word) : word < layout.eventsOffset || word >= layout.indexOffset
        return isJournaled ? word : nil
    }

    /// Runs an operation: commits what `body` describes, or takes everything back where it throws.
    @inline(__always)
    func perform<Result>(
        _ body: () throws(SegmentError) -> (Result, EventDraft)
    ) throws(SegmentError) -> Result {
        try requireEventBacked()
        begin()
        do throws(SegmentError) {
            let (result, event) = try body()
            commit(event)
            return result
        } catch {
            rollBack()
            if case .damaged(_, let offset) = error { markDamaged(at: offset) }
            throw error
        }
    }

    /// Makes sure that the ring has the page of the next event.
    @inline(__always)
    func requireEventBacked() throws(SegmentError) {
        try backing?.require(layout.eventOffset(memory.load(shmlens_header_offset_event_head) &+ 1))
    }

    /// Refuses every further change. One word, so that it needs no journal.
    func markDamaged(at offset: Int) {
        guard memory.load(shmlens_header_offset_damaged) == 0 else { return }
        tellDamage(at: offset)
    }

    /// Makes the event of damage that was found, and sets the mark where it is not set yet.
    func tellDamage(at offset: Int) {
        // Where the ring has no page for it, the mark alone must do.
        guard (try? requireEventBacked()) != nil else { return raw(shmlens_header_offset_damaged, 1) }
        begin()
        raw(shmlens_header_offset_damaged, 1)
        var event = EventDraft(kind: .damage, actor: .external)
        event.offset = offset
        commit(event)
    }

    /// - Throws: ``SegmentError/damaged(what:offset:)`` where damage was found earlier.
    func requireSound() throws(SegmentError) {
        guard memory.load(shmlens_header_offset_damaged) == 0 else {
            throw .damaged(what: "damage was found earlier", offset: shmlens_header_offset_damaged)
        }
    }
}

/// What an operation will say of itself in the event ring.
struct EventDraft {
    var kind: OperationKind
    var actor: OwnerKey
    var isEnded = true
    var spanOffset = 0
    var spanBytes = 0
    var oldSpanOffset = 0
    var oldSpanBytes = 0
    var sizeBytes = 0
    var oldSizeBytes = 0
    var offset = 0
    var oldOffset = 0
    var blockOwner = OwnerKey.external
    var tag = Tag.none
    var allocatedAtMilliseconds: UInt64 = 0
    var leadBytes: UInt8 = 0
    var slackBytes: UInt8 = 0
    var alignmentShift: UInt8 = 0

    init(kind: OperationKind, actor: OwnerKey) {
        self.kind = kind
        self.actor = actor
    }
}

extension SegmentCore {
    /// Writes the entry that the commit will publish.
    private func write(_ event: EventDraft) {
        let base = layout.eventOffset(operation)
        let kinds =
            UInt64(event.kind.rawValue) | (event.isEnded ? 1 << 16 : 0) | UInt64(event.leadBytes) << 24
            | UInt64(event.slackBytes) << 32 | UInt64(event.alignmentShift) << 40
        raw(base + shmlens_event_offset_sequence, operation)
        raw(base + shmlens_event_offset_at_ns, operationTime)
        raw(base + shmlens_event_offset_kind, kinds)
        raw(base + shmlens_event_offset_slot, BlockDescriptor.pack(event.actor.slot, event.actor.generation))
        raw(base + shmlens_event_offset_span_offset, UInt64(event.spanOffset))
        raw(base + shmlens_event_offset_span_bytes, UInt64(event.spanBytes))
        raw(base + shmlens_event_offset_old_span_offset, UInt64(event.oldSpanOffset))
        raw(base + shmlens_event_offset_old_span_bytes, UInt64(event.oldSpanBytes))
        raw(base + shmlens_event_offset_size_bytes, UInt64(event.sizeBytes))
        raw(base + shmlens_event_offset_old_size_bytes, UInt64(event.oldSizeBytes))
        raw(base + shmlens_event_offset_offset, UInt64(event.offset))
        raw(base + shmlens_event_offset_old_offset, UInt64(event.oldOffset))
        raw(
            base + shmlens_event_offset_block_slot,
            BlockDescriptor.pack(event.blockOwner.slot, event.blockOwner.generation))
        raw(base + shmlens_event_offset_tag, event.tag.low)
        raw(base + shmlens_event_offset_tag + 8, event.tag.high)
        raw(base + shmlens_event_offset_block_allocated_at_ms, event.allocatedAtMilliseconds)
    }

    /// Marks an event as ended: the bytes that it announced are written.
    func end(event sequence: UInt64) {
        let offset = layout.eventOffset(sequence) + shmlens_event_offset_kind
        raw(offset, memory.load(offset) | 1 << 16)
    }
}
