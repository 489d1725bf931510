import CShmlens
import Glibc
import Kernel
import Observations
public import SystemPackage

/// Which segment a worker shall work on.
public struct WorkerSegment: Sendable {
    /// As `shmlens worker` takes it: `posix:NAME` or `memfd:INODE`.
    public let id: String
    /// An unnamed segment's descriptor, which the worker gets as its standard input. It stays the caller's.
    public let descriptor: FileDescriptor?

    public init(id: String, descriptor: FileDescriptor? = nil) {
        self.id = id
        self.descriptor = descriptor
    }
}

/// Starts worker processes, follows them, and ends them. Safe to use from any number of threads.
///
/// All of them are started from one thread, which lives as long as the supervisor: PR_SET_PDEATHSIG fires when the
/// *thread* that started a process ends, so that with this one its workers end too, however it ended. The same thread
/// reaps them, each by its pid, so that other children of the process stay untouched.
///
/// Call ``shutDown()`` before letting go of it.
public final class Supervisor: Sendable {
    public enum Limit {
        /// Workers that one request may start.
        public static let perRequest = 64
        /// Workers that may run at one time.
        public static let alive = 256
        /// Workers that ended and are still listed.
        public static let endedListed = 1000
        /// How long a worker that is told to end may take, before it is killed.
        public static let terminateMilliseconds = 2000
        /// How long the kernel may take to end a killed one, before nobody waits any more.
        public static let killMilliseconds = 5000
        /// How long starting processes may take.
        static let startMilliseconds = 30_000
    }

    /// Where a worker that was started with `--supervisor` finds the pipe to report on.
    public static let reportNumber = Spawn.reportNumber

    private let shared: Monitor<SupervisorState>

    /// - Parameter executable: the program that has the `worker` verb; default: this one, also where its file was
    ///   replaced or removed since.
    ///
    /// Sets SIGCHLD to its default, because a process that inherited "ignored" never learns how a child ended.
    public init(executable: FilePath = "/proc/self/exe") throws(SupervisorError) {
        var reading: Int32 = -1
        var writing: Int32 = -1
        let error = unsafe shmlens_pipe(&reading, &writing)
        guard error == 0 else { throw .system(operation: "pipe2", object: "the supervisor", errorNumber: error) }
        let wakening = FileDescriptor(rawValue: writing)
        _ = fcntl(writing, F_SETFL, O_WRONLY | O_NONBLOCK)
        _ = Glibc.signal(SIGCHLD, SIG_DFL)
        let shared = Monitor(SupervisorState(wakening: wakening))
        self.shared = shared
        let loop = SupervisorLoop(
            shared: shared, executable: executable, woken: FileDescriptor(rawValue: reading))
        let started = OSThread.start { loop.run() }
        guard started == 0 else {
            close(reading)
            close(writing)
            throw .system(operation: "pthread_create", object: "the supervisor", errorNumber: started)
        }
    }

    // MARK: Looking

    /// All that run and the last that ended, by their ids.
    public var records: [WorkerRecord] { shared.read { $0.records(now: Clocks.monotonicNanoseconds()) } }

    /// - Returns: nil for one that there never was, or that ended too long ago.
    public func record(_ workerId: Int) -> WorkerRecord? {
        shared.read { $0.record(workerId, now: Clocks.monotonicNanoseconds()) }
    }

    // MARK: Starting and ending

    /// Starts workers: all, or none.
    ///
    /// - Parameters:
    ///   - count: 1 to ``Limit/perRequest``; of a workload with seats of its own, no more than those.
    ///   - options: where they have a seed, each worker gets another one: that, the next, and so on.
    public func start(
        segment: WorkerSegment, workload: WorkloadKind, options: WorkloadOptions = WorkloadOptions(), count: Int = 1
    ) throws(SupervisorError) -> [WorkerRecord] {
        do throws(WorkloadOptionError) {
            try options.check(for: workload)
            let most = min(Limit.perRequest, workload.seats ?? .max)
            guard (1...most).contains(count) else {
                throw WorkloadOptionError(field: "count", reason: "must be 1 to \(most), not \(count)")
            }
        } catch {
            throw .option(error)
        }
        // A descriptor of its own: who asked may be gone when its turn comes.
        let input = try segment.descriptor.map { (descriptor) throws(SupervisorError) in
            FileDescriptor(rawValue: try Spawn.duplicate(descriptor.rawValue))
        }
        let wanted = StartRequest.Wanted(
            segment: WorkerSegment(id: segment.id, descriptor: input), workload: workload, options: options, count: count)
        let number: Int
        do throws(SupervisorError) {
            number = try shared.change { (state) throws(SupervisorError) in try state.request(wanted) }
        } catch {
            try? input?.close()
            throw error
        }
        let deadline = Deadline.after(milliseconds: Limit.startMilliseconds)
        let outcome = shared.wait(until: deadline) { $0.takeOutcome(of: number) }
        guard let outcome = outcome ?? shared.change({ $0.abandon(number) }) else {
            throw .system(operation: "posix_spawn", object: segment.id, errorNumber: ETIMEDOUT)
        }
        return try outcome.get()
    }

    /// Tells a worker to end and waits until it has: SIGTERM and SIGCONT, and SIGKILL after
    /// ``Limit/terminateMilliseconds``. One that ended already is answered as it is.
    @discardableResult
    public func end(_ workerId: Int) throws(SupervisorError) -> WorkerRecord {
        try signal(workerId, [SIGTERM, SIGCONT])
        if let ended = waitUntilEnded(workerId, for: .milliseconds(Limit.terminateMilliseconds)) { return ended }
        try signal(workerId, [SIGKILL])
        if let ended = waitUntilEnded(workerId, for: .milliseconds(Limit.killMilliseconds)) { return ended }
        throw .notEnded(workerId: workerId)
    }

    /// Waits until a worker has ended.
    ///
    /// - Returns: nil where the time was up first, or there is no such worker.
    public func waitUntilEnded(_ workerId: Int, for time: Duration) -> WorkerRecord? {
        wait(workerId, for: time) { $0.state != .running }
    }

    /// Waits until a worker has come as far as `isThere` wants, or has ended.
    ///
    /// - Returns: nil where the time was up first, or there is no such worker.
    package func wait(_ workerId: Int, for time: Duration, until isThere: (WorkerRecord) -> Bool) -> WorkerRecord? {
        let milliseconds = Int(min(time, .seconds(1_000_000)) / .milliseconds(1))
        return shared.wait(until: Deadline.after(milliseconds: milliseconds)) { state -> WorkerRecord?? in
            guard let record = state.record(workerId, now: Clocks.monotonicNanoseconds()) else { return .some(nil) }
            return record.state != .running || isThere(record) ? .some(record) : nil
        } ?? nil
    }

    /// Ends all workers and starts none any more. Takes ``Limit/terminateMilliseconds`` at most where they can end, and
    /// ``Limit/killMilliseconds`` more where they must be killed. Any number of times.
    ///
    /// - Returns: whether all have ended.
    @discardableResult
    public func shutDown() -> Bool {
        shared.change { state in
            state.isStopping = true
            state.signalAll([SIGTERM, SIGCONT])
            state.wake()
        }
        func waitForAll(_ milliseconds: Int) -> Bool {
            shared.wait(until: Deadline.after(milliseconds: milliseconds)) { $0.isOver ? true : nil } ?? false
        }
        if waitForAll(Limit.terminateMilliseconds) { return true }
        shared.change { $0.signalAll([SIGKILL]) }
        return waitForAll(Limit.killMilliseconds)
    }

    /// Sends signals to a worker that runs, while it cannot be reaped: its pid is its own.
    private func signal(_ workerId: Int, _ signals: [Int32]) throws(SupervisorError) {
        try shared.read { (state) throws(SupervisorError) in
            guard state.record(workerId, now: 0) != nil else { throw .noSuchWorker(workerId: workerId) }
            guard let pid = state.pid(ofRunning: workerId) else { return }
            for signal in signals { kill(pid, signal) }
        }
    }
}
