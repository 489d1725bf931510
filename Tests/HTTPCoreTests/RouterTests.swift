import HTTPCore
import Testing

@Suite struct RouterTests {
    let router: Router<String>

    init() throws {
        router = try Router([
            Route(.get, "/", "root"),
            Route(.get, "/api/v1/segments", "list"),
            Route(.post, "/api/v1/segments", "create"),
            Route(.get, "/api/v1/segments/{id}", "show"),
            Route(.delete, "/api/v1/segments/{name}", "remove"),
            Route(.get, "/api/v1/segments/summary", "summary"),
            Route(.get, "/api/v1/segments/{id}/blocks/{offset}", "block"),
            Route(.get, "/api/v1/segments/summary/other", "other"),
            Route(.get, "/probe", "probe"),
            Route(.head, "/probe", "probe head"),
            Route(.other("PURGE"), "/probe", "purge"),
        ])
    }

    func outcome(_ method: String, _ target: String) throws -> String {
        switch router.match(try head(method, target)) {
        case .found(let endpoint, _): endpoint
        case .methodNotAllowed(let methods): "405 " + methods.map(\.description).joined(separator: " ")
        case .notFound: "404"
        }
    }

    @Test(arguments: [
        ("GET", "/", "root"), ("GET", "/?a=b", "root"), ("GET", "/api/v1/segments", "list"),
        ("POST", "/api/v1/segments", "create"), ("GET", "/api/v1/segments/posix:a", "show"),
        ("DELETE", "/api/v1/segments/posix:a", "remove"), ("GET", "/api/v1/segments/summary", "summary"),
        ("GET", "/api/v1/segments/summary/other", "other"), ("GET", "/api/v1/segments/summary/blocks/1", "block"),
        ("GET", "/%61pi/v1/segments", "list"), ("GET", "/api/v1/segments/a%2Fb", "show"),
        ("HEAD", "/", "root"), ("HEAD", "/probe", "probe head"), ("PURGE", "/probe", "purge"),
        ("GET", "/api", "404"), ("GET", "/api/v1/segments/", "404"), ("GET", "/api/v1/segments//blocks/1", "404"),
        ("GET", "/api/v1/segments/a/b", "404"), ("GET", "/API/v1/segments", "404"), ("PURGE", "/nothing", "404"),
        ("PUT", "/", "405 GET HEAD"), ("PUT", "/api/v1/segments", "405 GET HEAD POST"),
        ("POST", "/probe", "405 GET HEAD PURGE"),
        ("HEAD", "/api/v1/segments/summary/blocks", "404"), ("get", "/", "405 GET HEAD"),
    ])
    func `method and path lead to one endpoint`(method: String, target: String, expected: String) throws {
        #expect(try outcome(method, target) == expected)
    }

    @Test func `parameters are had by name, raw and decoded`() throws {
        let match = router.match(try head("GET", "/api/v1/segments/posix:a%252Fb/blocks/64"))
        guard case .found("block", let parameters) = match else {
            Issue.record("\(match)")
            return
        }
        #expect(parameters["id"] == PathSegment(raw: "posix:a%252Fb", decoded: "posix:a%2Fb"))
        #expect(parameters.integer("offset") == 64)
        #expect(parameters["other"] == nil)
    }

    @Test(arguments: [("9223372036854775807", Int.max), ("0", 0), ("007", 7)])
    func `a number in a path is read`(text: String, number: Int) throws {
        guard case .found(_, let parameters) = router.match(try head("GET", "/api/v1/segments/\(text)")) else {
            Issue.record("not found")
            return
        }
        #expect(parameters.integer("id") == number)
    }

    @Test(arguments: ["9223372036854775808", "-1", "+1", "1.0", "a", "%31"])
    func `what is no number in a path is not taken for one`(text: String) throws {
        guard case .found(_, let parameters) = router.match(try head("GET", "/api/v1/segments/\(text)")) else {
            Issue.record("not found")
            return
        }
        #expect(parameters.integer("id") == nil)
    }

    @Test func `the caller makes 404 and 405, the router adds what is allowed`() throws {
        func respond(_ method: String, _ target: String) throws -> Response {
            router.respond(
                to: try head(method, target), notFound: { .text(.notFound, "no") },
                methodNotAllowed: { .text(.methodNotAllowed, "not so") },
                found: { endpoint, _ in .text(.ok, endpoint) })
        }
        #expect(try respond("GET", "/nothing").status == .notFound)
        #expect(try respond("GET", "/").status == .ok)
        let refused = try respond("PUT", "/api/v1/segments")
        #expect(refused.status == .methodNotAllowed)
        #expect(refused.headers["Allow"] == "GET, HEAD, POST")
    }

    @Test(arguments: [
        ["a"], [""], ["/a/"], ["//a"], ["/{}"], ["/{a"], ["/a}"], ["/x{a}"], ["/{a}/{a}"], ["/a b"], ["/.."],
        ["/{a/b}"],
        ["/a", "/a"], ["/{a}/b", "/{c}/b"], [String(repeating: "/a", count: 65)],
    ])
    func `a table that contradicts itself is refused`(patterns: [String]) {
        #expect(throws: RouteError.self) { try Router(patterns.map { Route(.get, $0, 0) }) }
    }
}
