import CShmlens
import CrashScenarios
import Glibc
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

extension Segment {
    /// The newest event.
    func newestEvent() -> EventRecord {
        let head = core.memory.load(shmlens_header_offset_event_head)
        let place = layout.eventOffset(head)
        return EventRecord(
            image: Image(bytes: core.memory.copyOut(place..<place + shmlens_event_bytes), offset: place), at: place)
    }

    func word(_ offset: Int) -> UInt64 { core.memory.load(offset) }

    var deaths: UInt64 { word(shmlens_header_offset_lock_owner_deaths) }
}

extension HelperProcess {
    /// Another process that takes part, under the key that it says.
    static func joined(_ command: String, _ segment: Segment) throws -> (process: HelperProcess, key: OwnerKey) {
        let helper = HelperProcess(path(of: "CrashHelper"), [command, segment.name])
        let words = try #require(helper.answer()).split(separator: " ")
        let slot = try #require(words.count == 3 ? UInt32(words[1]) : nil, "\(words)")
        let generation = try #require(UInt32(words[2]))
        return (helper, OwnerKey(slot: slot, generation: generation))
    }
}

@Suite(.timeLimit(.minutes(10))) struct LockTests {
    @Test func `an owner that is killed is recovered from and counted once`() throws {
        try withSegment { segment in
            let (holder, key) = try HelperProcess.joined("hold", segment)
            holder.killAndReap()
            let counted = try segment.withLock { (locked) throws(SegmentError) in try locked.count() }
            #expect(counted == 1)
            #expect(segment.deaths == 1)
            try segment.withLock { _ in }
            #expect(segment.deaths == 1)
            #expect(try segment.verification().findings == [])
            let reader = SegmentReader(source: segment.image(), layout: segment.layout)
            let recoveries = try reader.events(after: 0, limit: 64).events.filter { $0.kind == .recover }
            #expect(recoveries.map(\.actor) == [key])
        }
    }

    @Test func `an owner that died before it said who it is is not taken for the one before`() throws {
        try withSegment { segment in
            let me = try segment.join(name: "before")
            try segment.withLock(as: me) { _ in }
            let victim = HelperProcess(HelperProcess.path(of: "CrashHelper"))
            // The owner's words are the first stores under the lock; its thread is the fourth.
            for step in 1...4 {
                #expect(victim.ask("operate \(segment.name) \(step) count") == "killed")
                try segment.withLock(as: me) { _ in }
                #expect(segment.newestEvent().kind == .recover)
                #expect(segment.newestEvent().actor == .external, "killed before store \(step)")
            }
        }
    }

    @Test(arguments: [0, 1, 10_000_000, -1])
    func `a lock not had in time names its owner`(nanoseconds: Int) throws {
        try withSegment { segment in
            let (holder, key) = try HelperProcess.joined("hold", segment)
            let owner = LockOwner(
                pid: UInt32(holder.pid), tid: UInt32(holder.pid), slot: key.slot, generation: key.generation)
            #expect(throws: SegmentError.lockTimeout(owner)) {
                try segment.withLock(timeout: .nanoseconds(nanoseconds)) { _ in }
            }
            #expect(holder.ask("") == "released")
            try segment.withLock(timeout: .seconds(10)) { _ in }
        }
    }

    @Test func `a thread that asks twice is refused and still holds the lock`() throws {
        try withSegment { segment in
            try segment.withLock { (locked) throws(SegmentError) in
                #expect(throws: SegmentError.lockHeldByThisThread) { try segment.withLock { _ in } }
                #expect(throws: SegmentError.lockHeldByThisThread) { try segment.withLock(timeout: .zero) { _ in } }
                _ = try locked.count()
            }
            try segment.withLock { _ in }
        }
    }

    @Test func `a lock that was given back unrepaired is not recoverable`() throws {
        try withSegment { segment in
            let mutex = unsafe segment.lock.mutex
            let address = UInt(bitPattern: mutex)
            InThread {
                if let mutex = unsafe UnsafeMutablePointer<pthread_mutex_t>(bitPattern: address) {
                    unsafe pthread_mutex_lock(mutex)
                }
            }.join()
            #expect(unsafe pthread_mutex_lock(mutex) == EOWNERDEAD)
            #expect(unsafe pthread_mutex_unlock(mutex) == 0)
            for timeout in [nil, Duration.seconds(1), nil] {
                #expect(throws: SegmentError.lockNotRecoverable) { try segment.withLock(timeout: timeout) { _ in } }
            }
            // From another thread, too: nobody is left with it.
            InThread {
                #expect(throws: SegmentError.lockNotRecoverable) { try segment.withLock { _ in } }
            }.join()
        }
    }

    @Test func `whoever waits can give up`() throws {
        try withSegment { segment in
            let (holder, _) = try HelperProcess.joined("hold", segment)
            var asked = 0
            #expect(throws: SegmentError.gaveUp) {
                try segment.withLock(giveUp: {
                    asked += 1
                    return asked == 2
                }) { _ in }
            }
            #expect(holder.ask("") == "released")
        }
    }

    @Test func `each acquisition is counted, contended ones are timed`() throws {
        try withSegment { segment in
            let before = LockRecord(image: Image(bytes: segment.image().bytes))
            for _ in 0..<200 { try segment.withLock { _ in } }
            let after = LockRecord(image: Image(bytes: segment.image().bytes))
            #expect(after.acquisitions == before.acquisitions + 200)
            #expect(after.contended == before.contended)
            let sampled = after.sampled - before.sampled
            #expect((3...4).contains(sampled))
            #expect(after.waitHistogram.reduce(0, +) == after.sampled + after.contended)

            let me = try segment.join(name: "waiter")
            let (holder, _) = try HelperProcess.joined("hold", segment)
            #expect(throws: SegmentError.self) { try segment.withLock(timeout: .zero) { _ in } }
            let waiter = Flag()
            let thread = InThread {
                try? segment.withLock(as: me) { _ in }
                waiter.set()
            }
            // Noted once it found the lock held. The mutex' bit for waiters is still set from the one that gave up.
            let note = segment.layout.participantOffset(Int(me.key.slot)) + shmlens_participant_offset_waiting_since_ns
            while segment.core.memory.load(note) == 0 { sched_yield() }
            #expect(!waiter.isSet)
            #expect(holder.ask("") == "released")
            thread.join()
            let last = LockRecord(image: Image(bytes: segment.image().bytes))
            #expect(last.contended == after.contended + 1)
            #expect(last.waitHistogram.reduce(0, +) == last.sampled + last.contended)
            #expect(last.holdHistogram.reduce(0, +) == last.sampled + last.contended)
        }
    }

    @Test func `a time beyond all deadlines is not in the past`() {
        let now = Clock.monotonic()
        for duration in [Duration.seconds(Int64.max), .seconds(1 << 40), .seconds(1 << 34)] {
            #expect(Deadline(after: duration).nanoseconds > now + (1 << 62))
        }
        #expect(Deadline(after: .seconds(Int64.min)).nanoseconds <= Clock.monotonic())
        #expect(Deadline(after: .nanoseconds(-1)).nanoseconds <= Clock.monotonic())
    }

    @Test func `a mutex that somebody overwrote is refused before it is touched`() throws {
        try withSegment { segment in
            let words = shmlens_header_offset_lock_mutex
            let whole = segment.core.memory.copyOut(words..<words + 64)
            // The kind: of a mutex that inherits priority, of a plain one, of none.
            for kind: UInt64 in [0xb2, 0x80, 0, 0xffff_ffff] {
                segment.core.memory.store(words + 16, kind)
                #expect(throws: SegmentError.self) { try segment.withLock { _ in } }
            }
            unsafe segment.core.memory.copyIn(whole.span.bytes, at: words)
            try segment.withLock { _ in }
        }
    }

    @Test func `a mutex that says a thread holds it that is not there is not had in time`() throws {
        try withSegment { segment in
            // 2^22 is the kernel's limit for thread ids.
            segment.core.memory.store(shmlens_header_offset_lock_mutex, 1 << 22)
            #expect(throws: SegmentError.lockTimeout(LockOwner(pid: 0, tid: 1 << 22, slot: 0, generation: 0))) {
                try segment.withLock(timeout: .milliseconds(1)) { _ in }
            }
        }
    }

    @Test func `a mutex that is overwritten while it is held ends in an error, not in a trap`() async {
        // In a process of its own, whose list of robust mutexes is spoilt.
        await #expect(processExitsWith: .exitCode(0)) {
            let segment = try Segment.createUnnamed(label: "overwritten", options: SegmentOptions(capacityBytes: 4096))
            try segment.withLock { _ in
                segment.core.memory.store(shmlens_header_offset_lock_mutex, 0)
                segment.core.memory.store(shmlens_header_offset_lock_mutex + 8, 0)
            }
            _ = try? segment.withLock(timeout: .milliseconds(1)) { _ in }
            exit(0)
        }
    }
}
