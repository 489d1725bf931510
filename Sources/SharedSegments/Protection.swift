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

    func part(_ range: Range<Int>) -> ProtectedRange {
        ProtectedRange(offset: range.lowerBound, length: range.count, access: access, locked: locked)
    }
}

/// The ranges of this process' mapping that differ from read-write and unlocked.
final class ProtectionTable: Sendable {
    private struct State {
        var ranges: [ProtectedRange] = []
        /// While a repair is under way all pages are writable, whatever the ranges say.
        var isLifted = false
    }

    /// Held also while the kernel is told: what it does to the pages and what is noted belong together.
    private let state = Mutex(State())
    /// Whether any range must not be written: one load on the way of each change.
    private let refuses = Atomic<Bool>(false)

    /// Sorted by offset, not overlapping.
    var all: [ProtectedRange] { state.withLock { $0.ranges } }

    var refusesAny: Bool { refuses.load(ordering: .acquiring) }

    /// One change of the mapping at a time. Nobody waits for the segment's lock inside.
    private let changing = Mutex<Void>(())

    func withChange(_ body: () throws(SegmentError) -> Void) throws(SegmentError) {
        try changing.withLock { _ throws(SegmentError) in try body() }
    }

    /// Notes that a range is locked into memory, or no longer.
    func note(_ locked: ProtectedRange.Locked, of range: Range<Int>) {
        state.withLock { set(range, locked: locked, in: &$0) }
    }

    /// Makes a range accessible as asked, and notes it.
    ///
    /// - Returns: 0, or mprotect(2)'s error.
    func apply(_ access: ProtectedRange.Access, to range: Range<Int>, of memory: LiveMemory) -> Int32 {
        state.withLock { state in
            // Noted first where it is taken away and last where it is given: a note may refuse too much, never too
            // little.
            if access != .readWrite { set(range, access: access, in: &state) }
            // While a repair is under way, what is taken away goes once that is done.
            if access == .readWrite || !state.isLifted {
                let error = Self.protect(range, access, of: memory)
                guard error == 0 else { return error }
            }
            if access == .readWrite { set(range, access: access, in: &state) }
            return 0
        }
    }

    /// Makes all pages writable, until ``restore(to:)``: for a repair, which the lock keeps from coming twice at once.
    ///
    /// - Returns: 0, or mprotect(2)'s error; nothing is lifted then.
    func lift(from memory: LiveMemory) -> Int32 {
        // One without a protected range stays so: taking access away needs the lock, which whoever repairs has.
        guard refusesAny else { return 0 }
        return state.withLock { state in
            state.isLifted = true
            for range in state.ranges where range.access != .readWrite {
                let error = Self.protect(range.range, .readWrite, of: memory)
                guard error == 0 else {
                    lower(&state, memory)
                    return error
                }
            }
            return 0
        }
    }

    /// Takes access away again as noted. To be called while the lock is held still: the next one to repair lifts anew.
    func restore(to memory: LiveMemory) { state.withLock { lower(&$0, memory) } }

    private func lower(_ state: inout State, _ memory: LiveMemory) {
        guard state.isLifted else { return }
        state.isLifted = false
        // Where the kernel refuses, the note does: nothing here writes there, though it could.
        for range in state.ranges where range.access != .readWrite {
            _ = Self.protect(range.range, range.access, of: memory)
        }
    }

    private static func protect(_ range: Range<Int>, _ access: ProtectedRange.Access, of memory: LiveMemory) -> Int32 {
        let flags =
            switch access {
            case .none: PROT_NONE
            case .read: PROT_READ
            case .readWrite: PROT_READ | PROT_WRITE
            }
        return unsafe mprotect(memory.base + range.lowerBound, range.count, flags) == 0 ? 0 : errno
    }

    /// Notes what became of a range; nil leaves that as it is for each of its bytes.
    private func set(
        _ range: Range<Int>, access: ProtectedRange.Access? = nil, locked: ProtectedRange.Locked? = nil,
        in state: inout State
    ) {
        var result: [ProtectedRange] = []
        var inside: [ProtectedRange] = []
        for old in state.ranges {
            let middle = old.range.clamped(to: range)
            if !middle.isEmpty { inside.append(old.part(middle)) }
            let left = old.range.clamped(to: 0..<range.lowerBound)
            let right = old.range.clamped(to: range.upperBound..<Int.max)
            for rest in [left, right] where !rest.isEmpty { result.append(old.part(rest)) }
        }
        for piece in Self.filled(inside, over: range) {
            let new = ProtectedRange(
                offset: piece.offset, length: piece.length, access: access ?? piece.access,
                locked: locked ?? piece.locked)
            if !new.isPlain { result.append(new) }
        }
        state.ranges = Self.joined(result.sorted { $0.offset < $1.offset })
        refuses.store(state.ranges.contains { $0.access != .readWrite }, ordering: .releasing)
    }

    /// Pieces of a range, and plain ones where it has none.
    private static func filled(_ pieces: [ProtectedRange], over range: Range<Int>) -> [ProtectedRange] {
        var result: [ProtectedRange] = []
        var next = range.lowerBound
        func plain(upTo end: Int) {
            guard next < end else { return }
            result.append(ProtectedRange(offset: next, length: end - next, access: .readWrite, locked: .no))
        }
        for piece in pieces {
            plain(upTo: piece.offset)
            result.append(piece)
            next = piece.range.upperBound
        }
        plain(upTo: range.upperBound)
        return result
    }

    private static func joined(_ ranges: [ProtectedRange]) -> [ProtectedRange] {
        var result: [ProtectedRange] = []
        for range in ranges {
            if let last = result.last, last.range.upperBound == range.offset, last.access == range.access,
                last.locked == range.locked
            {
                result[result.count - 1] = last.part(last.offset..<range.range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// Runs what writes to a range without the segment's lock, unless this process must not write there. Meanwhile no
    /// protection changes.
    func ifWritable(_ wanted: Range<Int>, _ body: () -> Void) {
        state.withLock { state in
            let isRefused = state.ranges.contains { $0.access != .readWrite && $0.range.overlaps(wanted) }
            // Also while a repair has lifted it: what is written then could not be taken back afterwards.
            if !isRefused { body() }
        }
    }

    /// The first protected range that overlaps bytes which are to be written, or only read.
    func refusal(of wanted: Range<Int>, onlyRead: Bool = false) -> ProtectedRange? {
        state.withLock { state in
            state.ranges.first { range in
                range.range.overlaps(wanted) && (range.access == .none || (range.access == .read && !onlyRead))
            }
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

    /// - Throws: ``SegmentError/protected(offset:length:)`` where this process must not even read bytes of the range.
    @inline(__always)
    func requireReadable(_ range: Range<Int>) throws(SegmentError) {
        guard protection.refusesAny else { return }
        if let refusal = protection.refusal(of: range, onlyRead: true) {
            throw .protected(offset: refusal.offset, length: refusal.length)
        }
    }

    /// What every change writes to: participants, events, the index and the block table.
    @inline(__always)
    func requireTablesUnprotected() throws(SegmentError) {
        try requireUnprotected(layout.participantsOffset, length: layout.poolOffset - layout.participantsOffset)
    }
}
