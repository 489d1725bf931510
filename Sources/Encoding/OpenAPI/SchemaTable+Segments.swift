import Diagnostics
import Observations

extension SchemaTable {
    static let segments: [(name: String, schema: Schema)] = [
        (
            "SegmentList",
            .object([
                .always("segments", .array(.reference("SegmentSummary"))), .maybe("next", .text, nextAbout),
            ])
        ),
        ("SegmentSummary", .object(summary)),
        (
            "Segment",
            .all([
                .reference("SegmentSummary"),
                .object([
                    .maybe("header", .reference("Header"), "of a managed segment, like all that follows"),
                    .maybe("lock", .reference("Lock")), .maybe("heap", .reference("Heap")),
                    .maybe("participantCount", .count, "slots that are taken"),
                    .maybe(
                        "protection", .array(.reference("Protection")),
                        "ranges of the server's own mapping that differ from read-write and unlocked"),
                ]),
            ])
        ),
        (
            "Pages",
            .object([
                .always("pageSize", .count), .always("runs", .array(.reference("PageRun")), "in order, touching"),
                .always("allocatedBefore", .count, "bytes that the file system kept for the object before the look"),
                .always("allocatedAfter", .count, "and behind it: looking takes none"),
                .maybe("attached", .boolean, "true where the segment was attached to be looked at, which left traces"),
                .maybe("next", .text, nextAbout),
            ])
        ),
        (
            "PageRun",
            .object([
                .always("offset", .count), .always("length", .count),
                .always("state", .choice(of: PageRun.State.self), "in memory, written out to swap, or not there"),
                .maybe("numaNode", .count, "the memory node of pages in memory, where there is but one or a process that maps them tells"),
                .maybe("huge", .boolean, "true where the pages are parts of huge ones, as hugetlbfs or a process that maps them tells"),
            ])
        ),
        (
            "Header",
            .object([
                .always("uuid", .text(format: "uuid")), .always("formatVersion", .count),
                .always("architecture", .text, "x86_64, aarch64, riscv64 or elf-N"),
                .always("libc", .text, "the C library that made the lock: glibc 2.36"), .always("createdAt", .time),
                .always("creator", .reference("Creator")), .always("counter", .count),
                .always("text", .text, "U+FFFD where the bytes are not UTF-8"), .always("flag", .count),
                .always("damaged", .boolean, "changes are refused, reading goes on"),
            ])
        ),
        (
            "Creator",
            .object([
                .always("pid", .count, "in its own pid namespace"), .always("uid", .count), .always("name", .text),
            ])
        ),
    ]

    private static let summary: [SchemaMember] = [
        .always("id", .text, "what one pastes into a URL"),
        .always("kind", .choice(of: SegmentKind.self)),
        .always("name", .text, "for people: U+FFFD for bytes that are not UTF-8"),
        .maybe("nameBase64", .text(format: "byte"), "the name's bytes, where they are not UTF-8"),
        .always("managed", .boolean, "whether it is one of shmlens' own making"),
        .always("deleted", .boolean, "it has no name any more and is still mapped or open"),
        .always("sizeBytes", .count, "of a System V segment what was asked of shmget"),
        .always("residentBytes", .count), .maybe("swappedBytes", .count),
        .always("mode", .mode, "permission bits"), .always("uid", .count), .always("gid", .count),
        .maybe("user", .text), .maybe("group", .text),
        .always("mapperCount", .orNull(.count), "processes that map it; null where that cannot be known"),
        .maybe("attachCount", .count, "of a System V segment: attachments, of which one process may have several"),
        .maybe("openCount", .count, "descriptors of it that processes have, all together"),
        .maybe("creatorPid", .count, "who made a System V segment"),
        .maybe("lastPid", .count, "who attached or detached it last"), .maybe("inode", .count),
        .maybe("seals", .array(.text), "of a memfd: what it was promised not to become"),
        .maybe("device", .text, "MAJOR:MINOR"), .maybe("createdAt", .time), .maybe("changedAt", .time),
        .maybe("attachedAt", .time, "of a System V segment: when somebody attached it last"),
        .maybe("detachedAt", .time, "when somebody detached from it last"),
        .always("orphaned", .boolean, "nobody maps it or has it open: certain, or false"),
        .maybe("orphanedSince", .time, "when that was first seen"),
        .maybe("family", .text, "the pattern of a known program's names: torch_*"),
        .always("findings", .array(.reference("Finding"))),
    ]

    static let parts: [(name: String, schema: Schema)] = [
        (
            "Protection",
            .object([
                .always("offset", .count), .always("length", .count),
                .always("access", .choice(of: ProtectionReport.Access.self)),
                .always("locked", .choice(of: ProtectionReport.Locked.self)),
            ])
        ),
        (
            "HexDump",
            .object([
                .maybe("attached", .boolean, "true where the segment was attached to be read, which left traces"),
                .always("offset", .count), .always("rows", .array(.reference("HexRow"))),
                .maybe(
                    "changed", .array(.reference("TouchedRun")),
                    "what was not the same when it was read again; missing where too much was read for that"),
                .always("allocatedBefore", .count, "bytes that the file system kept for the object before the look"),
                .always("allocatedAfter", .count, "and behind it: looking takes none"),
                .maybe("atimeMoved", .boolean, "true where reading moved the time of the last access"),
            ])
        ),
        (
            "HexRow",
            .object([
                .always("offset", .count), .always("hex", .text, "two digits a byte, without gaps"),
                .always("text", .text, "a point for what is not printable"),
            ])
        ),
        ("Layout", .object([.always("regions", .array(.reference("Region")))])),
        (
            "Region",
            .object([
                .always("name", .text), .always("offset", .count), .always("sizeBytes", .count),
                .maybe("fields", .array(.reference("Field"))),
            ])
        ),
        (
            "Field",
            .object([
                .always("name", .text, "as the C header has it"), .always("type", .text, "as the C header has it"),
                .always("offset", .count), .always("sizeBytes", .count),
                .always(
                    "value", .orNull(.either([.count, .text, .array(.count)])),
                    "null where the bytes were not to be had, or are better looked at as a dump"),
            ])
        ),
        (
            "Verification",
            .object([
                .always("blocksChecked", .count), .always("bytesChecked", .count),
                .always("findings", .array(.reference("VerificationFinding"))),
            ])
        ),
        (
            "VerificationFinding",
            .object([
                .always("code", .text), .always("offset", .orNull(.count)), .always("message", .text),
            ])
        ),
        (
            "Reclaim",
            .object([
                .always("blocksFreed", .count), .always("bytesFreed", .count, "the sum of their spans"),
                .always("slotsFreed", .count),
            ])
        ),
    ]
}
