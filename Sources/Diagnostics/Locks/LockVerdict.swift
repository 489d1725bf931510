public import Observations

/// Why a lock is judged as it is, and what would help, in sentences.
enum LockReason: Sendable {
    case died
    case diedForEver
    case goneUnmarked
    case notRecoverable
    case willAbort
    case notMapping
    case stopped
    case stuck
    case phantomReaders(Int)
    case deadWaiters(counted: Int, missing: Int)
    case free
    case destroyed
    case nameless
    case candidates
    case unseen(UInt32)
    case corrupt(String)

    func message(_ lock: LockReport) -> String {
        switch self {
        case .died: "its owner died with it, and the kernel marked it: the next to lock it is told so"
        case .diedForEver: "its owner died with it, and it is not robust: nobody is told, and nobody gets it as before"
        case .goneUnmarked: "thread \(lock.owner?.tid ?? 0) has it and is not there any more; nothing marked it: nobody gets it again"
        case .notRecoverable: "who inherited it from a dead owner gave it back without making it consistent: nobody can lock it again"
        case .willAbort:
            "thread \(lock.owner?.tid ?? 0) has it and is not there any more; it inherits priority and is not robust: glibc ended those who waited, and who locks it now sleeps for ever"
        case .notMapping: "\(lock.ownerName) is named by its word and does not map the object: the number was used again, or it unmapped what it had locked"
        case .stopped: "\(lock.ownerName) has it and is \(lock.owner?.threadState == .traced ? "held by a debugger" : "stopped")"
        case .stuck:
            "\(lock.ownerName) has it and sleeps for ever in pthread_mutex_lock: the kernel refused it another mutex that inherits priority, which would have closed a circle of such, or whose owner is gone"
        case .phantomReaders(let count):
            "\(count == 1 ? "a reader has" : "\(count) readers have") it, and every thread of those who map it waits for it: who had it was ended, or asks for it once more"
        case .deadWaiters(let counted, let missing):
            "it counts \(counted) waiting, of whom \(missing) cannot be: they were ended while they waited"
        case .free: "it is free, threads sleep on it, and nobody who maps it is awake to wake them"
        case .destroyed: "it was destroyed while threads slept on it: nobody will wake them"
        case .nameless: "somebody has it who has not written down who: it was ended between the two, or something else wrote there"
        case .candidates: "processes of several pid namespaces have a thread of the number that its word names"
        case .unseen(let tid): "its word names thread \(tid), which may be of a process that could not be seen"
        case .corrupt(let reason): "its words are not those of a mutex: \(reason)"
        }
    }

    func advice(_ lock: LockReport) -> String? {
        switch self {
        case .died: "nothing needs to be ended: whoever locks it next gets EOWNERDEAD and can repair it"
        case .diedForEver, .goneUnmarked, .notRecoverable, .nameless, .phantomReaders:
            lock.waiters.isEmpty
                ? "make the lock anew before it is used again" : "end those who wait and make the lock anew; a robust mutex would have been recovered"
        case .willAbort: "let nobody lock it before it was made anew; a robust mutex would have been recovered"
        case .notMapping: "look at what \(lock.ownerName) did with the object; ending it frees nothing, the lock has to be made anew"
        case .stopped:
            lock.owner?.threadState == .traced
                ? "let the debugger go on" : "let it go on: kill -CONT \(lock.owner?.pid.map { "\($0)" } ?? "PID")"
        case .stuck:
            "end process \(lock.owner?.pid.map { "\($0)" } ?? "PID")"
                + (lock.robust == true ? ": who waits goes on with EOWNERDEAD" : " and those who wait, and make the lock anew")
        case .deadWaiters:
            lock.type == .barrier
                ? "the next round lets too few through: make the barrier anew"
                : "a signal may wake nobody, and a later one, or pthread_cond_destroy, may never return: end those who wait and make the condition anew before anybody signals"
        case .free, .destroyed: "end those who wait, or let somebody lock and unlock it once more"
        case .candidates, .unseen: "look from the pid namespace of who locked it, or at its owner's list of robust mutexes"
        case .corrupt: "find out who wrote over it"
        }
    }
}

extension LockReport {
    mutating func judge(_ verdict: Verdict, _ reason: LockReason) {
        self.verdict = verdict
        message = reason.message(self)
        advice = reason.advice(self)
    }

    /// Who has it, in words.
    fileprivate var ownerName: String { owner?.name ?? "an unknown thread" }

    /// How bad its verdict is. Of what only its bytes say that it is a lock, nothing is sure.
    public var severity: Finding.Severity { evidence == [.scan] && verdict != .ok ? .warning : severityOfVerdict }

    private var severityOfVerdict: Finding.Severity {
        switch verdict {
        case .ok: .info
        case .ownerDead: recoverable == true ? .warning : .error
        case .ambiguous: state == .corrupt ? .error : .warning
        case .deadlock, .deadWaiters, .willAbort, .ownerNotMapping, .ownerStopped, .phantomReaders, .waitingOnNobody: .error
        }
    }
}

extension LockOwnerReport {
    /// `pgm (4711) thread 4712`.
    fileprivate var name: String {
        let command = command ?? "a process"
        guard let pid else { return "\(command) (thread \(tid))" }
        return pid == tid ? "\(command) (\(pid))" : "\(command) (\(pid)) thread \(tid)"
    }
}
