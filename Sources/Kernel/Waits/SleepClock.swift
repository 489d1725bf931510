import CShmlens
public import Observations
import SystemPackage

extension ProcFS {
    /// How long threads have slept, at least, in nanoseconds, by the scheduler's own books; none of a thread of which they do
    /// not tell.
    ///
    /// `/proc/TID/sched` tells when a thread was last on a processor, by the clock of that processor, which each has of its
    /// own and which stands still while the machine's host gives it to somebody else: so what is found is at most too
    /// short. The calling thread goes to each of these processors for a moment, to read its clock.
    ///
    /// - Complexity: O(threads): two files each.
    public func sleepNanoseconds(of threads: [BlockedThread]) -> [Sleep: Int64] {
        var byProcessor: [Int32: [(sleep: Sleep, last: Int64)]] = [:]
        for thread in threads {
            guard let last = lastRun(of: thread.tid, in: thread.pid) else { continue }
            byProcessor[last.processor, default: []].append((thread.sleep, last.nanoseconds))
        }
        guard !byProcessor.isEmpty else { return [:] }
        var allowed = shmlens_processors()
        var count: Int32 = 0
        guard unsafe shmlens_allowed_processors(&allowed, &count) == 0 else { return [:] }
        defer { _ = unsafe shmlens_run_on(&allowed) }
        var found: [Sleep: Int64] = [:]
        for (processor, sleeps) in byProcessor {
            guard shmlens_run_on_one(processor) == 0, let now = ownLastRun() else { continue }
            for (sleep, last) in sleeps where now > last { found[sleep] = now - last }
        }
        return found
    }

    private func lastRun(of tid: Int32, in pid: Int32) -> (processor: Int32, nanoseconds: Int64)? {
        let folder = folder(of: tid, in: pid)
        guard let stat = (try? piece(folder.appending("stat"))) ?? nil, let processor = SchedulerText.processor(stat: stat),
            let text = (try? contents(folder.appending("sched"))) ?? nil,
            let nanoseconds = SchedulerText.lastRun(text.bytes)
        else { return nil }
        return (processor, nanoseconds)
    }

    /// Of the calling thread, which was put on its processor just now.
    private func ownLastRun() -> Int64? {
        ((try? contents(root.appending("thread-self").appending("sched"))) ?? nil).flatMap { SchedulerText.lastRun($0.bytes) }
    }
}

/// What the scheduler writes of a thread.
package enum SchedulerText {
    private static let key = "se.exec_start"

    /// When it was last on a processor, in nanoseconds of that processor's clock: `se.exec_start : 77265132.757548`, in
    /// milliseconds (kernel/sched/debug.c). nil where it is not like that. Any bytes may be given.
    package static func lastRun(_ bytes: [UInt8]) -> Int64? {
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: Self.key.utf8) {
            let text = Array(line).span
            var position = Self.key.utf8.count
            skipBlanks(text, &position)
            guard take(UInt8(ascii: ":"), text, &position) else { return nil }
            skipBlanks(text, &position)
            guard let milliseconds = takeDecimal(text, &position), take(UInt8(ascii: "."), text, &position) else { return nil }
            let start = position
            guard let rest = takeDecimal(text, &position), position - start == 6, let whole = Int64(exactly: milliseconds) else {
                return nil
            }
            let (nanoseconds, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
            let (sum, carry) = nanoseconds.addingReportingOverflow(Int64(rest))
            return overflow || carry ? nil : sum
        }
        return nil
    }

    /// The processor that it was last on: field 39 of stat; proc_pid_stat(5).
    package static func processor(stat bytes: [UInt8]) -> Int32? {
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        // The first of these is field 3.
        guard fields.count > 36 else { return nil }
        let text = Array(fields[36]).span
        var position = 0
        guard let number = takeDecimal(text, &position) else { return nil }
        return Int32(exactly: number)
    }
}
