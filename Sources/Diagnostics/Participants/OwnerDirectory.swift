public import Observations
public import SegmentFormat

/// Whose block it is, or who did something: a slot and the generation that sat in it.
public struct OwnerReport: Sendable, Hashable {
    public let slot: UInt32
    public let generation: UInt32
    /// In the participant's own pid namespace; 0 for `external`; nil where the slot has been given to another since.
    public let pid: Int?
    /// nil where the slot has been given to another since.
    public let name: String?
    public let alive: Liveness

    public init(slot: UInt32, generation: UInt32, pid: Int?, name: String?, alive: Liveness) {
        self.slot = slot
        self.generation = generation
        self.pid = pid
        self.name = name
        self.alive = alive
    }

    public var key: OwnerKey { OwnerKey(slot: slot, generation: generation) }

    /// The owner of blocks that were made over HTTP or by the command line. It never dies.
    public static let external = OwnerReport(slot: 0, generation: 0, pid: 0, name: "external", alive: .alive)
}

/// Who is behind a slot and a generation. Looking one up is O(1).
public struct OwnerDirectory: Sendable {
    private let owners: [OwnerKey: OwnerReport]

    /// - Parameters:
    ///   - participants: slots as they were copied. One that is free still tells who left it.
    ///   - liveness: of the processes behind the slots that are taken; whoever is missing is `unknown`.
    public init(participants: [ParticipantRecord], liveness: [OwnerKey: Liveness]) {
        var owners: [OwnerKey: OwnerReport] = [.external: .external]
        for record in participants where record.slot > 0 {
            owners[record.key] = OwnerReport(
                slot: record.key.slot, generation: record.key.generation, pid: Int(record.pid), name: record.name,
                alive: record.isJoined ? liveness[record.key] ?? .unknown : .dead)
        }
        self.owners = owners
    }

    /// Who `key` is. A generation that its slot does not have any more is dead.
    public func owner(_ key: OwnerKey) -> OwnerReport {
        owners[key]
            ?? OwnerReport(slot: key.slot, generation: key.generation, pid: nil, name: nil, alive: .dead)
    }

    /// Whether blocks of `key` are orphans: its process is known to be gone. Of what cannot be told nothing is an
    /// orphan.
    public func isOrphaned(_ key: OwnerKey) -> Bool { owner(key).alive == .dead }

    /// The slots' occupants that have the process id `pid`, and for 0 `external`.
    public func keys(pid: Int) -> Set<OwnerKey> {
        Set(owners.values.filter { $0.pid == pid }.map(\.key))
    }
}
