import Diagnostics
import SegmentFormat

/// What the reference says of operations, parameters and members of bodies beyond their names.
enum OperationTable {
    struct Notes: Sendable {
        /// What it answers in JSON, its envelope aside; nil where it answers no JSON.
        var answer: Schema?
        /// Whether how it was got stands beside.
        var hasEnvelope = true
        /// Members that the body must have.
        var required: [String] = []
        /// Parameters that the query must have.
        var requiredQuery: [String] = []
        /// What its list can be sorted by.
        var sortKeys: [String] = []
        /// Statuses of its own besides those that its form makes possible.
        var problems: [Int] = []
        /// Other statuses of success than the usual one, and what they mean.
        var otherStatuses: [(status: Int, about: String)] = []
    }

    /// By the operation's name.
    static let notes: [String: Notes] = [
        "healthz": Notes(),
        "readyz": Notes(problems: [503]),
        "status": Notes(answer: .reference("Status")),
        "openapi": Notes(answer: .map(.anything), hasEnvelope: false),
        "listSegments": Notes(answer: .reference("SegmentList"), sortKeys: SegmentSort.Key.allCases.map(\.rawValue)),
        "createSegment": Notes(answer: .reference("Segment"), required: ["capacityBytes"], problems: [409, 507]),
        "getSegment": Notes(answer: .reference("Segment")),
        "changeSegment": Notes(answer: .reference("Segment"), problems: [409]),
        "removeSegment": Notes(problems: [409]),
        "readBytes": Notes(
            problems: [409, 416], otherStatuses: [(206, "the bytes of the range that Range asked for")]),
        "writeBytes": Notes(requiredQuery: ["offset"], problems: [409]),
        "hexdump": Notes(answer: .reference("HexDump"), problems: [409, 416]),
        "listPages": Notes(answer: .reference("Pages")),
        "listMappings": Notes(answer: .reference("MappingList")),
        "searchSegment": Notes(answer: .reference("Search")),
        "searchAll": Notes(answer: .reference("Search")),
        "listProcesses": Notes(answer: .reference("ProcessList"), sortKeys: ProcessKey.allCases.map(\.rawValue)),
        "getProcess": Notes(answer: .reference("Process")),
        "layout": Notes(answer: .reference("Layout")),
        "heap": Notes(answer: .reference("Heap"), problems: [409]),
        "listBlocks": Notes(
            answer: .either([.reference("BlockList"), .reference("BucketList")]),
            sortKeys: BlockKey.allCases.map(\.rawValue), problems: [409]),
        "getBlock": Notes(answer: .reference("Block"), problems: [409]),
        "allocateBlocks": Notes(
            answer: .either([.reference("Block"), .reference("NewBlocks")]), required: ["sizeBytes"],
            problems: [409, 507]),
        "resizeBlock": Notes(answer: .reference("Block"), required: ["sizeBytes"], problems: [409, 507]),
        "freeBlock": Notes(problems: [409]),
        "hostLocks": Notes(answer: .reference("HostLocks")),
        "listLocks": Notes(answer: .reference("LockList"), problems: [409]),
        "listParticipants": Notes(
            answer: .reference("ParticipantList"), sortKeys: ParticipantKey.allCases.map(\.rawValue), problems: [409]),
        "listEvents": Notes(
            answer: .reference("EventList"), sortKeys: EventKey.allCases.map(\.rawValue), problems: [409]),
        "verify": Notes(answer: .reference("Verification"), problems: [409]),
        "reclaim": Notes(answer: .reference("Reclaim"), problems: [409]),
        "protect": Notes(answer: .reference("Segment"), required: ["offset", "length"], problems: [409]),
        "watchSegment": Notes(),
        "watchHost": Notes(),
        "listWorkers": Notes(answer: .reference("WorkerList"), sortKeys: WorkerKey.allCases.map(\.rawValue)),
        "startWorkers": Notes(
            answer: .reference("WorkerList"), required: ["segment", "workload"], problems: [404, 409, 503]),
        "getWorker": Notes(answer: .reference("Worker")),
        "endWorker": Notes(problems: [409]),
    ]

    /// What a name in a path means.
    static let pathNames: [String: (schema: Schema, about: String)] = [
        "id": (
            .text,
            "a segment's id as answers have it: its per cents are the id's own and are not encoded again; a name alone, "
                + "percent-encoded, means posix:NAME"
        ),
        "offset": (.count, "of the block's payload, from the object's first byte"),
        "workerId": (.count, "the worker's number"),
        "pid": (.integer(minimum: 1, maximum: nil), "the process, as the server's /proc numbers it"),
    ]

    /// What a name in a query or a body means: the same wherever it stands.
    static let names: [String: (schema: Schema, about: String)] = [
        "kind": (.choice(of: SegmentKind.self), "of this kind"),
        "managed": (.boolean, "of shmlens' own making, or not"),
        "orphaned": (.boolean, "mapped by nobody, or not"),
        "deleted": (.boolean, "without a name any more, or not"),
        "pid": (.integer(minimum: 1, maximum: nil), "mapped by this process"),
        "uid": (.count, "of this user"),
        "q": (.text, "with this in their name"),
        "hex": (.text, "bytes to look for, as pairs of hex digits"),
        "integer": (.text, "a number to look for, in decimal or in hex with 0x"),
        "width": (.integer(minimum: 8, maximum: 64), "the number's bits: 8, 16, 32 or 64; 32 where missing"),
        "byteOrder": (.choice(of: SearchPattern.ByteOrder.self), "of the number, or of a text in utf-16"),
        "encoding": (.choice(of: SearchPattern.TextEncoding.self), "of the text; utf-8 where missing"),
        "touched": (.boolean, "which pages each process has in its page tables"),
        "sort": (.text, "by this key; with - before it the other way. Findings go by the gravest"),
        "limit": (
            .integer(minimum: PageRequest.limits.lowerBound, maximum: PageRequest.limits.upperBound),
            "so many at most; \(PageRequest.defaultLimit) where missing"
        ),
        "cursor": (.text, "where the page before ended: its next"),
        "fresh": (.boolean, "nothing older than the request will do"),
        "attach": (.boolean, "whether a System V segment that nobody has attached may be attached to be read"),
        "style": (.choice(["xxd", "canonical", "json"]), "as xxd, as hexdump -C, or as JSON"),
        "state": (.choice(of: BlockReport.State.self), "in this state"),
        "owner": (.count, "of the participant with this pid; 0 for external"),
        "tag": (.text, "at most 16 bytes of UTF-8"),
        "at": (.size, "the block whose span holds this offset"),
        "minBytes": (.size, "of at least this size"),
        "buckets": (
            .integer(minimum: BucketRequest.counts.lowerBound, maximum: BucketRequest.counts.upperBound),
            "sums up the pool, or from and to of it, in so many parts of equal size"
        ),
        "from": (.size, "only what has bytes from here on; the pool's first where missing"),
        "to": (.size, "only what has bytes before this; the pool's end where missing"),
        "scan": (.boolean, "looks for unknown locks in resident pages too"),
        "after": (.count, "events newer than this sequence"),
        "lock": (.boolean, "under the segment's lock"),
        "force": (.boolean, "also where somebody lives who would be hurt"),
        "timeoutMilliseconds": (.count, "how long to wait for the segment's lock; 1000 where missing"),
        "offset": (.size, "from the object's first byte"),
        "length": (.size, "in bytes"),
        "name": (.text, "without a leading slash; without a name the segment is an unnamed one"),
        "capacityBytes": (.size, "of the pool, rounded up to whole pages"),
        "mode": (.text, "permission bits, octal: \"0600\" where missing"),
        "maxParticipants": (
            .integer(
                minimum: SegmentLayout.Limit.participants.lowerBound,
                maximum: SegmentLayout.Limit.participants.upperBound), "processes that can take part at one time"
        ),
        "eventCount": (
            .integer(
                minimum: SegmentLayout.Limit.events.lowerBound, maximum: SegmentLayout.Limit.events.upperBound),
            "operations that the segment remembers"
        ),
        "text": (.text, "to be looked for, or to be written, then at most 1024 bytes of UTF-8"),
        "flag": (.integer(minimum: 0, maximum: Int(UInt32.max)), "the segment's flag"),
        "sizeBytes": (.size, "of the payload"),
        "alignment": (.size, "of the payload: a power of two; 16 where missing"),
        "count": (.integer(minimum: 1, maximum: nil), "so many, all or none"),
        "access": (.choice(of: ProtectionReport.Access.self), "left as it is where only locked is there; readWrite where neither is"),
        "locked": (.choice(of: ProtectionReport.Locked.self), "left as it is where only access is there; no where neither is"),
        "segment": (.text, "its id or name"),
        "workload": (.text, "what the workers do"),
        "options": (.reference("WorkerOptions"), "for each of them"),
    ]

    /// What a status that is no success means.
    static let problems: [(status: Int, name: String, about: String)] = [
        (400, "BadRequest", "it cannot be parsed, or has a parameter that is not known"),
        (401, "Unauthorized", "the token is missing or wrong"),
        (403, "Forbidden", "a right is missing, or Host or Origin is foreign"),
        (404, "NotFound", "there is no such thing, or not any more"),
        (406, "NotAcceptable", "none of the acceptable forms can be had"),
        (409, "Conflict", "it exists, is not managed, protected, damaged, or in conflict with something that lives"),
        (411, "LengthRequired", "the body needs its length"),
        (413, "ContentTooLarge", "the body is larger than the server takes"),
        (415, "UnsupportedMediaType", "the body is of another media type"),
        (416, "RangeNotSatisfiable", "the range begins behind the object's end"),
        (422, "UnprocessableContent", "well-formed, and out of range: field says what"),
        (423, "Locked", "the segment's lock was not had in time: detail names its owner"),
        (503, "ServiceUnavailable", "the server has as much to do as it takes on, or ends"),
        (507, "InsufficientStorage", "nothing that large is free"),
    ]
}
