/// The kernel's clocks, read one right after the other.
public struct ClockReading: Hashable, Sendable {
    /// CLOCK_REALTIME.
    public let realTime: WallTime
    /// CLOCK_MONOTONIC, in nanoseconds: stands still while the machine is suspended.
    public let monotonicNanoseconds: Int64
    /// CLOCK_MONOTONIC_COARSE: the same clock as the kernel's last tick left it.
    public let coarseNanoseconds: Int64
    /// CLOCK_BOOTTIME: runs on while the machine is suspended. Start times of processes count on this clock.
    public let bootNanoseconds: Int64

    public init(
        realTime: WallTime, monotonicNanoseconds: Int64, coarseNanoseconds: Int64, bootNanoseconds: Int64
    ) {
        self.realTime = realTime
        self.monotonicNanoseconds = monotonicNanoseconds
        self.coarseNanoseconds = coarseNanoseconds
        self.bootNanoseconds = bootNanoseconds
    }

    /// When a time of CLOCK_MONOTONIC was, on the real-time clock as it is set now; right only if the machine was
    /// not suspended since. Any number may be given: what does not fit becomes the nearest that does.
    public func wallTime(ofMonotonic nanoseconds: Int64) -> WallTime {
        wallTime(agoNanoseconds: subtractClamped(monotonicNanoseconds, nanoseconds))
    }

    /// When a process started that says `startTicks`, on the real-time clock as it is set now. To one tick.
    public func wallTime(ofStartTicks startTicks: UInt64, ticksPerSecond: Int) -> WallTime {
        precondition(ticksPerSecond > 0, "a second has ticks")
        let nanosecondsPerTick = 1_000_000_000 / Int64(ticksPerSecond)
        let (sinceBoot, overflow) = Int64(clamping: startTicks).multipliedReportingOverflow(by: nanosecondsPerTick)
        return wallTime(agoNanoseconds: subtractClamped(bootNanoseconds, overflow ? .max : sinceBoot))
    }

    private func wallTime(agoNanoseconds: Int64) -> WallTime {
        WallTime(nanoseconds: subtractClamped(realTime.nanoseconds, agoNanoseconds))
    }
}

private func subtractClamped(_ left: Int64, _ right: Int64) -> Int64 {
    let (difference, overflow) = left.subtractingReportingOverflow(right)
    guard overflow else { return difference }
    return right < 0 ? .max : .min
}

/// What does not change while this process runs.
public struct HostFacts: Hashable, Sendable {
    public let pageSizeBytes: Int
    /// The unit of ``TaskFacts/startTicks``.
    public let ticksPerSecond: Int
    /// How far ``ClockReading/coarseNanoseconds`` may lie behind, in nanoseconds.
    public let coarseResolutionNanoseconds: Int64
    /// The machine's number in an ELF header: 62 x86-64, 183 AArch64, 243 RISC-V; 0 for any other.
    public let elfMachine: UInt32
    /// `"2.36"`; nil where the C library is not glibc.
    public let glibcVersion: String?
    /// This process, in its own pid namespace.
    public let pid: Int32
    /// This process, in the pid namespace of `/proc`: different where a container was given another's `/proc`.
    public let pidInProc: Int32
    /// When this process started, in clock ticks since boot.
    public let startTicks: UInt64
    /// Inode numbers of the namespaces that this process lives in.
    public let pidNamespace: UInt64
    public let ipcNamespace: UInt64
    public let mountNamespace: UInt64

    /// Whether this process lives in the first namespace, which holds all others; the kernel fixes its number
    /// (include/linux/proc_ns.h, PROC_PID_INIT_INO and PROC_IPC_INIT_INO).
    public var seesAllProcesses: Bool { pidNamespace == 0xEFFF_FFFC }
    public var seesAllIPC: Bool { ipcNamespace == 0xEFFF_FFFF }

    public init(
        pageSizeBytes: Int, ticksPerSecond: Int, coarseResolutionNanoseconds: Int64, elfMachine: UInt32,
        glibcVersion: String?, pid: Int32, pidInProc: Int32, startTicks: UInt64, pidNamespace: UInt64,
        ipcNamespace: UInt64, mountNamespace: UInt64
    ) {
        self.pageSizeBytes = pageSizeBytes
        self.ticksPerSecond = ticksPerSecond
        self.coarseResolutionNanoseconds = coarseResolutionNanoseconds
        self.elfMachine = elfMachine
        self.glibcVersion = glibcVersion
        self.pid = pid
        self.pidInProc = pidInProc
        self.startTicks = startTicks
        self.pidNamespace = pidNamespace
        self.ipcNamespace = ipcNamespace
        self.mountNamespace = mountNamespace
    }
}

/// The names that belong to user and group numbers, as they were when the files were read.
public struct Accounts: Sendable, Equatable {
    public var userNames: [UInt32: ByteString]
    public var groupNames: [UInt32: ByteString]

    public init(userNames: [UInt32: ByteString] = [:], groupNames: [UInt32: ByteString] = [:]) {
        self.userNames = userNames
        self.groupNames = groupNames
    }
}
