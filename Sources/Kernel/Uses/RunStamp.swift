import Glibc
import Observations
import SystemPackage

/// How often the sleeping threads of a process were put on a processor until now, and for how long: while that holds, the
/// process does nothing, and has the mappings and descriptors that it had.
///
/// What a process maps and has open is changed by its own threads; or, seldom, by another process that shares its memory or
/// its table of descriptors with it (clone(2) with CLONE_VM or CLONE_FILES and without CLONE_THREAD): then the size of its
/// memory or the number of its descriptors changes while it sleeps, and that is held against it too.
struct RunStamp: Sendable {
    private struct ThreadTurns: Equatable, Sendable {
        let tid: Int32
        let turns: Turns
    }

    /// Threads that are asked at most: of a process with more it takes as long to ask them as to look anew.
    static let threadsMax = 8

    private let process: TaskFacts
    /// 0 before Linux 6.2.
    private let descriptorCount: Int
    private let threads: [ThreadTurns]

    /// The order matters. Turns first, then whether each thread is off the processors: who is off them, and has had no turn
    /// more when it is asked again, was off them all the time between. And the threads' number last: one that was made
    /// while the others were asked is missing in what they said.
    ///
    /// - Returns: nil where the process is gone or running, has many threads, or the kernel does not tell.
    init?(of pid: Int32, in proc: ProcFS) {
        guard let first = Self.turns(of: pid, in: pid, proc), let task = try? proc.process(pid) else { return nil }
        if task.threadCount == 1 {
            threads = [first]
        } else {
            guard task.threadCount <= Self.threadsMax, let found = Self.turnsOfAll(pid, proc) else { return nil }
            threads = found
        }
        guard threads.allSatisfy({ Self.isOffProcessors($0.tid, in: pid, proc) }), let last = try? proc.process(pid),
            last.threadCount == threads.count, last.state.isAsleep, let descriptorCount = Self.descriptorCount(pid, proc)
        else { return nil }
        if threads.count > 1 { guard Self.ids(pid, proc) == threads.map(\.tid) else { return nil } }
        process = last
        self.descriptorCount = descriptorCount
    }

    /// Whether the kernel tells how many descriptors there are.
    var countsDescriptors: Bool { descriptorCount > 0 }

    /// Whether none of the threads was put on a processor since, and nobody else changed what they share.
    func holds(in proc: ProcFS) -> Bool {
        guard let now = (try? proc.process(process.id)) ?? nil, now.startTicks == process.startTicks, now.state.isAsleep,
            now.threadCount == threads.count, now.virtualBytes == process.virtualBytes,
            Self.descriptorCount(process.id, proc) == descriptorCount
        else { return false }
        return threads.allSatisfy { Self.turns(of: $0.tid, in: process.id, proc) == $0 }
    }

    private static func ids(_ pid: Int32, _ proc: ProcFS) -> [Int32]? {
        guard let ids = try? proc.numbers(in: proc.path(pid, "task"), limit: threadsMax), ids.omittedCount == 0 else { return nil }
        return ids.elements
    }

    private static func turnsOfAll(_ pid: Int32, _ proc: ProcFS) -> [ThreadTurns]? {
        guard let ids = ids(pid, proc) else { return nil }
        let turns = ids.compactMap { self.turns(of: $0, in: pid, proc) }
        return turns.count == ids.count ? turns : nil
    }

    private static func turns(of tid: Int32, in pid: Int32, _ proc: ProcFS) -> ThreadTurns? {
        proc.turns(of: tid, in: pid).map { ThreadTurns(tid: tid, turns: $0) }
    }

    /// Whether a thread is on no processor and waits for none: then the kernel names the function that it waits in. Its
    /// state alone does not tell: on the way to sleep it is said to sleep while it runs.
    private static func isOffProcessors(_ tid: Int32, in pid: Int32, _ proc: ProcFS) -> Bool {
        let function = (try? proc.piece(proc.folder(of: tid, in: pid).appending("wchan"))) ?? nil
        if let function, !function.isEmpty, function != [UInt8(ascii: "0")] { return true }
        // Who has ended waits in none.
        return (try? proc.thread(tid, of: pid))?.state == .zombie
    }

    private static func descriptorCount(_ pid: Int32, _ proc: ProcFS) -> Int? {
        (try? fileFacts(proc.path(pid, "fd")))?.sizeBytes
    }
}

extension ThreadState {
    /// Whether it neither runs nor is ready to.
    fileprivate var isAsleep: Bool {
        switch self {
        case .sleeping, .waiting, .stopped, .traced, .zombie: true
        case .running, .dead, .unknown: false
        }
    }
}
