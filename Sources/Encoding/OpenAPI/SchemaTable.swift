import Diagnostics
import Observations

/// Every object that the API answers with, by the name that the reference gives it. What is written here is what the
/// model's encoders write: tests hold the two against each other, key by key.
enum SchemaTable {
    /// In the order of the reference.
    static let all: [(name: String, schema: Schema)] =
        common + server + segments + parts + processes + heap + locks + activity + workers

    static subscript(name: String) -> Schema? { all.first { $0.name == name }?.schema }

    // MARK: What many answers have

    private static let common: [(name: String, schema: Schema)] = [
        (
            "Envelope",
            .object([
                .always("takenAt", .time, "when the bytes or the host were looked at"),
                .always("ageMilliseconds", .count, "how long before the answer that was"),
                .maybe(
                    "consistency", .choice(of: Consistency.self),
                    "where bytes were read: how far they are one picture"),
                .always("hidden", .array(.reference("Hidden")), "what could not be seen; empty where nothing was"),
            ])
        ),
        (
            "Hidden",
            .object([
                .always("what", .text), .always("count", .count),
                .always("needs", .text, "what would show it"),
            ])
        ),
        (
            "Finding",
            .object([
                .always("code", .text, "for programs; never changes its meaning"),
                .always("severity", .choice(of: Finding.Severity.self)),
                .always("message", .text, "for people"),
                .maybe("offset", .count, "where, from the object's first byte"),
            ])
        ),
        (
            "Problem",
            .object([
                .always("title", .text), .always("status", .integer(minimum: 400, maximum: 599)),
                .always("detail", .text, "what happened, to what, and what to do about it"),
                .maybe("field", .text, "the parameter or member that is to blame"),
            ])
        ),
    ]

    // MARK: The server

    private static let server: [(name: String, schema: Schema)] = [
        (
            "Status",
            .object([
                .always("version", .text), .always("pid", .count), .always("startedAt", .time),
                .always("uptimeMilliseconds", .count), .always("listen", .text, "HOST:PORT"),
                .always("limits", .map(.count), "what the server takes on at most; names carry the unit"),
                .always("host", .reference("Host")),
                .always("segments", .reference("SegmentCounts"), "how many there are of each kind"),
                .always("requests", .reference("RequestCounts")),
                .always("findings", .array(.reference("Finding"))),
            ])
        ),
        (
            "Host",
            .object([
                .always("sharedBytes", .count, "what all tmpfs and shared mappings take, each page once"),
                .always("tmpfs", .array(.reference("Tmpfs"))),
            ])
        ),
        (
            "Tmpfs",
            .object([
                .always("path", .text), .always("sizeBytes", .count, "0 where it has no limit"),
                .always("usedBytes", .count),
                .always("promisedBytes", .count, "what its files may still take by their sizes and do not yet"),
            ])
        ),
        ("SegmentCounts", .object(SegmentKind.allCases.map { .always($0.rawValue, .count) })),
        (
            "RequestCounts",
            .object([
                .always("total", .count),
                .always("refusedByParser", .count, "those that the HTTP library answered itself, not in JSON"),
            ])
        ),
    ]

    // MARK: Workers

    private static let workers: [(name: String, schema: Schema)] = [
        (
            "WorkerList",
            .object([.always("workers", .array(.reference("Worker"))), .maybe("next", .text, nextAbout)])
        ),
        (
            "Worker",
            .object([
                .always("workerId", .count), .always("pid", .count), .always("segment", .text, "its id"),
                .always("workload", .text), .always("options", .reference("WorkerOptions"), "what it was told"),
                .always("state", .choice(of: WorkerReport.State.self)),
                .maybe("exitStatus", .integer, "of one that exited"),
                .maybe("signal", .text, "that killed it: SIGKILL"),
                .always("operations", .count, "how many it has done"), .always("startedAt", .time),
                .always("ranForMilliseconds", .count, "until now, or until it ended"),
                .maybe("result", .reference("WorkerResult"), "what the workload measured"),
                .maybe("message", .text, "why it failed, in its own words"),
            ])
        ),
        (
            "WorkerOptions",
            .object([
                .maybe("operations", .count, "of each worker; without end where missing"),
                .maybe("ratePerSecond", .number, "at most, of each worker"),
                .maybe("seed", .count, "of what is random"),
                .maybe("durationMilliseconds", .count, "how long each works; without end where missing"),
                .maybe("holdMilliseconds", .count, "how long hold keeps the lock; for ever where missing"),
                .maybe("step", .count, "the call of the store primitive at which crash dies"),
                .maybe("offset", .size, "where trespass protects and writes"),
                .maybe("length", .size, "how much trespass protects"),
                .maybe("access", .choice(of: ProtectionReport.Access.self)),
                .maybe("padding", .choice(of: WorkerOptions.Padding.self), "the counters that falsesharing measures"),
                .maybe("primitive", .choice(of: WorkerOptions.Primitive.self), "what pingpong waits on"),
            ])
        ),
        (
            "WorkerResult",
            .object([
                .maybe("packedPerSecond", .number, "falsesharing: counters on one cache line"),
                .maybe("paddedPerSecond", .number, "falsesharing: each on a line of its own"),
                .maybe("ratio", .number, "padded to packed"),
                .maybe("roundTrips", .count, "pingpong"), .maybe("perSecond", .number, "pingpong: round trips"),
            ])
        ),
    ]

    static let nextAbout = "the cursor of the next page; missing on the last"
}
