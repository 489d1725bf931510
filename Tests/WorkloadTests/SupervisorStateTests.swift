import Glibc
import SystemPackage
import Testing

@testable import Workload

/// What the supervisor keeps, without a process.
@Suite struct SupervisorStateTests {
    func record(_ id: Int, _ workload: WorkloadKind = .counter) -> WorkerRecord {
        WorkerRecord(
            workerId: id, pid: 1, segment: "posix:x", workload: workload, options: WorkloadOptions(),
            startedAtNanoseconds: 0)
    }

    /// Nobody listens to it.
    func state() throws -> SupervisorState {
        SupervisorState(wakening: try FileDescriptor.open(FilePath("/dev/null"), .writeOnly))
    }

    @Test func `the last thousand that ended are listed`() throws {
        var state = try state()
        for _ in 0...Supervisor.Limit.endedListed {
            let id = state.nextWorkerId()
            state.add(record(id), startedAt: 0)
            state.end(id, status: 0, now: 0)
        }
        #expect(state.records(now: 0).map(\.workerId) == Array(2...Supervisor.Limit.endedListed + 1))
        #expect(state.record(1, now: 0) == nil)
        #expect(state.record(2, now: 0)?.state == .exited)
    }

    @Test func `an exit status and a signal are told apart`() throws {
        var state = try state()
        state.add(record(1), startedAt: 0)
        state.add(record(2), startedAt: 0)
        state.add(record(3), startedAt: 0)
        // A wait status is made of the exit status in the second byte, or of the signal and bit 7 for a core.
        state.end(1, status: 6 << 8, now: 5_000_000)
        state.end(2, status: SIGSEGV | 0x80, now: 5_000_000)
        state.end(3, status: nil, now: 5_000_000)
        #expect(state.record(1, now: 9)?.exitStatus == 6)
        #expect(state.record(1, now: 9)?.signal == nil)
        #expect(state.record(1, now: 9)?.ranForMilliseconds == 5)
        #expect(state.record(2, now: 9)?.state == .killed)
        #expect(state.record(2, now: 9)?.signal == SIGSEGV)
        #expect(state.record(2, now: 9)?.exitStatus == nil)
        #expect(state.record(3, now: 9)?.state == .exited)
        #expect(state.record(3, now: 9)?.exitStatus == nil)
    }

    @Test func `more than may run are refused, also those that are asked for and not there yet`() throws {
        var state = try state()
        func wanted(_ count: Int) -> StartRequest.Wanted {
            StartRequest.Wanted(
                segment: WorkerSegment(id: "x"), workload: .counter, options: WorkloadOptions(), count: count)
        }
        for id in 1...10 { state.add(record(id), startedAt: 0) }
        let limit = Supervisor.Limit.alive
        let number = try state.request(wanted(limit - 11))
        #expect(throws: SupervisorError.tooMany(alive: limit - 1, limit: limit)) { try state.request(wanted(2)) }
        _ = try state.request(wanted(1))
        #expect(throws: SupervisorError.tooMany(alive: limit, limit: limit)) { try state.request(wanted(1)) }
        let request = try #require(state.takeRequests().first { $0.number == number })
        state.answer(request, .failure(.shuttingDown))
        _ = try state.request(wanted(1))
    }

    @Test func `an answer that nobody waits for is not kept`() throws {
        var state = try state()
        let wanted = StartRequest.Wanted(
            segment: WorkerSegment(id: "x"), workload: .counter, options: WorkloadOptions(), count: 1)
        let number = try state.request(wanted)
        #expect(state.abandon(number) == nil)
        state.answer(try #require(state.takeRequests().first), .success([]))
        #expect(state.takeOutcome(of: number) == nil)
    }

    @Test func `nothing is started once it stops`() throws {
        var state = try state()
        state.isStopping = true
        let wanted = StartRequest.Wanted(
            segment: WorkerSegment(id: "x"), workload: .counter, options: WorkloadOptions(), count: 1)
        #expect(throws: SupervisorError.shuttingDown) { try state.request(wanted) }
    }

    @Test func `results are put together from the lines of the workload that has them`() throws {
        var state = try state()
        state.add(record(1, .pingpong), startedAt: 0)
        state.add(record(2, .falsesharing), startedAt: 0)
        state.add(record(3, .counter), startedAt: 0)
        let lines: [ReportLine] = [
            .operations(9), .roundTrips(8), .rate(.perSecond, 2.5), .rate(.packedPerSecond, 2),
            .rate(.paddedPerSecond, 8), .rate(.ratio, 4), .message("m"),
        ]
        for id in 1...3 { state.apply(lines, to: id) }
        #expect(state.record(1, now: 0)?.result == .pingpong(roundTrips: 8, perSecond: 2.5))
        #expect(
            state.record(2, now: 0)?.result == .falsesharing(packedPerSecond: 2, paddedPerSecond: 8, ratio: 4))
        #expect(state.record(3, now: 0)?.result == nil)
        #expect(state.record(3, now: 0)?.operations == 9)
        #expect(state.record(3, now: 0)?.message == "m")
    }
}
