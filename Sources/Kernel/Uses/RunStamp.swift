import Observations
import SystemPackage

/// How often the sleeping threads of a process were put on a processor until now, and for how long: while that holds, the
/// process does nothing, and has the mappings and descriptors that it had.
///
/// What a process maps and has open is changed by its own threads only. Two exceptions are known and harmless: a process
/// that shares its memory or its descriptors with another one (clone(2) with CLONE_VM or CLONE_FILES and without
/// CLONE_THREAD) has them changed by that one, which is then seen to have run; and process_madvise(2), which changes no
/// mapping's object.
struct RunStamp: Sendable {
    private struct Turns: Equatable, Sendable {
        let tid: Int32
        let nanoseconds: UInt64
        let count: UInt64
    }

    /// Threads that are asked at most: of a process with more it takes as long to ask them as to look anew.
    static let threadsMax = 8

    private let pid: Int32
    private let threads: [Turns]

    /// - Parameter first: what the process's first thread does now.
    /// - Returns: nil where the process is gone or running, has many threads, or the kernel does not count.
    init?(of pid: Int32, _ first: TaskFacts, in proc: ProcFS) {
        self.pid = pid
        guard first.state.isAsleep, first.threadCount >= 1, first.threadCount <= Self.threadsMax else { return nil }
        guard first.threadCount > 1 else {
            guard let turns = Self.turns(of: pid, in: pid, proc) else { return nil }
            threads = [turns]
            return
        }
        guard let ids = try? proc.numbers(in: proc.path(pid, "task"), limit: Self.threadsMax), ids.omittedCount == 0 else {
            return nil
        }
        var found: [Turns] = []
        for id in ids.elements {
            guard let thread = try? proc.thread(id, of: pid), thread.state.isAsleep, let turns = Self.turns(of: id, in: pid, proc)
            else { return nil }
            found.append(turns)
        }
        threads = found
    }

    /// Whether none of the threads was put on a processor since: who was on none then, and never since, did nothing, and
    /// made no thread. Another process of the same id has not run for the same nanoseconds.
    func holds(in proc: ProcFS) -> Bool {
        threads.allSatisfy { Self.turns(of: $0.tid, in: pid, proc) == $0 }
    }

    /// Three numbers of 64 bits.
    private static let bytesMax = 64

    /// `NANOSECONDS-RUN NANOSECONDS-WAITED TIMES-RUN`; Documentation/scheduler/sched-stats.rst. The kernel writes zeros
    /// where it is built not to count.
    private static func turns(of tid: Int32, in pid: Int32, _ proc: ProcFS) -> Turns? {
        let process = proc.root.appending(pid)
        let folder = tid == pid ? process : process.appending("task").appending(tid)
        guard let contents = try? proc.contents(folder.appending("schedstat"), bytesMax: Self.bytesMax) else { return nil }
        let text = contents.bytes.span
        var position = 0
        guard let nanoseconds = takeDecimal(text, &position), take(UInt8(ascii: " "), text, &position),
            takeDecimal(text, &position) != nil, take(UInt8(ascii: " "), text, &position),
            let count = takeDecimal(text, &position), count > 0
        else { return nil }
        return Turns(tid: tid, nanoseconds: nanoseconds, count: count)
    }
}

extension ThreadState {
    /// Whether it is on no processor and waits for none.
    fileprivate var isAsleep: Bool {
        switch self {
        case .sleeping, .waiting, .stopped, .traced, .zombie: true
        case .running, .dead, .unknown: false
        }
    }
}
