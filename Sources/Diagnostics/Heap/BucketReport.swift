public import Observations
public import SegmentFormat

/// A stretch of the pool summed up, as a column of a block map needs it.
public struct BucketReport: Sendable, Equatable {
    /// The first byte, from the segment's first.
    public let offset: Int
    public let sizeBytes: Int
    /// Bytes of used spans in this stretch. Used and free make the stretch.
    public let usedBytes: Int
    public let freeBytes: Int
    /// Used blocks whose span begins in this stretch.
    public let blockCount: Int
    /// The longest free run inside this stretch; it may go on beyond its ends.
    public let largestFreeBytes: Int
    /// Bytes of used spans here whose owner is gone, whoever has the most.
    public let orphanedBytes: Int
    /// Who has the most bytes of spans here; nil where nothing is used.
    public let mainOwner: OwnerReport?
    /// The tag of the block that has the most bytes here; nil where it has none.
    public let mainTag: Tag?
    /// When the newest of the blocks here was allocated; nil where nothing is used.
    public let newestAt: WallTime?
}

/// Which stretches are wanted.
public struct BucketRequest: Sendable, Hashable {
    /// How many.
    public let count: Int
    /// From the segment's first byte; inside the pool.
    public let range: Range<Int>

    public static let counts = 1...10_000

    /// - Parameters:
    ///   - from: the first byte; nil for the pool's.
    ///   - to: the byte behind the last; nil for the pool's end.
    ///   - pool: the pool's bytes.
    /// - Throws: ``QueryError`` where the range is not inside the pool or empty, or `count` is not in ``counts`` or
    ///   larger than the range.
    public init(count: Int, from: Int? = nil, to: Int? = nil, pool: Range<Int>) throws(QueryError) {
        let from = from ?? pool.lowerBound
        let to = to ?? pool.upperBound
        guard pool.contains(from) else {
            throw .outOfRange(
                field: "from", reason: "must be in the pool, \(pool.lowerBound) to \(pool.upperBound - 1), not \(from)")
        }
        guard to > from, to <= pool.upperBound else {
            throw .outOfRange(
                field: "to", reason: "must be above from and at most the pool's end, \(pool.upperBound), not \(to)")
        }
        guard Self.counts.contains(count), count <= to - from else {
            throw .outOfRange(
                field: "buckets",
                reason: "must be 1 to \(min(Self.counts.upperBound, to - from)) for this range, not \(count)")
        }
        self.count = count
        range = from..<to
    }

    /// The first byte of a bucket; of the one behind the last, the range's end. Sizes differ by one byte at most.
    func offset(of bucket: Int) -> Int {
        let product = range.count.multipliedFullWidth(by: bucket)
        return range.lowerBound + count.dividingFullWidth(product).quotient
    }
}

/// A pool in stretches of equal size.
public struct BucketsReport: Sendable, Equatable {
    public let buckets: [BucketReport]

    /// Sums a picture up. O(log blocks + blocks in the range + buckets).
    public init(picture: HeapPicture, owners: OwnerDirectory, request: BucketRequest) {
        var sums = BucketSums(request: request, owners: owners)
        for span in picture.spans(from: request.range.lowerBound) {
            guard span.offset < request.range.upperBound else { break }
            sums.add(span, span.block.map { picture.blocks[$0] })
        }
        buckets = sums.finish()
    }
}

/// Sums of the bucket that spans are being added to, in address order.
private struct BucketSums {
    private struct Sum {
        var offset: Int
        var end: Int
        var usedBytes = 0
        var blockCount = 0
        var largestFreeBytes = 0
        var orphanedBytes = 0
        var mainOwner: OwnerKey?
        var mainOwnerBytes = 0
        var mainTag = Tag.none
        var mainTagBytes = 0
        var newestMilliseconds: UInt64 = 0
    }

    private let request: BucketRequest
    private let owners: OwnerDirectory
    private var done: [Sum] = []
    private var current: Sum
    private var groups = GroupTally<OwnerKey>()
    /// For each group its bytes in a bucket, and which bucket that was: nothing needs clearing between two.
    private var ownerBytes: [(bucket: Int, bytes: Int)] = []
    /// For each group whether its owner is gone.
    private var isOrphaned: [Bool] = []

    init(request: BucketRequest, owners: OwnerDirectory) {
        self.request = request
        self.owners = owners
        done.reserveCapacity(request.count)
        current = Sum(offset: request.range.lowerBound, end: request.offset(of: 1))
    }

    /// Adds the next span, or what of it lies in the range.
    mutating func add(_ span: PoolSpan, _ block: PictureBlock?) {
        if block != nil, span.offset >= request.range.lowerBound {
            closeBuckets(before: span.offset)
            current.blockCount += 1
        }
        var position = max(span.offset, request.range.lowerBound)
        let end = min(span.end, request.range.upperBound)
        while position < end {
            closeBuckets(before: position)
            let bytes = min(end, current.end) - position
            if let block {
                addUsed(bytes, block)
            } else {
                current.largestFreeBytes = max(current.largestFreeBytes, bytes)
            }
            position += bytes
        }
    }

    private mutating func addUsed(_ bytes: Int, _ block: PictureBlock) {
        current.usedBytes += bytes
        current.newestMilliseconds = max(current.newestMilliseconds, block.allocatedAtMilliseconds)
        if bytes > current.mainTagBytes {
            current.mainTag = block.tag
            current.mainTagBytes = bytes
        }
        let group = groups.index(of: block.owner)
        if group == ownerBytes.count {
            ownerBytes.append((bucket: -1, bytes: 0))
            isOrphaned.append(owners.isOrphaned(block.owner))
        }
        if isOrphaned[group] { current.orphanedBytes += bytes }
        let before = ownerBytes[group].bucket == done.count ? ownerBytes[group].bytes : 0
        let sum = before + bytes
        ownerBytes[group] = (bucket: done.count, bytes: sum)
        // Bytes only grow within a bucket, so the largest is known at each moment.
        guard sum > current.mainOwnerBytes else { return }
        current.mainOwner = block.owner
        current.mainOwnerBytes = sum
    }

    /// Ends the buckets that end at or before `position`.
    private mutating func closeBuckets(before position: Int) {
        while position >= current.end, done.count < request.count - 1 {
            done.append(current)
            current = Sum(offset: current.end, end: request.offset(of: done.count + 1))
        }
    }

    mutating func finish() -> [BucketReport] {
        closeBuckets(before: request.range.upperBound)
        done.append(current)
        return done.map { sum in
            let sizeBytes = sum.end - sum.offset
            return BucketReport(
                offset: sum.offset, sizeBytes: sizeBytes, usedBytes: sum.usedBytes,
                freeBytes: sizeBytes - sum.usedBytes, blockCount: sum.blockCount,
                largestFreeBytes: sum.largestFreeBytes, orphanedBytes: sum.orphanedBytes,
                mainOwner: sum.mainOwner.map(owners.owner), mainTag: sum.mainTag == .none ? nil : sum.mainTag,
                newestAt: sum.usedBytes > 0 ? WallTime(clampingMilliseconds: sum.newestMilliseconds) : nil)
        }
    }
}
