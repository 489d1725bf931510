import CShmlens
public import Observations
import Parallel
import Synchronization
import SystemPackage

extension ProcFS {
    /// How long threads have slept, at least, in nanoseconds, by the scheduler's own books; none of a thread of which they do
    /// not tell.
    ///
    /// `/proc/TID/sched` tells when a thread was last on a processor, by the clock of that processor, which each has of its
    /// own and which stands still while the machine's host gives it to somebody else: so what is found is at most too
    /// short. A thread of its own goes to each of these processors for a moment, to read its clock; not to those that this
    /// process was kept from, or where something more urgent runs for longer than an answer can wait.
    ///
    /// - Complexity: O(threads): two files each.
    public func sleepNanoseconds(of threads: [BlockedThread]) -> [Sleep: Int64] {
        var byProcessor: [Int32: [(sleep: Sleep, last: Int64)]] = [:]
        for thread in threads {
            guard let last = lastRun(of: thread.tid, in: thread.pid) else { continue }
            byProcessor[last.processor, default: []].append((thread.sleep, last.nanoseconds))
        }
        guard !byProcessor.isEmpty else { return [:] }
        let found = FoundSleeps()
        let visited = byProcessor
        _ = runAside(nanosecondsMax: Self.visitNanosecondsMax) {
            var allowed = shmlens_processors()
            var count: Int32 = 0
            guard unsafe shmlens_allowed_processors(&allowed, &count) == 0 else { return }
            for (processor, sleeps) in visited where allowed.holds(processor) {
                guard !found.isCalledOff.load(ordering: .relaxed), shmlens_run_on_one(processor) == 0, let now = ownLastRun() else { continue }
                found.nanoseconds.withLock { found in
                    for (sleep, last) in sleeps where now > last { found[sleep] = now - last }
                }
            }
        }
        found.isCalledOff.store(true, ordering: .relaxed)
        return found.nanoseconds.withLock { $0 }
    }

    /// How long processors are visited: those that are left out are told of by when a sleep was seen first.
    private static let visitNanosecondsMax: Int64 = 100_000_000

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

private final class FoundSleeps: Sendable {
    let nanoseconds = Mutex<[Sleep: Int64]>([:])
    let isCalledOff = Atomic(false)
}

extension shmlens_processors {
    /// Whether a processor is one of them.
    fileprivate func holds(_ processor: Int32) -> Bool {
        guard 0..<1_024 ~= processor else { return false }
        return unsafe withUnsafeBytes(of: mask) { words in
            unsafe words.load(fromByteOffset: Int(processor) / 64 * 8, as: UInt64.self) >> UInt64(processor % 64) & 1 == 1
        }
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
