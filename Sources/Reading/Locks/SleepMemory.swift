import Kernel
import Observations

/// Since when sleeps have been seen, or are known to last.
struct SleepMemory: Sendable {
    /// CLOCK_MONOTONIC.
    private var since: [Sleep: Int64] = [:]

    /// Notes the sleeps of one look, and forgets those that are over. Of those that are new the scheduler's books tell, where
    /// there are any, how long they have lasted.
    mutating func note(_ threads: [BlockedThread], _ proc: ProcFS) {
        let unknown = threads.filter { since[$0.sleep] == nil }
        let before = unknown.isEmpty ? [:] : proc.sleepNanoseconds(of: unknown)
        let now = Clocks.monotonicNanoseconds()
        var next: [Sleep: Int64] = [:]
        for thread in threads { next[thread.sleep] = since[thread.sleep] ?? now - (before[thread.sleep] ?? 0) }
        since = next
    }

    /// How long a sleep has lasted, at least; nil of one that was not noted.
    func milliseconds(_ sleep: Sleep, at now: Int64) -> Int? {
        since[sleep].map { Int(max(0, now - $0) / 1_000_000) }
    }
}
