import Kernel
import Observations
import TestSupport
import Testing

@Suite struct SeveralWaitsTests {
    private func bytes(_ words: [UInt64]) -> [UInt8] {
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    @Test func `a vector of words is read entry by entry, and what is cut off is none`() {
        let vector = bytes([7, 0x7000, 2, 8, 0x7100, 2 | 128]) + [1, 2, 3]
        let found = FutexVector.entries(vector, isTimed: true)
        #expect(found.map(\.address) == [0x7000, 0x7100] && found.map(\.value) == [7, 8])
        #expect(found.map(\.isPrivate) == [false, true] && found.allSatisfy(\.isTimed))
        #expect(FutexVector.entries([], isTimed: false).isEmpty)
    }

    @Test func `operations on semaphores are read with their signs`() {
        let found = SemaphoreOperation.all([2, 0, 0xFF, 0xFF, 0, 0, 3, 1, 5, 0, 0, 0, 9])
        #expect(found == [SemaphoreOperation(index: 2, change: -1), SemaphoreOperation(index: 259, change: 5)])
    }

    @Test(arguments: [
        ("GNU C Library (Debian GLIBC 2.36-9+deb12u9) stable release version 2.36.\n", CLibrary.glibc(major: 2, minor: 36)),
        ("xxGNU GNU C Library (GNU libc) development release version 2.41.9000.", .glibc(major: 2, minor: 41)),
        ("GNU C Library release version x", .unknown), ("musl libc", .unknown), ("", .unknown), ("GNU C Library", .unknown),
    ])
    func `a C library tells its version`(text: String, expected: CLibrary) {
        #expect(CLibrary(banner: Array(text.utf8)) == expected)
    }

    @Test func `the one that this test runs with is found`() throws {
        let proc = ProcFS()
        guard let version = try proc.host().glibcVersion else { return }
        let parts = version.split(separator: ".").compactMap { Int($0) }
        let own = try proc.host().pidInProc
        let file = try #require(proc.cLibraryFile(of: own))
        #expect(!file.isMusl && proc.version(of: file, in: own) == .glibc(major: parts[0], minor: parts[1]))
    }
}

/// What a thread sleeps in that waits for no shared word.
@Suite struct SleepPlaceTests {
    private let proc = ProcFS()

    /// Once it has come there.
    private func place(of child: ChildProcess, whenIn call: String) throws -> SleepPlace? {
        for _ in 0..<10_000 {
            let state = try #require(try proc.process(child.pid)).state
            if let place = proc.sleepPlace(of: child.pid, in: child.pid, state), place.call == call { return place }
        }
        return nil
    }

    @Test func `a call that is about a file tells which`() throws {
        let place = try #require(try place(of: ChildProcess(), whenIn: "read"))
        #expect(place.descriptor == 0 && place.target?.text.hasPrefix("pipe:[") == true)
        #expect(place.words == "read of \(place.target?.text ?? "")")
    }

    @Test func `a call that is about none tells its name`() throws {
        let place = try #require(try place(of: ChildProcess(script: "exec sleep 1000"), whenIn: "clock_nanosleep"))
        #expect(place == SleepPlace(call: "clock_nanosleep") && place.words == "clock_nanosleep")
    }

    @Test func `nothing is told of who is awake, or gone`() throws {
        let child = ChildProcess()
        #expect(proc.sleepPlace(of: child.pid, in: child.pid, .running) == nil)
        child.killUnreaped()
        child.reap()
        #expect(proc.sleepPlace(of: child.pid, in: child.pid, .sleeping) == nil)
    }

    @Test func `what could not be seen of it has words too`() {
        #expect(SleepPlace(call: "read", descriptor: 7).words == "read of descriptor 7")
    }
}

/// When a thread was last on a processor, as the scheduler writes it.
@Suite struct SchedulerTextTests {
    @Test(arguments: [
        ("cat (1, #threads: 1)\n---\nse.exec_start                                :      77265130.727400\nse.vruntime : 1.0\n", 77_265_130_727_400),
        ("se.exec_start : 0.000001", 1), ("se.exec_start : 5.12", nil), ("se.exec_start : 99999999999999999.000000", nil), ("", nil),
        ("se.exec_start", nil), ("se.exec_start : x", nil),
    ] as [(String, Int64?)])
    func `the last run is read in nanoseconds`(text: String, expected: Int64?) {
        #expect(SchedulerText.lastRun(Array(text.utf8)) == expected)
    }

    @Test func `the processor is field 39, whatever the program is called`() {
        let fields = (4...52).map { "\($0)" }.joined(separator: " ")
        #expect(SchedulerText.processor(stat: Array("7 (a) b (c) S \(fields)\n".utf8)) == 39)
        #expect(SchedulerText.processor(stat: Array("7 (a) S 1 2 3".utf8)) == nil)
        #expect(SchedulerText.processor(stat: []) == nil)
    }

    /// A lower bound within what a busy machine takes to put a thread to sleep.
    @Test func `a thread that sleeps is known to have slept`() throws {
        let proc = ProcFS()
        let begin = Clocks.monotonicNanoseconds()
        let child = ChildProcess()
        func thread() throws -> BlockedThread? {
            guard let facts = try proc.process(child.pid), facts.state == .sleeping else { return nil }
            let sleep = Sleep(tid: child.pid, startTicks: facts.startTicks, turns: Turns(nanoseconds: 0, count: 1))
            return BlockedThread(pid: child.pid, command: facts.command, state: facts.state, call: .other(number: 0, argument: 0), sleep: sleep)
        }
        var slept: Int64 = 0
        // It has to get there first.
        for _ in 0..<10_000 {
            guard let found = try thread(), let time = proc.sleepNanoseconds(of: [found])[found.sleep] else { continue }
            slept = time
            if slept > 50_000_000 { break }
        }
        #expect(slept > 50_000_000 && slept <= Clocks.monotonicNanoseconds() - begin)
    }
}
