public import Observations
public import SegmentFormat

/// How much of a managed segment's pool is used, by whom, and in what pieces the rest is.
///
/// Bytes that are used and free are sums of spans and make the capacity; `sizeBytes` is what was asked for.
public struct HeapReport: Sendable, Equatable {
    public let capacityBytes: Int
    public let usedBytes: Int
    public let freeBytes: Int
    public let largestFreeBytes: Int
    /// The most that ``usedBytes`` ever was.
    public let highWaterBytes: Int
    public let usedBlockCount: Int
    public let freeBlockCount: Int
    /// The used blocks by ``BlockReport/sizeBytes``, ascending; sizes that no block has are left out.
    public let sizeHistogram: [SizeCount]
    /// The largest first, at most ``groupLimit``.
    public let byOwner: [OwnerTotals]
    /// The largest first, at most ``groupLimit``.
    public let byTag: [TagTotals]
    /// Owners and tags beyond ``groupLimit``.
    public let hidden: [Hidden]

    /// How a block is chosen.
    public static let policy = "bestFit"
    /// Entries of ``byOwner`` and of ``byTag`` at most: a million blocks can have a million tags.
    public static let groupLimit = 1000

    /// What is lost to pieces: 1 - largest / free, 0 (one free block, or none) to 1.
    public var fragmentation: Double {
        guard freeBytes > 0 else { return 0 }
        return 1 - Double(largestFreeBytes) / Double(freeBytes)
    }

    /// Counts a picture. O(blocks), plus sorting the groups.
    public init(picture: HeapPicture, owners: OwnerDirectory) {
        var pool = PoolTally()
        var ownerTally = GroupTally<OwnerKey>()
        var tagTally = GroupTally<Tag>()
        var sizes = [Int](repeating: 0, count: Int.bitWidth + 1)
        let blocks = picture.blocks
        for span in picture.spans {
            pool.count(span)
            guard let index = span.block else { continue }
            let sizeBytes = blocks[index].sizeBytes
            sizes[SizeCount.bucket(sizeBytes)] += 1
            ownerTally.count(blocks[index].owner, sizeBytes: sizeBytes)
            tagTally.count(blocks[index].tag, sizeBytes: sizeBytes)
        }
        capacityBytes = picture.layout.poolBytes
        usedBytes = pool.usedBytes
        freeBytes = pool.freeBytes
        largestFreeBytes = pool.largestFreeBytes
        highWaterBytes = picture.highWaterBytes
        usedBlockCount = pool.usedBlockCount
        freeBlockCount = pool.freeBlockCount
        sizeHistogram = SizeCount.nonEmpty(sizes)
        let largestOwners = ownerTally.largest(Self.groupLimit)
        byOwner = largestOwners.groups.map {
            OwnerTotals(owner: owners.owner($0.key), blockCount: $0.blockCount, sizeBytes: $0.sizeBytes)
        }
        let largestTags = tagTally.largest(Self.groupLimit)
        byTag = largestTags.groups.map {
            TagTotals(tag: $0.key, blockCount: $0.blockCount, sizeBytes: $0.sizeBytes)
        }
        let omitted = [("owners", largestOwners.omittedCount), ("tags", largestTags.omittedCount)]
        hidden = omitted.filter { $0.1 > 0 }
            .map { Hidden(what: "\($0.0) with fewer bytes", count: $0.1, needs: "the list of blocks") }
    }
}

/// Used blocks of about one size.
public struct SizeCount: Sendable, Equatable {
    /// A power of two. Counted are blocks of at most this size and of more than half of it.
    public let upToBytes: Int
    public let count: Int

    /// The exponent of the smallest power of two that is not below `size`; 0 for sizes below 1.
    @inline(__always)
    static func bucket(_ size: Int) -> Int {
        size <= 1 ? 0 : Int.bitWidth - (size - 1).leadingZeroBitCount
    }

    static func nonEmpty(_ counts: [Int]) -> [SizeCount] {
        counts.indices.compactMap { exponent in
            // 2^63 is no Int; no pool comes near it.
            guard counts[exponent] > 0, exponent < Int.bitWidth - 1 else { return nil }
            return SizeCount(upToBytes: 1 << exponent, count: counts[exponent])
        }
    }
}

/// What one owner has.
public struct OwnerTotals: Sendable, Equatable {
    public let owner: OwnerReport
    public let blockCount: Int
    /// What was asked for.
    public let sizeBytes: Int
}

/// What one tag has.
public struct TagTotals: Sendable, Equatable {
    /// ``Tag/none`` stands for the blocks without one.
    public let tag: Tag
    public let blockCount: Int
    /// What was asked for.
    public let sizeBytes: Int
}

/// How many blocks an owner has, and how large.
public struct BlockTotals: Sendable, Equatable {
    public let blockCount: Int
    /// What was asked for.
    public let sizeBytes: Int

    public static let none = BlockTotals(blockCount: 0, sizeBytes: 0)

    public init(blockCount: Int, sizeBytes: Int) {
        self.blockCount = blockCount
        self.sizeBytes = sizeBytes
    }
}

extension HeapPicture {
    /// What each owner has. O(blocks).
    public func totalsByOwner() -> [OwnerKey: BlockTotals] {
        var tally = GroupTally<OwnerKey>()
        for block in blocks { tally.count(block.owner, sizeBytes: block.sizeBytes) }
        return Dictionary(uniqueKeysWithValues: tally.groups.map {
            ($0.key, BlockTotals(blockCount: $0.blockCount, sizeBytes: $0.sizeBytes))
        })
    }
}

/// The sums over a pool's spans.
private struct PoolTally {
    var usedBytes = 0
    var freeBytes = 0
    var largestFreeBytes = 0
    var usedBlockCount = 0
    var freeBlockCount = 0

    @inline(__always)
    mutating func count(_ span: PoolSpan) {
        if span.block != nil {
            usedBytes += span.bytes
            usedBlockCount += 1
        } else {
            freeBytes += span.bytes
            freeBlockCount += 1
            largestFreeBytes = max(largestFreeBytes, span.bytes)
        }
    }
}
