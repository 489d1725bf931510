import HTTPCore
import MicroHTTP
import Testing

/// What only a socket shows of reading requests.
@Suite(.timeLimit(.minutes(10))) struct ParsingTests {
    /// The first reply to bytes that are sent as they are.
    func reply(to bytes: String, limits: Limits = Limits()) throws -> Reply {
        try serving(limits: limits) { server in
            let client = try server.client()
            try client.send(bytes)
            return try client.reply()
        }
    }

    @Test(arguments: [
        "Host: localhost\r\nHost: other", "Host: localhost\r\nhost: localhost",
        "Host: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked",
        "Host: localhost\r\nContent-Length: 3\r\nContent-Length: 4",
        "Host: localhost\r\nContent-Length: 3\r\nContent-Length: 3",
        "Host: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Host: localhost\r\nTransfer-Encoding: gzip, chunked", "Host: localhost\r\nTransfer-Encoding : chunked",
        "Host: localhost\r\nA\u{1}: b", "Host: localhost\r\nA: b\u{1}c", "Host: localhost\r\nA: b\rc",
        "Host: localhost\r\nContent-Length: +3", "Host: localhost\r\nContent-Length: 3, 3",
        "Host : localhost", "A: b",
    ])
    func `a header that hides a second request is refused and ends the connection`(header: String) throws {
        try serving { server in
            let client = try server.client()
            try client.send("POST /echo HTTP/1.1\r\n\(header)\r\n\r\nabcGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let all = String(decoding: try client.rest(), as: UTF8.self)
            #expect(all.hasPrefix("HTTP/1.1 400 "))
            #expect(!all.contains(" 200 "))
        }
    }

    @Test func `chunks in HTTP 1 0 are refused`() throws {
        #expect(try reply(to: "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status == 400)
    }

    @Test func `a client of HTTP 1 0 is answered and let go`() throws {
        try serving { server in
            let client = try server.client()
            try client.send("GET /hello HTTP/1.0\r\n\r\n")
            let reply = try client.reply()
            #expect(reply.text == "hello")
            #expect(reply["Connection"] == "close")
            #expect(try client.rest().isEmpty)
        }
    }

    static let refusals: [(name: String, parts: (String, String, String), count: Int, status: Int)] = [
        ("target", ("GET /", "a", " HTTP/1.1\r\nHost: localhost\r\n\r\n"), 40_000, 414),
        ("value", ("GET / HTTP/1.1\r\nHost: localhost\r\nA: ", "a", "\r\n\r\n"), 40_000, 431),
        ("fields", ("GET / HTTP/1.1\r\nHost: localhost\r\n", "A: b\r\n", "\r\n"), 2000, 431),
        ("version", ("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "", ""), 0, 505),
        ("protocol", ("GET / HTPP/1.1\r\nHost: localhost\r\n\r\n", "", ""), 0, 400),
        ("no Host", ("GET / HTTP/1.1\r\n\r\n", "", ""), 0, 400),
        ("no colon", ("GET / HTTP/1.1\r\nHost: localhost\r\nA\r\n\r\n", "", ""), 0, 400),
    ]

    @Test(arguments: refusals)
    func `what the library refuses by itself is counted`(
        refusal: (name: String, parts: (String, String, String), count: Int, status: Int)
    ) throws {
        let (name, (start, middle, end), count, status) = refusal
        try serving { server in
            let client = try server.client()
            let bytes = start + String(repeating: middle, count: count) + end
            // The library may close before all of it is sent.
            try? client.send(bytes)
            #expect(try client.reply().status == status, "\(name)")
            #expect(server.counts.refusedByParser == 1)
            #expect(server.counts.requests == 0)
        }
    }

    /// The library closes such a connection without a word.
    @Test(arguments: ["GARBAGE\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n"])
    func `what is no request at all is counted`(bytes: String) throws {
        try serving { server in
            let client = try server.client()
            try client.send(bytes)
            #expect(try client.rest().isEmpty)
            #expect(eventually { server.counts.refusedByParser == 1 })
            #expect(server.counts.requests == 0)
            // One that says nothing, and one that asks, are no garbage.
            try server.client().close()
            #expect(try server.ask("GET", "/hello").text == "hello")
            #expect(eventually { server.counts.connections == 0 })
            #expect(server.counts.refusedByParser == 1)
        }
    }

    @Test func `a target that is just short enough is read`() throws {
        let target = "/" + String(repeating: "a", count: 20_000)
        #expect(try reply(to: "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 404)
    }

    @Test(arguments: [[5, 95], [100], [1, 1, 1, 97], [100, 1], [50, 51], [200]])
    func `a chunked body is taken up to the limit`(sizes: [Int]) throws {
        var limits = Limits()
        limits.maxBodyBytes = 100
        let chunks = sizes.map { "\(String($0, radix: 16))\r\n\(String(repeating: "c", count: $0))\r\n" }.joined()
        let reply = try reply(
            to: "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n",
            limits: limits)
        let total = sizes.reduce(0, +)
        #expect(reply.status == (total <= 100 ? 200 : 413))
        #expect(reply.body.count == (total <= 100 ? 100 : "the body is larger than 100 bytes\n".utf8.count))
    }

    @Test func `the connection goes on after a chunked body that was too large`() throws {
        var limits = Limits()
        limits.maxBodyBytes = 100
        try serving(limits: limits) { server in
            let client = try server.client()
            let chunk = "80\r\n\(String(repeating: "c", count: 128))\r\n"
            try client.send(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)0\r\n\r\n")
            #expect(try client.reply().status == 413)
            try client.ask("GET", "/hello")
            #expect(try client.reply().text == "hello")
        }
    }

    @Test func `a chunked body without end is cut`() throws {
        var limits = Limits()
        limits.maxBodyBytes = 100
        limits.swallowedBodyBytes = 1000
        try serving(limits: limits) { server in
            let client = try server.client()
            try client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "80\r\n\(String(repeating: "c", count: 128))\r\n"
            #expect(eventually { (try? client.send(chunk)) == nil || client.isCut(withinMilliseconds: 0) })
            #expect(server.counts.underWay == 0)
        }
    }

    @Test func `a large body arrives whole`() throws {
        try serving { server in
            let body = String(repeating: "0123456789abcdef", count: 1 << 16)
            let client = try server.client()
            try client.ask("POST", "/echo", body: body)
            #expect(try client.reply().text == body)
        }
    }

    @Test func `a body that is awaited is asked for, and one that is refused is not`() throws {
        try serving { server in
            let client = try server.client()
            try client.send(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            #expect(try client.reply().status == 100)
            try client.send("12345")
            #expect(try client.reply().text == "12345")
            try client.send(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
            #expect(try client.reply().status == 413)
            #expect(try client.rest().isEmpty)
        }
    }

    @Test(arguments: [100, 101])
    func `a refused body is waited out while it is short, and the connection goes on`(count: Int) throws {
        var limits = Limits()
        limits.swallowedBodyBytes = 100
        try serving(limits: limits) { server in
            let client = try server.client()
            try client.ask("POST", "/secret", body: String(repeating: "b", count: count))
            let reply = try client.reply()
            #expect(reply.status == 401)
            #expect(reply["WWW-Authenticate"] == "Bearer")
            #expect((reply["Connection"] == "close") == (count > 100))
        }
    }

    @Test func `a refused body in chunks is not read`() throws {
        try serving { server in
            let client = try server.client()
            try client.send("POST /secret HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            let reply = try client.reply()
            #expect(reply.status == 401)
            #expect(reply["Connection"] == "close")
        }
    }

    @Test func `bodies under way have a limit together`() throws {
        var limits = Limits()
        limits.maxBodyBytes = 100
        limits.maxBodyBytesTogether = 150
        try serving(limits: limits) { server in
            let header = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
            let first = try server.client()
            try first.send(header)
            #expect(eventually { server.counts.underWay == 1 })
            let reply = try server.ask("POST", "/echo", body: String(repeating: "b", count: 51))
            #expect(reply.status == 503)
            #expect(reply["Retry-After"] == "1")
            #expect(try server.ask("POST", "/echo", body: String(repeating: "b", count: 50)).status == 200)
            try first.send(String(repeating: "b", count: 100))
            #expect(try first.reply().status == 200)
            #expect(eventually { server.counts.underWay == 0 })
            #expect(try server.ask("POST", "/echo", body: String(repeating: "b", count: 100)).status == 200)
        }
    }
}
