import Observations
import SegmentFormat
import SharedSegments

/// Where processes of one workload meet: a block of the segment that is found by its tag.
///
/// | offset in the block | |
/// | --- | --- |
/// | 0 | ``magic`` |
/// | 64 | a word for each seat: 0, or who sits there: slot, ``pairedBit``, and generation in the high half |
/// | ``dataOffset`` | what the workload does with it |
///
/// It belongs to `external`, so that it outlives whoever made it; the last one to leave frees it. Seats are taken and
/// left under the lock. Who was killed in one has lost it: its participant is dead, which the next one sees.
struct MeetingBlock {
    private static let magic: UInt64 = 0x676e_6974_6565_6d21
    private static let seatsOffset = 64
    /// Who sits there has, or had, a partner beside them. Nobody else is seated there before both are gone: a partner
    /// that is about to leave is none. Slots stay below it.
    private static let pairedBit: UInt64 = 1 << 31
    static let alignment = 128

    let offset: Int
    let seat: Int
    private let tag: Tag
    private let seats: Int

    /// Where the workload's own bytes begin, on a line of their own.
    static func dataOffset(seats: Int) -> Int {
        (seatsOffset + seats * 8 + alignment - 1) / alignment * alignment
    }

    /// Takes a seat: the first free one, or where seats are ``paired`` the one beside who waits alone.
    ///
    /// - Parameters:
    ///   - paired: seats 0 and 1 belong together, 2 and 3, and so on.
    ///   - dataBytes: what the workload needs behind the seats; zero at first.
    ///   - alone: what to do under the same lock where nobody else sits there.
    static func take(
        _ session: Session, kind: WorkloadKind, seats: Int, dataBytes: Int, paired: Bool = false,
        alone: (inout LockedSegment) throws(SegmentError) -> Void = { _ throws(SegmentError) in }
    ) throws(WorkloadError) -> MeetingBlock {
        let name = kind.rawValue
        guard let tag = Tag(name) else { preconditionFailure("a workload's name fits a tag") }
        let size = dataOffset(seats: seats) + dataBytes
        let segment = session.segment
        let me = word(session.me.key)
        let outcome = try session.lockedAsExternal { (locked) throws(SegmentError) -> Outcome in
            let offset: Int
            if let found = try locked.externalBlock(tagged: tag) {
                guard found.sizeBytes == size, found.offset % alignment == 0 else { return .foreign(found.offset) }
                offset = found.offset
            } else {
                offset = try locked.allocate(sizeBytes: size, alignment: alignment, tag: tag)
            }
            // A maker that was killed before it wrote the magic left whatever was there before.
            if try segment.loadWord(at: offset) != magic {
                for word in stride(from: offset + 8, to: offset + size, by: 8) { try segment.storeWord(0, at: word) }
                try segment.storeWord(magic, at: offset)
            }
            let taken = try takenSeats(of: offset, seats: seats, segment, locked)
            if taken.isEmpty { try alone(&locked) }
            let chair = Chair(base: offset + seatsOffset, seats: seats, taken: Set(taken))
            guard let seat = try paired ? chair.beside(segment) : chair.first else { return .full }
            let isSecond = paired && taken.contains(seat ^ 1)
            try segment.storeWord(isSecond ? me | pairedBit : me, at: chair.base + 8 * seat)
            if isSecond {
                let other = chair.base + 8 * (seat ^ 1)
                try segment.storeWord(try segment.loadWord(at: other) | pairedBit, at: other)
            }
            locked.wakeEveryone()
            return .seated(MeetingBlock(offset: offset, seat: seat, tag: tag, seats: seats))
        }
        switch outcome {
        case .seated(let block): return block
        case .full: throw .seatsTaken(workload: kind, seats: seats)
        case .foreign(let offset): throw .foreignMeetingBlock(tag: name, offset: offset)
        }
    }

    /// Which seat is for the next one.
    private struct Chair {
        let base: Int
        let seats: Int
        let taken: Set<Int>

        var first: Int? { (0..<seats).first { !taken.contains($0) } }

        /// The seat beside one who waits alone, else one of a pair that is empty.
        func beside(_ segment: Segment) throws(SegmentError) -> Int? {
            for seat in 0..<seats where !taken.contains(seat) && taken.contains(seat ^ 1) {
                if try segment.loadWord(at: base + 8 * (seat ^ 1)) & pairedBit == 0 { return seat }
            }
            return stride(from: 0, to: seats, by: 2).first { !taken.contains($0) && !taken.contains($0 + 1) }
        }
    }

    private enum Outcome {
        case seated(MeetingBlock)
        case full
        case foreign(Int)
    }

    /// Leaves the seat, and frees the block where it was the last.
    func leave(_ session: Session) throws(WorkloadError) {
        let segment = session.segment
        try session.closing(as: nil) { (locked) throws(SegmentError) in
            guard let found = try locked.externalBlock(tagged: tag), found.offset == offset else { return }
            let place = seatOffset(seat)
            guard try segment.loadWord(at: place) & ~Self.pairedBit == Self.word(session.me.key) else { return }
            try segment.storeWord(0, at: place)
            let taken = try Self.takenSeats(of: offset, seats: seats, segment, locked)
            if taken.isEmpty { try locked.free(offset) }
        }
    }

    /// Whether somebody who lives sits there.
    func isTaken(_ seat: Int, _ session: Session, _ locked: borrowing LockedSegment) -> Bool {
        guard let word = try? session.segment.loadWord(at: seatOffset(seat)) else { return false }
        return Self.isTaken(word, locked)
    }

    var dataOffset: Int { offset + Self.dataOffset(seats: seats) }

    private func seatOffset(_ seat: Int) -> Int { offset + Self.seatsOffset + 8 * seat }

    private static func takenSeats(
        of offset: Int, seats: Int, _ segment: Segment, _ locked: borrowing LockedSegment
    ) throws(SegmentError) -> [Int] {
        var taken: [Int] = []
        for seat in 0..<seats where isTaken(try segment.loadWord(at: offset + seatsOffset + 8 * seat), locked) {
            taken.append(seat)
        }
        return taken
    }

    /// One that cannot be seen from here keeps its seat.
    private static func isTaken(_ word: UInt64, _ locked: borrowing LockedSegment) -> Bool {
        guard word != 0 else { return false }
        let owner = OwnerKey(
            slot: UInt32(truncatingIfNeeded: word & ~pairedBit), generation: UInt32(truncatingIfNeeded: word >> 32))
        return locked.liveness(of: owner) != .dead
    }

    private static func word(_ key: OwnerKey) -> UInt64 { UInt64(key.generation) << 32 | UInt64(key.slot) }
}
