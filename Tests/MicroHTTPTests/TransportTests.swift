import HTTPCore
import MicroHTTP
import Testing

/// How a test reaches the handler: through the steps of a server alone, or over a socket.
enum Transport: CaseIterable, CustomTestStringConvertible {
    case memory, live

    var testDescription: String { self == .memory ? "in memory" : "live" }

    func ask(
        _ method: String, _ target: String, _ fields: HeaderFields = [:], body: String = "", of site: Site = Site(),
        limits: Limits = Limits()
    ) throws -> Reply {
        switch self {
        case .memory:
            var headers = HeaderFields([HeaderField("Host", "localhost")] + fields.fields)
            if !body.isEmpty { headers.append("Content-Length", "\(body.utf8.count)") }
            let response = site.answer(method, target, headers: headers, body: Array(body.utf8), limits: limits)
            return Reply(response, toHead: method == "HEAD")
        case .live:
            let lines = fields.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
            return try serving(site, limits: limits) { try $0.ask(method, target, lines, body: body) }
        }
    }
}

extension Reply {
    /// What a client would get of `response`, if it has no stream.
    init(_ response: Response, toHead isHead: Bool) {
        self.init(
            status: response.status.code, fields: response.headers.fields.map { ($0.name, $0.value) }, body: [])
        guard response.status != .noContent else { return }
        var bytes = [UInt8]()
        if case .bytes(let all) = response.body { bytes = all }
        fields.append(("Content-Length", "\(bytes.count)"))
        if !isHead && response.status != .notModified { body = bytes }
    }
}

@Suite(.timeLimit(.minutes(10))) struct TransportTests {
    static let requests: [(method: String, target: String, status: Int, text: String)] = [
        ("GET", "/hello", 200, "hello"), ("GET", "/inline", 200, "inline"), ("GET", "/empty", 200, ""),
        ("GET", "/none", 204, ""), ("GET", "/same", 304, ""), ("GET", "/nothing", 404, "no such page"),
        ("PUT", "/hello", 405, "not that"), ("BREW", "/hello", 405, "not that"), ("get", "/hello", 405, "not that"),
        ("TRACE", "/hello", 405, "not that"), ("BREW", "/nothing", 404, "no such page"), ("GET", "/secret", 401, ""),
        ("GET", "/segments/posix:a%252Fb", 200, "posix:a%252Fb posix:a%2Fb"),
        ("GET", "/segments/a%2Fb", 200, "a%2Fb a/b"),
        ("GET", "/%68ello", 200, "hello"), ("GET", "/segments/", 404, "no such page"),
        ("GET", "/query?a+b=%2B&c&d=&a+b=2", 200, "a b=+;c=nil;d=;a b=2"),
    ]

    @Test(arguments: Transport.allCases, requests)
    func `a request has the same answer`(
        transport: Transport, request: (method: String, target: String, status: Int, text: String)
    ) throws {
        let reply = try transport.ask(request.method, request.target)
        #expect(reply.status == request.status)
        #expect(reply.text == request.text)
    }

    @Test(
        arguments: Transport.allCases,
        ["/a%00b", "/a/../hello", "/%2e%2e/hello", "/.%2E", "/.", "/%", "/%zz", "*", "http://localhost/hello"])
    func `a target that could be read in two ways is refused`(transport: Transport, target: String) throws {
        #expect(try transport.ask("GET", target).status == 400)
    }

    @Test(arguments: Transport.allCases)
    func `405 says what is allowed`(transport: Transport) throws {
        #expect(try transport.ask("PUT", "/hello")["Allow"] == "GET, HEAD")
    }

    @Test(arguments: Transport.allCases, [("/hello", "5"), ("/big", "4194304"), ("/empty", "0"), ("/same", "5")])
    func `HEAD has the length that GET would have and no body`(
        transport: Transport, page: (target: String, length: String)
    ) throws {
        let reply = try transport.ask("HEAD", page.target)
        #expect(reply["Content-Length"] == page.length)
        #expect(reply.body.isEmpty)
    }

    @Test(arguments: Transport.allCases, [0, 1, 99, 100, 101])
    func `a body is taken up to the limit`(transport: Transport, count: Int) throws {
        var limits = Limits()
        limits.maxBodyBytes = 100
        let body = String(repeating: "b", count: count)
        let reply = try transport.ask("POST", "/echo", body: body, limits: limits)
        #expect(reply.status == (count <= 100 ? 200 : 413))
        #expect(reply.text == (count <= 100 ? body : "the body is larger than 100 bytes\n"))
    }

    @Test(arguments: Transport.allCases, [10, 11])
    func `a handler may set a lower limit for some requests`(transport: Transport, count: Int) throws {
        let reply = try transport.ask("POST", "/small", body: String(repeating: "b", count: count))
        #expect(reply.status == (count <= 10 ? 200 : 413))
    }

    static let unsendable: [Response] = [
        Response(.ok, headers: ["Location": "a\r\nSet-Cookie: b=c"]), Response(.ok, headers: ["A": ""]),
        Response(.ok, headers: ["A": "b\u{0}c"]), Response(Status(700)), Response(Status(100)),
        Response(.ok, headers: ["Content-Length": "7"], body: .bytes([1])),
        Response(.ok, headers: ["A": String(repeating: "b", count: 9000)]),
    ]

    @Test(arguments: Transport.allCases, unsendable)
    func `a response that breaks the rules becomes 500`(transport: Transport, response: Response) throws {
        let reply = try transport.ask("GET", "/given", of: Site(given: response))
        #expect(reply.status == 500)
        #expect(reply.text.hasPrefix("the answer could not be sent"))
        #expect(reply["Set-Cookie"] == nil)
    }

    @Test(arguments: Transport.allCases)
    func `a refusal that cannot be sent is sent bare`(transport: Transport) throws {
        let stream = ScriptedStream([.bytes([65])])
        for refusal in [
            Response(.badRequest, headers: ["A": "\n"]), Response(.badRequest, body: .stream(length: nil, stream)),
        ] {
            let reply = try transport.ask("GET", "/..", of: Site(refusal: refusal))
            #expect(reply.status == 400)
            #expect(reply.body.isEmpty)
        }
        #expect(stream.ended.times == 1)
        #expect(stream.started.times == 0)
    }

    @Test(arguments: Transport.allCases)
    func `the most header that a response may have is sent`(transport: Transport) throws {
        let value = String(repeating: "b", count: Response.maxHeaderBytes - 1)
        let reply = try transport.ask("GET", "/given", of: Site(given: Response(.ok, headers: ["A": value])))
        #expect(reply.status == 200)
        #expect(reply["A"] == value)
    }

    @Test(arguments: Transport.allCases)
    func `text beyond ASCII passes through a header`(transport: Transport) throws {
        let reply = try transport.ask("GET", "/given", of: Site(given: Response(.ok, headers: ["A": "é"])))
        #expect(reply["A"] == "é")
    }
}
