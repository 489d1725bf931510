import CShmlens
import Glibc
import Kernel
import Observations
import SystemPackage

/// The supervisor's thread: starts what is asked for, reads what workers say, reaps them.
struct SupervisorLoop: Sendable {
    let shared: Monitor<SupervisorState>
    let executable: FilePath
    /// Readable when there is something to do beside watching workers.
    let woken: FileDescriptor

    private struct Child {
        let process: SpawnedProcess
        var reader = ReportReader()
        /// False once the worker has closed its end.
        var isTalking = true
    }

    /// Runs until the supervisor stops and the last worker has ended.
    func run() {
        var children: [Int: Child] = [:]
        while true {
            let (requests, isStopping) = shared.read { ($0.takeRequests(), $0.isStopping) }
            for request in requests {
                start(request, isStopping: isStopping, &children)
                try? request.wanted.segment.descriptor?.close()
            }
            let isOver = shared.change { state in
                guard state.isStopping, !state.hasRequests, children.isEmpty else { return false }
                state.finish()
                return true
            }
            if isOver { break }
            watch(&children)
        }
        try? woken.close()
    }

    // MARK: Starting

    private func start(_ request: StartRequest, isStopping: Bool, _ children: inout [Int: Child]) {
        var started: [(process: SpawnedProcess, options: WorkloadOptions)] = []
        var failure: SupervisorError? = isStopping ? .shuttingDown : nil
        if shared.read({ $0.isAbandoned(request.number) }) { failure = .abandoned }
        let wanted = request.wanted
        for index in 0..<wanted.count where failure == nil {
            var options = wanted.options
            options.seed = options.seed.map { $0 &+ UInt64(index) }
            do throws(SupervisorError) {
                let process = try Spawn.start(
                    executable: executable, arguments: arguments(wanted, options),
                    standardInput: wanted.segment.descriptor)
                started.append((process, options))
            } catch {
                failure = error
            }
        }
        if let failure {
            for (process, _) in started { discard(process) }
            shared.change { $0.answer(request, .failure(failure)) }
            return
        }
        let clock = Clocks.reading()
        let isWanted = shared.change { state in
            // Who asked has been told that nothing was started.
            guard !state.isAbandoned(request.number) else {
                state.answer(request, .failure(.abandoned))
                return false
            }
            var records: [WorkerRecord] = []
            for (process, options) in started {
                let record = WorkerRecord(
                    workerId: state.nextWorkerId(), pid: process.pid, segment: wanted.segment.id,
                    workload: wanted.workload, options: options,
                    startedAtNanoseconds: clock.realTime.nanoseconds)
                state.add(record, startedAt: clock.monotonicNanoseconds)
                children[record.workerId] = Child(process: process)
                records.append(record)
            }
            state.answer(request, .success(records))
            // A stop that came meanwhile did not see these.
            if state.isStopping { state.signalAll([SIGTERM, SIGCONT]) }
            return true
        }
        guard !isWanted else { return }
        for (process, _) in started { discard(process) }
    }

    private func arguments(_ wanted: StartRequest.Wanted, _ options: WorkloadOptions) -> [String] {
        ["shmlens", "worker", wanted.segment.id, "--workload", wanted.workload.rawValue]
            + options.arguments + ["--supervisor", "\(getpid())"]
    }

    /// Takes a process back that nobody has heard of.
    private func discard(_ process: SpawnedProcess) {
        kill(process.pid, SIGKILL)
        while waitpid(process.pid, nil, 0) < 0, errno == EINTR {}
        process.closeDescriptors()
    }

    // MARK: Watching

    /// Waits until something happens, and deals with it.
    private func watch(_ children: inout [Int: Child]) {
        var wanted = [pollfd(fd: woken.rawValue, events: Int16(POLLIN), revents: 0)]
        var whose: [(workerId: Int, isReport: Bool)] = []
        for (workerId, child) in children {
            wanted.append(pollfd(fd: child.process.pidDescriptor.rawValue, events: Int16(POLLIN), revents: 0))
            whose.append((workerId, false))
            guard child.isTalking else { continue }
            wanted.append(pollfd(fd: child.process.report.rawValue, events: Int16(POLLIN), revents: 0))
            whose.append((workerId, true))
        }
        // EINTR: nothing is marked, and the caller comes again.
        guard unsafe poll(&wanted, nfds_t(wanted.count), -1) > 0 else { return }
        if wanted[0].revents != 0 { emptyWakening() }
        for (index, entry) in whose.enumerated() where wanted[index + 1].revents != 0 {
            if entry.isReport {
                listen(entry.workerId, &children)
            } else {
                reap(entry.workerId, &children)
            }
        }
    }

    private func emptyWakening() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        _ = unsafe bytes.withUnsafeMutableBytes { unsafe read(woken.rawValue, $0.baseAddress, $0.count) }
    }

    private func listen(_ workerId: Int, _ children: inout [Int: Child]) {
        guard var child = children[workerId] else { return }
        let wasBroken = child.reader.isBroken
        let (lines, isAtEnd) = child.reader.read(child.process.report)
        child.isTalking = !isAtEnd
        children[workerId] = child
        let broke = child.reader.isBroken && !wasBroken
        guard !lines.isEmpty || broke else { return }
        shared.change { state in
            state.apply(lines, to: workerId)
            if broke { state.note("the worker's report had a line that no worker writes", on: workerId) }
        }
    }

    /// Takes a worker that has ended off the kernel's hands: under the monitor, so that nobody sends a signal to a pid
    /// that is somebody else's by then.
    private func reap(_ workerId: Int, _ children: inout [Int: Child]) {
        listen(workerId, &children)
        guard let child = children[workerId] else { return }
        let isReaped = shared.change { state in
            var status: Int32 = 0
            let result = unsafe waitpid(child.process.pid, &status, WNOHANG)
            guard result != 0, result > 0 || errno != EINTR else { return false }
            state.end(workerId, status: result > 0 ? status : nil, now: Clocks.monotonicNanoseconds())
            return true
        }
        guard isReaped else { return }
        child.process.closeDescriptors()
        children[workerId] = nil
    }
}
