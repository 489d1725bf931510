import CShmlens
import Diagnostics
import Observations
import SegmentFormat
import TestSupport
import Testing

/// Noon of a day in 2026, 1000 s after boot.
let noon: Int64 = 1_784_030_400_000_000_000
let clock = SegmentClock(
    reading: ClockReading(
        realTime: WallTime(nanoseconds: noon), monotonicNanoseconds: 1_000_000_000_000,
        coarseNanoseconds: 1_000_000_000_000, bootNanoseconds: 1_000_000_000_000),
    ticksPerSecond: 100)

@Suite struct ParticipantsReportTests {
    private func report(_ segment: SegmentBytes, count: Int, page: PageRequest = .first) throws -> ParticipantsReport {
        let records = segment.participants(count)
        return try ParticipantsReport(
            records: records,
            owners: OwnerDirectory(participants: records, liveness: [OwnerKey(slot: 1, generation: 1): .alive]),
            clock: clock,
            totals: [OwnerKey(slot: 1, generation: 1): BlockTotals(blockCount: 3, sizeBytes: 77)], page: page)
    }

    @Test func `a participant is shown with times of the wall clock and what it has`() throws {
        var segment = SegmentBytes(layout: .small())
        var participant = SegmentBytes.Participant(pid: 4711, name: "counter")
        participant.startTime = 90_000
        participant.heartbeat = 999_000_000_000
        participant.waitingSince = 998_500_000_000
        participant.waitingFor = .lock
        participant.operations = [1, 2, 3, 4, 5, 6, 7, 8]
        segment.put(participant, slot: 1)
        let found = try #require(try report(segment, count: 1).participants.first)
        #expect(found.slot == 1 && found.generation == 1 && found.pid == 4711 && found.name == "counter")
        #expect(found.alive == .alive)
        #expect(found.startedAt == WallTime(nanoseconds: noon - 100_000_000_000))
        #expect(found.heartbeatAt == WallTime(nanoseconds: noon - 1_000_000_000))
        #expect(found.waitingSince == WallTime(nanoseconds: noon - 1_500_000_000))
        #expect(found.operations.map(\.kind) == OperationKind.counted)
        #expect(found.operations.map(\.count) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(found.blockCount == 3 && found.sizeBytes == 77)
    }

    @Test func `who never beat and does not wait has no such times`() throws {
        var segment = SegmentBytes(layout: .small())
        segment.put(SegmentBytes.Participant(pid: 1, name: "x"), slot: 2)
        let found = try #require(try report(segment, count: 2).participants.first)
        #expect(found.heartbeatAt == nil && found.waitingSince == nil)
        #expect(found.alive == .unknown && found.blockCount == 0)
    }

    @Test func `free slots are left out, and pages go on behind a slot`() throws {
        var segment = SegmentBytes(layout: .small())
        for slot in 1...5 where slot != 3 {
            segment.put(SegmentBytes.Participant(pid: UInt32(slot), name: "x"), slot: slot)
        }
        let first = try report(segment, count: 5, page: PageRequest(limit: 2))
        #expect(first.participants.map(\.slot) == [1, 2])
        let second = try report(segment, count: 5, page: PageRequest(limit: 2, cursor: first.next))
        #expect(second.participants.map(\.slot) == [4, 5] && second.next == nil)
    }

    @Test func `clocks that a hostile process wrote do not trap`() throws {
        var segment = SegmentBytes(layout: .small())
        var participant = SegmentBytes.Participant(pid: .max, name: "x")
        participant.startTime = .max
        participant.heartbeat = .max
        participant.waitingSince = .max
        segment.put(participant, slot: 1)
        #expect(try report(segment, count: 1).participants.count == 1)
    }
}

@Suite struct EventsReportTests {
    /// An entry of the ring, decoded.
    private func record(_ sequence: UInt64, change: (inout SegmentBytes, Int) -> Void = { _, _ in }) -> EventRecord {
        var segment = SegmentBytes(layout: .small())
        segment.put(word: sequence, at: shmlens_event_offset_sequence)
        segment.put(word: 1_000_000, at: shmlens_event_offset_at_ns)
        change(&segment, 0)
        return EventRecord(image: segment.image, at: 0)
    }

    private func kinds(_ kind: OperationKind, ended: Bool) -> UInt64 { UInt64(kind.rawValue) | (ended ? 1 << 16 : 0) }

    @Test func `an allocation tells who, what and where`() {
        let event = EventReport(
            record(9) { segment, _ in
                segment.put(word: kinds(.allocate, ended: true), at: shmlens_event_offset_kind)
                segment.put(half: 1, at: shmlens_event_offset_slot)
                segment.put(half: 11, at: shmlens_event_offset_generation)
                segment.put(word: 8208, at: shmlens_event_offset_offset)
                segment.put(word: 100, at: shmlens_event_offset_size_bytes)
                segment.put(text: "red", at: shmlens_event_offset_tag)
            }, owners: Owners.directory)
        #expect(event.sequence == 9 && event.at == WallTime(nanoseconds: Int64(1_000_000)))
        #expect(event.kind == .allocate && event.owner.name == "worker-1" && event.tag == Tag("red"))
        #expect(event.offset == 8208 && event.sizeBytes == 100)
        #expect(event.oldOffset == nil && event.oldSizeBytes == nil && event.isEnded)
    }

    @Test func `a write that was cut short is begun and not ended`() {
        for (kind, ended, expected) in [
            (OperationKind.write, false, false), (.write, true, true), (.free, false, true),
        ] {
            let record = record(1) { segment, _ in
                segment.put(word: kinds(kind, ended: ended), at: shmlens_event_offset_kind)
            }
            #expect(EventReport(record, owners: Owners.directory).isEnded == expected)
        }
    }

    @Test func `a kind of a later version is told as unknown`() {
        let record = record(1) { segment, _ in segment.put(word: 999, at: shmlens_event_offset_kind) }
        #expect(EventReport(record, owners: Owners.directory).kind == nil)
    }

    @Test func `there is a next page while the newest is not shown`() {
        let records = [record(5), record(6)]
        #expect(
            EventsReport(records: records, lost: 4, head: 7, owners: Owners.directory).next
                == Cursor(.events, number: 6))
        #expect(EventsReport(records: records, lost: 4, head: 6, owners: Owners.directory).next == nil)
        let none = EventsReport(records: [], lost: 0, head: 6, owners: Owners.directory)
        #expect(none.next == nil && none.events.isEmpty)
        #expect(EventsReport(records: records, lost: 4, head: 6, owners: Owners.directory).lost == 4)
    }

    @Test func `a cursor goes before what the client says it knows`() throws {
        #expect(try EventsReport.start(after: nil, page: .first) == 0)
        #expect(try EventsReport.start(after: 3, page: .first) == 3)
        let page = try PageRequest(cursor: Cursor(.events, number: 8))
        #expect(try EventsReport.start(after: 3, page: page) == 8)
        let wrong = try PageRequest(cursor: Cursor(.events, []))
        #expect(throws: QueryError.self) { try EventsReport.start(after: 3, page: wrong) }
    }
}
