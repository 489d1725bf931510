import Glibc
import Kernel
import Observations
import SystemPackage
import TestSupport
import Testing

@Suite struct ProcFSTests {
    let tree = MadeUpProc()
    var proc: ProcFS { ProcFS(root: tree.root) }

    @Test func `processes are the entries that are positive numbers, in order`() throws {
        for pid in [30, 4, 1] as [Int32] { tree.add(pid) }
        for other in ["self", "12x", "x12", "-5", "0", "99999999999", "net"] as [ByteString] {
            tree.folder.makeFolder(other)
        }
        #expect(try proc.processes().elements == [1, 4, 30])
    }

    @Test(arguments: [(2, 2, 1), (3, 3, 0), (4, 3, 0)])
    func `a listing of processes is cut at its limit and the rest counted`(limit: Int, kept: Int, omitted: Int) throws {
        for pid in [1, 2, 3] as [Int32] { tree.add(pid) }
        let list = try proc.processes(limit: limit)
        #expect(list.elements.count == kept)
        #expect(list.omittedCount == omitted)
    }

    @Test func `a folder that is not there is an error that names it`() {
        let error = #expect(throws: KernelError.self) { try ProcFS(root: "/nowhere").processes() }
        #expect(error?.errno == .noSuchFileOrDirectory)
        #expect(error?.description.contains("/nowhere") == true)
    }

    @Test func `a process that is not there is nil in every question`() throws {
        tree.add(1)
        #expect(try proc.process(2) == nil)
        #expect(try proc.thread(3, of: 1) == nil)
        #expect(try proc.threads(of: 2) == nil)
        #expect(try proc.status(of: 2) == nil)
        #expect(try proc.commandLine(of: 2) == nil)
        #expect(try proc.executable(of: 1) == nil)
        #expect(try proc.namespace(.pid, of: 2) == nil)
        #expect(try proc.mappings(of: 2, sharedOnly: false) == nil)
        #expect(proc.threadState(of: 2) == .dead)
    }

    @Test func `what a process answers is what its files say`() throws {
        tree.add(7, command: "a) R\n(b", state: "t", threadCount: 2, startTicks: 55, uid: 33, namespacePIDs: [7, 2])
        tree.folder.link("7/exe", to: ByteString(Array("/usr/bin/x".utf8) + [0xff]))
        let facts = try #require(try proc.process(7))
        #expect(facts.command == "a) R\n(b")
        #expect(facts.state == .traced)
        #expect(facts.startTicks == 55)
        #expect(try #require(try proc.status(of: 7)).uids == [33, 33, 33, 33])
        #expect(try #require(try proc.status(of: 7)).namespacePIDs == [7, 2])
        #expect(try #require(try proc.status(of: 7)).lockedBytes == 8_192)
        #expect(try proc.namespace(.pid, of: 7) == 4_026_531_836)
        #expect(try proc.executable(of: 7)?.bytes == Array("/usr/bin/x".utf8) + [0xff])
        #expect(proc.threadState(of: 7) == .traced)
    }

    @Test(arguments: [
        ("", 0), ("\0", 0), ("cat\0", 1), ("cat\0-\0", 2), ("cat\0\0x\0", 3), ("overwritten by its program", 1),
    ])
    func `a command line is split at its zero bytes`(text: String, count: Int) throws {
        tree.folder.write(text, to: "7/cmdline")
        let line = try #require(try proc.commandLine(of: 7))
        #expect(line.arguments.count == count)
        #expect(!line.isTruncated)
    }

    @Test(arguments: [(-1, true), (0, true), (8, true), (9, false), (10, false), (.max, false)])
    func `a command line is cut at its limit, and says so`(bytesMax: Int, isTruncated: Bool) throws {
        tree.folder.write("cat\0-\0xy\0", to: "7/cmdline")
        let line = try #require(try proc.commandLine(of: 7, bytesMax: bytesMax))
        #expect(line.isTruncated == isTruncated)
        #expect(line.arguments.first == (bytesMax < 1 ? nil : "cat"))
    }

    @Test func `threads are listed with their own names and states, without those that end meanwhile`() throws {
        tree.add(7, threadCount: 3)
        tree.addThread(9, to: 7, command: "w)rk", state: "D")
        tree.folder.makeFolder("7/task/8")
        let threads = try #require(try proc.threads(of: 7))
        #expect(threads.elements.map(\.id) == [7, 9])
        #expect(threads.elements.last?.command == "w)rk")
        #expect(threads.elements.last?.state == .waiting)
        #expect(try #require(try proc.threads(of: 7, limit: 2)).omittedCount == 1)
    }

    @Test func `a file that is not understood is an error, not a guess`() {
        tree.folder.write("7 cat", to: "7/stat")
        tree.folder.write("Name:\tx\n", to: "7/status")
        tree.folder.link("7/ns/pid", to: "pid:[x]")
        #expect(throws: KernelError.self) { try proc.process(7) }
        #expect(throws: KernelError.self) { try proc.status(of: 7) }
        let error = #expect(throws: KernelError.self) { try proc.namespace(.pid, of: 7) }
        #expect(error?.operation == "parse")
        #expect(proc.threadState(of: 7) == .unknown)
    }

    @Test func `a status whose list of groups is longer than any line is read on behind it`() throws {
        tree.add(7)
        let groups = (0..<10_000).map { " \($0)" }.joined()
        tree.folder.write("Name:\tx\nUid:\t1\t1\t1\t1\nGroups:\(groups)\nNSpid:\t7\n", to: "7/status")
        #expect(try #require(try proc.status(of: 7)).namespacePIDs == [7])
    }

    @Test(arguments: [-1, 0, 1])
    func `a stat that is larger than any is not read to its end`(excess: Int) throws {
        let stat = MadeUpProc.stat(7, "x", "S", threadCount: 1, startTicks: 1)
        let filler = [UInt8](repeating: UInt8(ascii: "0"), count: ProcFS.Limit.fileBytes + excess - stat.count)
        tree.folder.write(stat + filler, to: "7/stat")
        #expect(try proc.process(7)?.id == 7)
    }
}

@Suite struct LiveProcTests {
    let proc = ProcFS()

    @Test func `this process says what it is`() throws {
        let facts = try #require(try proc.process(getpid()))
        #expect(facts.id == getpid())
        #expect(facts.parentPID == getppid())
        #expect(try #require(try proc.status(of: getpid())).uids.first == getuid())
        #expect(try #require(try proc.status(of: getpid())).namespacePIDs.last == getpid())
        #expect(try #require(try proc.executable(of: getpid())).bytes.first == UInt8(ascii: "/"))
        #expect(try #require(try proc.threads(of: getpid())).elements.contains { $0.id == getpid() })
        #expect(try proc.processes().elements.contains(getpid()))
    }

    @Test func `a thread's name with a newline and a parenthesis comes back whole`() throws {
        let tid = currentThread()
        let before = try #require(try proc.thread(tid, of: getpid())).command
        defer { setName(before, ofThread: tid) }
        let name: ByteString = "a) R\n(b"
        setName(name, ofThread: tid)
        #expect(try #require(try proc.thread(tid, of: getpid())).command == name)
        #expect(try #require(try proc.process(tid)).command == name)
    }

    @Test func `the host's facts are those of this process`() throws {
        let host = try proc.host()
        #expect(host.pid == getpid())
        #expect(host.startTicks == (try #require(try proc.process(host.pidInProc))).startTicks)
        #expect(host.pageSizeBytes.nonzeroBitCount == 1)
        #expect(host.ticksPerSecond > 0)
        #expect(host.coarseResolutionNanoseconds > 0)
        #expect(host.pidNamespace == (try #require(try proc.namespace(.pid, of: host.pidInProc))))
        #expect(host.elfMachine != 0)
        #expect(host.glibcVersion?.hasPrefix("2.") == true)
    }

    @Test func `clocks run on, and a process started before now`() throws {
        let first = Clocks.reading()
        let second = Clocks.reading()
        #expect(second.monotonicNanoseconds >= first.monotonicNanoseconds)
        #expect(first.coarseNanoseconds <= second.monotonicNanoseconds)
        #expect(first.bootNanoseconds >= first.monotonicNanoseconds)
        let host = try proc.host()
        let started = second.wallTime(ofStartTicks: host.startTicks, ticksPerSecond: host.ticksPerSecond)
        #expect(started < second.realTime)
        #expect(started.nanoseconds > second.realTime.nanoseconds - second.bootNanoseconds)
    }
}

@Suite struct LivenessTests {
    let tree = MadeUpProc()

    func liveness(_ pid: Int32, _ start: UInt64, exists: Bool = false) -> Liveness {
        ProcFS(root: tree.root, taskExists: { _ in exists }).isAlive(pid, startTicks: start)
    }

    @Test(
        arguments: [
            ("S", 1, 1_000, Liveness.alive), ("T", 1, 1_000, .alive), ("S", 1, 999, .dead), ("S", 1, 1_001, .dead),
            ("Z", 1, 1_000, .dead), ("Z", 2, 1_000, .alive), ("X", 1, 1_000, .dead), ("?", 1, 1_000, .alive),
        ] as [(Character, Int, UInt64, Liveness)])
    func `a process lives that is there, started then and has not ended`(
        state: Character, threadCount: Int, start: UInt64, expected: Liveness
    ) {
        tree.add(7, state: state, threadCount: threadCount, startTicks: 1_000)
        #expect(liveness(7, start) == expected)
    }

    @Test func `a process that is not shown is dead, unless a signal would reach it`() {
        tree.add(1)
        #expect(liveness(7, 1_000) == .dead)
        #expect(liveness(7, 1_000, exists: true) == .unknown)
    }

    @Test(arguments: [0, -1, .min] as [Int32])
    func `no process has a number that is not positive`(pid: Int32) {
        #expect(liveness(pid, 0, exists: true) == .dead)
    }

    @Test func `a process that answers nonsense is unknown`() {
        tree.folder.write("garbage", to: "7/stat")
        #expect(liveness(7, 1_000) == .unknown)
    }

    @Test func `this process is alive, and at another start time dead`() throws {
        let proc = ProcFS()
        let host = try proc.host()
        #expect(proc.isAlive(host.pidInProc, startTicks: host.startTicks) == .alive)
        #expect(proc.isAlive(host.pidInProc, startTicks: host.startTicks - 1) == .dead)
        #expect(
            proc.isAlive(host.pid, startTicks: host.startTicks, pidNamespace: host.pidNamespace, host: host) == .alive)
    }

    @Test func `a child that was killed is dead, both before and after its parent waits for it`() throws {
        let proc = ProcFS()
        let child = ChildProcess()
        let start = try #require(try proc.process(child.pid)).startTicks
        #expect(proc.isAlive(child.pid, startTicks: start) == .alive)
        child.killUnreaped()
        #expect(proc.isAlive(child.pid, startTicks: start) == .dead)
        #expect(proc.threadState(of: child.pid) == .zombie)
        child.reap()
        #expect(proc.isAlive(child.pid, startTicks: start) == .dead)
        #expect(proc.threadState(of: child.pid) == .dead)
    }

    @Test func `a process of another pid namespace is found by its number there`() {
        tree.add(1)
        tree.add(40, startTicks: 5, namespacePIDs: [40, 1], pidNamespace: 99)
        tree.add(41, startTicks: 6, namespacePIDs: [41, 2], pidNamespace: 99)
        let proc = ProcFS(root: tree.root)
        #expect(proc.process(2, inNamespace: 99) == .found(41))
        #expect(proc.process(3, inNamespace: 99) == .absent)
        #expect(proc.process(1, inNamespace: 98) == .unknown)
    }

    @Test func `a number of another pid namespace stays unknown while a process hides where it lives`() {
        tree.add(1)
        tree.add(40, namespacePIDs: [40, 1], pidNamespace: 99)
        tree.folder.link("50/ns/pid", to: "garbage")
        #expect(ProcFS(root: tree.root).process(2, inNamespace: 99) == .unknown)
        #expect(ProcFS(root: tree.root).process(1, inNamespace: 99) == .found(40))
    }

    @Test func `a number of another pid namespace stays unknown where the first process is not shown`() {
        tree.add(40, namespacePIDs: [40, 1], pidNamespace: 99)
        #expect(ProcFS(root: tree.root).process(2, inNamespace: 99) == .unknown)
    }

    @Test(arguments: [(2, 6, Liveness.alive), (2, 7, .dead), (3, 6, .dead)] as [(Int32, UInt64, Liveness)])
    func `a process of another pid namespace lives by its start time`(pid: Int32, start: UInt64, expected: Liveness)
        throws
    {
        tree.add(1)
        tree.add(41, startTicks: 6, namespacePIDs: [41, 2], pidNamespace: 99)
        let proc = ProcFS(root: tree.root)
        #expect(proc.isAlive(pid, startTicks: start, pidNamespace: 99, host: try ProcFS().host()) == expected)
    }
}
