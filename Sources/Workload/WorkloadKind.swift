/// What a worker process does to a segment; the raw value is the API's `workload`.
public enum WorkloadKind: String, Sendable, CaseIterable {
    /// Each operation adds one to the counter and writes `NAME: N` into the text.
    case counter
    /// Allocates, fills, checks, resizes and frees blocks at random.
    case churn
    /// `counter` and `churn`, and now and then the text and the flag.
    case mixed
    /// Two processes, or pairs of them, alternate through the flag.
    case pingpong
    /// Takes the lock and keeps it.
    case hold
    /// Ends itself by SIGKILL inside the critical section.
    case crash
    /// Writes where it must not, and is ended by SIGSEGV.
    case trespass
    /// Counts on a cache line that others write too, and on one of its own.
    case falsesharing

    /// How many workers of one kind can work on one segment at a time, where there is a limit of its own.
    public var seats: Int? {
        switch self {
        case .pingpong: PingPong.seatCount
        case .falsesharing: FalseSharing.seatCount
        default: nil
        }
    }
}

/// The kernel's or the library's way of waiting that `pingpong` shows.
public enum Primitive: String, Sendable, CaseIterable {
    /// The segment's condition: a sequence word and futex calls.
    case futex
    /// The classic `pthread_cond_t`.
    case pthread
}

/// Where the counters of `falsesharing` stand.
public enum Padding: String, Sendable, CaseIterable {
    /// All on one cache line.
    case packed
    /// Each on lines of its own.
    case padded
    /// In turns, for both rates and their ratio.
    case both

    var isPacked: Bool { self != .padded }
    var isPadded: Bool { self != .packed }
}
