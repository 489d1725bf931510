import Encoding
import Glibc
import HTTPCore
import TestSupport
import Testing

@testable import API

@Suite struct PageRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// An object of 1 GiB with pages 0, 1 and 5, and one byte in its last page.
    private func withSparseObject(_ body: (String) throws -> Void) throws {
        let name = Unique.name("sparse")
        makeObject(name, bytes: [UInt8](repeating: 7, count: 8192))
        defer { removeObject(name) }
        let descriptor = unsafe open("/dev/shm/\(name)", O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        try #require(ftruncate(descriptor, (1 << 30) + 100) == 0)
        for place in [5 * 4096, (1 << 30) + 99] { try #require(unsafe pwrite(descriptor, [1] as [UInt8], 1, off_t(place)) == 1) }
        try body("/api/v1/segments/posix:\(name)/pages")
    }

    @Test func `tells pages that are there from holes, and takes none`() throws {
        try withSparseObject { path in
            let answer = bench.get(path)
            #expect(answer.status == .ok, "\(answer.text)")
            let runs = (answer["runs"]?.array ?? []).map {
                "\($0["offset"]?.int ?? -1)+\($0["length"]?.int ?? -1) \($0["state"]?.string ?? "")"
            }
            #expect(
                runs == [
                    "0+8192 resident", "8192+12288 hole", "20480+4096 resident", "24576+1073717248 hole",
                    "1073741824+100 resident",
                ])
            #expect(answer.integer("allocatedBefore") == 4 * 4096)
            #expect(answer.integer("allocatedAfter") == 4 * 4096)
            #expect(answer.integer("pageSize") == 4096)
            #expect(answer["next"] == nil)
        }
    }

    @Test func `gives the runs page by page, and from an offset on`() throws {
        try withSparseObject { path in
            var runs: [Int] = []
            var cursor = ""
            repeat {
                let answer = bench.get(path + "?limit=2\(cursor)")
                runs += (answer["runs"]?.array ?? []).compactMap { $0["offset"]?.int }
                cursor = answer["next"]?.string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(runs == [0, 8192, 20480, 24576, 1 << 30])
            #expect(bench.get(path + "?offset=20481").integer("runs", "0", "offset") == 20480)
            #expect(bench.get(path + "?offset=2GiB")["runs"]?.array?.isEmpty == true)
            #expect(bench.get(path + "?cursor=x").status == .badRequest)
        }
    }

    @Test func `an object as large as any can be is shown up to its last byte`() throws {
        let name = Unique.name("largest")
        makeObject(name, bytes: [])
        defer { removeObject(name) }
        let descriptor = unsafe open("/dev/shm/\(name)", O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        // Data in the last page that there could be, which would not be whole, lseek(2) does not find.
        let size = Int.max / 4096 * 4096
        let last = size - 1
        try #require(ftruncate(descriptor, off_t(size)) == 0)
        try #require(unsafe pwrite(descriptor, [0x41] as [UInt8], 1, off_t(last)) == 1)
        let path = "/api/v1/segments/posix:\(name)"
        let pages = bench.get(path + "/pages")
        #expect(pages.status == .ok, "\(pages.text)")
        #expect(pages.integer("runs", "0", "length") == size - 4096)
        #expect(pages.integer("runs", "1", "length") == 4096)
        #expect(pages["runs"]?.array?.last?["state"]?.string == "resident")
        #expect(bench.get(path).integer("sizeBytes") == size)
        #expect(bench.get(path + "/hexdump?offset=\(last)").text.hasSuffix("A\n"))
        #expect(bench.get(path + "/hexdump?offset=\(last)&length=\(Int.max)&style=canonical").text.contains("|A|"))
        #expect(bench.get(path + "/layout").status == .ok)
    }
}
