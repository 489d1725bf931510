import Glibc
import Kernel
import Observations
import TestSupport
import Testing

@Suite struct MapQueryTests {
    /// The shared mappings that a scan found of this process, by their first address.
    private func scanned() throws -> [UInt64: (name: ByteString, range: MappedRange)] {
        var found: [UInt64: (name: ByteString, range: MappedRange)] = [:]
        for object in try ProcFS().useScan().mappers.objects.values {
            for range in object.mappers.first(where: { $0.pid == getpid() })?.ranges ?? [] {
                found[range.start] = (object.name, range)
            }
        }
        return found
    }

    @Test func `the scan says of each shared mapping what maps says`() throws {
        let object = SharedObject(named: Unique.name("query"), bytes: 3 * 4_096)
        let memfd = SharedObject(memfd: "query\\012 (deleted)", bytes: 4_096)
        let places = [object.map(2 * 4_096), object.map(4_096, writable: false), memfd.map(4_096)].map { UInt64($0) }
        let text = try #require(try ProcFS().mappings(of: getpid(), sharedOnly: true)).elements
        let scan = try scanned()
        for place in places {
            let line = try #require(text.first { $0.range.start == place })
            let asked = try #require(scan[place])
            #expect(asked.range == line.range)
        }
        // maps writes a newline as backslash and digits, and those as themselves: where the kernel is asked for the
        // name alone, they are what they are.
        let name = try #require(scan[places[2]]).name
        #expect(name == "/memfd:query\\012 (deleted)" || name == "/memfd:query\n (deleted)")
    }
}
