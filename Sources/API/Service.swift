import Diagnostics
public import HTTPCore
import Kernel
import Observations
public import Reading
import SharedSegments
import Synchronization
public import Workload

/// The API and the page: what answers a server's requests.
///
/// Looking goes through `Reading`, which takes no lock; only what a row of the contract calls a change opens a
/// segment to be changed, and then waits for its lock no longer than it was allowed to.
public final class Service: Handler {
    /// What the executable decides.
    public struct Settings: Sendable {
        public var version: String
        public var access: Access
        /// The folder with the page; nil serves none.
        public var publicFolder: String?
        /// Shown by status.
        public var limits: Limits

        public init(version: String, access: Access, publicFolder: String? = nil, limits: Limits = Limits()) {
            self.version = version
            self.access = access
            self.publicFolder = publicFolder
            self.limits = limits
        }
    }

    let settings: Settings
    let lens: Lens
    let live: LiveSegments
    let supervisor: Supervisor?
    let pages: StaticFiles?
    let hub = StreamHub()
    let startedAt = Clocks.reading()
    let requestCount = Atomic<Int>(0)
    /// From when on no request waits for a lock any more, on CLOCK_MONOTONIC.
    private let endsAt = Atomic<Int64>(.max)
    /// What is known once the server listens: the address, and a look at its own counters.
    private let server = Mutex<(listen: String, refusedByParser: @Sendable () -> Int)>(("", { 0 }))
    private let router: Router<Endpoint>

    /// - Parameter supervisor: starts workers; nil where there shall be none.
    /// - Throws: ``RouteError`` where the table of routes contradicts itself.
    public init(
        _ settings: Settings, lens: Lens, live: LiveSegments, supervisor: Supervisor? = nil
    ) throws(RouteError) {
        self.settings = settings
        self.lens = lens
        self.live = live
        self.supervisor = supervisor
        pages = settings.publicFolder.map { StaticFiles(folder: $0, proc: lens.sources.proc) }
        router = try Router(Self.routes)
    }

    /// Says where the server listens, and how it tells the requests that it refused by itself.
    public func isServed(at listen: String, refusedByParser: @escaping @Sendable () -> Int) {
        server.withLock { $0 = (listen, refusedByParser) }
    }

    /// Says that the server ends: a request that still waits for a lock at that time is answered instead. What it was
    /// allowed to wait may be longer than whoever stops the server has patience, and a handler cannot be cut.
    public func end(withinMilliseconds milliseconds: Int) {
        endsAt.store(Clocks.monotonicNanoseconds() + Int64(milliseconds) * 1_000_000, ordering: .relaxed)
    }

    /// Whether a wait for a lock has to be given up.
    var isOverdue: Bool { Clocks.monotonicNanoseconds() >= endsAt.load(ordering: .relaxed) }

    var listen: String { server.withLock { $0.listen } }

    var requestCounts: RequestCounts {
        RequestCounts(
            total: requestCount.load(ordering: .relaxed), refusedByParser: server.withLock { $0.refusedByParser }())
    }

    // MARK: Handler

    public func refuse(_ head: RequestHead) -> Response? {
        requestCount.wrappingAdd(1, ordering: .relaxed)
        let match = router.match(head)
        if case .notFound = match, let redirect = signIn(head) { return redirect }
        if let denial = settings.access.refusal(of: head, isOpen: Self.isOpen(match)) {
            return Self.response(to: denial)
        }
        switch match {
        case .found(let endpoint, _): return Self.refusal(of: head, by: endpoint)
        case .methodNotAllowed(let methods):
            let names = methods.map(\.description).joined(separator: ", ")
            return Response.problem(.methodNotAllowed("this path knows \(names)")).with("Allow", names)
        case .notFound:
            guard pages != nil, !Self.isOfAPI(head) else { return Self.nothingThere(head) }
            return StaticFiles.refusal(of: head)
        }
    }

    public func bodyLimit(for head: RequestHead) -> Int {
        guard case .found(let endpoint, _) = router.match(head) else { return 0 }
        return endpoint.body.limit
    }

    public func lane(for head: RequestHead) -> Lane {
        guard case .found(let endpoint, _) = router.match(head) else { return .quick }
        return endpoint.lane
    }

    public func respond(to request: Request) -> Response {
        live.closeIdle()
        guard case .found(let endpoint, let path) = router.match(request.head) else {
            return pages?.response(to: request.head) ?? Self.nothingThere(request.head)
        }
        do throws(Problem) {
            let query = try QueryParameters(request.head.target.query, known: endpoint.parameters)
            return try endpoint.answer(self)(Call(request: request, endpoint: endpoint, path: path, query: query))
        } catch {
            return .problem(error)
        }
    }

    public func response(to refusal: Refusal) -> Response {
        let response = Response.problem(Problem(refusal))
        return refusal.retryAfterSeconds.map { response.with("Retry-After", "\($0)") } ?? response
    }

    // MARK: Refusing

    /// The URL that was printed at start, opened: a cookie from then on, and an address without the secret, which
    /// would stay in the browser's history and in every link that somebody copies.
    private func signIn(_ head: RequestHead) -> Response? {
        guard head.method == .get || head.method == .head, !Self.isOfAPI(head), settings.access.asksForToken,
            let text = head.query("token"), settings.access.isToken(text),
            settings.access.refusal(of: head, isOpen: true) == nil
        else { return nil }
        // Relative, so that it holds behind a proxy with a path of its own, and never leads to another host.
        let location = "./" + (head.path.last?.raw ?? "")
        return Response(.seeOther).with("Location", location).with("Set-Cookie", settings.access.cookie).uncached()
    }

    private static func isOpen(_ match: RouteMatch<Endpoint>) -> Bool {
        if case .found(let endpoint, _) = match { endpoint.isOpen } else { false }
    }

    private static func response(to denial: Denial) -> Response {
        let response = Response.problem(denial.problem)
        return denial.challenge.map { response.with("WWW-Authenticate", $0) } ?? response
    }

    /// What an endpoint refuses before it has seen the body.
    private static func refusal(of head: RequestHead, by endpoint: Endpoint) -> Response? {
        if !endpoint.produces.isEmpty,
            MediaType.best(of: endpoint.produces, accept: head.headers.list("Accept")) == nil
        {
            let names = endpoint.produces.map(\.description).joined(separator: ", ")
            return .problem(.notAcceptable("this can be had as \(names)"))
        }
        guard endpoint.body != .none else { return nil }
        // An empty body with its length is no body at all to the reader of the header.
        if head.framing == .none, head.headers["Content-Length"] == nil {
            return .problem(.lengthRequired("this needs a body, and the body its Content-Length"))
        }
        // `curl -d` says "form" of whatever it is given; what is inside is read as JSON all the same. A form of a web
        // page cannot pass for it: its Origin is refused.
        guard case .json = endpoint.body, let type = head.headers["Content-Type"] else { return nil }
        let media = MediaType(type)
        if media == .json || media?.description == "application/x-www-form-urlencoded" { return nil }
        return .problem(.unsupportedMediaType("the body must be application/json, not \(type); with curl: --json"))
    }

    private static func isOfAPI(_ head: RequestHead) -> Bool { head.path.first?.decoded == "api" }

    private static func nothingThere(_ head: RequestHead) -> Response {
        .problem(.notFound("there is nothing at \(head.target.raw.prefix(200))"))
    }
}

extension Status {
    static let seeOther = Status(303)
}
