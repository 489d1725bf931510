import HTTPCore
import MicroHTTP

/// The handler that the tests serve, and what they steer it with.
final class Site: Handler {
    typealias Endpoint = @Sendable (Site, Request, PathParameters) -> Response

    /// What `/blocked` waits for, once it has told `entered`.
    let gate = Event()
    let entered = Event()
    /// The stream that `/stream` answers with.
    let makeStream: (@Sendable () -> any BodyStream)?
    let streamLength: Int?
    /// What `/given` answers.
    let given: Response
    /// What a refusal looks like, where it is not plain text.
    let refusal: Response?

    init(
        given: Response = .noContent, refusal: Response? = nil, streamLength: Int? = nil,
        makeStream: (@Sendable () -> any BodyStream)? = nil
    ) {
        self.given = given
        self.refusal = refusal
        self.streamLength = streamLength
        self.makeStream = makeStream
    }

    static let big = [UInt8]((0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) })

    private static let router: Router<Endpoint> = {
        do {
            return try Router([
                Route(.get, "/hello") { _, _, _ in .text(.ok, "hello") },
                Route(.get, "/inline") { _, _, _ in .text(.ok, "inline") },
                Route(.get, "/empty") { _, _, _ in Response(.ok) },
                Route(.get, "/none") { _, _, _ in .noContent },
                Route(.get, "/same") { _, _, _ in .text(.notModified, "hello") },
                Route(.get, "/big") { _, _, _ in .bytes(.ok, .bytes, big) },
                Route(.get, "/secret") { _, _, _ in .text(.ok, "never") },
                Route(.post, "/secret") { _, _, _ in .text(.ok, "never") },
                Route(.get, "/address") { _, request, _ in .text(.ok, request.head.remoteAddress) },
                Route(.post, "/echo") { _, request, _ in .bytes(.ok, .bytes, request.body) },
                Route(.post, "/small") { _, request, _ in .bytes(.ok, .bytes, request.body) },
                Route(.post, "/blocked") { site, _, _ in
                    site.entered.happen()
                    site.gate.wait()
                    return .text(.ok, "at last")
                },
                Route(.get, "/segments/{id}") { _, _, parameters in
                    guard let id = parameters["id"] else { return Response(.internalServerError) }
                    return .text(.ok, "\(id.raw) \(id.decoded)")
                },
                Route(.get, "/query") { _, request, _ in
                    let items = request.head.target.query
                    return .text(.ok, items.map { "\($0.name)=\($0.value ?? "nil")" }.joined(separator: ";"))
                },
                Route(.get, "/given") { site, _, _ in site.given },
                Route(.get, "/stream") { site, _, _ in
                    guard let stream = site.makeStream?() else { return Response(.internalServerError) }
                    return Response(.ok, body: .stream(length: site.streamLength, stream))
                },
            ])
        } catch {
            fatalError("\(error)")
        }
    }()

    func refuse(_ head: RequestHead) -> Response? {
        if head.path.first?.raw == "secret" { return Response(.unauthorized, headers: ["WWW-Authenticate": "Bearer"]) }
        switch Self.router.match(head) {
        case .found: return nil
        case .notFound, .methodNotAllowed:
            return Self.router.respond(
                to: head, notFound: { .text(.notFound, "no such page") },
                methodNotAllowed: { .text(.methodNotAllowed, "not that") }, found: { _, _ in .noContent })
        }
    }

    func bodyLimit(for head: RequestHead) -> Int { head.path.first?.raw == "small" ? 10 : .max }

    func lane(for head: RequestHead) -> Lane {
        switch head.path.first?.raw {
        case "blocked": .waiting
        case "inline": .inline
        default: .quick
        }
    }

    func response(to refusal: Refusal) -> Response {
        self.refusal ?? .text(refusal.status, refusal.detail + "\n")
            .with("Retry-After", "\(refusal.retryAfterSeconds ?? 0)")
    }

    func respond(to request: Request) -> Response {
        guard case .found(let endpoint, let parameters) = Self.router.match(request.head) else {
            return Response(.internalServerError)
        }
        return endpoint(self, request, parameters)
    }
}

/// Serves `site` on a free port while `body` runs.
func serving<Result>(
    _ site: Site = Site(), limits: Limits = Limits(), _ body: (MicroHTTPServer) throws -> Result
) throws -> Result {
    let server = try MicroHTTPServer(try ListenAddress("127.0.0.1:0"), limits: limits, handler: site)
    defer { server.stop(withinMilliseconds: 0) }
    return try body(server)
}

extension MicroHTTPServer {
    func client() throws -> RawClient { try RawClient(host: address.host, port: address.port) }

    /// The reply to one request on a connection of its own.
    func ask(_ method: String, _ target: String, _ header: String = "", body: String = "") throws -> Reply {
        let client = try client()
        try client.ask(method, target, header, body: body)
        return try client.reply(toHead: method == "HEAD")
    }
}

extension RawClient {
    /// Sends a request; `header` holds further lines, each with its end.
    func ask(_ method: String, _ target: String, _ header: String = "", body: String = "") throws {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        try send("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(length)\(header)\r\n\(body)")
    }
}
