import Diagnostics
import Observations
import TestSupport
import Testing

@testable import Reading

@Suite struct SearchTests {
    private func search(
        _ object: SharedObject, _ pattern: SearchPattern, limit: Int = 100
    ) throws -> SearchReport {
        let id = SegmentIdentifier.posix(ByteString(Array((object.name ?? "").utf8)))
        return try Lens().search(pattern, in: id, page: PageRequest(limit: limit)).report
    }

    @Test func `a match may begin in a hole and end in one`() throws {
        let object = SharedObject(named: Unique.name("search"), bytes: 3 * 4096)
        object.write([UInt8]("ab".utf8), at: 4096)
        object.write([UInt8]("yz".utf8), at: 8190)
        #expect(try search(object, SearchPattern(hex: "0000 6162")).matches.map(\.offset) == [4094])
        #expect(try search(object, SearchPattern(hex: "797a 0000")).matches.map(\.offset) == [8190])
        // Zeros that nobody wrote are not found, those around what was written are.
        let zeros = try search(object, SearchPattern(hex: "0000000000000000"), limit: 10_000).matches.map(\.offset)
        #expect(zeros.allSatisfy { $0 >= 4096 - 7 && $0 < 8192 } && zeros.contains(4098) && !zeros.isEmpty)
    }

    @Test func `a match tells itself and what follows`() throws {
        let object = SharedObject(named: Unique.name("search"), bytes: 4096)
        object.write([UInt8]("hello, world".utf8), at: 4084)
        let match = try #require(try search(object, try SearchPattern(text: "hello", encoding: .utf8, byteOrder: .little)).matches.first)
        #expect(match.offset == 4084 && match.bytes == [UInt8]("hello".utf8))
        #expect(match.following == [UInt8](", world".utf8))
        object.write([UInt8](repeating: 7, count: 100), at: 0)
        let long = try #require(try search(object, SearchPattern(hex: String(repeating: "07", count: 40))).matches.first)
        #expect(long.bytes.count == 40 && long.following.isEmpty)
    }
}
