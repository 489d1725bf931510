public import Observations

/// Which pages of an object there are, as the API has them.
public struct PagesReport: Report, Equatable {
    public let pageBytes: Int
    /// In order, touching one another.
    public let runs: [PageRun]
    /// Bytes that the file system kept for the object before and after the look: the proof that it took none.
    public let allocatedBefore: Int
    public let allocatedAfter: Int
    /// Whether the object was attached to be looked at, which left traces.
    public let wasAttached: Bool
    /// Where the list goes on: the first byte not told of.
    public let next: Cursor?

    public init(pageBytes: Int, runs: [PageRun], next: Int?, allocatedBefore: Int, allocatedAfter: Int, wasAttached: Bool = false) {
        self.wasAttached = wasAttached
        self.pageBytes = pageBytes
        self.runs = runs
        self.next = next.map { Cursor(.pages, number: $0) }
        self.allocatedBefore = allocatedBefore
        self.allocatedAfter = allocatedAfter
    }
}
