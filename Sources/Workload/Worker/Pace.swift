/// When operations are due that are to come at a steady rate.
///
/// What is a little late is made up for, so that the rate is kept on average. After a long wait, as for a lock that somebody
/// held, the rate begins anew: what was missed does not come in one burst.
struct Pace {
    /// What is made up for at most.
    static let latenessNanoseconds: Int64 = 100_000_000

    private let perSecond: Double
    /// When `first` operations were done.
    private var begin: Int64
    private var first: UInt64 = 0

    /// - Parameters:
    ///   - perSecond: above 0.
    ///   - begin: on CLOCK_MONOTONIC, in nanoseconds.
    init(perSecond: Double, begin: Int64) {
        self.perSecond = perSecond
        self.begin = begin
    }

    /// When the next operation is due, on CLOCK_MONOTONIC, where `done` are done at `now`.
    mutating func due(after done: UInt64, now: Int64) -> Int64 {
        // Less than 2^63: an operation takes longer than a nanosecond, and the slowest rate is one in 1000 seconds.
        let later = Int64(exactly: (Double(done - first) / perSecond * 1e9).rounded()) ?? .max / 2
        let (due, isBeyond) = begin.addingReportingOverflow(later)
        guard !isBeyond else { return .max }
        guard now - due > Self.latenessNanoseconds else { return due }
        begin = now
        first = done
        return now
    }
}
