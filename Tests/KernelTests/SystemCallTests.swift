import CShmlens
import Glibc
import Kernel
import Observations
import SystemPackage
import TestSupport
import Testing

@Suite struct InterruptionTests {
    @Test(arguments: [0, 1, 2, interruptionsMax - 1])
    func `an interrupted call is begun again`(interruptions: Int) throws {
        var calls = 0
        let answer = try retryingInterrupted { () throws(Errno) in
            calls += 1
            if calls <= interruptions { throw Errno.interrupted }
            return 42
        }
        #expect(answer == 42)
        #expect(calls == interruptions + 1)
    }

    @Test func `a call that is interrupted for ever is given up`() {
        var calls = 0
        #expect(throws: Errno.interrupted) {
            try retryingInterrupted { () throws(Errno) in
                calls += 1
                throw Errno.interrupted
            }
        }
        #expect(calls == interruptionsMax)
    }

    @Test func `another failure is not tried again`() {
        var calls = 0
        #expect(throws: Errno.ioError) {
            try retryingInterrupted { () throws(Errno) in
                calls += 1
                throw Errno.ioError
            }
        }
        #expect(calls == 1)
    }

    @Test func `a filling goes on after short reads and interruptions, and stops at the end`() throws {
        var answers: [Result<Int, Errno>] = [
            .success(3), .failure(.interrupted), .success(1), .success(0), .success(9),
        ]
        var starts: [Int] = []
        let count = try fill(10) { (done) throws(Errno) in
            starts.append(done)
            return try answers.removeFirst().get()
        }
        #expect(count == 4)
        #expect(starts == [0, 3, 3, 4])
    }

    @Test func `a filling that has what it wants asks no more`() throws {
        var calls = 0
        let count = try fill(4) { (done) throws(Errno) in
            calls += 1
            return 2
        }
        #expect(count == 4)
        #expect(calls == 2)
        #expect(try fill(0) { (_) throws(Errno) in throw Errno.ioError } == 0)
    }
}

@Suite struct KernelErrorTests {
    @Test(arguments: [
        (Errno.permissionDenied, "CAP_SYS_PTRACE"), (.notPermitted, "CAP_SYS_PTRACE"), (.noSuchProcess, "list again"),
        (.tooManySymbolicLinkLevels, "symbolic link"), (.staleNFSFileHandle, "another object"),
        (.tooManyOpenFiles, "ulimit"), (.resourceTemporarilyUnavailable, "lease"), (.badMessage, "report"),
        (.ioError, "manual"), (.invalidArgument, "regular file"),
    ])
    func `an error names what was tried and what to do`(errno: Errno, advice: String) {
        let error = KernelError(operation: "open", object: "/proc/1/maps", errno: errno, needs: "CAP_SYS_PTRACE")
        #expect(error.description.hasPrefix("open of /proc/1/maps failed: "))
        #expect(error.description.contains(advice))
        #expect((error.needs != nil) == (errno == .permissionDenied || errno == .notPermitted))
    }
}

/// The C wrappers, each against the real kernel.
@Suite struct WrapperTests {
    @Test func `a futex wait on another value returns at once`() {
        var word: UInt32 = 1
        #expect(unsafe shmlens_futex_wait_for(&word, 2, .max) == EAGAIN)
        #expect(unsafe shmlens_futex_wait_until(&word, 2, .max) == EAGAIN)
    }

    @Test func `a futex wait ends at its time, and refuses a negative one`() {
        var word: UInt32 = 1
        #expect(unsafe shmlens_futex_wait_for(&word, 1, 1) == ETIMEDOUT)
        #expect(unsafe shmlens_futex_wait_for(&word, 1, 0) == ETIMEDOUT)
        #expect(unsafe shmlens_futex_wait_until(&word, 1, 0) == ETIMEDOUT)
        #expect(unsafe shmlens_futex_wait_until(&word, 1, Clocks.monotonicNanoseconds()) == ETIMEDOUT)
        #expect(unsafe shmlens_futex_wait_for(&word, 1, -1) == EINVAL)
        #expect(unsafe shmlens_futex_wait_until(&word, 1, .min) == EINVAL)
    }

    @Test func `waking nobody wakes none`() {
        var word: UInt32 = 1
        var woken: Int32 = -1
        #expect(unsafe shmlens_futex_wake(&word, .max, &woken) == 0)
        #expect(woken == 0)
    }

    @Test func `a mutex that is taken is not had in time`() {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        defer { unsafe mutex.deallocate() }
        unsafe pthread_mutex_init(mutex, nil)
        #expect(unsafe shmlens_mutex_lock_until(mutex, 0) == 0)
        #expect(unsafe shmlens_mutex_lock_until(mutex, 0) == ETIMEDOUT)
        #expect(unsafe shmlens_mutex_lock_until(mutex, Clocks.monotonicNanoseconds() + 1) == ETIMEDOUT)
        #expect(unsafe shmlens_mutex_lock_until(mutex, -1) == EINVAL)
        unsafe pthread_mutex_unlock(mutex)
        unsafe pthread_mutex_destroy(mutex)
    }

    @Test func `a memfd takes seals, and a POSIX object does not`() {
        let memfd = SharedObject(memfd: "sealed", bytes: 4_096)
        var seals: Int32 = -1
        #expect(unsafe shmlens_get_seals(memfd.descriptor, &seals) == 0)
        #expect(seals == 0)
        #expect(shmlens_add_seals(memfd.descriptor, Int32(SHMLENS_SEAL_SHRINK)) == 0)
        #expect(unsafe shmlens_get_seals(memfd.descriptor, &seals) == 0)
        #expect(seals == Int32(SHMLENS_SEAL_SHRINK))
        #expect(ftruncate(memfd.descriptor, 0) == -1)
        let posix = SharedObject(named: Unique.name("sealed"), bytes: 0)
        #expect(shmlens_add_seals(posix.descriptor, Int32(SHMLENS_SEAL_SHRINK)) == EPERM)
    }

    @Test func `an unnamed file is given a name once`() throws {
        let folder = TemporaryFolder(in: "/dev/shm")
        var descriptor: Int32 = -1
        let flags = Int32(SHMLENS_O_TMPFILE) | O_RDWR | O_CLOEXEC
        #expect(unsafe shmlens_openat(Int32(SHMLENS_AT_FDCWD), folder.path, flags, 0o600, &descriptor) == 0)
        defer { close(descriptor) }
        let path = folder.path + "/named"
        defer { unsafe unlink(path) }
        #expect(unsafe shmlens_link_descriptor(descriptor, Int32(SHMLENS_AT_FDCWD), path) == 0)
        #expect(unsafe shmlens_link_descriptor(descriptor, Int32(SHMLENS_AT_FDCWD), path) == EEXIST)
        var file = shmlens_file()
        #expect(unsafe shmlens_statx(descriptor, "", &file) == 0)
        #expect(file.link_count == 1)
    }

    @Test func `times that do not fit are the nearest that do`() throws {
        let object = SharedObject(named: Unique.name("times"), bytes: 0)
        let times = [timespec(tv_sec: .max, tv_nsec: 0), timespec(tv_sec: .min, tv_nsec: 0)]
        try #require(unsafe futimens(object.descriptor, times) == 0)
        var file = shmlens_file()
        #expect(unsafe shmlens_statx(object.descriptor, "", &file) == 0)
        #expect(file.access == .max)
        #expect(file.modification == .min)
    }

    @Test func `locking on fault and asking for residency allocate nothing`() throws {
        let object = SharedObject(named: Unique.name("mlock"), bytes: 65_536)
        let address = unsafe UnsafeRawPointer(bitPattern: object.map(65_536))
        var residency = [UInt8](repeating: 0xff, count: 16)
        #expect(unsafe shmlens_mlock_on_fault(address, 65_536) == 0)
        #expect(unsafe shmlens_mincore(address, 65_536, &residency) == 0)
        #expect(residency.allSatisfy { $0 & 1 == 0 })
        object.write([1], at: 4_096)
        #expect(unsafe shmlens_mincore(address, 65_536, &residency) == 0)
        #expect(residency.map { $0 & 1 }.reduce(0, +) == 1)
        let locked = try #require(try ProcFS().status(of: getpid())?.lockedBytes)
        #expect(locked >= 65_536)
        var file = shmlens_file()
        #expect(unsafe shmlens_statx(object.descriptor, "", &file) == 0)
        #expect(file.allocated == 4_096)
    }

    @Test func `a parent-death signal can be asked for and taken back`() async {
        await #expect(processExitsWith: .success) {
            #expect(shmlens_set_parent_death_signal(SIGKILL) == 0)
            #expect(shmlens_set_parent_death_signal(0) == 0)
            #expect(shmlens_set_parent_death_signal(1_000) == EINVAL)
        }
    }

    @Test func `the first thread's id is the process's`() throws {
        #expect(try #require(try ProcFS().thread(shmlens_gettid(), of: getpid())).id == shmlens_gettid())
    }
}
