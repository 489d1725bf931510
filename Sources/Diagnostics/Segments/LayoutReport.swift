import CShmlens
public import Observations
public import SegmentFormat

/// Where the parts of an object stand.
public struct LayoutReport: Sendable, Equatable {
    public let regions: [RegionReport]

    public init(regions: [RegionReport]) { self.regions = regions }

    /// A managed segment's parts. They touch one another and make the object.
    ///
    /// - Parameter header: the header's bytes; a field that they do not hold whole has no value.
    public init(layout: SegmentLayout, header: Image) {
        regions = [
            RegionReport(name: "header", 0, layout.participantsOffset, LayoutField.reports(header)),
            RegionReport(name: "participants", layout.participantsOffset, layout.eventsOffset),
            RegionReport(name: "eventRing", layout.eventsOffset, layout.indexOffset),
            RegionReport(name: "heapIndex", layout.indexOffset, layout.blocksOffset),
            RegionReport(name: "blockTable", layout.blocksOffset, layout.poolOffset),
            RegionReport(name: "pool", layout.poolOffset, layout.totalBytes),
        ]
    }

    /// Somebody else's object, of which nothing is known but its size.
    public init(objectBytes: Int) {
        regions = [RegionReport(name: "object", 0, objectBytes)]
    }
}

/// A part of an object.
public struct RegionReport: Sendable, Equatable {
    public let name: String
    /// The first byte, from the object's first.
    public let offset: Int
    public let sizeBytes: Int
    /// nil where the part is not made of fields.
    public let fields: [FieldReport]?

    init(name: String, _ start: Int, _ end: Int, _ fields: [FieldReport]? = nil) {
        self.name = name
        offset = start
        sizeBytes = end - start
        self.fields = fields
    }
}

/// A field of a part.
public struct FieldReport: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        /// A size, an offset, a count, an id.
        case integer(UInt64)
        case integers([UInt64])
        /// A raw word, or one that may pass 2^53.
        case hexadecimal(UInt64)
        /// Text, up to its zero byte.
        case text(String)
        /// Bytes, in hexadecimal digits.
        case bytes([UInt8])
        /// Of the real-time clock.
        case time(WallTime)
    }

    /// As the C header has it.
    public let name: String
    /// As the C header has it.
    public let type: String
    /// From the object's first byte.
    public let offset: Int
    public let sizeBytes: Int
    /// nil where the bytes were not to be had, or are better looked at as a dump.
    public let value: Value?
}

/// A field of a managed segment's header: the C header's table, for people to see.
package struct LayoutField {
    enum Form {
        case integer, integers, hexadecimal, text, bytes, time, opaque
    }

    package let name: String
    let type: String
    package let offset: Int
    package let sizeBytes: Int
    let form: Form

    static func reports(_ header: Image) -> [FieldReport] {
        all.map { field in
            FieldReport(
                name: field.name, type: field.type, offset: field.offset, sizeBytes: field.sizeBytes,
                value: field.value(header))
        }
    }

    private func value(_ image: Image) -> FieldReport.Value? {
        guard let bytes = image.slice(offset..<offset + sizeBytes) else { return nil }
        switch form {
        case .integer: return integer(image).map { .integer($0) }
        case .hexadecimal: return integer(image).map { .hexadecimal($0) }
        case .integers:
            return .integers(stride(from: offset, to: offset + sizeBytes, by: 8).map { image.word(at: $0) ?? 0 })
        case .text: return .text(FixedText.string(bytes))
        case .bytes: return .bytes(Array(bytes))
        case .time: return integer(image).map { .time(WallTime(clampingNanoseconds: $0)) }
        case .opaque: return nil
        }
    }

    private func integer(_ image: Image) -> UInt64? {
        sizeBytes == 8 ? image.word(at: offset) : image.halfWord(at: offset).map(UInt64.init)
    }

    private static func word(_ name: String, _ offset: Int, _ form: Form = .integer) -> LayoutField {
        LayoutField(name: name, type: "uint64_t", offset: offset, sizeBytes: 8, form: form)
    }

    private static func half(_ name: String, _ offset: Int) -> LayoutField {
        LayoutField(name: name, type: "uint32_t", offset: offset, sizeBytes: 4, form: .integer)
    }

    private static func field(
        _ name: String, _ type: String, _ offset: Int, _ sizeBytes: Int, _ form: Form
    ) -> LayoutField {
        LayoutField(name: name, type: type, offset: offset, sizeBytes: sizeBytes, form: form)
    }

    /// By offset; reserved bytes are left out.
    package static let all: [LayoutField] = identity + lock + state

    private static let identity: [LayoutField] = [
        field("magic", "char[8]", shmlens_header_offset_magic, 8, .text),
        half("version", shmlens_header_offset_version),
        half("header_bytes", shmlens_header_offset_header_bytes),
        half("architecture", shmlens_header_offset_architecture),
        half("libc", shmlens_header_offset_libc),
        half("libc_version", shmlens_header_offset_libc_version),
        half("page_bytes", shmlens_header_offset_page_bytes),
        field("uuid", "uint8_t[16]", shmlens_header_offset_uuid, 16, .bytes),
        word("created_at_ns", shmlens_header_offset_created_at_ns, .time),
        half("creator_pid", shmlens_header_offset_creator_pid),
        half("creator_uid", shmlens_header_offset_creator_uid),
        word("creator_pid_namespace", shmlens_header_offset_creator_pid_namespace),
        word("creator_start_time", shmlens_header_offset_creator_start_time),
        field("creator_name", "char[32]", shmlens_header_offset_creator_name, shmlens_name_bytes, .text),
        word("total_bytes", shmlens_header_offset_total_bytes),
        word("coarse_clock_resolution_ns", shmlens_header_offset_coarse_clock_resolution_ns),
        word("participants_offset", shmlens_header_offset_participants_offset),
        half("participant_count", shmlens_header_offset_participant_count),
        half("participant_bytes", shmlens_header_offset_participant_bytes),
        word("events_offset", shmlens_header_offset_events_offset),
        half("event_count", shmlens_header_offset_event_count),
        half("event_bytes", shmlens_header_offset_event_bytes),
        word("index_offset", shmlens_header_offset_index_offset),
        word("index_bytes", shmlens_header_offset_index_bytes),
        word("blocks_offset", shmlens_header_offset_blocks_offset),
        half("block_capacity", shmlens_header_offset_block_capacity),
        half("block_bytes", shmlens_header_offset_block_bytes),
        word("pool_offset", shmlens_header_offset_pool_offset),
        word("pool_bytes", shmlens_header_offset_pool_bytes),
        half("granule_bytes", shmlens_header_offset_granule_bytes),
        half("sequence_count", shmlens_header_offset_sequence_count),
    ]

    private static let lock: [LayoutField] = [
        field("lock_mutex", "uint8_t[64]", shmlens_header_offset_lock_mutex, 64, .bytes),
        half("lock_owner_tid", shmlens_header_offset_lock_owner_tid),
        half("lock_owner_pid", shmlens_header_offset_lock_owner_pid),
        half("lock_owner_slot", shmlens_header_offset_lock_owner_slot),
        half("lock_owner_generation", shmlens_header_offset_lock_owner_generation),
        word("lock_taken_at_ns", shmlens_header_offset_lock_taken_at_ns, .hexadecimal),
        word("lock_owner_pid_namespace", shmlens_header_offset_lock_owner_pid_namespace),
        word("lock_acquisitions", shmlens_header_offset_lock_acquisitions),
        word("lock_contended", shmlens_header_offset_lock_contended),
        word("lock_owner_deaths", shmlens_header_offset_lock_owner_deaths),
        word("lock_sampled", shmlens_header_offset_lock_sampled),
        field(
            "wait_histogram", "uint64_t[40]", shmlens_header_offset_wait_histogram, 8 * shmlens_histogram_buckets,
            .integers),
        field(
            "hold_histogram", "uint64_t[40]", shmlens_header_offset_hold_histogram, 8 * shmlens_histogram_buckets,
            .integers),
        half("condition_sequence", shmlens_header_offset_condition_sequence),
        field("classic_condition", "uint8_t[64]", shmlens_header_offset_classic_condition, 64, .bytes),
    ]

    private static let state: [LayoutField] = [
        word("counter", shmlens_header_offset_counter),
        word("flag", shmlens_header_offset_flag),
        word("damaged", shmlens_header_offset_damaged, .hexadecimal),
        word("next_generation", shmlens_header_offset_next_generation),
        field("text", "uint8_t[1024]", shmlens_header_offset_text, shmlens_text_bytes, .text),
        word("event_head", shmlens_header_offset_event_head),
        word("journal_operation", shmlens_header_offset_journal_operation),
        word("journal_count", shmlens_header_offset_journal_count),
        field(
            "journal", "struct shmlens_journal_entry[256]", shmlens_header_offset_journal,
            16 * shmlens_journal_entries, .opaque),
    ]
}
