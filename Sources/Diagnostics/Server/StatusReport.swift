public import Observations

/// The server and the host at a glance.
public struct StatusReport: Sendable, Equatable {
    public var version: String
    public var pid: Int
    public var startedAt: WallTime
    public var uptimeMilliseconds: Int
    /// `127.0.0.1:8080`
    public var listen: String
    /// What the server takes on at most, in the order in which they are to be shown.
    public var limits: [LimitReport]
    public var host: HostReport
    /// How many segments there are of each kind.
    public var segments: [SegmentKind: Int]
    public var requests: RequestCounts
    public var findings: [Finding]

    public init(
        version: String, pid: Int, startedAt: WallTime, uptimeMilliseconds: Int, listen: String, limits: [LimitReport],
        host: HostReport, segments: [SegmentKind: Int], requests: RequestCounts, findings: [Finding]
    ) {
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.uptimeMilliseconds = uptimeMilliseconds
        self.listen = listen
        self.limits = limits
        self.host = host
        self.segments = segments
        self.requests = requests
        self.findings = findings
    }
}

/// A limit of the server; the name carries the unit.
public struct LimitReport: Sendable, Hashable {
    /// lowerCamelCase: `bodyBytes`.
    public let name: String
    public let value: Int

    public init(name: String, value: Int) {
        self.name = name
        self.value = value
    }
}

/// The host's shared memory.
public struct HostReport: Sendable, Equatable {
    /// `Shmem` of /proc/meminfo: what all tmpfs and shared mappings take, each page once.
    public var sharedBytes: Int
    public var tmpfs: [TmpfsReport]

    public init(sharedBytes: Int, tmpfs: [TmpfsReport]) {
        self.sharedBytes = sharedBytes
        self.tmpfs = tmpfs
    }
}

/// A mounted tmpfs.
public struct TmpfsReport: Sendable, Equatable {
    public var path: String
    /// 0 where it has no limit.
    public var sizeBytes: Int
    public var usedBytes: Int
    /// What its files may still take by their sizes and do not yet: where that is more than there is left, somebody
    /// will meet SIGBUS.
    public var promisedBytes: Int

    public init(path: String, sizeBytes: Int, usedBytes: Int, promisedBytes: Int) {
        self.path = path
        self.sizeBytes = sizeBytes
        self.usedBytes = usedBytes
        self.promisedBytes = promisedBytes
    }
}

/// Requests since the server started.
public struct RequestCounts: Sendable, Hashable {
    public var total: Int
    /// Those that the HTTP library answered itself: a bad request line, an oversized header.
    public var refusedByParser: Int

    public init(total: Int, refusedByParser: Int) {
        self.total = total
        self.refusedByParser = refusedByParser
    }
}
