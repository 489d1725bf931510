import ForeignFormats
import Testing

/// The five words of a mutex that matter: lock, count, owner, users, kind.
func mutexBytes(lock: UInt32 = 0, count: UInt32 = 0, owner: UInt32 = 0, users: UInt32 = 0, kind: UInt32) -> [UInt8] {
    [lock, count, owner, users, kind].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        + [UInt8](repeating: 0, count: 20)
}

@Suite struct GlibcMutexTests {
    static let robustShared: UInt32 = 2 | 16 | 128

    @Test func `a mutex as a segment is made with is named by its kind`() throws {
        let mutex = try #require(GlibcMutex(mutexBytes(kind: Self.robustShared)))
        #expect(mutex.state == .free)
        #expect(mutex.type == .errorCheck)
        #expect(mutex.protocol == MutexProtocol.none)
        #expect(mutex.robust)
        #expect(mutex.processShared)
    }

    @Test(arguments: [
        (0, MutexType.normal), (1, .recursive), (2, .errorCheck), (3, .adaptive), (512, .normal), (256 | 1, .recursive),
    ] as [(UInt32, MutexType)])
    func `the type is the lowest two bits, whatever elision says`(kind: UInt32, type: MutexType) throws {
        #expect(try #require(GlibcMutex(mutexBytes(kind: kind))).type == type)
    }

    @Test(arguments: [(32, .inherit), (64, .protect), (0, MutexProtocol.none)] as [(UInt32, MutexProtocol)])
    func `the protocol is in two bits`(kind: UInt32, expected: MutexProtocol) throws {
        #expect(try #require(GlibcMutex(mutexBytes(kind: kind))).protocol == expected)
    }

    @Test(arguments: [4, 8, 1024, 0x8000_0000, 0xffff_fffe, 32 | 64, 96 | 16] as [UInt32])
    func `a kind that no mutex has is corrupt`(kind: UInt32) throws {
        let mutex = try #require(GlibcMutex(mutexBytes(kind: kind)))
        guard case .corrupt(let reason) = mutex.state else {
            Issue.record("\(mutex.state)")
            return
        }
        #expect(reason.contains("\(kind)"))
        #expect(mutex.type == nil)
    }

    @Test func `a kind of all ones is a destroyed mutex`() throws {
        #expect(try #require(GlibcMutex(mutexBytes(lock: 7, kind: .max))).state == .destroyed)
    }

    @Test(arguments: [
        (0, 0, .free, false),
        (4711, 4711, .held(tid: 4711), false),
        (4711, 0, .held(tid: 4711), false),
        (0x8000_0000 | 4711, 4711, .held(tid: 4711), true),
        (0x4000_0000, 4711, .ownerDied, false),
        (0xc000_0000, 4711, .ownerDied, true),
        (0, 0x7fff_fffe, .notRecoverable, false),
        (4_194_304, 4_194_304, .held(tid: 4_194_304), false),
    ] as [(UInt32, UInt32, GlibcMutex.State, Bool)])
    func `a robust mutex has its owner in its word`(
        lock: UInt32, owner: UInt32, state: GlibcMutex.State, hasWaiters: Bool
    ) throws {
        let mutex = try #require(GlibcMutex(mutexBytes(lock: lock, owner: owner, kind: Self.robustShared)))
        #expect(mutex.state == state)
        #expect(mutex.hasWaiters == hasWaiters)
        #expect(!mutex.isInconsistent)
    }

    @Test func `a thread id beyond what the kernel gives out is corrupt`() throws {
        let mutex = try #require(GlibcMutex(mutexBytes(lock: 4_194_305, kind: Self.robustShared)))
        guard case .corrupt = mutex.state else {
            Issue.record("\(mutex.state)")
            return
        }
    }

    @Test func `who inherited a lock and has not repaired its data holds it`() throws {
        let mutex = try #require(GlibcMutex(mutexBytes(lock: 99, owner: 0x7fff_ffff, kind: Self.robustShared)))
        #expect(mutex.state == .held(tid: 99))
        #expect(mutex.isInconsistent)
    }

    @Test(arguments: [
        (0, 0, .free, false),
        (1, 4711, .held(tid: 4711), false),
        (1, 0, .held(tid: nil), false),
        (2, 4711, .held(tid: 4711), true),
    ] as [(UInt32, UInt32, GlibcMutex.State, Bool)])
    func `any other mutex has 0, 1 or 2 in its word and its owner beside it`(
        lock: UInt32, owner: UInt32, state: GlibcMutex.State, hasWaiters: Bool
    ) throws {
        let mutex = try #require(GlibcMutex(mutexBytes(lock: lock, owner: owner, kind: 128)))
        #expect(mutex.state == state)
        #expect(mutex.hasWaiters == hasWaiters)
    }

    @Test(arguments: [(3, 0), (.max, 0), (1, 0x7fff_ffff)] as [(UInt32, UInt32)])
    func `a word or an owner that such a mutex cannot have is corrupt`(lock: UInt32, owner: UInt32) throws {
        let mutex = try #require(GlibcMutex(mutexBytes(lock: lock, owner: owner, kind: 0)))
        guard case .corrupt = mutex.state else {
            Issue.record("\(mutex.state)")
            return
        }
    }

    @Test func `the ceiling of a priority-protected mutex is not part of its value`() throws {
        #expect(try #require(GlibcMutex(mutexBytes(lock: 99 << 19, kind: 64))).state == .free)
        #expect(try #require(GlibcMutex(mutexBytes(lock: 99 << 19 | 2, owner: 5, kind: 64))).state == .held(tid: 5))
    }

    @Test func `a mutex that inherits priority is handed on with the mark of death beside the new owner`() throws {
        let mutex = try #require(GlibcMutex(mutexBytes(lock: 0xc000_0000 | 12, owner: 11, kind: 32 | 128)))
        #expect(mutex.state == .held(tid: 12))
    }

    @Test func `fewer bytes than a mutex has give nil`() {
        let bytes = mutexBytes(kind: 0)
        #expect(GlibcMutex(bytes.prefix(GlibcMutex.byteCount - 1)) == nil)
        #expect(GlibcMutex(bytes.prefix(GlibcMutex.byteCount)) != nil)
        #expect(GlibcMutex([]) == nil)
    }
}
