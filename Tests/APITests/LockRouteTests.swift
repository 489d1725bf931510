import Encoding
import Glibc
import HTTPCore
import TestSupport
import Testing

@testable import API

/// Who waits for what, of objects that nobody told of.
@Suite struct LockRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// A page of shared memory with a mutex in it that one thread of this process has, and another waits for.
    @safe private final class Contended: @unchecked Sendable {
        // Unchecked: a mutex is there to be used by several threads.
        static let offset = 320
        let name = Unique.name("contended")
        private let base: UnsafeMutableRawPointer
        private(set) var waiter: InThread?
        private(set) var waiterTid: Int32 = 0

        init() throws {
            let descriptor = unsafe open("/dev/shm/\(name)", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0 && ftruncate(descriptor, 4_096) == 0)
            let mapped = unsafe mmap(nil, 4_096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
            close(descriptor)
            unsafe base = try #require(mapped)
            var attributes = pthread_mutexattr_t()
            unsafe pthread_mutexattr_init(&attributes)
            unsafe pthread_mutexattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
            unsafe pthread_mutex_init(mutex, &attributes)
            try #require(unsafe pthread_mutex_lock(mutex) == 0)
        }

        private var mutex: UnsafeMutablePointer<pthread_mutex_t> {
            unsafe (base + Self.offset).assumingMemoryBound(to: pthread_mutex_t.self)
        }

        func wait() {
            waiter = InThread { [self] in
                waiterTid = currentThread()
                _ = unsafe pthread_mutex_lock(mutex)
                _ = unsafe pthread_mutex_unlock(mutex)
            }
        }

        func release() {
            _ = unsafe pthread_mutex_unlock(mutex)
            waiter?.join()
        }

        deinit {
            unsafe munmap(base, 4_096)
            removeObject(name)
        }
    }

    @Test func `a thread that waits, the lock and who has it`() throws {
        let object = try Contended()
        object.wait()
        defer { object.release() }
        var found: JSONValue?
        for _ in 0..<500 where found == nil {
            usleep(10_000)
            let answer = bench.get("/api/v1/locks?fresh=true")
            #expect(answer.status == .ok, "\(answer.text)")
            found = answer["nodes"]?.array?.first { $0["segment"]?.string == "posix:\(object.name)" }
        }
        let lock = try #require(found)
        #expect(lock["id"]?.string == "lock:posix:\(object.name):\(Contended.offset)" && lock["type"]?.string == "mutex")
        #expect(lock["owner"]?["pid"]?.int == Int(getpid()) && lock["verdict"]?.string == "ok" && lock["waiterCount"]?.int == 1)
        let locks = bench.get("/api/v1/segments/\(object.name)/locks?fresh=true")
        #expect(locks["locks", "0", "waiters", "0", "tid"]?.int == Int(object.waiterTid), "\(locks.text)")
        #expect(locks["locks", "0", "evidence", "0"]?.string == "waiter" && locks["locks"]?.array?.count == 1)
    }

    @Test func `the tree as text, for who asks for that`() {
        let text = bench.get("/api/v1/locks", [HeaderField("Accept", "text/plain")])
        #expect(text.status == .ok && text.headers["Content-Type"] == "text/plain; charset=utf-8")
        #expect(!text.text.hasPrefix("{"))
        let json = bench.get("/api/v1/locks", [HeaderField("Accept", "application/json, text/plain;q=0.5")])
        #expect(json["nodes"]?.array != nil && json["threadCount"]?.int ?? 0 > 0)
        #expect(bench.get("/api/v1/locks", [HeaderField("Accept", "image/png")]).status == .notAcceptable)
        #expect(bench.get("/api/v1/locks?scan=true").status == .badRequest)
    }

    @Test func `what is no lock, and what is not there`() throws {
        let object = try Contended()
        defer { object.release() }
        // Nobody waits, and nothing but its bytes tells of it.
        #expect(bench.get("/api/v1/segments/\(object.name)/locks?fresh=true")["locks"]?.array?.isEmpty == true)
        let scanned = bench.get("/api/v1/segments/\(object.name)/locks?scan=true&fresh=true")
        #expect(scanned["locks", "0", "offset"]?.int == Contended.offset, "\(scanned.text)")
        #expect(scanned["locks", "0", "evidence"]?.array?.compactMap { $0.string } == ["scan"])
        #expect(scanned["locks", "0", "owner", "pid"]?.int == Int(getpid()))
        #expect(bench.get("/api/v1/segments/\(Unique.name("none"))/locks").status == .notFound)
        #expect(bench.get("/api/v1/segments/sysvsem:2147483647/locks").status == .notFound)
    }
}
