import SegmentFormat

/// Blocks and bytes, counted by a key of which there may be as many as blocks.
///
/// A hash table of its own: a dictionary's careful hash costs more than all else that is done for a block. The hash
/// here is one multiplication with numbers that are drawn for each tally, so keys cannot be chosen to collide; what
/// is counted does not depend on them.
struct GroupTally<Key: GroupKey> {
    struct Group {
        let key: Key
        var blockCount = 0
        var sizeBytes = 0
    }

    /// In the order in which the keys were first met.
    private(set) var groups: [Group] = []
    /// For each hash the number of a group, counted from 1, in the first place from the hash's own on that was free;
    /// 0 where none is. Never more than half full.
    private var places = [UInt32](repeating: 0, count: 64)
    private let seed: (UInt64, UInt64)

    init() {
        var random = SystemRandomNumberGenerator()
        seed = (random.next(), random.next())
    }

    /// The index of a key's group, which is made where there is none. O(1), amortised.
    @inline(__always)
    mutating func index(of key: Key) -> Int {
        let mask = places.count - 1
        var place = hash(key) & mask
        while places[place] != 0 {
            let index = Int(places[place]) - 1
            if groups[index].key == key { return index }
            place = (place + 1) & mask
        }
        return insert(key, at: place)
    }

    @inline(never)
    private mutating func insert(_ key: Key, at place: Int) -> Int {
        groups.append(Group(key: key))
        places[place] = UInt32(groups.count)
        if groups.count * 2 > places.count { grow() }
        return groups.count - 1
    }

    private mutating func grow() {
        let mask = places.count * 4 - 1
        places = [UInt32](repeating: 0, count: mask + 1)
        for index in groups.indices {
            var place = hash(groups[index].key) & mask
            while places[place] != 0 { place = (place + 1) & mask }
            places[place] = UInt32(index + 1)
        }
    }

    @inline(__always)
    private func hash(_ key: Key) -> Int {
        let words = key.words
        let product = (words.0 ^ seed.0).multipliedFullWidth(by: words.1 ^ seed.1)
        return Int(truncatingIfNeeded: product.high ^ product.low)
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

/// What blocks are grouped by: two words.
protocol GroupKey: Equatable, Sendable {
    var words: (UInt64, UInt64) { get }
    /// Any total order, so that equal groups stand in the same order each time.
    var order: (UInt64, UInt64) { get }
}

extension OwnerKey: GroupKey {
    var words: (UInt64, UInt64) { (UInt64(slot), UInt64(generation)) }
    var order: (UInt64, UInt64) { words }
}

extension Tag: GroupKey {
    var words: (UInt64, UInt64) { (low, high) }
    /// As the bytes stand in memory.
    var order: (UInt64, UInt64) { (low.byteSwapped, high.byteSwapped) }
}
