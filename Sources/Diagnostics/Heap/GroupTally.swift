import SegmentFormat

/// Blocks and bytes, counted by a key of which there may be as many as blocks.
///
/// A small direct-mapped table in front of the dictionary makes the usual case, few keys, an array access: a
/// dictionary's hash costs more than all else that is done for a block. Keys that are made to collide in it cost
/// what a dictionary costs, no more.
struct GroupTally<Key: GroupKey> {
    struct Group {
        let key: Key
        var blockCount = 0
        var sizeBytes = 0
    }

    /// In the order in which the keys were first met.
    private(set) var groups: [Group] = []
    private var indices: [Key: Int] = [:]
    /// The group that was last met for each hash, or -1.
    private var recent = [Int](repeating: -1, count: recentCount)

    private static var recentCount: Int { 1024 }

    /// The index of a key's group, which is made where there is none. O(1).
    @inline(__always)
    mutating func index(of key: Key) -> Int {
        let place = Int(truncatingIfNeeded: key.quickHash >> 54)
        let index = recent[place]
        if index >= 0, groups[index].key == key { return index }
        return lookUp(key, place)
    }

    @inline(never)
    private mutating func lookUp(_ key: Key, _ place: Int) -> Int {
        let index = indices[key] ?? groups.count
        if index == groups.count {
            indices[key] = index
            groups.append(Group(key: key))
        }
        recent[place] = index
        return index
    }

    @inline(__always)
    mutating func count(_ key: Key, sizeBytes: Int) {
        let index = index(of: key)
        groups[index].blockCount += 1
        groups[index].sizeBytes += sizeBytes
    }

    /// The largest groups by bytes, then by blocks, then by key; and how many there are beside them.
    ///
    /// O(groups * log limit), however they come.
    func largest(_ limit: Int) -> (groups: [Group], omittedCount: Int) {
        var best: [Group] = []
        var smallest: Group?
        for group in groups {
            if let smallest, !Self.isLarger(group, than: smallest) { continue }
            best.append(group)
            guard best.count == 2 * limit else { continue }
            best.sort(by: Self.isLarger)
            best.removeLast(limit)
            smallest = best.last
        }
        best.sort(by: Self.isLarger)
        return (Array(best.prefix(limit)), max(0, groups.count - limit))
    }

    private static func isLarger(_ left: Group, than right: Group) -> Bool {
        guard (left.sizeBytes, left.blockCount) == (right.sizeBytes, right.blockCount) else {
            return (left.sizeBytes, left.blockCount) > (right.sizeBytes, right.blockCount)
        }
        return left.key.order < right.key.order
    }
}

/// What blocks are grouped by.
protocol GroupKey: Hashable, Sendable {
    /// Spread over 64 bits by a multiplication; good enough for keys that nobody chose on purpose.
    var quickHash: UInt64 { get }
    /// Any total order, so that equal groups stand in the same order each time.
    var order: (UInt64, UInt64) { get }
}

/// 2^64 divided by the golden ratio: the multiplier of Fibonacci hashing.
private let spread: UInt64 = 0x9e37_79b9_7f4a_7c15

extension OwnerKey: GroupKey {
    var quickHash: UInt64 { (UInt64(slot) | UInt64(generation) << 32) &* spread }
    var order: (UInt64, UInt64) { (UInt64(slot), UInt64(generation)) }
}

extension Tag: GroupKey {
    var quickHash: UInt64 { (low ^ high &* spread) &* spread }
    var order: (UInt64, UInt64) { (low.byteSwapped, high.byteSwapped) }
}
