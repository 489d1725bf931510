public import Observations

/// What reading an object did to it, and what of it can be taken for one moment's: known once it has been read.
public struct ReadingProof: Sendable, Equatable {
    public let consistency: Consistency
    /// What was not the same when it was read again; nil where too much was read to read it again.
    public let changed: [Range<Int>]?
    /// Bytes that the file system kept for the object before and after: that reading took none.
    public let allocatedBefore: Int
    public let allocatedAfter: Int
    /// Whether reading moved the time of the last access, which only the owner and who has CAP_FOWNER may prevent.
    public let atimeMoved: Bool

    /// Ranges that are told of; those after them are joined to the last.
    private static let rangesMax = 100

    /// - Parameter isCut: the object ended before what was asked for.
    public init(changed: [Range<Int>]?, allocatedBefore: Int, allocatedAfter: Int, atimeMoved: Bool, isCut: Bool) {
        self.changed = changed.map(Self.bounded)
        consistency = isCut ? .truncated : changed?.isEmpty == true ? .consistent : .inFlux
        self.allocatedBefore = allocatedBefore
        self.allocatedAfter = allocatedAfter
        self.atimeMoved = atimeMoved
    }

    private static func bounded(_ ranges: [Range<Int>]) -> [Range<Int>] {
        guard ranges.count > rangesMax, let last = ranges.last else { return ranges }
        return ranges.prefix(rangesMax - 1) + [ranges[rangesMax - 1].lowerBound..<last.upperBound]
    }

    /// The same for people.
    public var sentence: String {
        let change =
            switch changed {
            case nil: "too much was read to tell whether it changed meanwhile"
            case let ranges? where ranges.isEmpty: "read twice and the same"
            case let ranges?:
                "changed meanwhile: "
                    + ranges.map { "\($0.lowerBound) to \($0.upperBound - 1)" }.joined(separator: ", ")
            }
        let access = atimeMoved ? "; the time of the last access moved, which its owner alone may prevent" : ""
        return "allocated bytes before \(allocatedBefore), after \(allocatedAfter); \(change) (\(consistency.rawValue))\(access)"
    }
}
