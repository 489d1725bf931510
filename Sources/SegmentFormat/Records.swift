import CShmlens
public import Observations

/// Whose block: a slot and the generation that sat in it.
public struct OwnerKey: Sendable, Hashable {
    public let slot: UInt32
    public let generation: UInt32

    /// The owner of blocks made from outside; it never dies.
    public static let external = OwnerKey(slot: 0, generation: 0)

    @inlinable
    public init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}

/// A participant's slot as it was copied.
public struct ParticipantRecord: Sendable, Equatable {
    public enum WaitingFor: UInt32, Sendable {
        case nothing = 0
        case lock = 1
        case condition = 2
        case classicCondition = 3
    }

    public let slot: Int
    public let isJoined: Bool
    public let generation: UInt32
    public let pid: UInt32
    public let uid: UInt32
    public let pidNamespace: UInt64
    /// Clock ticks since boot.
    public let startTime: UInt64
    /// CLOCK_REALTIME, nanoseconds.
    public let joinedAtNanoseconds: UInt64
    public let name: String
    /// CLOCK_MONOTONIC_COARSE, nanoseconds; 0 before the first.
    public let heartbeatNanoseconds: UInt64
    /// CLOCK_MONOTONIC_COARSE, nanoseconds; 0 while it does not wait.
    public let waitingSinceNanoseconds: UInt64
    public let waitingTid: UInt32
    public let waitingFor: WaitingFor
    /// Operations by kind, indexed by ``OperationKind``'s first values.
    public let operations: [UInt64]

    public var key: OwnerKey { OwnerKey(slot: UInt32(slot), generation: generation) }

    /// - Parameters:
    ///   - image: holds the slot.
    ///   - slot: its index, below the layout's count.
    public init(image: Image, layout: SegmentLayout, slot: Int) {
        let base = layout.participantOffset(slot)
        func half(_ offset: Int) -> UInt32 { image.halfWord(at: base + offset) ?? 0 }
        func word(_ offset: Int) -> UInt64 { image.word(at: base + offset) ?? 0 }
        self.slot = slot
        isJoined = half(shmlens_participant_offset_state) == UInt32(shmlens_participant_joined)
        generation = half(shmlens_participant_offset_generation)
        pid = half(shmlens_participant_offset_pid)
        uid = half(shmlens_participant_offset_uid)
        pidNamespace = word(shmlens_participant_offset_pid_namespace)
        startTime = word(shmlens_participant_offset_start_time)
        joinedAtNanoseconds = word(shmlens_participant_offset_joined_at_ns)
        let nameOffset = base + shmlens_participant_offset_name
        name = FixedText.string(
            image.slice(nameOffset..<nameOffset + shmlens_name_bytes) ?? [])
        heartbeatNanoseconds = word(shmlens_participant_offset_heartbeat_ns)
        waitingSinceNanoseconds = word(shmlens_participant_offset_waiting_since_ns)
        waitingTid = half(shmlens_participant_offset_waiting_tid)
        waitingFor = WaitingFor(rawValue: half(shmlens_participant_offset_waiting_for)) ?? .nothing
        operations = (0..<shmlens_operation_kinds).map {
            word(shmlens_participant_offset_operations + 8 * $0)
        }
    }
}

/// What an event tells of; the raw value is the format's, the case's name is the API's `kind`.
public enum OperationKind: UInt16, Sendable, CaseIterable {
    case allocate = 0
    case resize = 1
    case free = 2
    case reclaim = 3
    case count = 4
    case write = 5
    case flag = 6
    case lock = 7
    case join = 8
    case leave = 9
    case bury = 10
    case recover = 11
    case damage = 12

    /// The kinds that a participant counts.
    public static let counted: [OperationKind] = [
        .allocate, .resize, .free, .reclaim, .count, .write, .flag, .lock,
    ]
}

/// An entry of the event ring as it was copied.
public struct EventRecord: Sendable, Equatable {
    public let sequence: UInt64
    /// CLOCK_REALTIME, nanoseconds.
    public let atNanoseconds: UInt64
    /// nil where the number names no kind of this version.
    public let kind: OperationKind?
    /// False while the bytes of a write are still being written.
    public let isEnded: Bool
    /// Who did it.
    public let actor: OwnerKey
    /// The block after the operation; `spanBytes` 0 where there is none.
    public let spanOffset: UInt64
    public let spanBytes: UInt64
    /// The block before the operation; `oldSpanBytes` 0 where there was none.
    public let oldSpanOffset: UInt64
    public let oldSpanBytes: UInt64
    public let sizeBytes: UInt64
    public let oldSizeBytes: UInt64
    public let offset: UInt64
    public let oldOffset: UInt64
    /// Whose block it is.
    public let blockOwner: OwnerKey
    public let tag: Tag
    public let blockAllocatedAtMilliseconds: UInt64
    public let leadBytes: UInt8
    public let slackBytes: UInt8
    public let alignmentShift: UInt8

    /// - Parameters:
    ///   - image: holds the entry.
    ///   - base: the entry's offset in the segment.
    public init(image: Image, at base: Int) {
        func half(_ offset: Int) -> UInt32 { image.halfWord(at: base + offset) ?? 0 }
        func word(_ offset: Int) -> UInt64 { image.word(at: base + offset) ?? 0 }
        sequence = word(shmlens_event_offset_sequence)
        atNanoseconds = word(shmlens_event_offset_at_ns)
        let kinds = word(shmlens_event_offset_kind)
        kind = OperationKind(rawValue: UInt16(truncatingIfNeeded: kinds))
        isEnded = kinds >> 16 & 0xff != 0
        leadBytes = UInt8(truncatingIfNeeded: kinds >> 24)
        slackBytes = UInt8(truncatingIfNeeded: kinds >> 32)
        alignmentShift = UInt8(truncatingIfNeeded: kinds >> 40)
        actor = OwnerKey(
            slot: half(shmlens_event_offset_slot), generation: half(shmlens_event_offset_generation))
        spanOffset = word(shmlens_event_offset_span_offset)
        spanBytes = word(shmlens_event_offset_span_bytes)
        oldSpanOffset = word(shmlens_event_offset_old_span_offset)
        oldSpanBytes = word(shmlens_event_offset_old_span_bytes)
        sizeBytes = word(shmlens_event_offset_size_bytes)
        oldSizeBytes = word(shmlens_event_offset_old_size_bytes)
        offset = word(shmlens_event_offset_offset)
        oldOffset = word(shmlens_event_offset_old_offset)
        blockOwner = OwnerKey(
            slot: half(shmlens_event_offset_block_slot),
            generation: half(shmlens_event_offset_block_generation))
        tag = Tag(
            low: word(shmlens_event_offset_tag), high: word(shmlens_event_offset_tag + 8))
        blockAllocatedAtMilliseconds = word(shmlens_event_offset_block_allocated_at_ms)
    }
}
