/// How one may take bytes that were read while others could write them.
public enum Consistency: String, Sendable, CaseIterable {
    /// One state of the object, as if nobody had moved.
    case consistent
    /// One state: that before an operation whose owner stands still in the middle of it, undone on the copy.
    case rolledBack
    /// Parts belong to different moments: changes came faster than they could be copied.
    case torn
    /// Nothing tells whether the bytes changed while they were copied.
    case inFlux
    /// The object ended before what was asked for.
    case truncated

    /// The weaker of two: what an answer made of both is.
    public func joined(_ other: Consistency) -> Consistency { rank >= other.rank ? self : other }

    private var rank: Int {
        switch self {
        case .consistent: 0
        case .rolledBack: 1
        case .inFlux: 2
        case .torn: 3
        case .truncated: 4
        }
    }
}
