import Diagnostics
import Encoding
import HTTPCore
import Kernel
import Observations
import Reading
import SegmentFormat
import SharedSegments
import SystemPackage
import Testing
import Workload

@testable import API

@Suite struct ProblemTests {
    @Test(
        arguments: [
            (.exists(name: "a"), 409), (.notFound(name: "a"), 404), (.notManaged(name: "a", .notASegment), 409),
            (.foreign(name: "a", made: "x", here: "y"), 409), (.lockTimeout(nil), 423), (.gaveUp, 503),
            (.lockHeldByThisThread, 409), (.lockNotRecoverable, 409), (.damaged(what: "a", offset: 1), 409),
            (.noFreeBlock(wantedBytes: 1, largestFreeBytes: 0), 507), (.noSpace(wantedBytes: 1, availableBytes: 0), 507),
            (.memoryLockLimit(wantedBytes: 1, limitBytes: 0), 409), (.noSuchBlock(offset: 1), 404),
            (.participantsFull(slots: 1), 409), (.participantsAlive(count: 1), 409),
            (.outsidePool(offset: 1, length: 1, pool: 0..<1), 422), (.protected(offset: 1, length: 1), 409),
            (.truncated(needs: 2, has: 1), 409), (.readOnly(name: "a"), 403), (.invalid(field: "name", reason: "r"), 422),
            (.system(operation: "open", object: "a", .permissionDenied), 403),
            (.system(operation: "open", object: "a", .notPermitted), 403),
            (.system(operation: "open", object: "a", .noSpace), 507),
            (.system(operation: "open", object: "a", .tooManyOpenFiles), 503),
            (.system(operation: "open", object: "a", .ioError), 500),
        ] as [(SegmentError, Int)])
    func `gives each refusal of a change its status`(error: SegmentError, status: Int) {
        #expect(Problem(error).status == status)
        #expect(!Problem(error).detail.isEmpty)
    }

    @Test func `names the lock's owner`() {
        let owner = LockOwner(pid: 12, tid: 13, slot: 1, generation: 1)
        let detail = Problem(.lockTimeout(owner)).detail
        #expect(detail.contains("thread 13") && detail.contains("process 12"))
    }

    @Test(
        arguments: [
            (.notFound(.posix("a")), 404), (.notManaged(.posix("a"), .notASegment), 409),
            (.truncated(.posix("a"), at: 7), 409), (.unsupported(.posix("a")), 409),
            (.refused(KernelError(operation: "open", object: "a", errno: .permissionDenied)), 403),
            (.failed(ReadFailure(operation: "pread", object: "a", errorNumber: 5)), 500),
        ] as [(ReadingError, Int)])
    func `gives each failed look its status`(error: ReadingError, status: Int) {
        #expect(Problem(error).status == status)
    }

    @Test(
        arguments: [
            (.noSuchWorker(workerId: 1), 404), (.tooMany(alive: 1, limit: 1), 503), (.shuttingDown, 503),
            (.notEnded(workerId: 1), 409), (.option(WorkloadOptionError(field: "f", reason: "r")), 422),
            (.system(operation: "fork", object: "a", errorNumber: 12), 507),
        ] as [(SupervisorError, Int)])
    func `gives each failure with workers its status`(error: SupervisorError, status: Int) {
        #expect(Problem(error).status == status)
    }

    @Test(arguments: [400, 401, 403, 404, 411, 413, 415, 500, 503])
    func `keeps the status of what the server refuses by itself`(status: Int) {
        #expect(Problem(Refusal(Status(status), "why")).status == status)
    }
}
