import Diagnostics
import ForeignFormats
import Observations

/// Answers about processes and about bytes, with every key that there is.
extension ModelSamples {
    private static let range = MappedRange(start: 0x7f00_0000_0000, end: 0x7f00_0000_2000, offset: 4096, access: [.read, .write, .shared])

    private static var use: MappingUse {
        var use = MappingUse()
        use.residentBytes = 8192
        use.proportionalBytes = 4096
        return use
    }

    private static let name = ProcessName(pid: 7, command: "worker", uid: 0, user: "root", controlGroup: "/a.service")
    private static let place = SegmentIdentifier(.memfd(inode: 9))

    static var mappings: MappingsReport {
        let whole = MappingReport(
            process: name, range: range, use: use, touched: [TouchedRun(offset: 4096, length: 4096)])
        let bare = MappingReport(
            process: ProcessName(pid: 8, command: "", uid: 1, user: nil, controlGroup: nil), range: range, use: nil)
        return MappingsReport(mappings: [whole, bare], hidden: [], next: Cursor(.mappings, [.number(8), .number(1)]))
    }

    static var process: ProcessReport {
        ProcessReport(
            process: name, startedAt: WallTime(nanoseconds: 1_000_000_000),
            mappings: [ProcessMapping(segment: place, name: ByteString([0xff]), range: range, use: use)],
            open: [ProcessDescriptors(segment: place, name: ByteString([0xff]), number: 3, count: 2)], hidden: [])
    }

    static var processes: ProcessesReport {
        ProcessesReport(
            processes: [ProcessSummary(process: name, mappedCount: 1, segmentCount: 2, mappedBytes: 3)], hidden: [],
            next: Cursor(.processes, [.number(7)]))
    }

    static var search: SearchReport {
        SearchReport(
            matches: [SearchMatch(segment: place, offset: 5, bytes: [1, 0xab], following: [2])], searchedBytes: 4096,
            atimeMoved: true, wasAttached: true, hidden: [],
            next: SearchPlace(place, offset: 6))
    }

    private static func owner(_ id: Int, _ command: String, heldForMilliseconds: Int?) -> LockOwnerReport {
        LockOwnerReport(
            pid: id, tid: id, command: command, alive: .alive, threadState: .sleeping, heldForMilliseconds: heldForMilliseconds,
            sleepsIn: heldForMilliseconds.map { _ in SleepPlace(call: "read", descriptor: 5, target: ByteString("pipe:[9]")) })
    }

    private static func mutex(_ offset: Int, _ owner: LockOwnerReport, _ waiter: WaiterReport) -> LocatedLock {
        var report = LockReport(place: .offset(offset), type: .mutex, state: .held, evidence: [.waiter], verdict: .ok)
        report.owner = owner
        report.waiters = [waiter]
        return LocatedLock(segment: .posix("ring"), name: "ring", report: report)
    }

    /// Two that wait for one another, and one that waits for something else, with every key that there is.
    static var hostLocks: HostLocks {
        let first = WaiterReport(pid: 1, tid: 1, command: "a", threadState: .sleeping, waitingForMilliseconds: 30, timed: false)
        let second = WaiterReport(pid: 2, tid: 2, command: "b", threadState: .sleeping, waitingForMilliseconds: 20, timed: true)
        var other = LockReport(
            place: .index(2), type: .sysvSemaphore, state: .empty, evidence: [.waiter, .robustList], verdict: .ambiguous)
        other.message = "why"
        other.label = "label"
        other.recoverable = false
        other.ownerCandidates = [
            LockOwnerReport(
                pid: 8, tid: 8, command: nil, alive: .alive, threadState: .waiting, heldForMilliseconds: nil,
                sleepsIn: SleepPlace(call: "futex"))
        ]
        other.mutexType = .normal
        other.robust = true
        other.processShared = true
        other.protocol = .inherit
        other.value = 0
        other.caveats = ["perhaps"]
        other.waiters = [WaiterReport(pid: 3, tid: 4, command: nil, threadState: .sleeping, waitingForMilliseconds: nil)]
        return HostLocks(
            locks: [
                mutex(64, owner(2, "b", heldForMilliseconds: 40), first), mutex(128, owner(1, "a", heldForMilliseconds: nil), second),
                LocatedLock(segment: SegmentIdentifier(.sysvSemaphore(5)), name: "5", report: other),
            ], threadCount: 9, movingCount: 1)
    }

    /// A lock with what only a managed segment knows, and with what only a look at threads tells.
    static var everyKeyOfALock: LockReport {
        var lock = hostLocks.locks[2].report
        lock.owner = owner(1, "a", heldForMilliseconds: 5)
        lock.waiters = hostLocks.locks[0].report.waiters
        lock.message = "why"
        lock.advice = "what helps"
        lock.lastHolders = [
            LastHolder(
                owner: OwnerReport(slot: 1, generation: 2, pid: 3, name: "x", alive: .alive), sequence: 9,
                at: WallTime(nanoseconds: 1_000_000_000))
        ]
        return lock
    }
}
