import HTTPCore
import Testing

@testable import API

@Suite struct AccessTests {
    private static let secret = "0123456789abcdef-secret"

    private func bench(_ listenHost: String = "127.0.0.1", allowed: [String] = [], token: String? = nil) throws -> Bench {
        try Bench(
            access: Access(
                listenHost: listenHost, isLoopback: listenHost == "127.0.0.1", allowedHosts: allowed,
                token: token.map { try Token($0.utf8) }))
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:9", "lens.example:1", "127.0.0.1:"])
    func `answers for its own hosts, whatever the port`(host: String) throws {
        let reply = try bench(allowed: ["lens.example:80"]).get("/healthz", [HeaderField("Host", host)])
        #expect(reply.status == .ok)
    }

    @Test(arguments: ["evil.example", "127.0.0.2", "127.0.0.1.evil.example", "localhost:80x", "[::1", "", "0.0.0.0"])
    func `refuses other hosts`(host: String) throws {
        let reply = try bench().get("/healthz", [HeaderField("Host", host)])
        #expect(reply.status == .forbidden)
        #expect(reply.headers["Content-Type"] == "application/problem+json")
    }

    @Test func `answers for any address where it listens on all, and for no name`() throws {
        let bench = try bench("0.0.0.0", token: Self.secret)
        #expect(bench.get("/healthz", [HeaderField("Host", "192.168.1.7:80")]).status == .ok)
        #expect(bench.get("/healthz", [HeaderField("Host", "[fe80::1]:80")]).status == .ok)
        #expect(bench.get("/healthz", [HeaderField("Host", "evil.example")]).status == .forbidden)
    }

    @Test(
        arguments: [
            ("http://127.0.0.1:8080", Status.noContent), ("https://127.0.0.1:8080", .noContent),
            ("http://127.0.0.1", .forbidden), ("null", .forbidden), ("http://evil.example", .forbidden),
            ("http://127.0.0.1:8080.evil.example", .forbidden), ("ftp://127.0.0.1:8080", .forbidden),
        ])
    func `lets only its own origin change anything`(origin: String, status: Status) throws {
        let bench = try bench()
        try bench.withSegment { name, path in
            #expect(bench.send("DELETE", path, [HeaderField("Origin", origin)]).status == status)
            #expect(bench.get("/api/v1/status", [HeaderField("Origin", origin)]).status == .ok)
        }
    }

    @Test(arguments: [("same-origin", Status.noContent), ("none", .noContent), ("same-site", .forbidden), ("cross-site", .forbidden)])
    func `obeys what browsers say of a request's site`(site: String, status: Status) throws {
        let bench = try bench()
        try bench.withSegment { name, path in
            #expect(bench.send("DELETE", path, [HeaderField("Sec-Fetch-Site", site)]).status == status)
        }
    }

    @Test func `asks for the token, and takes it as a bearer's or out of its cookie`() throws {
        let bench = try bench(token: Self.secret)
        let missing = bench.get("/api/v1/status")
        #expect(missing.status == .unauthorized)
        #expect(missing.headers["WWW-Authenticate"] == "Bearer realm=\"shmlens\"")
        let wrong = bench.get("/api/v1/status", [HeaderField("Authorization", "Bearer \(Self.secret)x")])
        #expect(wrong.status == .unauthorized)
        #expect(wrong.headers["WWW-Authenticate"]?.contains("invalid_token") == true)
        for field in [
            HeaderField("Authorization", "Bearer \(Self.secret)"), HeaderField("Authorization", "bearer \(Self.secret)"),
            HeaderField("Cookie", "a=b; shmlens-token=\(Self.secret)"),
        ] { #expect(bench.get("/api/v1/status", [field]).status == .ok) }
        #expect(bench.get("/api/v1/status?token=\(Self.secret)").status == .unauthorized)
        #expect(bench.get("/api/v1/nothing").status == .unauthorized)
    }

    @Test(arguments: ["/healthz", "/readyz", "/api/v1/healthz", "/api/v1/readyz"])
    func `tells anybody that it lives`(path: String) throws {
        let reply = try bench(token: Self.secret).get(path)
        #expect(reply.status == .ok)
        #expect(reply.text == "ok")
    }

    @Test func `turns the token's URL into a cookie and a clean address`() throws {
        let bench = try bench(token: Self.secret)
        let reply = bench.get("/?token=\(Self.secret)")
        #expect(reply.status == .seeOther)
        #expect(reply.headers["Location"] == "./")
        #expect(reply.headers["Set-Cookie"] == "shmlens-token=\(Self.secret); Path=/; HttpOnly; SameSite=Strict")
        #expect(bench.get("/?token=wrong").status == .unauthorized)
        #expect(bench.get("//evil.example/?token=\(Self.secret)").headers["Location"] == "./")
        let foreign = bench.get("/?token=\(Self.secret)", [HeaderField("Host", "evil.example")])
        #expect(foreign.status == .forbidden)
        #expect(foreign.headers["Set-Cookie"] == nil)
    }

    @Test func `listens for others with a token only`() {
        #expect(throws: AccessError.tokenMissing("0.0.0.0")) { try Access(listenHost: "0.0.0.0", isLoopback: false) }
    }

    @Test func `compares a token as a whole`() throws {
        let token = try Token("0123456789abcdef\n".utf8)
        #expect(token.matches("0123456789abcdef"))
        for other in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF"] { #expect(!token.matches(other)) }
    }

    @Test func `reads tokens of 16 to 512 bytes that can travel`() throws {
        #expect(throws: TokenError.length(15)) { try Token(String(repeating: "a", count: 15).utf8) }
        _ = try Token(String(repeating: "a", count: 16).utf8)
        _ = try Token(String(repeating: "a", count: 512).utf8)
        #expect(throws: TokenError.length(513)) { try Token(String(repeating: "a", count: 513).utf8) }
        #expect(throws: TokenError.character) { try Token("0123456789 abcdefgh".utf8) }
        var generator = SystemRandomNumberGenerator()
        let token = Token.random(using: &generator)
        #expect(token.text.utf8.count == 43)
        #expect(try Token(token.text.utf8).text == token.text)
        #expect(Token.random(using: &generator).text != token.text)
    }
}
