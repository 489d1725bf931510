import CShmlens
import Glibc
import SegmentFormat
import Synchronization

/// What this process may do with a range of its own mapping, and whether the range is locked into memory.
public struct ProtectedRange: Sendable, Equatable {
    public enum Access: String, Sendable, CaseIterable {
        case none
        case read
        case readWrite
    }

    public enum Locked: String, Sendable, CaseIterable {
        case no
        /// The pages that are there and those that come; none is allocated.
        case onFault
        /// All pages, which allocates those that are not there.
        case all
    }

    /// From the segment's first byte; a multiple of the page size.
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

    var range: Range<Int> { offset..<(offset + length) }
    var isPlain: Bool { access == .readWrite && locked == .no }
}

/// The ranges of this process' mapping that differ from read-write and unlocked.
final class ProtectionTable: Sendable {
    private let ranges = Mutex<[ProtectedRange]>([])
    /// Whether any range must not be written: one load on the way of each change.
    private let refuses = Atomic<Bool>(false)

    /// Sorted by offset, not overlapping.
    var all: [ProtectedRange] { ranges.withLock { $0 } }

    var refusesAny: Bool { refuses.load(ordering: .acquiring) }

    /// Notes a range, in place of what was noted for its bytes before.
    func set(_ new: ProtectedRange) {
        ranges.withLock { ranges in
            var result: [ProtectedRange] = []
            for old in ranges {
                let left = old.range.clamped(to: 0..<new.offset)
                let right = old.range.clamped(to: new.range.upperBound..<Int.max)
                for rest in [left, right] where !rest.isEmpty {
                    result.append(
                        ProtectedRange(
                            offset: rest.lowerBound, length: rest.count, access: old.access, locked: old.locked))
                }
            }
            if !new.isPlain { result.append(new) }
            ranges = Self.joined(result.sorted { $0.offset < $1.offset })
            refuses.store(ranges.contains { $0.access != .readWrite }, ordering: .releasing)
        }
    }

    private static func joined(_ ranges: [ProtectedRange]) -> [ProtectedRange] {
        var result: [ProtectedRange] = []
        for range in ranges {
            if let last = result.last, last.range.upperBound == range.offset, last.access == range.access,
                last.locked == range.locked
            {
                result[result.count - 1] = ProtectedRange(
                    offset: last.offset, length: last.length + range.length, access: last.access, locked: last.locked)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// The first protected range that overlaps bytes which are to be written.
    func refusal(of wanted: Range<Int>) -> ProtectedRange? {
        ranges.withLock { ranges in
            ranges.first { $0.access != .readWrite && $0.range.overlaps(wanted) }
        }
    }
}

extension SegmentCore {
    /// - Throws: ``SegmentError/protected(offset:length:)`` where this process made bytes of the range unwritable.
    @inline(__always)
    func requireUnprotected(_ offset: Int, length: Int) throws(SegmentError) {
        guard protection.refusesAny else { return }
        if let range = protection.refusal(of: offset..<(offset + length)) {
            throw .protected(offset: range.offset, length: range.length)
        }
    }

    /// The tables that every change of the heap writes to.
    func requireHeapUnprotected() throws(SegmentError) {
        try requireUnprotected(layout.participantsOffset, length: layout.poolOffset - layout.participantsOffset)
    }
}
