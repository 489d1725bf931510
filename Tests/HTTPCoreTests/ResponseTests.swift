import HTTPCore
import Testing

@Suite struct ResponseTests {
    @Test(arguments: [
        Response(.ok), Response(Status(599)), Response(.ok, headers: ["A": "é \t"]),
        Response(.ok, headers: ["A": String(repeating: "b", count: Response.maxHeaderBytes - 1)]),
    ])
    func `a response within the rules can be sent`(response: Response) {
        #expect(response.unsendableReason == nil)
    }

    @Test(arguments: [
        Response(Status(199)), Response(Status(600)), Response(Status(0)), Response(Status(-1)),
        Response(.ok, headers: ["A b": "c"]), Response(.ok, headers: ["": "c"]), Response(.ok, headers: ["A:": "c"]),
        Response(.ok, headers: ["A": ""]), Response(.ok, headers: ["A": "b\r\nC: d"]),
        Response(.ok, headers: ["A": "\u{0}"]),
        Response(.ok, headers: ["content-length": "1"]), Response(.ok, headers: ["Transfer-Encoding": "chunked"]),
        Response(.ok, headers: ["Connection": "close"]),
        Response(.ok, headers: ["A": String(repeating: "b", count: Response.maxHeaderBytes)]),
    ])
    func `a response that breaks a rule says which`(response: Response) {
        #expect(response.unsendableReason != nil)
    }

    @Test func `a field is replaced by the one that is added`() {
        let response = Response.text(.notFound, "no").with("content-type", "text/html")
        #expect(response.headers == ["content-type": "text/html"])
    }

    @Test func `a refusal is text unless the handler knows better, and says when to try again`() {
        struct Plain: Handler {
            func respond(to request: Request) -> Response { .noContent }
        }
        let response = Plain().response(to: .busy("full", retryAfterSeconds: 3))
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers["Retry-After"] == "3")
        guard case .bytes(let bytes) = response.body else {
            Issue.record("the body is not bytes")
            return
        }
        #expect(bytes == Array("full\n".utf8))
    }
}

@Suite struct LimitsTests {
    @Test func `the defaults are within their ranges`() {
        #expect(Limits().outOfRange == nil)
    }

    @Test(arguments: [
        (\Limits.connections, 1, 65_536), (\.connectionMemoryBytes, 4096, 1 << 20), (\.quickThreads, 1, 64),
        (\.waitingThreads, 1, 256), (\.quickQueue, 1, 65_536), (\.waitingQueue, 1, 65_536), (\.streams, 0, 65_536),
        (\.maxBodyBytes, 0, 1 << 26), (\.maxBodyBytesTogether, 1 << 24, 1 << 36), (\.swallowedBodyBytes, 0, 1 << 30),
        (\.headerTimeMilliseconds, 1, 3_600_000), (\.bodyTimeMilliseconds, 1, 3_600_000), (\.idleTimeSeconds, 1, 3600),
        (\.retryAfterSeconds, 0, 3600),
    ] as [(any WritableKeyPath<Limits, Int> & Sendable, Int, Int)])
    func `a limit outside its range is named`(
        limit: any WritableKeyPath<Limits, Int> & Sendable, least: Int, most: Int
    ) {
        func isWithin(_ value: Int) -> Bool {
            var limits = Limits()
            limits[keyPath: limit as WritableKeyPath<Limits, Int>] = value
            return limits.outOfRange == nil
        }
        #expect(isWithin(least))
        #expect(isWithin(most))
        #expect(!isWithin(least - 1))
        #expect(!isWithin(.max))
    }
}
