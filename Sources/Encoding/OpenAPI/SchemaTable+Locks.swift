import Diagnostics
import ForeignFormats
import Observations

extension SchemaTable {
    static let locks: [(name: String, schema: Schema)] = [
        ("LockList", .object([.always("locks", .array(.reference("Lock")))])),
        (
            "Lock",
            .object(place + state + [
                .always("waiters", .array(.reference("Waiter")), "the longest wait first")
            ] + judgement + [
                .maybe("statistics", .reference("LockStatistics")),
                .maybe("lastHolders", .array(.reference("LastHolder")), "who changed something under it last, the latest first"),
            ])
        ),
        (
            "LockOwner",
            .object([
                .always("pid", .orNull(.count), "null where only the thread is known"), .always("tid", .count),
                .always("command", .orNull(.text)), .always("alive", .liveness),
                .always("threadState", .choice(of: ThreadState.self)),
                .maybe("heldForMilliseconds", .count, "good to a few milliseconds"),
                .maybe("sleepsIn", .reference("SleepPlace"), "of one that sleeps: the call"),
            ])
        ),
        (
            "SleepPlace",
            .object([
                .always("call", .text, "its name; its number where that is not known"),
                .maybe("descriptor", .count, "the one that it is about"), .maybe("target", .text, "what that is"),
            ])
        ),
        (
            "LastHolder",
            .object(ownerMembers + [.always("sequence", .count, "of the operation"), .always("at", .time)])
        ),
        (
            "Waiter",
            .object([
                .always("pid", .count), .always("tid", .count), .always("command", .orNull(.text)),
                .always("threadState", .choice(of: ThreadState.self)),
                .maybe("waitingForMilliseconds", .count, "at least so long: since this sleep was seen first"),
                .maybe("timed", .boolean, "whether it gives up at some time"),
            ])
        ),
        (
            "HostLocks",
            .object([
                .always("threadCount", .count, "threads that were looked at"),
                .always("waitingCount", .count, "of them, those that wait for something in shared memory"),
                .always("movingCount", .count, "those that went on while they were looked at"),
                .always("nodes", .array(.either([.reference("LockNode"), .reference("ThreadNode")])), "locks first, the worst of them before all"),
                .always("edges", .array(.reference("WaitEdge"))),
                .always("deadlocks", .array(.reference("Deadlock"))),
                .always("verdicts", .array(.reference("LockVerdict")), "of locks that are not ok, the worst first"),
            ])
        ),
        (
            "LockNode",
            .object(
                [.always("id", .text), .always("kind", .literal("lock")), .always("segment", .text, "its id")] + place + state
                    + [.always("waiterCount", .count)] + judgement)
        ),
        (
            "ThreadNode",
            .object(
                [.always("id", .text), .always("kind", .literal("thread"))] + thread
                    + [
                        .always("threadState", .choice(of: ThreadState.self)),
                        .maybe("sleepsIn", .reference("SleepPlace"), "of one that sleeps and waits for nothing shared"),
                    ])
        ),
        (
            "WaitEdge",
            .object([
                .always("from", .text, "the id of a node"), .always("to", .text, "the id of a node"),
                .always("relation", .choice(["waitsFor", "heldBy"])),
                .maybe("waitingForMilliseconds", .count, "at least so long: since this sleep was seen first"),
                .maybe("heldForMilliseconds", .count, "at least so long"), .maybe("timed", .boolean, "whether it gives up at some time"),
            ])
        ),
        (
            "Deadlock",
            .object([
                .always("threads", .array(.reference("Thread")), "each waits for the lock of its place in the list, which the next has"),
                .always("locks", .array(.reference("LockPlace"))),
                .always("victims", .array(.reference("Thread")), "those that wait behind the circle"),
                .always("message", .text), .always("advice", .text, "what would help"),
            ])
        ),
        ("Thread", .object(thread)),
        ("LockPlace", .object([.always("segment", .text, "its id"), .always("offset", .count, "from the object's first byte")])),
        (
            "LockVerdict",
            .object(
                [
                    .always("verdict", .choice(of: LockReport.Verdict.self)),
                    .always("severity", .choice(of: Finding.Severity.self)), .always("segment", .text, "its id"),
                ] + place + [
                    .always("type", .choice(of: LockReport.Kind.self)), .maybe("message", .text), .maybe("advice", .text),
                    .always("threads", .array(.reference("Thread")), "that wait for it"),
                ])
        ),
        (
            "LockStatistics",
            .object([
                .always("acquisitions", .count), .always("contended", .count, "those that found it held"),
                .always("ownerDeaths", .count, "those recovered from"),
                .always("sampled", .count, "uncontended ones that were timed"),
                .always("waitHistogram", .array(.reference("TimeCount"))),
                .always("holdHistogram", .array(.reference("TimeCount"))),
            ])
        ),
        (
            "TimeCount",
            .object([
                .always(
                    "upToNanoseconds", .orNull(.count),
                    "times below this and not below its half; null for all that are longer"),
                .always("count", .count),
            ])
        ),
    ]

    private static let place: [SchemaMember] = [
        .maybe("offset", .count, "from the object's first byte"), .maybe("index", .count, "of a System V set, instead of an offset"),
    ]

    private static let thread: [SchemaMember] = [
        .always("pid", .count), .always("tid", .count), .always("command", .orNull(.text)),
    ]

    private static let state: [SchemaMember] = [
        .always("type", .choice(of: LockReport.Kind.self)), .maybe("label", .text),
        .always("state", .choice(of: LockReport.State.self)),
        .maybe("recoverable", .boolean, "whether the next who locks it is told that its owner died"),
        .maybe("owner", .reference("LockOwner")),
        .maybe("ownerCandidates", .array(.reference("LockOwner")), "where more than one thread may be the owner"),
        .maybe("mutexType", .choice(of: MutexType.self)), .maybe("robust", .boolean), .maybe("processShared", .boolean),
        .maybe("protocol", .choice(of: MutexProtocol.self)),
        .maybe(
            "value", .count,
            "a semaphore's value; of a lock that readers have, how many; of a condition or barrier, how many it counts as waiting; of an unknown word, the word"
        ),
    ]

    private static let judgement: [SchemaMember] = [
        .always("evidence", .array(.choice(of: LockReport.Evidence.self)), "how it is known"),
        .always("verdict", .choice(of: LockReport.Verdict.self)),
        .maybe("message", .text, "what the verdict rests on"), .maybe("advice", .text, "what would help"),
        .maybe("caveats", .array(.text), "what is not sure of it"),
    ]
}
