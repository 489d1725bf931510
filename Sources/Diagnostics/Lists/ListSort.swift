/// The keys that a list can be sorted by; the raw value is the key in the API.
public protocol SortKey: RawRepresentable, CaseIterable, Sendable, Hashable where RawValue == String {
    /// Where elements of equal value differ still, and the order that the list has unasked.
    static var natural: Self { get }
}

/// The order of a list: by one key, up or down.
public struct ListSort<Key: SortKey>: Sendable, Hashable {
    public let key: Key
    public let isDescending: Bool

    public init(_ key: Key, isDescending: Bool = false) {
        self.key = key
        self.isDescending = isDescending
    }

    /// - Parameter text: a key, `-key` for the reverse order, nil for the list's own.
    /// - Throws: ``QueryError`` where there is no such key.
    public init(text: String?) throws(QueryError) {
        let text = text ?? Key.natural.rawValue
        let isDescending = text.utf8.first == UInt8(ascii: "-")
        guard let key = Key(rawValue: String(isDescending ? text.dropFirst() : text[...])) else {
            let keys = Key.allCases.map(\.rawValue).joined(separator: ", ")
            throw .outOfRange(field: "sort", reason: "must be one of \(keys), or one with - before it")
        }
        self.init(key, isDescending: isDescending)
    }

    public var isNatural: Bool { key == .natural && !isDescending }

    /// What tells the cursors of different orders apart.
    private var mark: Cursor.Part { .bytes(Array("\(isDescending ? "-" : "")\(key.rawValue)".utf8)) }
}

/// A place in a sorted list: a value and, as many may have the same, a number that each element has for itself.
struct SortPlace: Sendable {
    let value: SortValue
    let number: Int

    /// By value in the order asked for; numbers of equal values rise.
    static func precedes(_ left: SortPlace, _ right: SortPlace, descending: Bool) -> Bool {
        if left.value != right.value { return descending ? right.value < left.value : left.value < right.value }
        return left.number < right.number
    }
}

/// What a list is sorted by: a number, or a text.
///
/// Sixteen bytes of it are compared as two words, which is all there is of numbers, tags and states: a list may have
/// a million of them. The rest of a longer text comes after.
public struct SortValue: Sendable, Hashable, Comparable {
    let high: UInt64
    let low: UInt64
    let rest: [UInt8]

    /// Bytes of a text that are compared: an identifier's, percent-encoded, of the longest name. A cursor holds them.
    public static let textMaximum = 1024

    /// Stands before all that have a value.
    public static let missing = SortValue(high: 0, low: 0)

    private init(high: UInt64, low: UInt64, rest: [UInt8] = []) {
        self.high = high
        self.low = low
        self.rest = rest
    }

    public init(_ number: Int) { self.init(high: 1, low: UInt64(bitPattern: Int64(number)) ^ 1 << 63) }

    public init(_ number: UInt64) { self.init(high: 1, low: number) }

    /// A text, byte by byte.
    public init(text: some Collection<UInt8>) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, byte) in text.prefix(16).enumerated() {
            let bits = UInt64(byte) << UInt64(56 - 8 * (index % 8))
            if index < 8 { high |= bits } else { low |= bits }
        }
        self.init(high: high, low: low, rest: Array(text.prefix(Self.textMaximum).dropFirst(16)))
    }

    fileprivate init?(_ parts: ArraySlice<Cursor.Part>) {
        guard parts.count == Self.partCount, case .number(let high) = parts[parts.startIndex],
            case .number(let low) = parts[parts.startIndex + 1], case .bytes(let rest) = parts[parts.startIndex + 2]
        else { return nil }
        self.init(high: UInt64(bitPattern: Int64(high)), low: UInt64(bitPattern: Int64(low)), rest: rest)
    }

    fileprivate static let partCount = 3

    fileprivate var parts: [Cursor.Part] {
        [.number(Int(Int64(bitPattern: high))), .number(Int(Int64(bitPattern: low))), .bytes(rest)]
    }

    public static func < (left: SortValue, right: SortValue) -> Bool {
        if left.high != right.high { return left.high < right.high }
        if left.low != right.low { return left.low < right.low }
        return left.rest.lexicographicallyPrecedes(right.rest)
    }
}

extension ListSort {
    /// Cuts a page out of elements in any order.
    ///
    /// Never more than two pages of them are held, however many there are: O(elements · log limit).
    ///
    /// - Parameters:
    ///   - value: what an element is sorted by.
    ///   - number: what it has for itself.
    /// - Throws: ``QueryError`` where the cursor is of another list or another order.
    func page<Elements: Sequence>(
        of elements: Elements, _ list: Cursor.List, _ request: PageRequest, value: (Elements.Element) -> SortValue,
        number: (Elements.Element) -> Int
    ) throws(QueryError) -> Page<Elements.Element> where Elements.Element: Sendable {
        let after = try request.cursor.map { (cursor) throws(QueryError) in try place(cursor) }
        let wanted = request.limit + 1
        var best: [(place: SortPlace, element: Elements.Element)] = []
        var worst: SortPlace?
        func keepBest() {
            best.sort { SortPlace.precedes($0.place, $1.place, descending: isDescending) }
            guard best.count >= wanted else { return }
            best.removeSubrange(wanted...)
            worst = best.last?.place
        }
        for element in elements {
            let place = SortPlace(value: value(element), number: number(element))
            if let after, !SortPlace.precedes(after, place, descending: isDescending) { continue }
            if let worst, !SortPlace.precedes(place, worst, descending: isDescending) { continue }
            best.append((place, element))
            if best.count >= 2 * wanted { keepBest() }
        }
        keepBest()
        let page = best.prefix(request.limit)
        let next = best.count > request.limit ? page.last.map { cursor(list, $0.place) } : nil
        return Page(elements: page.map(\.element), next: next)
    }

    private func cursor(_ list: Cursor.List, _ place: SortPlace) -> Cursor {
        Cursor(list, [mark] + place.value.parts + [.number(place.number)])
    }

    private func place(_ cursor: Cursor) throws(QueryError) -> SortPlace {
        let parts = cursor.parts
        guard parts.count == SortValue.partCount + 2, parts[0] == mark, let value = SortValue(parts[1...].dropLast()),
            case .number(let number)? = parts.last
        else { throw Cursor.invalid }
        return SortPlace(value: value, number: number)
    }
}

// MARK: What can be sorted by

public enum BlockKey: String, SortKey {
    case offset, sizeBytes, spanOffset, spanBytes, state, owner, tag, sequence, allocatedAt
    public static let natural = BlockKey.offset
}

public enum ParticipantKey: String, SortKey {
    case slot, generation, pid, startedAt, name, alive, heartbeatAt, waitingSince, operations, blockCount, sizeBytes
    public static let natural = ParticipantKey.slot
}

public enum EventKey: String, SortKey {
    case sequence
    public static let natural = EventKey.sequence
}

public enum WorkerKey: String, SortKey {
    case workerId, pid, segment, workload, state, operations, startedAt, ranForMilliseconds
    public static let natural = WorkerKey.workerId
}
