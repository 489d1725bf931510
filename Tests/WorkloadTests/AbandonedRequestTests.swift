import SystemPackage
import TestSupport
import Testing

@testable import Workload

/// Requests whose caller gave up before their turn came.
@Suite struct AbandonedRequestTests {
    private func request(_ state: inout SupervisorState) throws -> StartRequest {
        let number = try state.request(
            StartRequest.Wanted(
                segment: WorkerSegment(id: "posix:none"), workload: .counter, options: WorkloadOptions(), count: 200))
        let taken = state.takeRequests()
        #expect(taken.map(\.number) == [number])
        return try #require(taken.first)
    }

    @Test func `what nobody waits for takes no place, and its outcome is not kept`() throws {
        let (reading, writing) = try FileDescriptor.pipe()
        defer {
            try? reading.close()
            try? writing.close()
        }
        var state = SupervisorState(wakening: writing)
        let first = try request(&state)
        #expect(throws: SupervisorError.tooMany(alive: 200, limit: 256)) { _ = try request(&state) }
        #expect(state.abandon(first.number) == nil)
        #expect(state.isAbandoned(first.number))
        state.answer(first, .failure(.abandoned))
        #expect(!state.isAbandoned(first.number))
        #expect(state.takeOutcome(of: first.number) == nil)
        // One that was answered just before it was given up has its answer: its workers run.
        let second = try request(&state)
        state.answer(second, .success([]))
        #expect(state.abandon(second.number) == .success([]))
        #expect(!state.isAbandoned(second.number))
        #expect(state.takeOutcome(of: second.number) == nil)
        _ = try request(&state)
    }
}
