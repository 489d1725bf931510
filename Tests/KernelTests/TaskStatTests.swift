import Kernel
import Observations
import TestSupport
import Testing

@Suite struct TaskStatTests {
    @Test func `stat gives the name, state, parent, threads and start`() throws {
        let text =
            "42 (cat) R 7 42 3640 0 -1 4194304 78 0 0 0 0 0 0 0 20 -5 3 0 121147 2400256 245 18446744073709551615\n"
        var facts = try #require(TaskFacts(stat: Array(text.utf8)))
        #expect(facts.virtualBytes == 2_400_256)
        facts.virtualBytes = 0
        #expect(
            facts
                == TaskFacts(
                    id: 42, command: "cat", state: .running, parentPID: 7, threadCount: 3, startTicks: 121_147))
    }

    @Test(arguments: ["", ")", "(", "a) R 1 1 (b", ") S 1 1 1 0 -1 0", "a\nb", "\n", "((((", "))))"])
    func `a name with parentheses and newlines is one name`(command: String) throws {
        let name = ByteString(Array(command.utf8))
        let facts = try #require(TaskFacts(stat: MadeUpProc.stat(9, name, "T", threadCount: 1, startTicks: 77)))
        #expect(facts.command == name)
        #expect(facts.state == .stopped)
        #expect(facts.startTicks == 77)
    }

    @Test func `a name need not be UTF-8`() throws {
        let name = ByteString([0xff, 0xfe, UInt8(ascii: ")")])
        let facts = try #require(TaskFacts(stat: MadeUpProc.stat(9, name, "S", threadCount: 1, startTicks: 1)))
        #expect(facts.command == name)
    }

    @Test(arguments: [
        "", "x", "42", "42 ", "42 (", "42 (cat", "42 (cat)", "42 (cat) ", "42 (cat) R", "42 (cat) R 7 8 9",
        "42 cat R 7",
        "99999999999 (cat) R 7 42 3640 0 -1 4194304 78 0 0 0 0 0 0 0 20 0 3 0 121147 1",
        "42 (cat) R 7 42 3640 0 -1 4194304 78 0 0 0 0 0 0 0 20 0 -3 0 121147 1",
        "42 (cat) R 7 42 3640 0 -1 4194304 78 0 0 0 0 0 0 0 20 0 3 0 18446744073709551616 1",
        "42 (cat) R 7 42 3640 0 -1 x 78 0 0 0 0 0 0 0 20 0 3 0 121147 1",
    ])
    func `what is not stat is refused`(text: String) {
        #expect(TaskFacts(stat: Array(text.utf8)) == nil)
    }

    @Test(
        arguments: [
            ("R", ThreadState.running), ("S", .sleeping), ("I", .sleeping), ("P", .sleeping), ("D", .waiting),
            ("T", .stopped), ("t", .traced), ("Z", .zombie), ("X", .dead), ("x", .dead), ("?", .unknown),
            ("r", .unknown),
        ] as [(Character, ThreadState)])
    func `each letter has its state`(letter: Character, state: ThreadState) throws {
        #expect(ThreadState(letter: try #require(letter.asciiValue)) == state)
    }

    @Test(arguments: [
        (ThreadState.zombie, 0, true), (.zombie, 1, true), (.zombie, 2, false), (.dead, 1, true), (.sleeping, 1, false),
        (.stopped, 1, false), (.unknown, 1, false),
    ])
    func `a process has ended when its last thread has`(state: ThreadState, threadCount: Int, hasEnded: Bool) {
        let facts = TaskFacts(
            id: 1, command: "x", state: state, parentPID: 0, threadCount: threadCount, startTicks: 1)
        #expect(facts.hasEnded == hasEnded)
    }
}

@Suite struct ProcessStatusTests {
    func status(_ text: String) -> ProcessStatus {
        var status = ProcessStatus()
        for line in text.split(separator: "\n") { status.take(line: Array(line.utf8).span) }
        return status
    }

    @Test func `status gives users, groups, ids in namespaces and locked memory`() {
        let status = status(
            "Name:\ta) R\\n\\\\b\nState:\tR (running)\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t900\t12\t1\nVmLck:\t      64 kB"
        )
        #expect(status.command == "a) R\n\\b")
        #expect(status.uids == [1, 2, 3, 4])
        #expect(status.gids == [5, 6, 7, 8])
        #expect(status.namespacePIDs == [900, 12, 1])
        #expect(status.lockedBytes == 65_536)
    }

    @Test(arguments: [
        "", ":", "Uid", "Uid:", "Uid:\tx", "Uid:\t-1", "Uid:\t4294967296", "NSpid:", "VmLck:", "VmLck:\tkB", "Nam:\tx",
    ])
    func `a line that is not as it should be changes nothing`(line: String) {
        #expect(status(line) == ProcessStatus())
    }

    @Test func `no line gives more than its field can have`() {
        let many = (1...100).map { "\t\($0)" }.joined()
        #expect(status("Uid:" + many).uids.count == 4)
        #expect(status("NSpid:" + many).namespacePIDs.count == ProcFS.Limit.namespaceLevels + 1)
        #expect(status("VmLck:\t18446744073709551615 kB").lockedBytes == .max)
    }

    @Test func `a name that ends in a backslash keeps it`() {
        #expect(status("Name:\ta\\").command == "a\\")
        #expect(status("Name:\t\\t").command == "\\t")
    }
}
