/// Neighbouring pages of an object that are in the same state.
public struct PageRun: Sendable, Hashable {
    public enum State: String, Sendable, CaseIterable {
        /// In memory.
        case resident
        /// There, and not in memory: written out to swap.
        case swapped
        /// Not there: reads as zeros and takes no memory.
        case hole
    }

    /// From the object's first byte.
    public let offset: Int
    /// To the object's end where that comes within the last page.
    public var length: Int
    public let state: State
    /// The memory node that the pages are on; nil where that is not known, or they are not in memory.
    public var numaNode: Int?
    /// Whether the pages are known to be parts of huge ones.
    public var isHuge = false

    public init(offset: Int, length: Int, state: State) {
        self.offset = offset
        self.length = length
        self.state = state
    }

    public var end: Int { offset + length }
}
