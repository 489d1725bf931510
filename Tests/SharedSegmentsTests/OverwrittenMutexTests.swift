import CShmlens
import CrashScenarios
import Glibc
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

/// Somebody writes over the mutex while it is held. In processes of their own: what goes wrong here crashes later, in
/// the thread's next robust mutex.
@Suite(.timeLimit(.minutes(10))) struct OverwrittenMutexTests {
    /// What is written over the mutex' 40 bytes.
    enum Damage: String, CaseIterable, Codable {
        case zeros, ones, text, lockWordAlone, linksAlone, kindAlone, ownerAlone, otherThread

        func apply(to segment: Segment) {
            let memory = segment.core.memory
            let mutex = shmlens_header_offset_lock_mutex
            func fill(_ word: UInt64) { for offset in stride(from: 0, to: 40, by: 8) { memory.store(mutex + offset, word) } }
            switch self {
            case .zeros: fill(0)
            case .ones: fill(.max)
            case .text: fill(0x2020_7478_6574_2020)
            case .lockWordAlone: memory.store(mutex, 0)
            case .linksAlone:
                memory.store(mutex + 24, 0x4141_4141_4141_4140)
                memory.store(mutex + 32, 0x4141_4141_4141_4140)
            case .kindAlone: memory.store(mutex + MutexWords.kind, 3)
            case .ownerAlone: memory.store(mutex + MutexWords.owner, 0)
            case .otherThread: memory.store(mutex, 0x3fff_fffe)
            }
        }
    }

    @Test(arguments: Damage.allCases)
    func `the holder forgets it, and its next mutexes are sound`(damage: Damage) async {
        await #expect(processExitsWith: .exitCode(0)) { [damage = damage as Damage] in
            let second = try Segment.createUnnamed(label: "second", options: SegmentOptions(capacityBytes: 65536))
            do {
                let first = try Segment.createUnnamed(label: "first", options: SegmentOptions(capacityBytes: 65536))
                try first.withLock { _ in damage.apply(to: first) }
                // Another may have been inside at the same time; what glibc never looks at says nothing.
                guard damage == .ownerAlone || first.core.memory.load(shmlens_header_offset_damaged) != 0 else { exit(3) }
                // Who asks next gets the lock or is told; nobody waits for ever.
                _ = try? first.withLock(timeout: .milliseconds(300)) { _ in }
                try second.withLock { _ in }
            }
            // The first is unmapped: what still led there would fault now.
            for _ in 0..<3 { try second.withLock { (locked) throws(SegmentError) in _ = try locked.count() } }
            exit(0)
        }
    }

    @Test func `with its links overwritten, others have it all the same`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            try withSegment { segment in
                try segment.withLock { _ in Damage.linksAlone.apply(to: segment) }
                // It has the lock before it is told why it may change nothing.
                let other = HelperProcess(HelperProcess.path(of: "CrashHelper"), ["hold", segment.name])
                guard let answer = other.answer(), answer.contains("damage was found earlier") else { exit(3) }
                guard segment.core.memory.load(shmlens_header_offset_lock_owner_deaths) == 1 else { exit(4) }
                try segment.withLock(timeout: .seconds(10)) { _ in }
            }
            exit(0)
        }
    }

    /// Hand over hand: the list of the thread leads elsewhere than when the lock was taken.
    @Test func `a mutex of other code that is given back inside is no damage`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            try withSegment { segment in
                let others = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
                try unsafe SegmentLock.initialize(others, name: "of other code")
                for _ in 0..<3 {
                    guard unsafe pthread_mutex_lock(others) == 0 else { exit(3) }
                    try segment.withLock { (locked) throws(SegmentError) in
                        guard unsafe pthread_mutex_unlock(others) == 0 else { exit(4) }
                        _ = try locked.count()
                    }
                }
                unsafe others.deallocate()
                guard segment.core.memory.load(shmlens_header_offset_damaged) == 0 else { exit(5) }
                let other = HelperProcess(HelperProcess.path(of: "CrashHelper"), ["hold", segment.name])
                guard other.answer()?.hasPrefix("held ") == true else { exit(6) }
            }
            exit(0)
        }
    }

    @Test func `taken by another meanwhile, it stays the other's`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let second = try Segment.createUnnamed(label: "second", options: SegmentOptions(capacityBytes: 65536))
            try withSegment { first in
                var holder: HelperProcess?
                try first.withLock { _ in
                    Damage.lockWordAlone.apply(to: first)
                    let process = HelperProcess(HelperProcess.path(of: "CrashHelper"), ["hold", first.name])
                    guard process.answer()?.hasPrefix("held ") == true else { exit(3) }
                    holder = process
                }
                guard let holder else { exit(4) }
                do throws(SegmentError) {
                    try first.withLock(timeout: .milliseconds(50)) { _ in }
                    exit(5)
                } catch {
                    guard case .lockTimeout(let owner) = error, owner?.tid == UInt32(holder.pid) else { exit(6) }
                }
                guard holder.ask("") == "released" else { exit(7) }
                try first.withLock(timeout: .seconds(10)) { _ in }
                do throws(SegmentError) {
                    try first.withLock { (locked) throws(SegmentError) in _ = try locked.count() }
                    exit(8)
                } catch {
                    guard case .damaged = error else { exit(9) }
                }
                guard try first.verification().findings.contains(where: { $0.code == "damaged" }) else { exit(10) }
            }
            for _ in 0..<3 { try second.withLock { _ in } }
            exit(0)
        }
    }

    /// Both threads of a server use one object.
    @Test func `taken by a thread of the same process meanwhile, each gives back what it has`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let second = try Segment.createUnnamed(label: "second", options: SegmentOptions(capacityBytes: 65536))
            do {
                let first = try Segment.createUnnamed(label: "first", options: SegmentOptions(capacityBytes: 65536))
                for isFirstOut in [true, false] {
                    let (isIn, mayGo) = (Flag(), Flag())
                    var other: InThread?
                    try first.withLock { _ in
                        Damage.lockWordAlone.apply(to: first)
                        other = InThread {
                            do {
                                try first.withLock(timeout: .seconds(10)) { _ in
                                    isIn.set()
                                    while !mayGo.isSet { sched_yield() }
                                }
                                for _ in 0..<3 { try second.withLock { _ in } }
                            } catch {
                                exit(3)
                            }
                        }
                        while !isIn.isSet { sched_yield() }
                        if isFirstOut {
                            mayGo.set()
                            other?.join()
                        }
                    }
                    mayGo.set()
                    other?.join()
                    for _ in 0..<3 { try second.withLock { _ in } }
                    try first.withLock(timeout: .seconds(10)) { _ in }
                }
            }
            for _ in 0..<3 { try second.withLock { _ in } }
            exit(0)
        }
    }

    /// It asks anew ten times a second, and must not take what is no robust mutex any more.
    @Test func `a waiter that meets an overwritten mutex is told, and nobody is kept out by it`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let segment = try Segment.createUnnamed(label: "waiter", options: SegmentOptions(capacityBytes: 65536))
            let outcomes = Failures()
            var waiter: InThread?
            try segment.withLock { _ in
                waiter = InThread {
                    do {
                        try segment.withLock(timeout: .seconds(10), giveUp: { false }) { _ in outcomes.add("had it") }
                    } catch {
                        outcomes.add("\(error)")
                    }
                }
                usleep(250_000)
                Damage.zeros.apply(to: segment)
                waiter?.join()
            }
            guard outcomes.all.count == 1, outcomes.all[0].contains("damaged") else { exit(3) }
            // Nothing is left locked by it: whoever asks is told at once.
            do throws(SegmentError) {
                try segment.withLock(timeout: .seconds(10)) { _ in }
                exit(4)
            } catch {
                guard case .damaged = error else { exit(5) }
            }
            exit(0)
        }
    }

    @Test func `found overwritten before a wait on the classic condition, it is given back and said`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let segment = try Segment.createUnnamed(label: "classic", options: SegmentOptions(capacityBytes: 65536))
            let me = try segment.join(name: "me")
            let outcome = Result { () throws(SegmentError) in
                try segment.withClassicLock(as: me, timeout: .seconds(10), when: { _ in
                    Damage.zeros.apply(to: segment)
                    return false
                }, { _ in })
            }
            guard case .failure(.damaged) = outcome else { exit(3) }
            let second = try Segment.createUnnamed(label: "second", options: SegmentOptions(capacityBytes: 65536))
            for _ in 0..<3 { try second.withLock { _ in } }
            exit(0)
        }
    }

    /// SIGBUS is not always a fault: somebody may send it.
    @Test func `a SIGBUS that is sent ends a guarded process`() async {
        await #expect(processExitsWith: .signal(SIGBUS)) {
            try Segment.guardMappings()
            kill(getpid(), SIGBUS)
            usleep(10_000_000)
        }
    }
}
