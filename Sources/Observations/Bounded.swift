/// A list that was cut at a limit, and how much was left out.
public struct BoundedList<Element> {
    public var elements: [Element]
    /// How many there were beyond the limit; 0 where the list is whole.
    public var omittedCount: Int

    @inlinable
    public init(_ elements: [Element] = [], omittedCount: Int = 0) {
        self.elements = elements
        self.omittedCount = omittedCount
    }

    /// Adds `element` while the list is shorter than `limit`, and counts it otherwise. O(1).
    @inlinable
    public mutating func append(_ element: Element, limit: Int) {
        guard elements.count < limit else {
            omittedCount += 1
            return
        }
        elements.append(element)
    }
}

extension BoundedList: Sendable where Element: Sendable {}
extension BoundedList: Equatable where Element: Equatable {}

/// Something that an answer does not contain, because it could not be looked at or was too much.
public struct Hidden: Sendable, Hashable {
    /// What is missing, in the plural: `"maps of processes"`.
    public let what: String
    /// How many of them.
    public let count: Int
    /// What would show them: `"CAP_SYS_PTRACE"`.
    public let needs: String

    public init(what: String, count: Int, needs: String) {
        self.what = what
        self.count = count
        self.needs = needs
    }

    /// `maps of processes (3); CAP_SYS_PTRACE would show them`.
    public var words: String { "\(what) (\(count)); \(needs) would show them" }
}
