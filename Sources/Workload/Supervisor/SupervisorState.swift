import Glibc
import SystemPackage

/// A request for workers, on its way to the thread that starts them.
struct StartRequest {
    struct Wanted: Sendable {
        let segment: WorkerSegment
        let workload: WorkloadKind
        let options: WorkloadOptions
        let count: Int
    }

    let number: Int
    let wanted: Wanted
}

/// What the supervisor's thread and those who ask share; all of it under the monitor.
struct SupervisorState {
    private struct Running {
        var record: WorkerRecord
        /// CLOCK_MONOTONIC, nanoseconds.
        let startedAt: Int64
    }

    /// No worker is started any more.
    var isStopping = false
    /// The supervisor's thread has ended.
    private(set) var isOver = false
    private var running: [Int: Running] = [:]
    /// The oldest first.
    private var ended: [WorkerRecord] = []
    private var requests: [StartRequest] = []
    private var outcomes: [Int: Result<[WorkerRecord], SupervisorError>] = [:]
    private var abandoned: Set<Int> = []
    private var lastRequest = 0
    private var lastWorkerId = 0
    /// Workers that were asked for and are not running yet.
    private var underWay = 0
    private let wakening: FileDescriptor

    init(wakening: FileDescriptor) { self.wakening = wakening }

    /// Makes the thread look again. A pipe that is full wakes it too.
    func wake() {
        guard !isOver else { return }
        _ = try? wakening.writeAll([0])
    }

    /// The thread ends, and with it whom one could wake.
    mutating func finish() {
        isOver = true
        try? wakening.close()
    }

    // MARK: Requests

    mutating func request(_ wanted: StartRequest.Wanted) throws(SupervisorError) -> Int {
        guard !isStopping else { throw .shuttingDown }
        let alive = running.count + underWay
        guard alive + wanted.count <= Supervisor.Limit.alive else {
            throw .tooMany(alive: alive, limit: Supervisor.Limit.alive)
        }
        underWay += wanted.count
        lastRequest += 1
        requests.append(StartRequest(number: lastRequest, wanted: wanted))
        wake()
        return lastRequest
    }

    var hasRequests: Bool { !requests.isEmpty }

    mutating func takeRequests() -> [StartRequest] {
        defer { requests = [] }
        return requests
    }

    mutating func takeOutcome(of number: Int) -> Result<[WorkerRecord], SupervisorError>? {
        outcomes.removeValue(forKey: number)
    }

    /// Nobody waits for the answer any more.
    ///
    /// - Returns: the answer, where it came just now.
    mutating func abandon(_ number: Int) -> Result<[WorkerRecord], SupervisorError>? {
        if let outcome = outcomes.removeValue(forKey: number) { return outcome }
        abandoned.insert(number)
        return nil
    }

    func isAbandoned(_ number: Int) -> Bool { abandoned.contains(number) }

    mutating func answer(_ request: StartRequest, _ outcome: Result<[WorkerRecord], SupervisorError>) {
        underWay -= request.wanted.count
        if abandoned.remove(request.number) == nil { outcomes[request.number] = outcome }
    }

    // MARK: Workers

    mutating func nextWorkerId() -> Int {
        lastWorkerId += 1
        return lastWorkerId
    }

    mutating func add(_ record: WorkerRecord, startedAt: Int64) {
        running[record.workerId] = Running(record: record, startedAt: startedAt)
    }

    mutating func apply(_ lines: [ReportLine], to workerId: Int) {
        for line in lines { running[workerId]?.record.apply(line) }
    }

    mutating func note(_ message: String, on workerId: Int) { running[workerId]?.record.message = message }

    /// Notes how a worker ended.
    ///
    /// - Parameter status: as waitpid(2) gives it; nil where somebody else took it.
    mutating func end(_ workerId: Int, status: Int32?, now: Int64) {
        guard let entry = running.removeValue(forKey: workerId) else { return }
        var record = entry.record
        record.ranForMilliseconds = (now - entry.startedAt) / 1_000_000
        record.state = .exited
        if let status {
            // WIFEXITED and its kin are macros: the low seven bits are the signal, 0 where it exited; wait(2).
            let signal = status & 0x7f
            if signal == 0 {
                record.exitStatus = status >> 8 & 0xff
            } else {
                record.state = .killed
                record.signal = signal
            }
        }
        ended.append(record)
        if ended.count > Supervisor.Limit.endedListed { ended.removeFirst() }
    }

    func pid(ofRunning workerId: Int) -> Int32? { running[workerId]?.record.pid }

    func signalAll(_ signals: [Int32]) {
        for entry in running.values {
            for signal in signals { kill(entry.record.pid, signal) }
        }
    }

    // MARK: Looking

    func record(_ workerId: Int, now: Int64) -> WorkerRecord? {
        if let entry = running[workerId] { return current(entry, now: now) }
        return ended.last { $0.workerId == workerId }
    }

    func records(now: Int64) -> [WorkerRecord] {
        (ended + running.values.map { current($0, now: now) }).sorted { $0.workerId < $1.workerId }
    }

    private func current(_ entry: Running, now: Int64) -> WorkerRecord {
        var record = entry.record
        record.ranForMilliseconds = max(0, now - entry.startedAt) / 1_000_000
        return record
    }
}
