import Diagnostics
import Observations
import SegmentFormat

extension SchemaTable {
    static let heap: [(name: String, schema: Schema)] = [
        (
            "Heap",
            .object([
                .always("capacityBytes", .count), .always("usedBytes", .count, "the sum of used spans"),
                .always("freeBytes", .count, "the sum of free ones; both make the capacity"),
                .always("largestFreeBytes", .count),
                .always("highWaterBytes", .count, "the most that usedBytes ever was"),
                .always("usedBlockCount", .count), .always("freeBlockCount", .count),
                .always("fragmentation", .number, "1 - largest / free, 0 to 1"),
                .always("policy", .literal(HeapReport.policy)),
                .always("sizeHistogram", .array(.reference("SizeCount"))),
                .always("byOwner", .array(.reference("OwnerTotals")), "the largest first"),
                .always("byTag", .array(.reference("TagTotals")), "the largest first"),
            ])
        ),
        (
            "SizeCount",
            .object([
                .always("upToBytes", .count, "blocks of at most this size, and of more than half of it"),
                .always("count", .count),
            ])
        ),
        (
            "OwnerTotals",
            .object([
                .always("owner", .reference("Owner")), .always("blockCount", .count),
                .always("sizeBytes", .count, "what was asked for"),
            ])
        ),
        (
            "TagTotals",
            .object([
                .always("tag", .orNull(.text), "null for the blocks without one"), .always("blockCount", .count),
                .always("sizeBytes", .count, "what was asked for"),
            ])
        ),
        (
            "Owner",
            .object(ownerMembers)
        ),
        ("Block", .object(block)),
        (
            "BlockList",
            .object([
                .always("sequence", .count, "the newest operation that the blocks show"),
                .always("blocks", .array(.reference("Block")), "in address order"), .maybe("next", .text, nextAbout),
            ])
        ),
        ("NewBlocks", .object([.always("blocks", .array(.reference("Block")))])),
        ("BucketList", .object([.always("buckets", .array(.reference("Bucket")))])),
        (
            "Bucket",
            .object([
                .always("offset", .count), .always("sizeBytes", .count), .always("usedBytes", .count),
                .always("freeBytes", .count), .always("blockCount", .count, "used blocks whose span begins here"),
                .always("largestFreeBytes", .count, "the longest free run inside the bucket"),
                .always("orphanedBytes", .count, "used bytes here whose owner is gone"),
                .maybe("mainOwner", .reference("Owner"), "who has the most bytes here"),
                .maybe("mainTag", .text, "the tag of the block that has the most bytes here"),
                .maybe("newestAt", .time, "when the newest of the blocks here was allocated"),
            ])
        ),
    ]

    private static let block: [SchemaMember] = [
        .always("offset", .count, "the payload's first byte"), .always("sizeBytes", .count, "what was asked for"),
        .always("spanOffset", .count, "spans touch one another and make the pool"), .always("spanBytes", .count),
        .always("state", .choice(of: BlockReport.State.self)),
        .maybe("owner", .reference("Owner"), "of a used or orphaned block"), .maybe("tag", .text),
        .always("sequence", .orNull(.count), "the operation that last changed it; null of a free block"),
        .maybe("allocatedAt", .time, "of a used or orphaned block"),
    ]

    static let ownerMembers: [SchemaMember] = [
        .always("slot", .count), .always("generation", .count),
        .always("pid", .orNull(.count), "0 for external; null where the slot was given to another since"),
        .always("name", .orNull(.text)), .always("alive", .liveness),
    ]

    static let activity: [(name: String, schema: Schema)] = [
        (
            "ParticipantList",
            .object([
                .always("participants", .array(.reference("Participant"))), .maybe("next", .text, nextAbout),
            ])
        ),
        (
            "Participant",
            .object([
                .always("slot", .count), .always("generation", .count),
                .always("pid", .count, "in its own pid namespace"),
                .always("startedAt", .time, "when its process started"), .always("name", .text),
                .always("alive", .liveness), .always("heartbeatAt", .orNull(.time)), .maybe("waitingSince", .time),
                .always("operations", .reference("OperationCounts")), .always("blockCount", .count),
                .always("sizeBytes", .count, "what was asked for"),
            ])
        ),
        ("OperationCounts", .object(OperationKind.counted.map { .always($0.name, .count) })),
        (
            "EventList",
            .object([
                .always("events", .array(.reference("Event"))),
                .always("lost", .count, "events after the one asked from that are not remembered any more"),
                .maybe("next", .text, nextAbout),
            ])
        ),
        (
            "Event",
            .object([
                .always("sequence", .count), .always("at", .time),
                .always("kind", .choice(OperationKind.allCases.map(\.name) + [OperationKind.unknownName])),
                .always("owner", .reference("Owner"), "who did it"), .maybe("tag", .text), .maybe("offset", .count),
                .maybe("sizeBytes", .count), .maybe("oldOffset", .count, "before the operation"),
                .maybe("oldSizeBytes", .count),
                .maybe("ended", .boolean, "false where a write was begun and not ended; missing otherwise"),
            ])
        ),
    ]
}
