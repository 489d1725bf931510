/// The shape of a JSON object, for the reference.
struct Shape {
    let name: String
    /// `key: type`, in the order of the answer. A `?` behind the key says that it may be missing, one behind the type
    /// that it may be null. Types are those of ``ShapeType``.
    let members: [String]
    /// Whether it says beside its members how it was got.
    var isAnswer = false
}

extension Shape {
    /// What is answered, by the operation that answers it.
    static let answers = [
        "status": "Status", "listSegments": "SegmentList", "createSegment": "Segment", "getSegment": "Segment",
        "changeSegment": "Segment", "hexdump": "HexDump", "layout": "Layout", "heap": "HeapAnswer",
        "listBlocks": "BlockList", "getBlock": "BlockAnswer", "allocateBlocks": "BlockList",
        "resizeBlock": "BlockAnswer", "listLocks": "LockList", "listParticipants": "ParticipantList",
        "listEvents": "EventList", "verify": "Verification", "reclaim": "Reclaim", "protect": "Segment",
        "listWorkers": "WorkerList", "startWorkers": "WorkerList", "getWorker": "WorkerAnswer",
    ]

    /// How an answer was got; part of each that looked at memory or the host.
    static let envelope = [
        "takenAt: time", "ageMilliseconds: integer", "consistency?: consistent|rolledBack|torn|inFlux|truncated",
        "hidden: [Hidden]",
    ]

    static let all = hostShapes + segmentShapes + heapShapes + lockShapes + activityShapes + workerShapes

    private static let hostShapes = [
        Shape(name: "Problem", members: ["title: string", "status: integer", "detail: string", "field?: string"]),
        Shape(name: "Hidden", members: ["what: string", "count: integer", "needs: string"]),
        Shape(
            name: "Finding",
            members: ["code: string", "severity: info|warning|error", "message: string", "offset?: integer"]),
        Shape(
            name: "Status",
            members: [
                "version: string", "pid: integer", "startedAt: time", "uptimeMilliseconds: integer", "listen: string",
                "limits: counts", "host: Host", "segments: counts", "requests: counts", "findings: [Finding]",
            ], isAnswer: true),
        Shape(name: "Host", members: ["sharedBytes: integer", "tmpfs: [Tmpfs]"]),
        Shape(
            name: "Tmpfs",
            members: ["path: string", "sizeBytes: integer", "usedBytes: integer", "promisedBytes: integer"]),
    ]

    private static let summary = [
        "id: string", "kind: posix|semaphore|sysv|sysvSemaphore|memfd|anonymous|file", "name: string",
        "nameBase64?: string", "managed: boolean", "deleted: boolean", "sizeBytes: integer", "residentBytes: integer",
        "swappedBytes?: integer", "mode: string", "uid: integer", "gid: integer", "user?: string", "group?: string",
        "mapperCount: integer?", "attachCount?: integer", "inode?: integer", "device?: string", "createdAt?: time",
        "changedAt?: time", "orphaned: boolean", "family?: string", "findings: [Finding]",
    ]

    private static let segmentShapes = [
        Shape(name: "SegmentSummary", members: summary),
        Shape(name: "SegmentList", members: ["segments: [SegmentSummary]", "next?: string"], isAnswer: true),
        Shape(
            name: "Segment",
            members: summary + [
                "header?: Header", "lock?: Lock", "heap?: Heap", "participantCount?: integer",
                "protection?: [Protection]",
            ], isAnswer: true),
        Shape(
            name: "Header",
            members: [
                "uuid: string", "formatVersion: integer", "architecture: string", "libc: string", "createdAt: time",
                "creator: Creator", "counter: integer", "text: string", "flag: integer", "damaged: boolean",
            ]),
        Shape(name: "Creator", members: ["pid: integer", "uid: integer", "name: string"]),
        Shape(
            name: "Protection",
            members: ["offset: integer", "length: integer", "access: none|read|readWrite", "locked: no|onFault|all"]),
        Shape(name: "HexDump", members: ["offset: integer", "rows: [HexRow]"], isAnswer: true),
        Shape(name: "HexRow", members: ["offset: integer", "hex: string", "text: string"]),
        Shape(name: "Layout", members: ["regions: [Region]"], isAnswer: true),
        Shape(
            name: "Region", members: ["name: string", "offset: integer", "sizeBytes: integer", "fields?: [Field]"]),
        Shape(
            name: "Field",
            members: ["name: string", "type: string", "offset: integer", "sizeBytes: integer", "value: any"]),
    ]

    private static let heap = [
        "capacityBytes: integer", "usedBytes: integer", "freeBytes: integer", "largestFreeBytes: integer",
        "highWaterBytes: integer", "usedBlockCount: integer", "freeBlockCount: integer", "fragmentation: number",
        "policy: bestFit", "sizeHistogram: [SizeCount]", "byOwner: [OwnerTotals]", "byTag: [TagTotals]",
    ]

    private static let block = [
        "offset: integer", "sizeBytes: integer", "spanOffset: integer", "spanBytes: integer",
        "state: used|free|orphaned", "owner?: Owner", "tag?: string", "sequence: integer?", "allocatedAt?: time",
    ]

    private static let heapShapes = [
        Shape(name: "Heap", members: heap),
        Shape(name: "HeapAnswer", members: heap, isAnswer: true),
        Shape(name: "SizeCount", members: ["upToBytes: integer", "count: integer"]),
        Shape(name: "OwnerTotals", members: ["owner: Owner", "blockCount: integer", "sizeBytes: integer"]),
        Shape(name: "TagTotals", members: ["tag: string?", "blockCount: integer", "sizeBytes: integer"]),
        Shape(
            name: "Owner",
            members: ["slot: integer", "generation: integer", "pid: integer?", "name: string?", "alive: Liveness"]),
        Shape(name: "Block", members: block),
        Shape(name: "BlockAnswer", members: block, isAnswer: true),
        Shape(
            name: "BlockList",
            members: ["sequence?: integer", "blocks?: [Block]", "buckets?: [Bucket]", "next?: string"], isAnswer: true),
        Shape(
            name: "Bucket",
            members: [
                "offset: integer", "sizeBytes: integer", "usedBytes: integer", "freeBytes: integer",
                "blockCount: integer", "largestFreeBytes: integer", "mainOwner?: Owner",
            ]),
        Shape(
            name: "Reclaim", members: ["blocksFreed: integer", "bytesFreed: integer", "slotsFreed: integer"],
            isAnswer: true),
        Shape(
            name: "Verification",
            members: ["blocksChecked: integer", "bytesChecked: integer", "findings: [Finding]"], isAnswer: true),
    ]

    private static let threadState = "threadState: running|sleeping|waiting|stopped|traced|zombie|dead|unknown"

    private static let lockShapes = [
        Shape(name: "LockList", members: ["locks: [Lock]"], isAnswer: true),
        Shape(
            name: "Lock",
            members: [
                "offset: integer", "type: mutex|condition", "label?: string",
                "state: free|held|ownerDead|notRecoverable|corrupt|destroyed|idle|waitedOn", "recoverable?: boolean",
                "owner?: LockOwner", "waiters: [Waiter]", "mutexType?: normal|recursive|errorCheck|adaptive",
                "robust?: boolean", "processShared?: boolean", "protocol?: none|inherit|protect", "evidence: [string]",
                "verdict: ok|ownerDead|ownerNotMapping|ownerStopped|ambiguous", "statistics?: LockStatistics",
            ]),
        Shape(
            name: "LockOwner",
            members: [
                "pid: integer?", "tid: integer", "command: string?", "alive: Liveness", threadState,
                "heldForMilliseconds?: integer",
            ]),
        Shape(
            name: "Waiter",
            members: [
                "pid: integer", "tid: integer", "command: string?", threadState, "waitingForMilliseconds?: integer",
            ]),
        Shape(
            name: "LockStatistics",
            members: [
                "acquisitions: integer", "contended: integer", "ownerDeaths: integer", "sampled: integer",
                "waitHistogram: [TimeCount]", "holdHistogram: [TimeCount]",
            ]),
        Shape(name: "TimeCount", members: ["upToNanoseconds: integer?", "count: integer"]),
    ]

    private static let activityShapes = [
        Shape(name: "ParticipantList", members: ["participants: [Participant]", "next?: string"], isAnswer: true),
        Shape(
            name: "Participant",
            members: [
                "slot: integer", "generation: integer", "pid: integer", "startedAt: time", "name: string",
                "alive: Liveness", "heartbeatAt: time?", "waitingSince?: time", "operations: counts",
                "blockCount: integer", "sizeBytes: integer",
            ]),
        Shape(name: "EventList", members: ["events: [Event]", "lost: integer", "next?: string"], isAnswer: true),
        Shape(
            name: "Event",
            members: [
                "sequence: integer", "at: time", "kind: string", "owner: Owner", "tag?: string", "offset?: integer",
                "sizeBytes?: integer", "oldOffset?: integer", "oldSizeBytes?: integer", "ended?: boolean",
            ]),
    ]

    private static let worker = [
        "workerId: integer", "pid: integer", "segment: string",
        "workload: counter|churn|mixed|pingpong|hold|crash|trespass|falsesharing", "options: WorkerOptions",
        "state: running|exited|killed", "exitStatus?: integer", "signal?: string", "operations: integer",
        "startedAt: time", "ranForMilliseconds: integer", "result?: WorkerResult",
    ]

    private static let workerShapes = [
        Shape(name: "WorkerList", members: ["workers: [Worker]", "next?: string"], isAnswer: true),
        Shape(name: "Worker", members: worker),
        Shape(name: "WorkerAnswer", members: worker, isAnswer: true),
        Shape(
            name: "WorkerOptions",
            members: [
                "operations?: integer", "ratePerSecond?: number", "seed?: integer", "durationMilliseconds?: integer",
                "holdMilliseconds?: integer", "step?: integer", "offset?: integer", "length?: integer",
                "access?: none|read|readWrite", "padding?: packed|padded|both", "primitive?: futex|pthread",
            ]),
        Shape(
            name: "WorkerResult",
            members: [
                "packedPerSecond?: number", "paddedPerSecond?: number", "ratio?: number", "roundTrips?: integer",
                "perSecond?: number",
            ]),
    ]
}
