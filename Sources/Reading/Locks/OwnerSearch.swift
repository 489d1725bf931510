import Diagnostics
import Kernel
import Observations

/// Finds the thread that a lock's word names: a number in the pid namespace of who locked it.
///
/// A process of a pid namespace of its own numbers its threads by itself: of each that maps the object the innermost numbers
/// are compared.
struct OwnerSearch: Sendable {
    private let proc: ProcFS
    private let seesAllMappings: Bool
    private let scan: WaitScan
    /// The processes of all threads that were looked at.
    private let processOf: [Int32: Int32]
    /// The innermost numbers of the threads of processes of other namespaces.
    private var foreign: [Int32: [Int32: UInt32]] = [:]
    /// Processes that were found to be of the observer's own.
    private var native: Set<Int32> = []
    /// What was found out of threads: one may have many locks.
    private var known: [Int32: [LockOwnerReport]] = [:]

    init(_ proc: ProcFS, _ scan: WaitScan, seesAllMappings: Bool) {
        self.proc = proc
        self.scan = scan
        self.seesAllMappings = seesAllMappings
        processOf = scan.processOfThreads
    }

    /// - Parameters:
    ///   - number: as the word has it.
    ///   - mappers: the processes that map the object.
    mutating func owner(_ number: UInt32, among mappers: [Int32]) -> LockSighting.Owner {
        guard let tid = Int32(exactly: number), tid > 0 else { return .unknown(tid: number) }
        do throws(KernelError) {
            return try search(tid, number, among: mappers)
        } catch {
            // What will not be told of is not for that reason not there.
            return .unknown(tid: number)
        }
    }

    private mutating func search(_ tid: Int32, _ number: UInt32, among mappers: [Int32]) throws(KernelError) -> LockSighting.Owner {
        var found: [LockOwnerReport] = []
        var hasForeign = false
        for pid in mappers {
            guard let threads = try foreignThreads(of: pid) else { continue }
            hasForeign = true
            for (outer, inner) in threads where inner == number { found += try living(outer, of: pid) }
        }
        // A number of the observer's own namespace.
        var stranger: LockOwnerReport?
        if let pid = try process(of: tid) {
            if native.contains(pid), mappers.contains(pid) {
                found += try living(tid, of: pid)
            } else {
                stranger = try living(tid, of: pid).first
            }
        }
        if !found.isEmpty { return .found(found.sorted { ($0.pid ?? 0, $0.tid) < ($1.pid ?? 0, $1.tid) }) }
        guard seesAllMappings else { return .unknown(tid: number) }
        // Where some are numbered otherwise, whoever has the number here need not be meant.
        if let stranger, !hasForeign {
            // One whose mappings nobody may see may map it too.
            guard let pid = stranger.pid.flatMap({ Int32(exactly: $0) }), proc.showsMappings(of: pid) else { return .unknown(tid: number) }
            return .notMapping(stranger)
        }
        return .gone(tid: number)
    }

    private func process(of tid: Int32) throws(KernelError) -> Int32? {
        if let pid = processOf[tid] { return pid }
        return try proc.status(of: tid)?.threadGroup
    }

    /// By their numbers here; nil of a process of the observer's own namespace, or that is gone.
    private mutating func foreignThreads(of pid: Int32) throws(KernelError) -> [Int32: UInt32]? {
        if native.contains(pid) { return nil }
        if let known = foreign[pid] { return known }
        guard let status = try proc.status(of: pid) else { return nil }
        guard status.namespacePIDs.count > 1 else {
            native.insert(pid)
            return nil
        }
        var threads: [Int32: UInt32] = [:]
        for tid in scan.processes[pid]?.tids ?? [] {
            guard let inner = try proc.status(of: tid)?.namespacePIDs.last else { continue }
            threads[tid] = UInt32(clamping: inner)
        }
        foreign[pid] = threads
        return threads
    }

    /// The thread as the kernel tells of it; none where it has ended.
    private mutating func living(_ tid: Int32, of pid: Int32) throws(KernelError) -> [LockOwnerReport] {
        if let found = known[tid] { return found }
        let found = try ask(tid, of: pid)
        known[tid] = found
        return found
    }

    private func ask(_ tid: Int32, of pid: Int32) throws(KernelError) -> [LockOwnerReport] {
        guard let facts = try proc.thread(tid, of: pid), facts.state != .zombie, facts.state != .dead else { return [] }
        return [
            LockOwnerReport(
                pid: Int(pid), tid: Int(tid), command: facts.command.text, alive: .alive, threadState: facts.state,
                heldForMilliseconds: nil, sleepsIn: proc.sleepPlace(of: tid, in: pid, facts.state))
        ]
    }
}
