/// A range of the server's own mapping and what may be done with it there. Other processes are not concerned.
public struct ProtectionReport: Sendable, Hashable {
    public enum Access: String, Sendable, CaseIterable {
        case none
        case read
        case readWrite
    }

    /// Whether the pages stay in memory.
    public enum Locked: String, Sendable, CaseIterable {
        case no
        /// Those that are there and those that come; none is allocated.
        case onFault
        /// All of them, which allocates those that are not there.
        case all
    }

    /// From the segment's first byte, a multiple of the page size; so is ``length``.
    public let offset: Int
    public let length: Int
    public let access: Access
    public let locked: Locked

    public init(offset: Int, length: Int, access: Access, locked: Locked) {
        self.offset = offset
        self.length = length
        self.access = access
        self.locked = locked
    }
}
