/// The bounds of a server.
public struct Limits: Sendable, Equatable {
    /// The largest piece of a stream that the server takes at once, in bytes.
    public static let maxChunkBytes = 1 << 20

    /// The largest body of one request, in bytes.
    public var maxBodyBytes = 16 << 20
    /// The most bytes that the bodies of all requests under way have together; over it a request gets 503.
    public var maxBodyBytesTogether = 64 << 20
    /// How much of a refused body is read and thrown away, in bytes, so that the client sees the refusal and keeps
    /// its connection. A connection that is closed while the client still sends is reset, and a reset can destroy the
    /// answer on its way. A longer body, or one the client announced with `Expect`, is not read at all.
    public var swallowedBodyBytes = 1 << 20
    /// Connections at a time, waiting ones and streams included. Beyond it clients wait to be accepted.
    public var connections = 256
    /// What a connection's request line, header and bookkeeping may take, in bytes. Allocated whole per connection.
    /// Beyond it the library answers 414 or 431.
    public var connectionMemoryBytes = 32 << 10
    /// From a connection's start to the end of its first header, in milliseconds, however busily the client sends.
    /// For a later request on the same connection the idle time comes on top.
    public var headerTimeMilliseconds = 10_000
    /// From the end of a request's header to the end of its body, in milliseconds.
    public var bodyTimeMilliseconds = 120_000
    /// How long a connection may neither send nor take anything, in seconds. Not counted while a request is being
    /// answered and while a stream waits.
    public var idleTimeSeconds = 60
    /// Threads for requests of the lane ``Lane/quick``.
    public var quickThreads = 4
    /// Requests of that lane that wait for a thread; over it a request gets 503.
    public var quickQueue = 256
    /// Threads for requests of the lane ``Lane/waiting``.
    public var waitingThreads = 8
    /// Requests of that lane that wait for a thread; over it a request gets 503.
    public var waitingQueue = 64
    /// Streams at a time; over it a response with a stream becomes 503.
    public var streams = 64
    /// What a 503 says in `Retry-After`, in seconds.
    public var retryAfterSeconds = 1

    public init() {}

    /// The first limit that is out of its range, with the range, or nil.
    public var outOfRange: (name: String, value: Int, range: ClosedRange<Int>)? {
        let rows: [(String, Int, ClosedRange<Int>)] = [
            ("maxBodyBytes", maxBodyBytes, 0...(1 << 30)),
            ("maxBodyBytesTogether", maxBodyBytesTogether, min(maxBodyBytes, 1 << 30)...(1 << 36)),
            ("swallowedBodyBytes", swallowedBodyBytes, 0...(1 << 30)),
            ("connections", connections, 1...65_536),
            ("connectionMemoryBytes", connectionMemoryBytes, 4096...(1 << 20)),
            ("headerTimeMilliseconds", headerTimeMilliseconds, 1...3_600_000),
            ("bodyTimeMilliseconds", bodyTimeMilliseconds, 1...3_600_000),
            ("idleTimeSeconds", idleTimeSeconds, 1...3600),
            ("quickThreads", quickThreads, 1...64),
            ("quickQueue", quickQueue, 1...65_536),
            ("waitingThreads", waitingThreads, 1...256),
            ("waitingQueue", waitingQueue, 1...65_536),
            ("streams", streams, 0...65_536),
            ("retryAfterSeconds", retryAfterSeconds, 0...3600),
        ]
        for (name, value, range) in rows where !range.contains(value) { return (name, value, range) }
        return nil
    }
}
