import Diagnostics
import Encoding
import Observations
public import SharedSegments
public import Workload

/// A segment with workers on it, so that who comes for the first time sees something that lives.
public struct Demonstration: Sendable {
    /// Of the segment, everywhere.
    public static let name = "shmlens-demo"
    static let capacityBytes = 1 << 20
    /// How long a change of a segment that somebody left behind may wait for its lock.
    private static let patience = Duration.seconds(1)

    private let name: String
    /// The object that the name meant when this was begun.
    private let inode: UInt64

    /// Makes the segment, or takes over one that an earlier server left behind with its dead.
    ///
    /// - Throws: ``SegmentError``, also where something that is no segment has the name.
    public init() throws(SegmentError) { try self.init(named: Self.name) }

    /// - Parameter name: another one than everybody's.
    init(named name: String) throws(SegmentError) {
        self.name = name
        let segment: Segment
        do throws(SegmentError) {
            segment = try Segment.create(name: name, options: SegmentOptions(capacityBytes: Self.capacityBytes))
        } catch {
            guard case .exists = error else { throw error }
            segment = try Segment.open(name: name)
            // What the dead left is not worth a start that fails: it is there to be seen.
            try? Self.reclaim(segment)
        }
        inode = segment.inode
    }

    /// Starts the workers: slow ones, that one can follow with one's eyes and that cost a machine nothing.
    public func start(with supervisor: Supervisor) throws(SupervisorError) {
        let segment = WorkerSegment(id: SegmentIdentifier.posix(ByteString(Array(name.utf8))).text)
        var options = WorkloadOptions()
        options.ratePerSecond = 20
        _ = try supervisor.start(segment: segment, workload: .churn, options: options, count: 2)
        _ = try supervisor.start(segment: segment, workload: .counter, options: options)
    }

    /// Removes the segment, unless the name means another one by now or somebody else takes part in it.
    public func remove() throws(SegmentError) {
        guard let segment = try? Segment.open(name: name), segment.inode == inode else { return }
        try Segment.remove(name: name)
    }

    private static func reclaim(_ segment: Segment) throws(SegmentError) {
        _ = try segment.withLock(timeout: patience) { (locked) throws(SegmentError) in try locked.bury() }
        var next: Int? = 0
        while let first = next {
            let piece = try segment.withLock(timeout: patience) { (locked) throws(SegmentError) in
                try locked.reclaim(from: first, limit: 4096)
            }
            next = piece.next.flatMap { $0 > first ? $0 : nil }
        }
    }
}
