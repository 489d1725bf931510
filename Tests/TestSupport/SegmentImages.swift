import CShmlens
public import Observations
public import SegmentFormat

/// The tables at a segment's beginning, byte by byte, to be decoded by what is under test.
public struct SegmentBytes {
    public let layout: SegmentLayout
    public var bytes: [UInt8]

    /// Zeros from the header to the end of the participants.
    public init(layout: SegmentLayout) {
        self.layout = layout
        bytes = [UInt8](repeating: 0, count: layout.eventsOffset)
    }

    public var image: Image { Image(bytes: bytes) }

    public mutating func put(word: UInt64, at offset: Int) {
        for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * index)) }
    }

    public mutating func put(half: UInt32, at offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: half >> UInt32(8 * index)) }
    }

    public mutating func put(text: String, at offset: Int) {
        for (index, byte) in text.utf8.enumerated() { bytes[offset + index] = byte }
    }

    /// What a slot is to hold; the rest is 0.
    public struct Participant: Sendable {
        public var generation: UInt32 = 1
        public var pid: UInt32
        public var name: String
        public var isJoined = true
        public var pidNamespace: UInt64 = 4_026_531_836
        public var startTime: UInt64 = 500
        public var heartbeat: UInt64 = 0
        public var waitingSince: UInt64 = 0
        public var waitingTid: UInt32 = 0
        public var waitingFor: ParticipantRecord.WaitingFor = .nothing
        public var operations: [UInt64] = []

        public init(pid: UInt32, name: String) {
            self.pid = pid
            self.name = name
        }
    }

    public mutating func put(_ participant: Participant, slot: Int) {
        let base = layout.participantOffset(slot)
        let state = participant.isJoined ? shmlens_participant_joined : shmlens_participant_free
        put(half: UInt32(state), at: base + shmlens_participant_offset_state)
        put(half: participant.generation, at: base + shmlens_participant_offset_generation)
        put(half: participant.pid, at: base + shmlens_participant_offset_pid)
        put(word: participant.pidNamespace, at: base + shmlens_participant_offset_pid_namespace)
        put(word: participant.startTime, at: base + shmlens_participant_offset_start_time)
        put(text: participant.name, at: base + shmlens_participant_offset_name)
        put(word: participant.heartbeat, at: base + shmlens_participant_offset_heartbeat_ns)
        put(word: participant.waitingSince, at: base + shmlens_participant_offset_waiting_since_ns)
        put(half: participant.waitingTid, at: base + shmlens_participant_offset_waiting_tid)
        put(half: participant.waitingFor.rawValue, at: base + shmlens_participant_offset_waiting_for)
        for (index, count) in participant.operations.enumerated() {
            put(word: count, at: base + shmlens_participant_offset_operations + 8 * index)
        }
    }

    /// The slots from 1 on, decoded.
    public func participants(_ count: Int) -> [ParticipantRecord] {
        (1...max(count, 1)).prefix(count).map { ParticipantRecord(image: image, layout: layout, slot: $0) }
    }
}

extension SegmentLayout {
    /// A small segment's, of 4 KiB pages.
    ///
    /// - Parameter poolBytes: of 1 to 2^40 and a multiple of 4096.
    public static func small(poolBytes: Int = 4096) -> SegmentLayout {
        guard let layout = SegmentLayout(capacityBytes: poolBytes, participants: 15, events: 16, pageBytes: 4096) else {
            preconditionFailure("a layout that the format can hold")
        }
        return layout
    }
}

extension PictureBlock {
    /// A block as the allocator would lay it out.
    ///
    /// - Parameters:
    ///   - offset: of the span, in granules of 64 bytes from the pool's first byte.
    ///   - granules: of the span.
    public static func at(
        _ offset: Int, granules: Int, in layout: SegmentLayout, owner: OwnerKey = .external, tag: Tag = .none,
        sequence: UInt64 = 1, slackBytes: Int = 0
    ) -> PictureBlock {
        let start = layout.poolOffset + offset * 64
        return PictureBlock(
            spanOffset: start, spanBytes: granules * 64, payloadOffset: start + 16,
            sizeBytes: granules * 64 - 24 - slackBytes, owner: owner, tag: tag, sequence: sequence,
            allocatedAtMilliseconds: 1_700_000_000_000)
    }
}

extension HeapPicture {
    public static func of(
        _ blocks: [PictureBlock], layout: SegmentLayout, sequence: UInt64 = 1, highWaterBytes: Int = 0
    ) -> HeapPicture {
        HeapPicture(
            layout: layout, sequence: sequence, blocks: blocks, highWaterBytes: highWaterBytes,
            consistency: .consistent)
    }

    /// A pool that is filled from its first byte with used and free spans in turn of random lengths.
    public static func random(
        poolBytes: Int, owners: [OwnerKey], seed: UInt64, largestGranules: Int = 8
    ) -> HeapPicture {
        var random = SeededGenerator(seed: seed)
        let layout = SegmentLayout.small(poolBytes: poolBytes)
        var blocks: [PictureBlock] = []
        var position = 0
        while position < layout.granuleCount {
            if Bool.random(using: &random) { position += Int.random(in: 1...largestGranules, using: &random) }
            let granules = min(Int.random(in: 1...largestGranules, using: &random), layout.granuleCount - position)
            guard granules > 0 else { break }
            blocks.append(
                .at(
                    position, granules: granules, in: layout,
                    owner: owners[Int.random(in: owners.indices, using: &random)],
                    tag: Tag(low: UInt64.random(in: 0..<4, using: &random), high: 0)))
            position += granules
        }
        return .of(blocks, layout: layout)
    }
}
