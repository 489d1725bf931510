import CShmlens
public import Observations

/// Why bytes are not a segment that this version can decode.
public enum FormatError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The magic is not there: this is somebody else's memory.
    case notASegment
    /// A segment of another version of the format.
    case version(UInt32)
    /// The object ends before the part that the header promises.
    case truncated(needs: Int, has: Int)
    /// A field of the header contradicts the layout that the header's own numbers give.
    case contradiction(field: String, found: UInt64, expected: UInt64)
    /// A number of the header is outside what the format can hold.
    case outOfRange(field: String, found: UInt64)

    public var description: String {
        switch self {
        case .notASegment: "not a shmlens segment: the magic is missing"
        case .version(let version):
            "a segment of format version \(version); this program reads version \(shmlens_format_version)"
        case .truncated(let needs, let has):
            "the object is cut short: the segment needs \(needs) bytes, \(has) are there"
        case .contradiction(let field, let found, let expected):
            "the header contradicts itself: \(field) is \(found), its other numbers make it \(expected)"
        case .outOfRange(let field, let found): "the header is damaged: \(field) is \(found), out of range"
        }
    }
}

/// What was written into a segment when it was made, checked.
public struct SegmentIdentity: Sendable, Equatable {
    public let formatVersion: UInt32
    /// ELF machine number of who made it.
    public let architecture: UInt32
    public let libc: UInt32
    /// major * 1000 + minor.
    public let libcVersion: UInt32
    /// Sixteen bytes.
    public let uuid: [UInt8]
    /// CLOCK_REALTIME, nanoseconds.
    public let createdAtNanoseconds: UInt64
    public let creatorPid: UInt32
    public let creatorUid: UInt32
    public let creatorPidNamespace: UInt64
    public let creatorStartTime: UInt64
    public let creatorName: String
    public let coarseClockResolutionNanoseconds: UInt64
    public let layout: SegmentLayout

    /// Decodes and checks the header's first 256 bytes. O(1).
    ///
    /// - Parameters:
    ///   - image: at least the first 256 bytes of the object.
    ///   - objectBytes: the object's size now; a segment that is larger than its object is refused. Pass nil to
    ///     skip that check, for a reader that copes with a truncated object.
    public init(image: Image, objectBytes: Int?) throws(FormatError) {
        guard Self.hasMagic(image) else { throw .notASegment }
        func half(_ offset: Int) -> UInt32 { image.halfWord(at: offset) ?? 0 }
        func word(_ offset: Int) -> UInt64 { image.word(at: offset) ?? 0 }
        guard image.contains(0, count: shmlens_header_offset_lock_mutex) else {
            throw .truncated(needs: shmlens_header_bytes, has: image.bytes.count)
        }
        formatVersion = half(shmlens_header_offset_version)
        guard formatVersion == UInt32(shmlens_format_version) else { throw .version(formatVersion) }

        layout = try Self.layout(half: half, word: word)
        architecture = half(shmlens_header_offset_architecture)
        libc = half(shmlens_header_offset_libc)
        libcVersion = half(shmlens_header_offset_libc_version)
        let uuidOffset = shmlens_header_offset_uuid
        uuid = Array(image.slice(uuidOffset..<uuidOffset + 16) ?? [])
        createdAtNanoseconds = word(shmlens_header_offset_created_at_ns)
        creatorPid = half(shmlens_header_offset_creator_pid)
        creatorUid = half(shmlens_header_offset_creator_uid)
        creatorPidNamespace = word(shmlens_header_offset_creator_pid_namespace)
        creatorStartTime = word(shmlens_header_offset_creator_start_time)
        let nameOffset = shmlens_header_offset_creator_name
        creatorName = FixedText.string(
            image.slice(nameOffset..<nameOffset + shmlens_name_bytes) ?? [])
        coarseClockResolutionNanoseconds = word(shmlens_header_offset_coarse_clock_resolution_ns)
        if let objectBytes, objectBytes < layout.totalBytes {
            throw .truncated(needs: layout.totalBytes, has: objectBytes)
        }
    }

    /// Whether the image begins with the magic: the cheap question for a list of objects.
    public static func hasMagic(_ image: Image) -> Bool {
        image.slice(0..<8).map { Array($0) == magic } ?? false
    }

    static let magic: [UInt8] = Array("SHMLENS".utf8) + [0]

    /// Computes the layout from the header's four numbers and holds every other one against it.
    private static func layout(
        half: (Int) -> UInt32, word: (Int) -> UInt64
    ) throws(FormatError) -> SegmentLayout {
        let poolBytes = word(shmlens_header_offset_pool_bytes)
        let slots = half(shmlens_header_offset_participant_count)
        let events = half(shmlens_header_offset_event_count)
        let pageBytes = half(shmlens_header_offset_page_bytes)
        guard poolBytes <= UInt64(SegmentLayout.Limit.poolBytes.upperBound) else {
            throw .outOfRange(field: "pool_bytes", found: poolBytes)
        }
        guard
            let layout = SegmentLayout(
                capacityBytes: Int(poolBytes), participants: Int(slots) - 1, events: Int(events),
                pageBytes: Int(pageBytes))
        else {
            throw .outOfRange(field: "page_bytes, participant_count or event_count", found: UInt64(pageBytes))
        }
        let expected: [(String, UInt64, Int)] = [
            ("header_bytes", UInt64(half(shmlens_header_offset_header_bytes)), shmlens_header_bytes),
            (
                "participant_bytes", UInt64(half(shmlens_header_offset_participant_bytes)),
                shmlens_participant_bytes
            ),
            ("event_bytes", UInt64(half(shmlens_header_offset_event_bytes)), shmlens_event_bytes),
            ("block_bytes", UInt64(half(shmlens_header_offset_block_bytes)), shmlens_block_bytes),
            ("granule_bytes", UInt64(half(shmlens_header_offset_granule_bytes)), shmlens_granule_bytes),
            ("total_bytes", word(shmlens_header_offset_total_bytes), layout.totalBytes),
            ("participants_offset", word(shmlens_header_offset_participants_offset), layout.participantsOffset),
            ("events_offset", word(shmlens_header_offset_events_offset), layout.eventsOffset),
            ("index_offset", word(shmlens_header_offset_index_offset), layout.indexOffset),
            ("index_bytes", word(shmlens_header_offset_index_bytes), layout.indexBytes),
            ("blocks_offset", word(shmlens_header_offset_blocks_offset), layout.blocksOffset),
            ("block_capacity", UInt64(half(shmlens_header_offset_block_capacity)), layout.blockCapacity),
            ("pool_offset", word(shmlens_header_offset_pool_offset), layout.poolOffset),
            ("pool_bytes", poolBytes, layout.poolBytes),
            ("sequence_count", UInt64(half(shmlens_header_offset_sequence_count)), layout.sequenceCount),
        ]
        for (field, found, value) in expected where found != UInt64(value) {
            throw .contradiction(field: field, found: found, expected: UInt64(value))
        }
        return layout
    }
}

/// What the lock's words said when the header was copied. Raw: who decodes the mutex decides what they mean.
public struct LockRecord: Sendable, Equatable {
    /// The 64 bytes reserved for the libc's mutex.
    public let mutex: [UInt8]
    /// What the owner wrote of itself after taking the lock; 0 where nobody did.
    public let ownerTid: UInt32
    public let ownerPid: UInt32
    public let ownerSlot: UInt32
    public let ownerGeneration: UInt32
    /// CLOCK_MONOTONIC_COARSE, nanoseconds.
    public let takenAtNanoseconds: UInt64
    public let ownerPidNamespace: UInt64
    public let acquisitions: UInt64
    public let contended: UInt64
    public let ownerDeaths: UInt64
    public let sampled: UInt64
    /// Bucket i counts times below 2^i nanoseconds and not below 2^(i-1).
    public let waitHistogram: [UInt64]
    public let holdHistogram: [UInt64]

    /// - Parameter image: the header, whole.
    public init(image: Image) {
        func half(_ offset: Int) -> UInt32 { image.halfWord(at: offset) ?? 0 }
        func word(_ offset: Int) -> UInt64 { image.word(at: offset) ?? 0 }
        func histogram(_ offset: Int) -> [UInt64] {
            (0..<shmlens_histogram_buckets).map { word(offset + 8 * $0) }
        }
        let mutexOffset = shmlens_header_offset_lock_mutex
        mutex = Array(image.slice(mutexOffset..<mutexOffset + 64) ?? [])
        ownerTid = half(shmlens_header_offset_lock_owner_tid)
        ownerPid = half(shmlens_header_offset_lock_owner_pid)
        ownerSlot = half(shmlens_header_offset_lock_owner_slot)
        ownerGeneration = half(shmlens_header_offset_lock_owner_generation)
        takenAtNanoseconds = word(shmlens_header_offset_lock_taken_at_ns)
        ownerPidNamespace = word(shmlens_header_offset_lock_owner_pid_namespace)
        acquisitions = word(shmlens_header_offset_lock_acquisitions)
        contended = word(shmlens_header_offset_lock_contended)
        ownerDeaths = word(shmlens_header_offset_lock_owner_deaths)
        sampled = word(shmlens_header_offset_lock_sampled)
        waitHistogram = histogram(shmlens_header_offset_wait_histogram)
        holdHistogram = histogram(shmlens_header_offset_hold_histogram)
    }
}

/// The state lines of a header.
public struct SegmentState: Sendable, Equatable {
    public let counter: UInt64
    public let flag: UInt64
    public let damaged: Bool
    public let nextGeneration: UInt64
    /// The text's bytes up to its end.
    public let text: [UInt8]

    /// - Parameter image: holds the header's state lines.
    public init(image: Image) {
        func word(_ offset: Int) -> UInt64 { image.word(at: offset) ?? 0 }
        counter = word(shmlens_header_offset_counter)
        flag = word(shmlens_header_offset_flag)
        damaged = word(shmlens_header_offset_damaged) != 0
        nextGeneration = word(shmlens_header_offset_next_generation)
        let textOffset = shmlens_header_offset_text
        text = FixedText.bytes(image.slice(textOffset..<textOffset + shmlens_text_bytes) ?? [])
    }
}

/// The totals in the heap's index header.
public struct HeapTotals: Sendable, Equatable {
    public let usedBytes: UInt64
    public let highWaterBytes: UInt64
    public let usedBlocks: UInt32
    public let freeBlocks: UInt32
    /// Descriptors that were ever used.
    public let tableHighWater: UInt32

    /// - Parameters:
    ///   - image: holds the index header.
    ///   - layout: of the segment.
    public init(image: Image, layout: SegmentLayout) {
        let base = layout.indexOffset
        usedBytes = image.word(at: base + shmlens_index_header_offset_used_bytes) ?? 0
        highWaterBytes = image.word(at: base + shmlens_index_header_offset_high_water_bytes) ?? 0
        usedBlocks = image.halfWord(at: base + shmlens_index_header_offset_used_blocks) ?? 0
        freeBlocks = image.halfWord(at: base + shmlens_index_header_offset_free_blocks) ?? 0
        tableHighWater = image.halfWord(at: base + shmlens_index_header_offset_table_high_water) ?? 0
    }
}
