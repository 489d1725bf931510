import CShmlens
import Glibc
import Observations
import Synchronization
import TestSupport
import Testing

@testable import Kernel

@Suite struct BlockedCallTests {
    private func parse(_ text: String) -> BlockedCall? { BlockedCall(syscall: Array(text.utf8)) }

    private func futex(_ operation: String, time: String = "0x0", second: String = "0x0") -> BlockedCall? {
        parse("\(SHMLENS_SYS_FUTEX) 0x7f00 \(operation) 0x80000007 \(time) \(second) 0xffffffff 0x7ffe 0x7fff\n")
    }

    @Test func `who runs, and who is in no call, waits for nothing`() {
        #expect(parse("running\n") == .running)
        #expect(parse("-1 0x7ffc 0x7f00\n") == BlockedCall.none)
        #expect(parse("0 0x0 0x7f00 0x400 0x22 0x0 0x0 0x7ffe 0x7fff\n") == .other(number: 0, argument: 0))
    }

    @Test(arguments: ["", "\n", "x", "202", "202 0x1 0x2", "202 1 2 3 4 5 6", "99999999999999999999 0x0", "202 0x10000000000000000 0x0"])
    func `what is not like that is nothing`(text: String) { #expect(parse(text) == nil) }

    @Test(arguments: [
        ("0x0", .wait, false), ("0x80", .wait, true), ("0x109", .waitForBits, false), ("0x189", .waitForBits, true),
        ("0x6", .lockPriorityInheriting, false), ("0xd", .lockPriorityInheritingMonotonic, false),
    ] as [(String, FutexWait.Operation, Bool)])
    func `a wait tells its word, what it was, and who can end it`(
        operation: String, expected: FutexWait.Operation, isPrivate: Bool
    ) throws {
        let wait = FutexWait(address: 0x7f00, operation: expected, isPrivate: isPrivate, value: 0x8000_0007, isTimed: false)
        #expect(futex(operation) == .futex(wait))
        guard case .futex(let timed) = try #require(futex(operation, time: "0x7ffd")) else {
            Issue.record("no wait")
            return
        }
        #expect(timed.isTimed && timed.operation == expected)
    }

    @Test(arguments: [(2, 0, false, false), (130, 0x7ff0, true, true)])
    func `the later call for one word is such a wait too`(flags: Int, time: Int, isPrivate: Bool, isTimed: Bool) {
        let text = "455 0x7f00 0x5 0xffffffff 0x\(String(flags, radix: 16)) 0x\(String(time, radix: 16)) 0x0 0x7ffe 0x7fff\n"
        #expect(
            parse(text)
                == .futex(FutexWait(address: 0x7f00, operation: .waitForBits, isPrivate: isPrivate, value: 5, isTimed: isTimed)))
    }

    @Test func `a wait that goes on after a stop is the same by another number`() {
        let words = "0x7f00 0x109 0x0 0x7ffd 0x0 0xffffffff 0x7ffe 0x7fff\n"
        let restart = Array("\(Int(SHMLENS_SYS_RESTART)) \(words)".utf8)
        #expect(BlockedCall(syscall: restart) == .other(number: Int(SHMLENS_SYS_RESTART), argument: 0x7f00))
        #expect(
            BlockedCall(syscall: restart, restarted: Int(SHMLENS_SYS_FUTEX))
                == BlockedCall(syscall: Array("\(Int(SHMLENS_SYS_FUTEX)) \(words)".utf8)))
    }

    @Test(arguments: [("0x7fff", true), ("0x7c00", true), ("0x7bff", false), ("0x8000", false), ("0x0", false)])
    func `a word at the end of the own stack is nobody else's`(stackPointer: String, isOnStack: Bool) {
        guard case .futex(let wait)? = parse("\(Int(SHMLENS_SYS_FUTEX)) 0x7fff 0x0 0x0 0x0 0x0 0x0 \(stackPointer) 0x7fff\n") else {
            Issue.record("no wait")
            return
        }
        #expect(wait.isOnStack == isOnStack)
    }

    @Test func `an operation that wakes is no wait, and one that goes on to a lock names it`() {
        #expect(futex("0x1") == .other(number: Int(SHMLENS_SYS_FUTEX), argument: 0x7f00))
        guard case .futex(let wait)? = futex("0xb", second: "0x8000") else {
            Issue.record("no wait")
            return
        }
        #expect(wait.operation == .waitAndRequeue && wait.secondAddress == 0x8000)
    }

    @Test func `other calls that wait for what may be shared`() {
        #expect(
            parse("449 0x7f00 0x3 0x0 0x0 0x0 0x0 0x7ffe 0x7fff\n") == .futexVector(address: 0x7f00, count: 3, isTimed: false))
        #expect(
            parse("\(SHMLENS_SYS_SEMTIMEDOP) 0x9 0x7f00 0x2 0x0 0x0 0x0 0x7ffe 0x7fff\n")
                == .semaphoreSet(id: 9, operations: 0x7f00, count: 2, isTimed: false))
        #expect(
            parse("\(SHMLENS_SYS_SEMTIMEDOP) 0x9 0x7f00 0x2 0x1 0x0 0x0 0x7ffe 0x7fff\n")
                == .semaphoreSet(id: 9, operations: 0x7f00, count: 2, isTimed: true))
    }

    @Test func `no bytes trap`() {
        var random = SeededGenerator(seed: 3)
        let letters = Array("0123456789abcdefx -\n".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in letters.randomElement(using: &random) ?? 0 }
            _ = BlockedCall(syscall: bytes)
        }
    }

    @Test func `a thread of this process that waits for a semaphore is seen where it waits`() throws {
        let object = SharedObject(named: Unique.name("blocked"), bytes: 4_096)
        let address = object.map(4_096)
        let semaphore = try unsafe #require(UnsafeMutablePointer<sem_t>(bitPattern: address))
        #expect(unsafe sem_init(semaphore, 1, 0) == 0)
        let tid = Shared()
        let waiter = InThread {
            tid.set(shmlens_gettid())
            unsafe _ = sem_wait(UnsafeMutablePointer<sem_t>(bitPattern: address)!)
        }
        var found: BlockedCall?
        for _ in 0..<5_000 {
            let thread = tid.get()
            if thread > 0 { found = try ProcFS().blockedCall(of: thread, in: getpid()) }
            if case .futex = found { break }
            usleep(1_000)
        }
        guard case .futex(let wait)? = found else {
            Issue.record("it was not seen to wait: \(String(describing: found))")
            return
        }
        #expect(wait.address == UInt64(address) && !wait.isPrivate && !wait.isTimed && wait.value == 0)
        #expect(unsafe sem_post(semaphore) == 0)
        waiter.join()
        #expect(try ProcFS().blockedCall(of: tid.get(), in: getpid()) == nil)
        #expect(try ProcFS().blockedCall(of: .max, in: .max) == nil)
    }

    private final class Shared: Sendable {
        private let value = Mutex<Int32>(0)

        func get() -> Int32 { value.withLock { $0 } }
        func set(_ new: Int32) { value.withLock { $0 = new } }
    }

    @Test func `the robust mutexes that a thread holds are in its list, the last taken first`() throws {
        let mutexes = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 2)
        defer { unsafe mutexes.deallocate() }
        var attributes = pthread_mutexattr_t()
        unsafe pthread_mutexattr_init(&attributes)
        unsafe pthread_mutexattr_setrobust(&attributes, Int32(PTHREAD_MUTEX_ROBUST))
        for index in 0..<2 { unsafe pthread_mutex_init(mutexes + index, &attributes) }
        let proc = ProcFS()
        let address = try #require(try proc.robustListAddress(of: shmlens_gettid()))
        func head() throws -> RobustListHead {
            try #require(try proc.privateBytes(of: getpid(), at: address, count: RobustListHead.byteCount).flatMap { RobustListHead($0) })
        }
        let before = try head().first
        for index in 0..<2 {
            unsafe pthread_mutex_lock(mutexes + index)
            let found = try head()
            let start = unsafe UInt64(UInt(bitPattern: mutexes + index))
            // The word of a mutex stands at its beginning.
            #expect(UInt64(bitPattern: Int64(bitPattern: found.first) + found.wordOffset) == start && found.pending == 0)
        }
        for index in [1, 0] { unsafe pthread_mutex_unlock(mutexes + index) }
        #expect(try head().first == before)
        #expect(try proc.robustListAddress(of: .max) == nil)
        #expect(try proc.privateBytes(of: getpid(), at: 8, count: 8) == nil)
        #expect(RobustListHead([UInt8](repeating: 0, count: 23)) == nil)
    }
}
