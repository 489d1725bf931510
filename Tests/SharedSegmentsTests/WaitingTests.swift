import CShmlens
import Glibc
import Observations
import SegmentFormat
import Synchronization
import TestSupport
import Testing

@testable import SharedSegments

/// The thread ids of numbered threads.
private final class Tids: Sendable {
    private let all = Mutex<[Int: UInt32]>([:])

    func note(_ number: Int) { all.withLock { $0[number] = UInt32(bitPattern: shmlens_gettid()) } }

    subscript(number: Int) -> UInt32? { all.withLock { $0[number] } }
}

/// Waiting for the lock and for conditions: giving up, and the classic condition.
@Suite(.timeLimit(.minutes(10))) struct WaitingTests {
    // MARK: Giving up

    @Test func `a lock that is free is taken without asking whether to give up`() throws {
        try withSegment { segment in
            let value = try segment.withLock(giveUp: { true }) { (locked) throws(SegmentError) in try locked.count() }
            #expect(value == 1)
        }
    }

    @Test func `a wait for the lock that is given up is one wait, and shows as long as it lasts`() throws {
        try withSegment { segment in
            let me = try segment.join(name: "waiter")
            let since = Mutex<[UInt64]>([])
            let failures = Failures()
            try segment.withLock { (_) throws(SegmentError) in
                InThread {
                    do throws(SegmentError) {
                        try segment.withLock(
                            as: me,
                            giveUp: {
                                let place = segment.layout.participantOffset(Int(me.key.slot))
                                let noted = segment.core.memory.load(
                                    place + shmlens_participant_offset_waiting_since_ns)
                                return since.withLock { since in
                                    since.append(noted)
                                    return since.count == 3
                                }
                            }
                        ) { (_) throws(SegmentError) in failures.add("got the lock") }
                        failures.add("did not throw")
                    } catch {
                        if error != .gaveUp { failures.add("\(error)") }
                    }
                }.join()
            }
            #expect(failures.all == [])
            let noted = since.withLock { $0 }
            #expect(noted.count == 3)
            #expect(Set(noted).count == 1)
            #expect(noted[0] > 0)
            let place = segment.layout.participantOffset(Int(me.key.slot))
            #expect(segment.core.memory.load(place + shmlens_participant_offset_waiting_since_ns) == 0)
        }
    }

    @Test func `of several threads of one participant the slot shows one that still waits`() throws {
        try withSegment { segment in
            let me = try segment.join(name: "many")
            let base = segment.layout.participantOffset(Int(me.key.slot))
            let failures = Failures()
            func shown() -> UInt32 { segment.core.memory.loadHalf(base + shmlens_participant_offset_waiting_tid) }
            let tids = Tids()
            func waiter(_ number: Int, until isOver: Flag) -> InThread {
                InThread {
                    tids.note(number)
                    do throws(SegmentError) {
                        try segment.withLock(as: me, giveUp: { isOver.isSet }) { (_) throws(SegmentError) in }
                        failures.add("got the lock")
                    } catch {
                        if error != .gaveUp { failures.add("\(error)") }
                    }
                }
            }
            try segment.withLock { (_) throws(SegmentError) in
                let overs = [Flag(), Flag(), Flag()]
                var threads: [InThread] = []
                for (number, over) in overs.enumerated() {
                    threads.append(waiter(number, until: over))
                    // One after the other, so that it is known who waits longest.
                    while segment.core.waits.count(of: me.key) <= number { sched_yield() }
                }
                for number in [1, 0, 2] {
                    #expect(shown() == tids[number == 2 ? 2 : 0])
                    overs[number].set()
                    threads[number].join()
                }
                #expect(shown() == 0)
            }
            #expect(failures.all == [])
        }
    }

    @Test func `a deadline before the next question holds`() throws {
        try withSegment { segment in
            let failures = Failures()
            try segment.withLock { (_) throws(SegmentError) in
                InThread {
                    do throws(SegmentError) {
                        try segment.withLock(timeout: .milliseconds(1), giveUp: { false }) {
                            (_) throws(SegmentError) in
                        }
                        failures.add("did not throw")
                    } catch {
                        guard case .lockTimeout(let owner?) = error, owner.pid == UInt32(getpid()) else {
                            return failures.add("\(error)")
                        }
                    }
                }.join()
            }
            #expect(failures.all == [])
        }
    }

    @Test func `a wait for the condition can be given up`() throws {
        try withSegment { segment in
            #expect(throws: SegmentError.gaveUp) {
                try segment.withLock(timeout: .seconds(3600), giveUp: { true }, when: { $0.flag == 1 }) {
                    (_) throws(SegmentError) in
                }
            }
            try segment.withLock { (_) throws(SegmentError) in }
        }
    }

    // MARK: The classic condition

    @Test func `a waiter on the classic condition is woken and has the lock`() throws {
        try withSegment { segment in
            let me = try segment.join(name: "classic")
            let failures = Failures()
            let waiter = InThread {
                do throws(SegmentError) {
                    let value = try segment.withClassicLock(
                        as: me, timeout: .seconds(50), when: { $0.flag == 1 }
                    ) { (locked) throws(SegmentError) in
                        try locked.setFlag(2)
                        return locked.flag
                    }
                    if value != 2 { failures.add("\(String(describing: value))") }
                } catch {
                    failures.add("\(error)")
                }
            }
            try segment.withLock { (locked) throws(SegmentError) in try locked.setFlag(1) }
            segment.wakeClassicCondition()
            waiter.join()
            #expect(failures.all == [])
            try segment.withLock { (locked) throws(SegmentError) in #expect(locked.flag == 2) }
        }
    }

    @Test func `a deadline that passes gives the lock back, and the owner's words say so`() throws {
        try withSegment { segment in
            let me = try segment.join(name: "classic")
            let memory = segment.core.memory
            let before = memory.load(shmlens_header_offset_lock_acquisitions)
            let value = try segment.withClassicLock(
                as: me, timeout: .milliseconds(5), when: { (_) in
                    // While the predicate is tested the lock is held, before the sleep and after it.
                    #expect(segment.lock.owner()?.slot == me.key.slot)
                    #expect(memory.load(shmlens_header_offset_lock_taken_at_ns) != 0)
                    return false
                }
            ) { (_) throws(SegmentError) in true }
            #expect(value == nil)
            #expect(segment.lock.owner() == nil)
            #expect(memory.load(shmlens_header_offset_lock_owner_tid) == 0)
            // One before the sleep and one after it at least.
            #expect(memory.load(shmlens_header_offset_lock_acquisitions) >= before + 2)
            try segment.withLock(timeout: .zero) { (_) throws(SegmentError) in }
        }
    }

    @Test func `a wait on the classic condition can be given up, and the lock is free`() throws {
        try withSegment { segment in
            let me = try segment.join(name: "classic")
            #expect(throws: SegmentError.gaveUp) {
                try segment.withClassicLock(as: me, timeout: .seconds(3600), giveUp: { true }, when: { _ in false }) {
                    (_) throws(SegmentError) in
                }
            }
            try segment.withLock(timeout: .zero) { (_) throws(SegmentError) in }
        }
    }

    @Test func `who comes back from the classic condition recovers from an owner that died meanwhile`() async throws {
        let segment = try Segment.create(
            name: Unique.name(), options: SegmentOptions(capacityBytes: 65536, maxParticipants: 8, eventCount: 64))
        defer { try? Segment.remove(name: segment.name, force: true) }
        let me = try segment.join(name: "classic")
        let failures = Failures()
        let waiter = InThread {
            do throws(SegmentError) {
                let value = try segment.withClassicLock(
                    as: me, timeout: .seconds(50), when: { $0.counter > 0 }
                ) { (locked) throws(SegmentError) in locked.counter }
                if value != 1 { failures.add("\(String(describing: value))") }
            } catch {
                failures.add("\(error)")
            }
        }
        await #expect(processExitsWith: .signal(SIGKILL)) { [name = segment.name as String] in
            let segment = try Segment.open(name: name)
            try segment.withLock { (locked) throws(SegmentError) in
                _ = try locked.count()
                try locked.armFault(atStep: 5)
                _ = try locked.count()
            }
        }
        waiter.join()
        #expect(failures.all == [])
        #expect(segment.core.memory.load(shmlens_header_offset_lock_owner_deaths) == 1)
        #expect(try segment.verification().findings == [])
    }

    @Test func `the classic condition is made new only while nobody waits`() throws {
        try withSegment { segment in
            let me = try segment.join(name: "classic")
            let failures = Failures()
            let isReady = Flag()
            let waiter = InThread {
                do throws(SegmentError) {
                    _ = try segment.withClassicLock(
                        as: me, timeout: .seconds(50),
                        when: { locked in
                            isReady.set()
                            return locked.flag == 1
                        }) { (_) throws(SegmentError) in }
                } catch {
                    failures.add("\(error)")
                }
            }
            while !isReady.isSet { sched_yield() }
            // The waiter had the lock when it got ready: once we have it, it sleeps.
            #expect(throws: SegmentError.participantsAlive(count: 1)) {
                try segment.withLock { (locked) throws(SegmentError) in try locked.resetClassicCondition() }
            }
            try segment.withLock { (locked) throws(SegmentError) in try locked.setFlag(1) }
            segment.wakeClassicCondition()
            waiter.join()
            #expect(failures.all == [])
            try segment.withLock { (locked) throws(SegmentError) in try locked.resetClassicCondition() }
            segment.wakeClassicCondition()
        }
    }
}
