import Encoding
import Glibc
import HTTPCore
import TestSupport
import Testing

@testable import API

/// Mappings, processes and searches, of names that are made to break what prints them, and of a host that does not hold still.
@Suite struct HostRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// An object of 8 KiB with a name of quotes, a newline, markup and a byte that is no UTF-8; this process has it mapped.
    private final class Hostile {
        let name: [UInt8] = Array("\"\n<b>'&\\".utf8) + [0xFF] + Array(Unique.name("hostile").utf8)
        let id: String
        let address: UInt
        private let descriptor: Int32

        init() throws {
            id = "posix:" + PercentCoding.encode(name)
            descriptor = unsafe open(Self.path(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0 && ftruncate(descriptor, 8_192) == 0)
            let mapped = unsafe mmap(nil, 8_192, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
            let base = try unsafe #require(mapped)
            address = UInt(bitPattern: base)
            unsafe base.storeBytes(of: 0x4C_4B_4A_49, toByteOffset: 4_096, as: UInt32.self)
        }

        deinit {
            unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), 8_192)
            close(descriptor)
            unsafe unlink(Self.path(name))
        }

        private static func path(_ name: [UInt8]) -> [CChar] {
            ("/dev/shm/".utf8 + name).map { CChar(bitPattern: $0) } + [0]
        }
    }

    @Test func `mappings of an object, whatever it is called`() throws {
        let object = try Hostile()
        let answer = bench.get("/api/v1/segments/\(object.id)/mappings?touched=true&fresh=true")
        #expect(answer.status == .ok, "\(answer.text)")
        // A process that another test starts has this one's memory until it begins its program.
        let own = (answer["mappings"]?.array ?? []).filter { $0["pid"]?.int == Int(getpid()) }
        let mapping = try #require(own.first)
        #expect(own.count == 1)
        #expect(mapping["start"]?.string == "0x" + String(object.address, radix: 16) && mapping["access"]?.string == "rw-s")
        #expect(mapping["residentBytes"]?.int == 4_096 && mapping["touched"]?.array?.first?["offset"]?.int == 4_096)
        #expect(bench.get("/api/v1/segments/posix:\(Unique.name("none"))/mappings").status == .notFound)
        #expect(bench.get("/api/v1/segments/\(object.id)/mappings?cursor=x").status == .badRequest)
    }

    @Test func `a process names what it maps by bytes that are not text, too`() throws {
        let object = try Hostile()
        let answer = bench.get("/api/v1/processes/\(getpid())?fresh=true")
        #expect(answer.status == .ok, "\(answer.text)")
        let mapping = try #require(answer["mappings"]?.array?.first { $0["segment"]?.string == object.id })
        #expect(mapping["nameBase64"]?.string == base64(object.name) && mapping["residentBytes"]?.int == 4_096)
        let open = try #require(answer["open"]?.array?.first { $0["segment"]?.string == object.id })
        #expect(open["count"]?.int == 1)
        for pid in ["0", "-1", "x", "2147483648", "99999999999999999999"] {
            #expect([.notFound, .badRequest].contains(bench.get("/api/v1/processes/\(pid)").status), "\(pid)")
        }
    }

    @Test func `all processes, page by page, each once`() throws {
        let object = try Hostile()
        var pids: [Int] = []
        var cursor = "&fresh=true"
        repeat {
            let answer = bench.get("/api/v1/processes?limit=2&sort=pid\(cursor)")
            #expect(answer.status == .ok, "\(answer.text)")
            pids += (answer["processes"]?.array ?? []).compactMap { $0["pid"]?.int }
            cursor = answer["next"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty && pids.count < 100_000
        #expect(pids.contains(Int(getpid())) && Set(pids).count == pids.count && pids == pids.sorted())
        #expect(!object.id.isEmpty)
    }

    @Test func `bytes, text and numbers are found where they stand`() throws {
        let object = try Hostile()
        func offsets(_ query: String) -> [Int] {
            let answer = bench.get("/api/v1/segments/\(object.id)/search?\(query)")
            #expect(answer.status == .ok, "\(answer.text)")
            return (answer["matches"]?.array ?? []).compactMap { $0["offset"]?.int }
        }
        #expect(offsets("hex=494a4b4c") == [4_096])
        #expect(offsets("text=JK") == [4_097])
        #expect(offsets("integer=1280002633&width=32&byteOrder=little") == [4_096])
        #expect(offsets("integer=1229605708&width=32&byteOrder=big") == [4_096])
        #expect(offsets("text=I&encoding=utf-16").isEmpty)
        // A zero that somebody wrote stands in the one page that is there.
        #expect(offsets("hex=00&limit=1") == [4_100])
        let everywhere = bench.get("/api/v1/search?hex=494a4b4c&limit=1000")
        #expect(everywhere["matches"]?.array?.contains { $0["segment"]?.string == object.id } == true)
        let wrong = ["", "hex=4", "hex=41&text=a", "integer=1&width=7", "integer=300&width=8", "text=", "hex=41&encoding=utf-16"]
        for query in wrong {
            let answer = bench.get("/api/v1/segments/\(object.id)/search?\(query)")
            #expect(answer.status == .badRequest || answer.status == .unprocessableContent, "\(query)")
            #expect(answer["field"]?.string != nil, "\(query)")
        }
        #expect(bench.get("/api/v1/segments/posix:\(Unique.name("none"))/search?hex=41").status == .notFound)
    }

    /// Processes that come and go, and an object that is cut and grows, while each of the routes is asked.
    @Test func `a host that does not hold still is told of all the same`() throws {
        let object = try Hostile()
        let name = Unique.name("unsteady")
        makeObject(name, bytes: [UInt8](repeating: 0x41, count: 1 << 20))
        defer { removeObject(name) }
        let isOver = Flag()
        let thread = InThread {
            let descriptor = unsafe open("/dev/shm/" + name, O_RDWR | O_CLOEXEC)
            defer { close(descriptor) }
            while !isOver.isSet {
                let child = ChildProcess(script: "exec 9<>/dev/shm/\(name)")
                _ = ftruncate(descriptor, 5)
                _ = ftruncate(descriptor, 1 << 20)
                child.reap()
            }
        }
        let paths = [
            "segments?fresh=true&limit=10000", "processes?fresh=true&limit=1000", "processes/\(getpid())?fresh=true",
            "segments/posix:\(name)/mappings?fresh=true&touched=true", "segments/posix:\(name)/search?hex=41&limit=10",
            "segments/posix:\(name)/pages", "segments/posix:\(name)/hexdump?style=json&length=1MiB", "segments/posix:\(name)",
            "segments/\(object.id)/mappings?fresh=true",
        ]
        for _ in 0..<6 {
            for path in paths {
                let answer = bench.get("/api/v1/" + path)
                #expect(answer.status == .ok, "\(path): \(answer.text)")
            }
        }
        isOver.set()
        thread.join()
    }
}
