import Encoding
import TestSupport
import Testing

/// `locks` and `top`, of a host on which anything may wait: what they say of it is tested with programs that do.
@Suite struct LockVerbTests {
    /// Other tests' programs may wait for one another, or be ended with a lock.
    private static let endings: [Ending] = [.exited(0), .exited(2), .exited(3)]

    @Test func `painted anew so often as is asked for`() throws {
        let run = try shmlens("locks", "--watch", "--count", "3", "--interval-milliseconds", "50")
        #expect(Self.endings.contains(run.ending), "\(run.messages)")
        // Where nobody looks at a terminal, nothing moves a cursor, and an empty line stands between two.
        #expect(!run.text.contains("\u{1b}"))
        #expect(run.text.hasSuffix("\n\n") && run.text.split(separator: "\n\n", omittingEmptySubsequences: true).count >= 3)
    }

    @Test func `top names what it shows`() throws {
        let run = try shmlens("top", "--count", "1")
        #expect(Self.endings.contains(run.ending), "\(run.messages)")
        #expect(run.text.contains(" threads, ") && run.text.contains("VERDICT"), "\(run.text)")
    }

    @Test func `as JSON it is what the server answers`() throws {
        let server = try Server()
        let own = try JSONValue(parsing: try shmlens("locks", "--json").output)
        let answer = try server.json("GET", "/locks?fresh=true")
        let keys = { (value: JSONValue) in value.object?.members.map(\.key) ?? [] }
        #expect(keys(own) == keys(answer) && keys(own).contains("deadlocks"))
        try server.stop()
    }

    @Test(arguments: [
        ["locks", "--scan"], ["locks", "some", "--watch"], ["locks", "--watch", "--json"], ["locks", "--count", "2"],
        ["locks", "--watch", "--interval-milliseconds", "1"], ["top", "--count", "0"], ["top", "some"],
    ])
    func `what goes together with nothing is told`(words: [String]) throws {
        let run = try shmlens(words)
        #expect(run.ending == .exited(64) && run.messages.contains("Usage: "), "\(run.messages)")
    }

    @Test func `a semaphore is known by what its file is`() throws {
        let name = Unique.name("semaphore")
        let bytes: [UInt8] = [3, 0, 0, 0, 0, 0, 0, 0, 128] + [UInt8](repeating: 0, count: 23)
        makeObject("sem.\(name)", bytes: bytes)
        defer { removeObject("sem.\(name)") }
        let found = try json("locks", "semaphore:\(name)")
        let lock = try #require(found["locks"]?.array?.first)
        #expect(lock["type"]?.string == "semaphore" && lock["value"]?.number?.integer(as: Int.self) == 3 && lock["state"]?.string == "available")
        #expect(lock["evidence"]?.array?.compactMap { $0.string } == ["layout"])
    }
}
