import CShmlens
import Glibc
import SegmentFormat

/// What a new segment shall be.
public struct SegmentOptions: Sendable, Equatable {
    /// What the pool must hold at least; rounded up to whole pages.
    public var capacityBytes: Int
    /// Permission bits, whatever the umask: 0 to 0o777.
    public var mode: UInt32
    /// Processes that can take part at one time: 1 to 4095.
    public var maxParticipants: Int
    /// Operations that the event ring remembers: 16 to 2^20.
    public var eventCount: Int

    public init(capacityBytes: Int, mode: UInt32 = 0o600, maxParticipants: Int = 64, eventCount: Int = 4096) {
        self.capacityBytes = capacityBytes
        self.mode = mode
        self.maxParticipants = maxParticipants
        self.eventCount = eventCount
    }

    /// Checks the numbers and computes the layout that they give.
    ///
    /// - Throws: ``SegmentError/invalid(field:reason:)`` for the first that is out of range.
    func layout() throws(SegmentError) -> SegmentLayout {
        func require(_ field: String, _ value: Int, in range: ClosedRange<Int>) throws(SegmentError) {
            guard range.contains(value) else {
                throw .invalid(
                    field: field, reason: "must be \(range.lowerBound) to \(range.upperBound), not \(value)")
            }
        }
        try require("capacityBytes", capacityBytes, in: SegmentLayout.Limit.poolBytes)
        try require("maxParticipants", maxParticipants, in: SegmentLayout.Limit.participants)
        try require("eventCount", eventCount, in: SegmentLayout.Limit.events)
        guard mode <= 0o777 else {
            throw .invalid(field: "mode", reason: "must be permission bits, \"0000\" to \"0777\"")
        }
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        guard
            let layout = SegmentLayout(
                capacityBytes: capacityBytes, participants: maxParticipants, events: eventCount, pageBytes: pageBytes)
        else {
            throw .invalid(field: "capacityBytes", reason: "this machine's page size is not one that the format knows")
        }
        return layout
    }
}

/// The name of a POSIX shared-memory object that a segment may have.
public enum SegmentName {
    /// Longest name in bytes: NAME_MAX of a tmpfs.
    public static let longest = 255

    /// Checks a name, written without the leading slash.
    ///
    /// - Throws: ``SegmentError/invalid(field:reason:)`` that says what is wrong with it.
    public static func check(_ name: String) throws(SegmentError) {
        func refuse(_ reason: String) -> SegmentError { .invalid(field: "name", reason: reason) }
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty else { throw refuse("must not be empty") }
        guard bytes.count <= longest else { throw refuse("must be at most \(longest) bytes") }
        guard bytes.first != UInt8(ascii: "/") else { throw refuse("is written without the leading slash") }
        guard !bytes.contains(UInt8(ascii: "/")) else { throw refuse("must not contain a slash") }
        guard name != ".", name != ".." else { throw refuse("must not be \".\" or \"..\"") }
        guard !name.hasPrefix("sem.") else { throw refuse("must not begin with \"sem.\": those are named semaphores") }
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw refuse("must not contain control characters")
        }
    }
}
