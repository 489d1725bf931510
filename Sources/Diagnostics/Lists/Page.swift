/// A part of a list, and where the rest begins.
public struct Page<Element: Sendable>: Sendable {
    public let elements: [Element]
    /// nil where the list ends with this page.
    public let next: Cursor?

    public init(elements: [Element], next: Cursor?) {
        self.elements = elements
        self.next = next
    }

    public func map<Other>(_ transform: (Element) -> Other) -> Page<Other> {
        Page<Other>(elements: elements.map(transform), next: next)
    }
}

extension Page: Equatable where Element: Equatable {}

/// How much of a list is wanted, and from where on.
public struct PageRequest: Sendable, Hashable {
    /// Elements of a page at most.
    public let limit: Int
    /// nil for the list's beginning.
    public let cursor: Cursor?

    public static let defaultLimit = 100
    public static let limits = 1...10_000
    /// The first elements, as many as are given unasked.
    public static let first = PageRequest(trustedLimit: defaultLimit)

    private init(trustedLimit: Int) {
        limit = trustedLimit
        cursor = nil
    }

    /// - Throws: ``QueryError`` where `limit` is not in ``limits``.
    public init(limit: Int? = nil, cursor: Cursor? = nil) throws(QueryError) {
        let limit = limit ?? Self.defaultLimit
        guard Self.limits.contains(limit) else {
            throw .outOfRange(
                field: "limit",
                reason: "must be \(Self.limits.lowerBound) to \(Self.limits.upperBound), not \(limit)")
        }
        self.limit = limit
        self.cursor = cursor
    }

    /// Cuts a page out of a list that is sorted by a number, each of which it has once.
    ///
    /// The cursor is the number of the page's last element. O(log elements + limit).
    ///
    /// - Throws: ``QueryError`` where the cursor is of another list's shape.
    public func page<Elements: RandomAccessCollection>(
        of sorted: Elements, _ list: Cursor.List, number: (Elements.Element) -> Int
    ) throws(QueryError) -> Page<Elements.Element> where Elements.Element: Sendable {
        var rest = sorted[...]
        if let cursor {
            let last = try cursor.number()
            rest = sorted[Self.partition(sorted) { number($0) > last }...]
        }
        let elements = Array(rest.prefix(limit))
        guard elements.count < rest.count, let last = elements.last else { return Page(elements: elements, next: nil) }
        return Page(elements: elements, next: Cursor(list, number: number(last)))
    }

    /// The first index at which `isBehind` holds, of elements that have it false first and then true.
    static func partition<Elements: RandomAccessCollection>(
        _ elements: Elements, isBehind: (Elements.Element) -> Bool
    ) -> Elements.Index {
        var low = elements.startIndex
        var count = elements.count
        while count > 0 {
            let half = count / 2
            let middle = elements.index(low, offsetBy: half)
            if isBehind(elements[middle]) {
                count = half
            } else {
                low = elements.index(after: middle)
                count -= half + 1
            }
        }
        return low
    }
}
