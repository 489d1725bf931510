import CShmlens
import ForeignFormats
import Glibc
import TestSupport
import Testing

/// Condition variables, read-write locks, semaphores and barriers, as the C library of this machine makes them.
@Suite struct GlibcObjectTests {
    /// An object of the C library at an address of its own.
    @safe private final class Object<Value>: @unchecked Sendable {
        // Unchecked: the C library's own calls may be made from any thread; bytes are copied while others write them.
        let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)

        init() { unsafe memset(pointer, 0, MemoryLayout<Value>.size) }
        deinit { unsafe pointer.deallocate() }

        var bytes: [UInt8] { unsafe Array(UnsafeRawBufferPointer(start: pointer, count: MemoryLayout<Value>.size)) }
    }

    private func until(_ condition: () -> Bool) -> Bool {
        for _ in 0..<5_000 {
            if condition() { return true }
            usleep(1_000)
        }
        return false
    }

    @Test(arguments: [0, 3, Int32.max] as [Int32])
    func `a semaphore tells its value, and who shares it`(value: Int32) throws {
        for shared in [0, 1] as [Int32] {
            let object = Object<sem_t>()
            #expect(unsafe sem_init(object.pointer, shared, UInt32(value)) == 0)
            var found = try #require(GlibcSemaphore(object.bytes))
            #expect(found.value == UInt32(value) && found.waiterCount == 0 && found.processShared == (shared == 1))
            guard value > 0 else { continue }
            #expect(unsafe sem_wait(object.pointer) == 0)
            found = try #require(GlibcSemaphore(object.bytes))
            #expect(found.value == UInt32(value) - 1)
        }
    }

    @Test func `a semaphore counts who waits`() throws {
        let object = Object<sem_t>()
        #expect(unsafe sem_init(object.pointer, 1, 0) == 0)
        let waiter = InThread { _ = unsafe sem_wait(object.pointer) }
        #expect(until { GlibcSemaphore(object.bytes)?.waiterCount == 1 })
        #expect(unsafe sem_post(object.pointer) == 0)
        waiter.join()
        #expect(GlibcSemaphore(object.bytes)?.waiterCount == 0)
    }

    @Test func `a barrier counts who has come`() throws {
        let object = Object<pthread_barrier_t>()
        var attributes = pthread_barrierattr_t()
        unsafe pthread_barrierattr_init(&attributes)
        unsafe pthread_barrierattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
        #expect(unsafe pthread_barrier_init(object.pointer, &attributes, 3) == 0)
        for _ in 0..<2 {
            let before = try #require(GlibcBarrier(object.bytes))
            #expect(before.count == 3 && before.arrivedCount == 0 && before.processShared)
            let waiters = (0..<2).map { _ in InThread { _ = unsafe pthread_barrier_wait(object.pointer) } }
            #expect(until { GlibcBarrier(object.bytes)?.arrivedCount == 2 })
            _ = unsafe pthread_barrier_wait(object.pointer)
            for waiter in waiters { waiter.join() }
        }
    }

    private func readWriteLock(kind: Int32) -> Object<pthread_rwlock_t> {
        let object = Object<pthread_rwlock_t>()
        var attributes = pthread_rwlockattr_t()
        unsafe pthread_rwlockattr_init(&attributes)
        unsafe pthread_rwlockattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
        unsafe pthread_rwlockattr_setkind_np(&attributes, kind)
        #expect(unsafe pthread_rwlock_init(object.pointer, &attributes) == 0)
        return object
    }

    @Test(arguments: [(0, .readers), (1, .writers), (2, .writersNotRecursive)] as [(Int32, GlibcReadWriteLock.Preference)])
    func `a read-write lock tells how many readers it has, or which writer`(
        kind: Int32, preference: GlibcReadWriteLock.Preference
    ) throws {
        let object = readWriteLock(kind: kind)
        func state() throws -> GlibcReadWriteLock.State { try #require(GlibcReadWriteLock(object.bytes)).state }
        let first = try #require(GlibcReadWriteLock(object.bytes))
        #expect(first.state == .free && first.preference == preference && first.processShared)
        for count in 1...2 as ClosedRange<UInt32> {
            #expect(unsafe pthread_rwlock_rdlock(object.pointer) == 0)
            #expect(try state() == .read(count: count))
        }
        for _ in 0..<2 { unsafe pthread_rwlock_unlock(object.pointer) }
        #expect(try state() == .free)
        for _ in 0..<2 {
            #expect(unsafe pthread_rwlock_wrlock(object.pointer) == 0)
            #expect(try state() == .written(tid: UInt32(shmlens_gettid())))
            unsafe pthread_rwlock_unlock(object.pointer)
            #expect(try state() == .free)
        }
    }

    @Test func `who waits for a read-write lock is counted, readers and writers apart`() throws {
        let object = readWriteLock(kind: 0)
        #expect(unsafe pthread_rwlock_wrlock(object.pointer) == 0)
        let reader = InThread {
            _ = unsafe pthread_rwlock_rdlock(object.pointer)
            unsafe pthread_rwlock_unlock(object.pointer)
        }
        let writer = InThread {
            _ = unsafe pthread_rwlock_wrlock(object.pointer)
            unsafe pthread_rwlock_unlock(object.pointer)
        }
        #expect(
            until {
                let found = GlibcReadWriteLock(object.bytes)
                return found?.waitingReaderCount == 1 && found?.hasWaitingWriters == true
            })
        #expect(GlibcReadWriteLock(object.bytes)?.state == .written(tid: UInt32(shmlens_gettid())))
        unsafe pthread_rwlock_unlock(object.pointer)
        reader.join()
        writer.join()
        let after = try #require(GlibcReadWriteLock(object.bytes))
        #expect(after.state == .free && after.waitingReaderCount == 0 && !after.hasWaitingWriters)
    }

    @Test func `a writer that waits for readers is told of, and the readers still have it`() throws {
        let object = readWriteLock(kind: 0)
        #expect(unsafe pthread_rwlock_rdlock(object.pointer) == 0)
        #expect(GlibcReadWriteLock(object.bytes)?.hasWaitingWriters == false)
        let writer = InThread {
            _ = unsafe pthread_rwlock_wrlock(object.pointer)
            unsafe pthread_rwlock_unlock(object.pointer)
        }
        #expect(until { GlibcReadWriteLock(object.bytes)?.hasWaitingWriters == true })
        #expect(GlibcReadWriteLock(object.bytes)?.state == .read(count: 1))
        unsafe pthread_rwlock_unlock(object.pointer)
        writer.join()
        #expect(GlibcReadWriteLock(object.bytes)?.state == .free)
    }

    /// The layout of this machine's C library.
    private func layout() throws -> GlibcCondition.Layout {
        let version = try #require(unsafe shmlens_glibc_version().map { unsafe String(cString: $0) })
        let minor = try #require(version.split(separator: ".").dropFirst().first.flatMap { Int($0) })
        return minor >= 41 ? .withoutReferences : .countingReferences
    }

    @Test func `a condition counts who waits`() throws {
        let layout = try layout()
        let object = Object<pthread_cond_t>()
        let mutex = unsafe Object<pthread_mutex_t>()
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        #expect(unsafe pthread_cond_init(object.pointer, &attributes) == 0 && pthread_mutex_init(mutex.pointer, nil) == 0)
        let idle = try #require(GlibcCondition(object.bytes, layout: layout))
        #expect(idle.waiterCount == 0 && idle.processShared && idle.isMonotonic && !idle.isBeingDestroyed)
        for _ in 0..<3 {
            let waiter = InThread {
                unsafe pthread_mutex_lock(mutex.pointer)
                unsafe pthread_cond_wait(object.pointer, mutex.pointer)
                unsafe pthread_mutex_unlock(mutex.pointer)
            }
            #expect(until { GlibcCondition(object.bytes, layout: layout)?.waiterCount == 1 })
            // With the mutex, the waiter is surely asleep or about to be.
            unsafe pthread_mutex_lock(mutex.pointer)
            unsafe pthread_cond_signal(object.pointer)
            unsafe pthread_mutex_unlock(mutex.pointer)
            waiter.join()
            #expect(GlibcCondition(object.bytes, layout: layout)?.waiterCount == 0)
        }
    }

    @Test func `no bytes trap, and what is too short is nothing`() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                // Small numbers are what comes nearest to an object.
                Bool.random(using: &random) ? 0 : UInt8.random(in: 0...255, using: &random)
            }
            let found = [
                GlibcSemaphore(bytes) != nil, GlibcBarrier(bytes) != nil, GlibcReadWriteLock(bytes) != nil,
                GlibcCondition(bytes, layout: .countingReferences) != nil, GlibcCondition(bytes, layout: .withoutReferences) != nil,
            ]
            let least = [
                GlibcSemaphore.byteCount, GlibcBarrier.byteCount, GlibcReadWriteLock.byteCount, GlibcCondition.byteCount,
                GlibcCondition.byteCount,
            ]
            for (isFound, count) in zip(found, least) where bytes.count < count { #expect(!isFound) }
        }
        let ones = [UInt8](repeating: 0xFF, count: 64)
        #expect(GlibcSemaphore(ones) == nil && GlibcBarrier(ones) == nil && GlibcReadWriteLock(ones) == nil)
        #expect(GlibcCondition.Layout.allCases.allSatisfy { GlibcCondition(ones, layout: $0) == nil })
    }

    @Test func `where a thread waits tells what for`() {
        let purposes: [(Int, GlibcCondition.WaitPurpose?, GlibcCondition.WaitPurpose?)] = [
            (16, .groupToLeave, nil), (20, .groupToLeave, nil), (28, nil, .waitersToLeave),
            (32, nil, .signal), (36, .waitersToLeave, .signal), (40, .signal, nil), (44, .signal, nil), (0, nil, nil), (-4, nil, nil),
        ]
        for (offset, old, new) in purposes {
            #expect(GlibcCondition.purpose(ofWaitAt: offset, layout: .countingReferences) == old, "\(offset)")
            #expect(GlibcCondition.purpose(ofWaitAt: offset, layout: .withoutReferences) == new, "\(offset)")
        }
    }
}
