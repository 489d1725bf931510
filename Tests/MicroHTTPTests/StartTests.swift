import Glibc
import HTTPCore
import MicroHTTP
import Testing

@Suite(.timeLimit(.minutes(10))) struct StartTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1:8080", true), ("localhost:0", "127.0.0.1:0", true),
        ("[::1]:65535", "[::1]:65535", true),
        ("0.0.0.0:1", "0.0.0.0:1", false), ("[::]:80", "[::]:80", false), ("127.255.0.1:1", "127.255.0.1:1", true),
        ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", true), ("[fe80::1]:1", "[fe80::1]:1", false),
        ("128.0.0.1:1", "128.0.0.1:1", false), ("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1", false),
    ])
    func `an address is a numeric host and a port`(text: String, shown: String, isLoopback: Bool) throws {
        let address = try ListenAddress(text)
        #expect(address.description == shown)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: [
        "", ":", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
        "127.0.0.1:0x1", "127.0.0.1: 1", "::1:8080", "[::1]", "[::1:8080", "[127.0.0.1]:1", "example.org:1",
        "127.1:1", "256.0.0.1:1", "[localhost]:1", "[]:1", "127.0.0.1:8080/", "1.2.3.4\u{0}:5",
    ])
    func `what is none is refused with advice`(text: String) {
        let error = #expect(throws: ListenAddressError.self) { try ListenAddress(text) }
        #expect(error?.description.contains("HOST:PORT") == true)
    }

    @Test func `port 0 gives a free port, for each server another`() throws {
        try serving { first in
            try serving { second in
                #expect(first.address.port > 0)
                #expect(second.address.port > 0)
                #expect(first.address != second.address)
            }
        }
    }

    @Test func `a port that is taken is refused with advice`() throws {
        try serving { server in
            let error = #expect(throws: StartFailure.self) {
                try MicroHTTPServer(server.address, handler: Site()).stop(withinMilliseconds: 0)
            }
            #expect(error?.operation == "bind")
            #expect(error?.errorNumber == EADDRINUSE)
            #expect(error?.description.contains("Another program listens there") == true)
        }
    }

    @Test func `a port is free again at once after a stop`() throws {
        // An address of its own: between two servers a client of another test could get the port.
        var address = try ListenAddress("127.0.0.2:0")
        for _ in 0..<3 {
            let server = try MicroHTTPServer(address, handler: Site())
            #expect(try server.ask("GET", "/hello").text == "hello")
            server.stop(withinMilliseconds: 0)
            address = server.address
        }
    }

    @Test func `a limit outside its range is refused by name`() {
        var limits = Limits()
        limits.quickThreads = 0
        let error = #expect(throws: StartFailure.self) { try serving(limits: limits) { _ in } }
        #expect(error?.description.contains("quickThreads") == true)
    }

    @Test func `a server listens on IPv6 too`() throws {
        // A host without IPv6 refuses the address; that is no fault of the server's.
        guard let server = try? MicroHTTPServer(try ListenAddress("[::1]:0"), handler: Site()) else { return }
        #expect(server.address.description == "[::1]:\(server.address.port)")
        server.stop(withinMilliseconds: 0)
    }
}

@Suite struct RingQueueTests {
    @Test func `elements leave in the order in which they came, however the ends wander`() {
        var queue = RingQueue<Int>()
        var (next, expected) = (0, 0)
        for round in 0..<50 {
            for _ in 0..<(round % 13) {
                queue.append(next)
                next += 1
            }
            #expect(queue.count == next - expected)
            for _ in 0..<(round % 11) where queue.count > 0 {
                #expect(queue.removeFirst() == expected)
                expected += 1
            }
        }
        while let element = queue.removeFirst() {
            #expect(element == expected)
            expected += 1
        }
        #expect(expected == next)
        #expect(queue.count == 0)
    }
}
