import CShmlens
import Glibc
import Observations
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport
import Testing

@testable import Workload

/// How workers end when they are told to, and when nobody can tell them any more.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TerminationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: WorkloadKind
        var count = 1
        var primitive: Primitive?

        var testDescription: String { "\(kind)" + (primitive.map { " on \($0)" } ?? "") }
    }

    static let endless = [
        Case(kind: .counter), Case(kind: .churn), Case(kind: .mixed), Case(kind: .pingpong, count: 2),
        Case(kind: .pingpong, count: 2, primitive: .pthread), Case(kind: .falsesharing, count: 2),
    ]

    private func start(_ test: Case, _ shop: Workshop) throws -> [WorkerRecord] {
        let records = try shop.start(test.kind, count: test.count) { options in
            options.primitive = test.primitive
            if test.kind == .falsesharing { options.durationMilliseconds = 600_000 }
        }
        for record in records { try shop.waitUntilBusy(record) }
        return records
    }

    @Test(arguments: endless + [Case(kind: .hold)])
    func `SIGTERM ends a worker cleanly, with nothing left behind`(_ test: Case) throws {
        try withWorkshop { shop in
            for record in try start(test, shop) {
                let ended = try shop.supervisor.end(record.workerId)
                #expect(ended.state == .exited)
                #expect(ended.exitStatus == 0, "\(ended)")
                #expect(ended.operations > 0)
            }
            #expect(try shop.segment.livingParticipants() == 0)
            #expect(try shop.segment.blocks().used == 0)
            #expect(try shop.segment.findings() == [])
        }
    }

    @Test(arguments: endless)
    func `SIGTERM ends a worker while a stopped process keeps the lock, and it says so`(_ test: Case) throws {
        try withWorkshop { shop in
            let records = try start(test, shop)
            let holder = try shop.start(.hold)[0]
            try shop.waitUntilBusy(holder)
            #expect(kill(holder.pid, SIGSTOP) == 0)
            for record in records {
                let ended = try shop.supervisor.end(record.workerId)
                #expect(ended.state == .exited, "\(ended)")
                #expect(ended.exitStatus == 6, "\(ended)")
                // It left by itself, but for the way back out of a classic condition, which only ends with the process.
                if test.primitive != .pthread { #expect(ended.message != nil) }
            }
            let ended = try shop.supervisor.end(holder.workerId)
            #expect(ended.exitStatus == 0, "\(ended)")
            #expect(try shop.segment.findings() == [])
            #expect(try shop.segment.ownerDeaths == 0)
        }
    }

    @Test func `SIGTERM ends a worker that waits to join`() throws {
        try withWorkshop { shop in
            let ended = try shop.segment.withLock { (_) throws(SegmentError) -> WorkerRecord? in
                guard let record = try? shop.start(.counter)[0] else { return nil }
                return try? shop.supervisor.end(record.workerId)
            }
            #expect(ended?.exitStatus == 0)
            #expect(ended?.operations == 0)
            #expect(try shop.segment.counter == 0)
        }
    }

    @Test func `a worker is called like the program, though it is started by another path`() throws {
        let segment = try Segment.createUnnamed(label: "name", options: SegmentOptions(capacityBytes: 65536))
        // A link to it, as /proc/self/exe is one.
        let link = FilePath("/tmp").appending(Unique.name("exe"))
        #expect(unsafe symlink(Program.path.string, link.string) == 0)
        defer { unsafe unlink(link.string) }
        let supervisor = try Supervisor(executable: link)
        defer { supervisor.shutDown() }
        let record = try supervisor.start(
            segment: WorkerSegment(id: "memfd:\(segment.inode)", descriptor: segment.descriptor), workload: .counter)[0]
        let busy = try #require(supervisor.wait(record.workerId, for: patience) { $0.operations > 0 })
        let comm = try FileDescriptor.open(FilePath("/proc/\(busy.pid)/comm"), .readOnly)
        defer { try? comm.close() }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try comm.read(into: $0) }
        #expect(String(decoding: bytes[..<count], as: UTF8.self) == "shmlens-worker\n")
    }

    @Test func `SIGKILL ends a worker that is stopped and ends no other`() throws {
        try withWorkshop { shop in
            let records = try shop.start(.counter, count: 2)
            for record in records { try shop.waitUntilBusy(record) }
            #expect(kill(records[0].pid, SIGKILL) == 0)
            #expect(try shop.finish([records[0]])[0].signal == SIGKILL)
            #expect(shop.supervisor.record(records[1].workerId)?.state == .running)
            #expect(try shop.supervisor.end(records[1].workerId).exitStatus == 0)
            // Ending what has ended changes nothing.
            #expect(try shop.supervisor.end(records[0].workerId).signal == SIGKILL)
        }
    }

    @Test func `shutting down ends every worker, reaps it, and starts none any more`() throws {
        try withWorkshop { shop in
            let records = try shop.start(.mixed, count: 5)
            #expect(shop.supervisor.shutDown())
            for record in shop.supervisor.records {
                #expect(record.state == .exited, "\(record)")
                #expect(record.exitStatus == 0, "\(record)")
            }
            for record in records {
                // A zombie would still be somebody's child: ECHILD says that there is none.
                #expect(waitpid(record.pid, nil, WNOHANG) == -1)
                #expect(errno == ECHILD)
            }
            #expect(throws: SupervisorError.shuttingDown) { try shop.start(.counter) }
            #expect(shop.supervisor.shutDown())
        }
    }

    @Test func `a request out of bounds starts nothing`() throws {
        try withWorkshop { shop in
            let limits: [(WorkloadKind, Int)] = [
                (.counter, Supervisor.Limit.perRequest), (.falsesharing, 8), (.pingpong, 64),
            ]
            for (kind, most) in limits {
                for count in [0, -1, most + 1] {
                    let error = #expect(throws: SupervisorError.self) { try shop.start(kind, count: count) }
                    guard case .option(let option) = error else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                    #expect(option.field == "count")
                }
            }
            #expect(throws: SupervisorError.self) { try shop.start(.counter) { $0.operations = 0 } }
            #expect(throws: SupervisorError.noSuchWorker(workerId: 1)) { try shop.supervisor.end(1) }
            #expect(shop.supervisor.record(1) == nil)
            #expect(shop.supervisor.records == [])
        }
    }

    @Test func `a program that is not there is an error with its path`() throws {
        let supervisor = try Supervisor(executable: "/nonexistent/shmlens")
        defer { supervisor.shutDown() }
        #expect(
            throws: SupervisorError.system(
                operation: "posix_spawn", object: "/nonexistent/shmlens", errorNumber: ENOENT)
        ) {
            try supervisor.start(segment: WorkerSegment(id: "x"), workload: .counter, count: 3)
        }
        #expect(supervisor.records == [])
    }

    @Test func `a ninth worker finds no seat on a line of eight`() throws {
        try withWorkshop { shop in
            let seated = try shop.start(.falsesharing, count: 8) { $0.durationMilliseconds = 600_000 }
            for record in seated { try shop.waitUntilBusy(record) }
            let ninth = try shop.finish(try shop.start(.falsesharing) { $0.durationMilliseconds = 600_000 })
            #expect(ninth[0].exitStatus == 1, "\(ninth)")
            // The seat of one that was killed is free.
            #expect(kill(seated[3].pid, SIGKILL) == 0)
            _ = try shop.finish([seated[3]])
            let heir = try shop.start(.falsesharing) { $0.durationMilliseconds = 600_000 }
            try shop.waitUntilBusy(heir[0])
        }
    }

    @Test func `workers end with their supervisor, however it ended`() async throws {
        let segment = try Segment.create(
            name: Unique.name("death"), options: SegmentOptions(capacityBytes: 65536))
        defer { try? Segment.remove(name: segment.name, force: true) }
        await #expect(processExitsWith: .signal(SIGKILL)) { [name = segment.name as String] in
            let supervisor = try Supervisor(executable: Program.path)
            let records = try supervisor.start(segment: WorkerSegment(id: name), workload: .counter, count: 3)
            // One of them stopped: only SIGKILL ends it.
            for record in records {
                let busy = supervisor.wait(record.workerId, for: patience) { $0.operations > 0 }
                guard busy?.state == .running else { exit(1) }
            }
            kill(records[0].pid, SIGSTOP)
            kill(getpid(), SIGKILL)
        }
        let pids = try workers(of: segment)
        #expect(pids.count == 3)
        for pid in pids { #expect(hasEnded(pid)) }
        #expect(try segment.livingParticipants() == 0)
        #expect(try segment.findings() == [])
    }

    /// The pids of those who joined.
    private func workers(of segment: Segment) throws -> [Int32] {
        // Without the lock, which one of them may keep until it has ended.
        var file = Image(bytes: [])
        let layout = segment.layout
        var bytes = [UInt8](repeating: 0, count: layout.eventsOffset)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(segment.descriptor.rawValue, $0.baseAddress, $0.count, 0)
        }
        try #require(count == bytes.count)
        file = Image(bytes: bytes)
        return (1..<layout.participantCount)
            .map { ParticipantRecord(image: file, layout: layout, slot: $0) }
            .filter(\.isJoined).map { Int32($0.pid) }
    }

    /// Waits until a process has ended; a zombie has.
    private func hasEnded(_ pid: Int32) -> Bool {
        var descriptor: Int32 = -1
        let error = unsafe shmlens_pidfd_open(pid, &descriptor)
        guard error == 0 else { return error == ESRCH }
        defer { close(descriptor) }
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&wanted, 1, 50_000) == 1
    }
}
