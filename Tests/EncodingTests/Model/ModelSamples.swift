import CShmlens
import Diagnostics
import ForeignFormats
import Observations
import SegmentFormat
import TestSupport

/// One full and one bare example of what each answer is made of.
enum ModelSamples {
    /// 2026-07-14T12:00:00Z, 1000 s after boot.
    static let noon = WallTime(nanoseconds: Int64(1_784_030_400_000_000_000))

    static let envelope = Envelope(
        takenAt: noon, ageMilliseconds: 3, consistency: .rolledBack,
        hidden: [Hidden(what: "maps of processes", count: 2, needs: "CAP_SYS_PTRACE")])
    static let bareEnvelope = Envelope(takenAt: noon, ageMilliseconds: 0)

    // MARK: Segments

    static var summary: SegmentSummary {
        var summary = SegmentSummary(
            id: SegmentIdentifier(.posix("torch_1"), namespace: 4_026_532_288),
            name: ByteString(Array("torch_".utf8) + [0xff]), sizeBytes: 8192, residentBytes: 4096,
            mode: 0o100640, uid: 1000, gid: 100)
        summary.managed = true
        summary.swappedBytes = 1024
        summary.user = "ada"
        summary.group = "users"
        summary.mapperCount = 2
        summary.attachCount = 3
        summary.openCount = 4
        summary.creatorPID = 811
        summary.lastPID = 812
        summary.seals = [.shrink, .grow]
        summary.inode = 77
        summary.device = DeviceNumber(major: 0, minor: 25)
        summary.createdAt = noon
        summary.changedAt = WallTime(nanoseconds: noon.nanoseconds - 1)
        summary.orphaned = true
        summary.orphanedSince = noon
        summary.attachedAt = noon
        summary.detachedAt = noon
        summary.findings = [
            Finding(code: "damaged", severity: .error, message: "changes are refused", offset: 1232),
            Finding(code: "large", severity: .info, message: "it is large"),
        ]
        return summary
    }

    static let bareSummary = SegmentSummary(
        id: SegmentIdentifier(.deleted(device: DeviceNumber(major: 0, minor: 25), inode: 9)), name: "x", sizeBytes: 0,
        residentBytes: 0, mode: 0, uid: 0, gid: 0)

    static var detail: SegmentDetail {
        SegmentDetail(
            summary: summary, header: header, lock: lock(word: 0xc000_0000), heap: heap, participantCount: 2,
            protection: [ProtectionReport(offset: 4096, length: 8192, access: .read, locked: .onFault)])
    }

    // MARK: Words of a segment

    static let layout = SegmentLayout.small()

    static var segment: SegmentBytes {
        var segment = SegmentBytes(layout: layout)
        var waiter = SegmentBytes.Participant(pid: 4712, name: "beta")
        waiter.waitingSince = 998_500_000_000
        waiter.waitingTid = 4713
        waiter.waitingFor = .lock
        waiter.heartbeat = 999_000_000_000
        waiter.startTime = 90_000
        waiter.operations = [1, 2, 3, 4, 5, 6, 7, 8]
        segment.put(SegmentBytes.Participant(pid: 4711, name: "alpha"), slot: 1)
        segment.put(waiter, slot: 2)
        return segment
    }

    static let directory = OwnerDirectory(
        participants: segment.participants(2), liveness: [OwnerKey(slot: 1, generation: 1): .alive])

    static let clock = SegmentClock(
        reading: ClockReading(
            realTime: noon, monotonicNanoseconds: 1_000_000_000_000, coarseNanoseconds: 1_000_000_000_000,
            bootNanoseconds: 1_000_000_000_000), ticksPerSecond: 100)

    /// The same with an identity that is right in itself.
    static var headerBytes: SegmentBytes {
        var segment = segment
        for (offset, value) in identityWords { segment.put(half: value, at: offset) }
        for (offset, value) in identityLongWords { segment.put(word: value, at: offset) }
        segment.put(text: "SHMLENS", at: 0)
        segment.put(text: "maker", at: shmlens_header_offset_creator_name)
        segment.put(text: "alpha: 7", at: shmlens_header_offset_text)
        return segment
    }

    static var header: HeaderReport? {
        let image = headerBytes.image
        guard let identity = try? SegmentIdentity(image: image, objectBytes: nil) else { return nil }
        return HeaderReport(identity: identity, state: SegmentState(image: image))
    }

    private static var identityWords: [(Int, UInt32)] {
        [
            (shmlens_header_offset_version, UInt32(shmlens_format_version)),
            (shmlens_header_offset_header_bytes, UInt32(shmlens_header_bytes)),
            (shmlens_header_offset_architecture, 62), (shmlens_header_offset_libc, UInt32(shmlens_libc_glibc)),
            (shmlens_header_offset_libc_version, 2036), (shmlens_header_offset_page_bytes, UInt32(layout.pageBytes)),
            (shmlens_header_offset_uuid, 0x0403_0201), (shmlens_header_offset_creator_pid, 4710),
            (shmlens_header_offset_creator_uid, 1000),
            (shmlens_header_offset_participant_count, UInt32(layout.participantCount)),
            (shmlens_header_offset_participant_bytes, UInt32(shmlens_participant_bytes)),
            (shmlens_header_offset_event_count, UInt32(layout.eventCount)),
            (shmlens_header_offset_event_bytes, UInt32(shmlens_event_bytes)),
            (shmlens_header_offset_block_capacity, UInt32(layout.blockCapacity)),
            (shmlens_header_offset_block_bytes, UInt32(shmlens_block_bytes)),
            (shmlens_header_offset_granule_bytes, UInt32(shmlens_granule_bytes)),
            (shmlens_header_offset_sequence_count, UInt32(layout.sequenceCount)),
        ]
    }

    private static var identityLongWords: [(Int, UInt64)] {
        [
            (shmlens_header_offset_created_at_ns, UInt64(noon.nanoseconds)),
            (shmlens_header_offset_total_bytes, UInt64(layout.totalBytes)),
            (shmlens_header_offset_participants_offset, UInt64(layout.participantsOffset)),
            (shmlens_header_offset_events_offset, UInt64(layout.eventsOffset)),
            (shmlens_header_offset_index_offset, UInt64(layout.indexOffset)),
            (shmlens_header_offset_index_bytes, UInt64(layout.indexBytes)),
            (shmlens_header_offset_blocks_offset, UInt64(layout.blocksOffset)),
            (shmlens_header_offset_pool_offset, UInt64(layout.poolOffset)),
            (shmlens_header_offset_pool_bytes, UInt64(layout.poolBytes)),
            (shmlens_header_offset_counter, 7), (shmlens_header_offset_flag, 1), (shmlens_header_offset_damaged, 1),
        ]
    }

    // MARK: Locks

    static func locks(word: UInt32) -> [LockReport] {
        var segment = segment
        segment.put(half: word, at: shmlens_header_offset_lock_mutex)
        segment.put(half: 2 | 16 | 128, at: shmlens_header_offset_lock_mutex + 16)
        segment.put(half: 4711, at: shmlens_header_offset_lock_owner_tid)
        segment.put(half: 4711, at: shmlens_header_offset_lock_owner_pid)
        segment.put(half: 1, at: shmlens_header_offset_lock_owner_slot)
        segment.put(half: 1, at: shmlens_header_offset_lock_owner_generation)
        segment.put(word: 998_000_000_000, at: shmlens_header_offset_lock_taken_at_ns)
        segment.put(word: 12, at: shmlens_header_offset_lock_acquisitions)
        segment.put(word: 2, at: shmlens_header_offset_wait_histogram + 8)
        segment.put(word: 1, at: shmlens_header_offset_hold_histogram)
        guard
            let lock = ManagedLock(
                record: LockRecord(image: segment.image), libc: UInt32(shmlens_libc_glibc),
                participants: segment.participants(2))
        else { return [] }
        return lock.locks(facts: [:], nowNanoseconds: 1_000_000_000_000)
    }

    static func lock(word: UInt32) -> LockReport? { locks(word: word).first }

    // MARK: Heap

    static let picture = HeapPicture.of(
        [
            .at(
                1, granules: 2, in: layout, owner: OwnerKey(slot: 1, generation: 1), tag: Tag("red") ?? .none,
                sequence: 5),
            .at(4, granules: 1, in: layout, owner: OwnerKey(slot: 9, generation: 3)),
        ], layout: layout, sequence: 8, highWaterBytes: 256)

    static var heap: HeapReport { HeapReport(picture: picture, owners: directory) }

    static func blocks(limit: Int) throws -> BlocksReport {
        try BlocksReport(picture: picture, owners: directory, page: PageRequest(limit: limit))
    }

    static func buckets() throws -> BucketsReport {
        BucketsReport(
            picture: picture, owners: directory, request: try BucketRequest(count: 2, pool: picture.pool))
    }

    // MARK: Participants and events

    static func participants(limit: Int = 100) throws -> ParticipantsReport {
        try ParticipantsReport(
            records: segment.participants(2), owners: directory, clock: clock, totals: picture.totalsByOwner(),
            page: PageRequest(limit: limit))
    }

    static var events: EventsReport {
        var write = SegmentBytes(layout: layout)
        write.put(word: 6, at: shmlens_event_offset_sequence)
        write.put(word: UInt64(noon.nanoseconds), at: shmlens_event_offset_at_ns)
        write.put(word: UInt64(OperationKind.write.rawValue), at: shmlens_event_offset_kind)
        write.put(half: 1, at: shmlens_event_offset_slot)
        write.put(half: 1, at: shmlens_event_offset_generation)
        write.put(word: 9000, at: shmlens_event_offset_offset)
        write.put(word: 50, at: shmlens_event_offset_size_bytes)
        write.put(word: 8000, at: shmlens_event_offset_old_offset)
        write.put(word: 40, at: shmlens_event_offset_old_size_bytes)
        write.put(text: "red", at: shmlens_event_offset_tag)
        var join = SegmentBytes(layout: layout)
        join.put(word: 7, at: shmlens_event_offset_sequence)
        join.put(word: 999, at: shmlens_event_offset_kind)
        let records = [write, join].map { EventRecord(image: $0.image, at: 0) }
        return EventsReport(records: records, lost: 4, head: 9, owners: directory)
    }

    // MARK: Server

    static let status = StatusReport(
        version: "1.0.0", pid: 1, startedAt: noon, uptimeMilliseconds: 12, listen: "127.0.0.1:8080",
        limits: [LimitReport(name: "bodyBytes", value: 1024)],
        host: HostReport(
            sharedBytes: 5, tmpfs: [TmpfsReport(path: "/dev/shm", sizeBytes: 9, usedBytes: 8, promisedBytes: 7)]),
        segments: [.posix: 2, .memfd: 1], requests: RequestCounts(total: 6, refusedByParser: 1),
        findings: [Finding(code: "promised", severity: .warning, message: "too much")])

    static var worker: WorkerReport {
        var options = WorkerOptions()
        options.operations = 250_000
        options.ratePerSecond = 1000
        options.seed = 42
        options.durationMilliseconds = 60_000
        options.holdMilliseconds = 5
        options.step = 3
        options.offset = 8192
        options.length = 4096
        options.access = .read
        options.padding = .both
        options.primitive = .futex
        return WorkerReport(
            workerId: 1, pid: 4711, segment: .posix("shmlens-demo"), workload: "falsesharing", options: options,
            state: .exited, exitStatus: 0, operations: 250_000, startedAt: noon, ranForMilliseconds: 12,
            result: .falseSharing(packedPerSecond: 2, paddedPerSecond: 9))
    }

    static let killedWorker = WorkerReport(
        workerId: 2, pid: 4712, segment: SegmentIdentifier(.memfd(inode: 9)), workload: "pingpong",
        options: WorkerOptions(), state: .killed, signal: SignalName(9), operations: 0, startedAt: noon,
        ranForMilliseconds: 0, result: .pingPong(roundTrips: 10, perSecond: 0.5),
        message: "the segment is gone")

    static let verify = VerifyReport(
        blocksChecked: 3, bytesChecked: 4096,
        findings: [
            Finding(code: "guard", severity: .error, message: "overrun", offset: 9000),
            Finding(code: "header", severity: .error, message: "gone"),
        ], omittedFindings: 2)
}
