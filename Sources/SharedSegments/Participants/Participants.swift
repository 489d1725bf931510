import CShmlens
import Glibc
import Observations
import SegmentFormat

/// Who a participant is, as told apart from every other process of this boot.
public struct ProcessIdentity: Sendable, Equatable {
    public let pid: UInt32
    public let uid: UInt32
    /// Inode of /proc/PID/ns/pid.
    public let pidNamespace: UInt64
    /// Field 22 of /proc/PID/stat, in clock ticks since boot.
    public let startTime: UInt64

    public init(pid: UInt32, uid: UInt32, pidNamespace: UInt64, startTime: UInt64) {
        self.pid = pid
        self.uid = uid
        self.pidNamespace = pidNamespace
        self.startTime = startTime
    }
}

extension SegmentCore {
    /// Gives a process a slot.
    ///
    /// - Parameters:
    ///   - name: at most 32 bytes of UTF-8; a longer one is cut.
    ///   - liveness: tells whether the process of a slot lives; asked only where no slot is free.
    /// - Throws: ``SegmentError/participantsFull(slots:)`` where every slot is taken by one that may live.
    func join(
        _ identity: ProcessIdentity, name: String, liveness: (ProcessIdentity) -> Liveness
    ) throws(SegmentError) -> OwnerKey {
        try requireUnprotected(
            layout.participantsOffset, length: layout.eventsOffset - layout.participantsOffset)
        var slot = firstFreeSlot()
        if slot == nil {
            _ = try bury(including: false, liveness: liveness)
            slot = firstFreeSlot()
        }
        guard let slot else { throw .participantsFull(slots: layout.participantCount - 1) }
        return try perform { () throws(SegmentError) in
            let generation = try takeGeneration()
            let base = layout.participantOffset(slot)
            try backing?.require(base)
            clearOwnWords(base)
            try put(
                base + shmlens_participant_offset_state,
                BlockDescriptor.pack(UInt32(shmlens_participant_joined), generation))
            try put(base + shmlens_participant_offset_pid, BlockDescriptor.pack(identity.pid, identity.uid))
            try put(base + shmlens_participant_offset_pid_namespace, identity.pidNamespace)
            try put(base + shmlens_participant_offset_start_time, identity.startTime)
            try put(base + shmlens_participant_offset_joined_at_ns, operationTime)
            try putName(name, at: base + shmlens_participant_offset_name)
            let key = OwnerKey(slot: UInt32(slot), generation: generation)
            return (key, EventDraft(kind: .join, actor: key))
        }
    }

    /// Gives the slot back. Blocks of the participant that are still there become orphans.
    func leave(_ key: OwnerKey) throws(SegmentError) {
        guard isLiving(key) else { return }
        try freeSlot(Int(key.slot), kind: .leave, actor: key)
    }

    /// Whether a slot is taken by this very generation.
    func isLiving(_ key: OwnerKey) -> Bool {
        guard key != .external else { return true }
        guard key.slot > 0, Int(key.slot) < layout.participantCount else { return false }
        let word = memory.load(layout.participantOffset(Int(key.slot)) + shmlens_participant_offset_state)
        return word == BlockDescriptor.pack(UInt32(shmlens_participant_joined), key.generation)
    }

    /// Frees the slots of participants that are dead.
    ///
    /// - Parameter including: also those of which it cannot be told.
    /// - Returns: how many.
    func bury(including unknown: Bool, liveness: (ProcessIdentity) -> Liveness) throws(SegmentError) -> Int {
        var count = 0
        for slot in 1..<layout.participantCount where isJoined(slot) {
            let found = liveness(identity(of: slot))
            guard found == .dead || (unknown && found == .unknown) else { continue }
            try freeSlot(slot, kind: .bury, actor: key(of: slot))
            count += 1
        }
        return count
    }

    /// The slots that are taken.
    func joinedSlots() -> [Int] { (1..<layout.participantCount).filter(isJoined) }

    /// Who sits in a slot, as it was written there.
    func identity(of slot: Int) -> ProcessIdentity {
        let base = layout.participantOffset(slot)
        let process = memory.load(base + shmlens_participant_offset_pid)
        return ProcessIdentity(
            pid: UInt32(truncatingIfNeeded: process), uid: UInt32(truncatingIfNeeded: process >> 32),
            pidNamespace: memory.load(base + shmlens_participant_offset_pid_namespace),
            startTime: memory.load(base + shmlens_participant_offset_start_time))
    }

    /// Counts an operation for a participant: a word of its own line, so without order or journal.
    func count(_ kind: OperationKind, for key: OwnerKey) {
        guard Int(key.slot) < layout.participantCount, Int(kind.rawValue) < shmlens_operation_kinds else { return }
        let base = layout.participantOffset(Int(key.slot)) + shmlens_participant_offset_operations
        raw(base + 8 * Int(kind.rawValue), memory.load(base + 8 * Int(kind.rawValue)) &+ 1)
    }

    /// Says that the participant lives, while the slot is its own and may be written.
    func heartbeat(_ key: OwnerKey) {
        writeSlot(of: key) { base in
            memory.store(base + shmlens_participant_offset_heartbeat_ns, Clock.monotonicCoarse())
        }
    }

    /// Has a participant write its slot, which it also does without the lock: while the slot is its own, and while this
    /// process may write there, which cannot change before it is done.
    ///
    /// - Parameter body: gets the slot's first byte; must not ask for protections.
    func writeSlot(of key: OwnerKey, _ body: (_ base: Int) -> Void) {
        guard key.slot > 0, Int(key.slot) < layout.participantCount else { return }
        let base = layout.participantOffset(Int(key.slot))
        protection.ifWritable(base..<(base + shmlens_participant_bytes)) {
            if isLiving(key) { body(base) }
        }
    }

    private func key(of slot: Int) -> OwnerKey {
        let word = memory.load(layout.participantOffset(slot) + shmlens_participant_offset_state)
        return OwnerKey(slot: UInt32(slot), generation: UInt32(truncatingIfNeeded: word >> 32))
    }

    private func isJoined(_ slot: Int) -> Bool {
        let word = memory.load(layout.participantOffset(slot) + shmlens_participant_offset_state)
        return UInt32(truncatingIfNeeded: word) == UInt32(shmlens_participant_joined)
    }

    /// A free slot: one that nobody had yet, else the one whose last occupant came longest ago. What stands in the
    /// others goes on saying whose an orphaned block or an event of the past was.
    private func firstFreeSlot() -> Int? {
        (1..<layout.participantCount).lazy.filter { !self.isJoined($0) }
            .min { self.key(of: $0).generation < self.key(of: $1).generation }
    }

    private func freeSlot(_ slot: Int, kind: OperationKind, actor: OwnerKey) throws(SegmentError) {
        try perform { () throws(SegmentError) in
            let base = layout.participantOffset(slot)
            try put(
                base + shmlens_participant_offset_state,
                BlockDescriptor.pack(UInt32(shmlens_participant_free), actor.generation))
            return ((), EventDraft(kind: kind, actor: actor))
        }
    }

    /// The next generation: 1 to 2^32 - 1, then from 1 again.
    private func takeGeneration() throws(SegmentError) -> UInt32 {
        let next = UInt32(truncatingIfNeeded: memory.load(shmlens_header_offset_next_generation))
        let generation = max(next, 1)
        try put(shmlens_header_offset_next_generation, UInt64(generation &+ 1))
        return generation
    }

    /// Clears what the participant before wrote into the slot's own lines: nobody reads them while it is free.
    private func clearOwnWords(_ base: Int) {
        for offset in stride(from: shmlens_participant_offset_heartbeat_ns, to: shmlens_participant_bytes, by: 8) {
            raw(base + offset, 0)
        }
        raw(base + shmlens_participant_offset_heartbeat_ns, Clock.monotonicCoarse())
    }

    private func putName(_ name: String, at offset: Int) throws(SegmentError) {
        let text = FixedText.truncated(name, size: shmlens_name_bytes)
        let field = FixedText.field(text, size: shmlens_name_bytes) ?? []
        for index in stride(from: 0, to: field.count, by: 8) {
            try put(offset + index, Words.word(field[index..<index + 8]))
        }
    }
}

/// Bytes as words.
enum Words {
    /// Eight bytes, the first lowest.
    @inline(__always)
    static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes {
            value |= UInt64(byte) << shift
            shift += 8
        }
        return value
    }
}
