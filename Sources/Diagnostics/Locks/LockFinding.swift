public import Observations

extension LockReport {
    /// What is wrong with the lock, in a sentence for people; nil where nothing is.
    public var finding: Finding? {
        guard verdict != .ok else { return nil }
        let (severity, message) = trouble
        return Finding(code: verdict.rawValue, severity: severity, message: message, offset: place.offset)
    }

    private var trouble: (Finding.Severity, String) {
        switch (state, verdict) {
        case (.corrupt, _): (.error, "the lock's words are not those of the mutex that a segment is made with")
        case (.destroyed, _): (.error, "the lock was destroyed: nobody can take it again")
        case (.notRecoverable, _): (.error, "the lock is lost: its holder died, and nobody can take it again")
        case (_, .ownerStopped): (.error, "the lock is held by \(holder), which is stopped: \(queue) until it goes on")
        case (_, .ownerDead) where recoverable != true:
            (.error, "\(holder) died with the lock, which the system did not mark: nobody can take it again")
        case (_, .ownerDead): (.warning, "\(holder) died with the lock: the next to take it repairs what was half done")
        case (_, .ownerNotMapping): (.error, "the lock is held by \(holder), which no longer maps the segment")
        case (_, .deadlock): (.error, message ?? "threads wait for one another, and the lock is one that they wait for")
        case (_, .willAbort), (_, .phantomReaders), (_, .deadWaiters), (_, .waitingOnNobody): (severity, message ?? verdict.rawValue)
        case (_, .ambiguous), (_, .ok): (.warning, "who holds the lock cannot be told from here")
        }
    }

    private var holder: String {
        guard let owner else { return "an unknown thread" }
        let name = owner.command ?? "a process"
        return owner.pid.map { "\(name) (\($0))" } ?? "\(name) (thread \(owner.tid))"
    }

    private var queue: String {
        switch waiters.count {
        case 0: "nobody gets it"
        case 1: "1 thread waits"
        default: "\(waiters.count) threads wait"
        }
    }
}
