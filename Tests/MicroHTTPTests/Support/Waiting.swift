import Glibc
import MicroHTTP
import Testing

/// Something that happens a number of times and can be waited for.
final class Event: Sendable {
    private let count = Monitor(0)

    func happen() {
        count.withLock { $0 += 1 }
        count.broadcast()
    }

    /// Makes it not have happened.
    func close() { count.withLock { $0 = 0 } }

    var times: Int { count.withLock { $0 } }

    /// Waits until it has happened `times` times in all. What has not within a minute does not happen any more: a test
    /// that nobody ends would keep all others waiting.
    func wait(times: Int = 1) {
        let happened = count.wait(until: .after(milliseconds: 60_000), for: { $0 >= times }) { $0 }
        if happened < times {
            Issue.record("it happened \(happened) times, not \(times)")
        }
    }
}

/// Waits for what no event tells: looks again every millisecond, and gives up after half a minute.
func eventually(_ isTrue: () -> Bool) -> Bool {
    for _ in 0..<30_000 {
        if isTrue() { return true }
        poll(nil, 0, 1)
    }
    return false
}
