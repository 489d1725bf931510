public import Diagnostics
public import Kernel
public import Observations
public import SegmentFormat
import Synchronization

/// Where every look at the host ends: opens objects, takes pictures, asks the system about processes.
///
/// Takes no lock of a segment and maps nothing: it cannot, for it does not know how. Safe to use from any thread.
public final class Lens: Sendable {
    public let sources: HostSources
    public let host: HostFacts
    public let surveyor: Surveyor
    private let pictures = PictureCache()
    let lockWatch = LockWatch()
    let libraries: CLibraries

    /// How long one answer may read pages, or the page tables of processes: it tells what it left out.
    let answerNanosecondsMax: Int64

    /// - Throws: ``KernelError`` where /proc cannot be read.
    public init(sources: HostSources = HostSources(), answerNanosecondsMax: Int64 = 1_000_000_000) throws(KernelError) {
        self.sources = sources
        libraries = CLibraries(sources.proc)
        self.answerNanosecondsMax = answerNanosecondsMax
        host = try sources.proc.host()
        surveyor = Surveyor(sources: sources)
    }

    /// A survey of the host, at most a second old.
    public func survey(fresh: Bool = false) throws(ReadingError) -> Survey {
        do throws(KernelError) {
            return try surveyor.survey(fresh: fresh)
        } catch {
            throw .refused(error)
        }
    }

    /// Opens a managed segment.
    public func managed(_ id: SegmentIdentifier) throws(ReadingError) -> ManagedSegment {
        try ManagedSegment(try object(id))
    }

    /// A picture of a segment's heap: the one taken before, where nothing happened since.
    ///
    /// Of those who want one of the same segment at the same time one takes it, and the others wait for that: it was
    /// begun after they asked.
    public func heap(of segment: ManagedSegment) throws(ReadingError) -> DatedPicture {
        let key = PictureCache.Key(segment)
        func current() throws(ReadingError) -> DatedPicture? {
            guard let known = pictures.picture(key), try segment.head() == known.picture.sequence else { return nil }
            return known
        }
        if let known = try current() { return known }
        let asked = Clocks.monotonicNanoseconds()
        return try pictures.taking(key) { () throws(ReadingError) in
            if let known = pictures.picture(key, begunSince: asked) { return known }
            if let known = try current() { return known }
            let begun = Clocks.monotonicNanoseconds()
            let taken = DatedPicture(picture: try segment.heap(), begunAtNanoseconds: begun)
            pictures.keep(taken, key)
            return taken
        }
    }

    /// The participants of a segment, and whether they live.
    public func attendance(of segment: ManagedSegment) throws(ReadingError) -> Attendance {
        let (records, consistency) = try segment.slots()
        var liveness: [OwnerKey: Liveness] = [:]
        for record in records where record.isJoined { liveness[record.key] = self.liveness(of: record) }
        return Attendance(
            records: records, liveness: liveness,
            owners: OwnerDirectory(participants: records, liveness: liveness), consistency: consistency)
    }

    /// Whether the process behind a slot lives.
    public func liveness(of record: ParticipantRecord) -> Liveness {
        guard let pid = Int32(exactly: record.pid) else { return .dead }
        return sources.proc.isAlive(
            pid, startTicks: record.startTime, pidNamespace: record.pidNamespace, host: host)
    }
}

/// A picture of a heap and when it was begun: it may have been taken for somebody who asked before.
public struct DatedPicture: Sendable {
    public let picture: HeapPicture
    /// CLOCK_MONOTONIC.
    public let begunAtNanoseconds: Int64
}

/// The last pictures of some heaps, for as long as nothing happens in them.
final class PictureCache: Sendable {
    /// Pictures kept at most.
    static let countMax = 8
    /// Blocks in all pictures kept together; a larger picture is not kept.
    static let blocksMax = 4_000_000
    /// How long a consistent picture serves at least, and at most. The ring's head tells of operations only: who writes past
    /// its block, or into the tables, makes no event.
    static let ageNanoseconds: ClosedRange<Int64> = 100_000_000...1_000_000_000
    /// A picture serves so many times as long as it took to take: one look at a large heap asks for it more than once.
    static let ageForCost: Int64 = 4

    struct Key: Hashable {
        let file: FileIdentity
        let uuid: [UInt8]

        init(_ segment: ManagedSegment) {
            file = FileIdentity(segment.object.file)
            uuid = segment.identity.uuid
        }
    }

    private struct Entry {
        let key: Key
        let taken: DatedPicture
        /// Whoever waited while it was taken is served by any picture, whoever comes later by a consistent one.
        let servesUntil: Int64
    }

    /// Held while a picture is taken.
    private final class Turn: Sendable {
        let lock = Mutex<Void>(())
    }

    private let kept = Mutex<[Entry]>([])
    /// Segments share a few: two that meet in one wait for one another, which costs time and nothing else.
    private let turns = (0..<8).map { _ in Turn() }

    func taking(_ key: Key, _ body: () throws(ReadingError) -> DatedPicture) throws(ReadingError) -> DatedPicture {
        try turns[Int(UInt(bitPattern: key.hashValue) % UInt(turns.count))].lock.withLock { _ throws(ReadingError) in
            try body()
        }
    }

    /// One that serves still.
    func picture(_ key: Key) -> DatedPicture? {
        let now = Clocks.monotonicNanoseconds()
        return kept.withLock { kept in kept.first { $0.key == key && $0.servesUntil >= now }?.taken }
    }

    func picture(_ key: Key, begunSince oldest: Int64) -> DatedPicture? {
        kept.withLock { kept in kept.first { $0.key == key && $0.taken.begunAtNanoseconds >= oldest }?.taken }
    }

    func keep(_ taken: DatedPicture, _ key: Key) {
        let now = Clocks.monotonicNanoseconds()
        let cost = now - taken.begunAtNanoseconds
        let age = min(max(cost * Self.ageForCost, Self.ageNanoseconds.lowerBound), Self.ageNanoseconds.upperBound)
        let servesUntil = taken.picture.consistency == .consistent ? now + age : .min
        kept.withLock { kept in
            kept.removeAll { $0.key == key }
            kept.append(Entry(key: key, taken: taken, servesUntil: servesUntil))
            while kept.count > Self.countMax
                || kept.reduce(0, { $0 + $1.taken.picture.blocks.count }) > Self.blocksMax, !kept.isEmpty
            {
                kept.removeFirst()
            }
        }
    }
}
