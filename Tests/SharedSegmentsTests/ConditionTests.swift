import CShmlens
import CrashScenarios
import Glibc
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

extension Segment {
    /// Waits until a participant sleeps on one of the conditions: it says that it waits, and its thread sleeps.
    func awaitSleep(of helper: HelperProcess, _ key: OwnerKey) {
        let base = layout.participantOffset(Int(key.slot))
        let conditions = [shmlens_waiting_for_condition, shmlens_waiting_for_classic_condition].map { UInt32($0) }
        while !conditions.contains(core.memory.loadHalf(base + shmlens_participant_offset_waiting_for))
            || !isAsleep(helper.pid)
        { sched_yield() }
    }

    private func isAsleep(_ pid: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 512)
        let file = unsafe Glibc.open("/proc/\(pid)/stat", O_RDONLY)
        guard file >= 0 else { return false }
        defer { close(file) }
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
        guard count > 0, let end = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return false }
        return buffer[end + 2] == UInt8(ascii: "S")
    }
}

@Suite(.timeLimit(.minutes(10))) struct ConditionTests {
    @Test func `after twenty waiters were killed the next wake-up reaches the living one`() throws {
        try withSegment(participants: 32) { segment in
            for _ in 0..<20 {
                let (waiter, key) = try HelperProcess.joined("wait", segment)
                segment.awaitSleep(of: waiter, key)
                waiter.killAndReap()
            }
            let (living, key) = try HelperProcess.joined("wait", segment)
            segment.awaitSleep(of: living, key)
            try segment.withLock { (locked) throws(SegmentError) in try locked.setFlag(1) }
            #expect(living.answer() == "woken")
        }
    }

    @Test func `waking without a reason wakes nobody for good`() throws {
        try withSegment { segment in
            let (waiter, key) = try HelperProcess.joined("wait", segment)
            for _ in 0..<20 {
                segment.awaitSleep(of: waiter, key)
                let before = segment.word(shmlens_header_offset_lock_acquisitions)
                try segment.withLock { (locked) throws(SegmentError) in locked.wakeEveryone() }
                // It takes the lock to ask its predicate again, and sleeps again.
                while segment.word(shmlens_header_offset_lock_acquisitions) < before + 2 { sched_yield() }
            }
            try segment.withLock { (locked) throws(SegmentError) in try locked.setFlag(1) }
            #expect(waiter.answer() == "woken")
        }
    }

    /// Which store of setting the flag moves the condition's word: the first behind the commit that nobody sees who
    /// sleeps.
    func wakingStep() throws -> Int {
        try withSegment { segment in
            var step = 0
            var last = 0
            segment.armSteps {
                step += 1
                if segment.core.conditionSequence() == 0 { last = step }
            }
            try segment.withLock { (locked) throws(SegmentError) in try locked.setFlag(1) }
            segment.armSteps(nil)
            #expect(segment.core.conditionSequence() == 1 && last < step)
            return last
        }
    }

    @Test func `a change whose maker died before it woke anyone is seen once the lock is recovered`() throws {
        let step = try wakingStep()
        try withSegment { segment in
            let (waiter, key) = try HelperProcess.joined("wait", segment)
            segment.awaitSleep(of: waiter, key)
            let victim = HelperProcess(HelperProcess.path(of: "CrashHelper"))
            #expect(victim.ask("operate \(segment.name) \(step) flag") == "killed")
            #expect(segment.word(shmlens_header_offset_flag) == UInt64(UInt32.max))
            #expect(segment.newestEvent().kind == .flag, "it is committed")
            #expect(segment.core.conditionSequence() == 0, "and nobody was woken")
            try segment.withLock { _ in }
            #expect(waiter.answer() == "woken")
        }
    }

    @Test func `a predicate that holds when the time is up holds, though nobody woke`() throws {
        try withSegment { segment in
            let isLate = Flag()
            let thread = InThread {
                while segment.core.memory.load(shmlens_header_offset_lock_acquisitions) == 0 { sched_yield() }
                segment.core.memory.store(shmlens_header_offset_flag, 1)
                isLate.set()
            }
            let flag = try segment.withLock(timeout: .milliseconds(50), when: { isLate.isSet && $0.flag == 1 }) {
                (locked) throws(SegmentError) in locked.flag
            }
            thread.join()
            // Where the machine was so slow that the flag came later, the answer is none.
            #expect(flag == 1 || flag == nil)
            let again = try segment.withLock(timeout: .zero, when: { $0.flag == 1 }) { _ in true }
            #expect(again == true)
        }
    }

    @Test func `a predicate that does not hold in time gives none`() throws {
        try withSegment { segment in
            var asked = 0
            let result = try segment.withLock(
                timeout: .milliseconds(1),
                when: { _ in
                    asked += 1
                    return false
                }
            ) { _ in true }
            #expect(result == nil)
            #expect(asked >= 2, "once more when the time is up")
        }
    }

    @Test func `a lock that cannot be had is told, with its owner`() throws {
        try withSegment { segment in
            let (holder, key) = try HelperProcess.joined("hold", segment)
            let owner = LockOwner(
                pid: UInt32(holder.pid), tid: UInt32(holder.pid), slot: key.slot, generation: key.generation)
            #expect(throws: SegmentError.lockTimeout(owner)) {
                try segment.withLock(timeout: .milliseconds(1), when: { _ in true }) { _ in }
            }
            #expect(holder.ask("") == "released")
        }
    }

    @Test func `what the body throws is its own`() throws {
        try withSegment { segment in
            #expect(throws: SegmentError.lockTimeout(nil)) {
                try segment.withLock(timeout: .seconds(1), when: { _ in true }) { (_) throws(SegmentError) in
                    throw .lockTimeout(nil)
                }
            }
        }
    }
}
