import Observations
import SystemPackage

extension ProcFS {
    /// How often a thread was put on a processor until now, and for how long: while that is the same, it sleeps the same sleep,
    /// or runs without a break. nil where it is gone, or the kernel does not count.
    ///
    /// `NANOSECONDS-RUN NANOSECONDS-WAITED TIMES-RUN`; Documentation/scheduler/sched-stats.rst. The kernel writes zeros where
    /// it is built not to count.
    func turns(of tid: Int32, in pid: Int32) -> Turns? {
        guard let bytes = (try? piece(folder(of: tid, in: pid).appending("schedstat"))) ?? nil else { return nil }
        let text = bytes.span
        var position = 0
        guard let nanoseconds = takeDecimal(text, &position), take(UInt8(ascii: " "), text, &position),
            takeDecimal(text, &position) != nil, take(UInt8(ascii: " "), text, &position),
            let count = takeDecimal(text, &position), count > 0
        else { return nil }
        return Turns(nanoseconds: nanoseconds, count: count)
    }

    /// Where `/proc` tells of a thread.
    func folder(of tid: Int32, in pid: Int32) -> SystemPath {
        let process = root.appending(pid)
        return tid == pid ? process : process.appending("task").appending(tid)
    }
}
