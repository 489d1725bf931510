/// How much of a mapping a process uses, as `/proc/PID/smaps` has it. Sizes in bytes.
public struct MappingUse: Sendable, Hashable {
    /// Pages in the process's page tables (`Rss`): touched by it, or mapped along with one that was.
    public var residentBytes = 0
    /// The same, each page divided among the processes that map it (`Pss`): these sums do not count twice.
    public var proportionalBytes = 0
    /// Pages that the process would have to bring back from swap (`Swap`).
    public var swappedBytes = 0
    /// Of the resident ones, those in huge pages.
    public var hugeBytes = 0

    public init() {}
}

/// A mapping of a process and how much of it is used.
public struct UsedMapping: Sendable, Hashable {
    public let mapping: Mapping
    public let use: MappingUse

    public init(mapping: Mapping, use: MappingUse) {
        self.mapping = mapping
        self.use = use
    }
}

/// A stretch of an object that a process has in its page tables.
public struct TouchedRun: Sendable, Hashable {
    /// From the object's first byte, whole pages.
    public let offset: Int
    public var length: Int

    @inlinable
    public init(offset: Int, length: Int) {
        self.offset = offset
        self.length = length
    }

    @inlinable
    public var end: Int { offset + length }
}
