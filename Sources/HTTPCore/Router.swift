/// One row of a ``Router``: a method and a pattern lead to an endpoint.
public struct Route<Endpoint: Sendable>: Sendable {
    public let method: Method
    public let pattern: String
    public let endpoint: Endpoint

    /// - Parameters:
    ///   - method: GET answers HEAD too, unless HEAD has a row of its own.
    ///   - pattern: segments of plain text and of `{name}`, which takes any one segment that is not empty.
    ///   - endpoint: what stands for the route: a function, a case, a record of both.
    public init(_ method: Method, _ pattern: String, _ endpoint: Endpoint) {
        self.method = method
        self.pattern = pattern
        self.endpoint = endpoint
    }
}

/// The segments of a path that stand in a pattern's named places.
public struct PathParameters: Sendable, Equatable {
    let names: [String]
    let segments: [PathSegment]

    /// The segment in the place `name`, or nil where the pattern has no such place.
    public subscript(name: String) -> PathSegment? {
        names.firstIndex(of: name).map { segments[$0] }
    }

    /// The place `name` as a decimal number without a sign, or nil where it is none or too large.
    public func integer(_ name: String) -> Int? {
        guard let text = self[name]?.raw, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        else { return nil }
        return Int(text)
    }
}

/// What a router says about a request.
public enum RouteMatch<Endpoint: Sendable>: Sendable {
    case found(Endpoint, PathParameters)
    /// The path is known, the method is not: 405 with these in `Allow`.
    case methodNotAllowed([Method])
    /// 404.
    case notFound
}

/// Finds the endpoint of a request by its path and method.
///
/// Built and checked once, never changed. Plain text wins over a parameter in the same place. Text is compared with
/// the decoded segment, so that `/%61pi` is `/api`.
public struct Router<Endpoint: Sendable>: Sendable {
    /// A place in the tree of patterns: what may follow, and what ends here.
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: Int?
        var endpoints: [(method: Method, names: [String], endpoint: Endpoint)] = []
    }

    private var nodes = [Node()]

    /// - Throws: ``RouteError`` for a pattern that is none, and for a method that one shape of path has twice.
    public init(_ routes: [Route<Endpoint>]) throws(RouteError) {
        for route in routes { try add(route) }
    }

    private mutating func add(_ route: Route<Endpoint>) throws(RouteError) {
        let pattern = try RoutePattern(route.pattern)
        var place = 0
        for piece in pattern.pieces {
            let known: Int? =
                switch piece {
                case .literal(let text): nodes[place].literals[text]
                case .parameter: nodes[place].parameter
                }
            let next = known ?? nodes.count
            if known == nil {
                nodes.append(Node())
                switch piece {
                case .literal(let text): nodes[place].literals[text] = next
                case .parameter: nodes[place].parameter = next
                }
            }
            place = next
        }
        guard !nodes[place].endpoints.contains(where: { $0.method == route.method }) else {
            throw RouteError(pattern: route.pattern, reason: "\(route.method) has another route of the same shape")
        }
        nodes[place].endpoints.append((route.method, pattern.parameterNames, route.endpoint))
    }

    /// What `head` asks for.
    ///
    /// - Complexity: O(places of the tree that the path can reach), whatever the request.
    public func match(_ head: RequestHead) -> RouteMatch<Endpoint> {
        match(head.method, head.path)
    }

    /// What `method` asks of `path`.
    public func match(_ method: Method, _ path: [PathSegment]) -> RouteMatch<Endpoint> {
        var segments = [PathSegment]()
        guard let place = place(of: path[...], from: 0, &segments) else { return .notFound }
        let rows = nodes[place].endpoints
        let exact = rows.first { $0.method == method }
        guard let row = exact ?? (method == .head ? rows.first { $0.method == .get } : nil) else {
            return .methodNotAllowed(allowed(rows.map(\.method)))
        }
        return .found(row.endpoint, PathParameters(names: row.names, segments: segments))
    }

    /// Leads a request to its endpoint, or to the response that says why there is none.
    ///
    /// - Parameters:
    ///   - notFound: makes the 404.
    ///   - methodNotAllowed: makes the 405. `Allow` is added to it.
    ///   - found: makes the answer.
    public func respond(
        to head: RequestHead, notFound: () -> Response, methodNotAllowed: () -> Response,
        found: (Endpoint, PathParameters) -> Response
    ) -> Response {
        switch match(head) {
        case .found(let endpoint, let parameters): found(endpoint, parameters)
        case .methodNotAllowed(let methods):
            methodNotAllowed().with("Allow", methods.map(\.description).joined(separator: ", "))
        case .notFound: notFound()
        }
    }

    private func allowed(_ methods: [Method]) -> [Method] {
        guard let get = methods.firstIndex(of: .get), !methods.contains(.head) else { return methods }
        var methods = methods
        methods.insert(.head, at: get + 1)
        return methods
    }

    /// The node where `path` ends, trying plain text before a parameter, with the parameters' segments.
    private func place(of path: ArraySlice<PathSegment>, from place: Int, _ taken: inout [PathSegment]) -> Int? {
        guard let segment = path.first else { return nodes[place].endpoints.isEmpty ? nil : place }
        if let next = nodes[place].literals[segment.decoded],
            let end = self.place(of: path.dropFirst(), from: next, &taken)
        {
            return end
        }
        guard let next = nodes[place].parameter, !segment.raw.isEmpty else { return nil }
        taken.append(segment)
        if let end = self.place(of: path.dropFirst(), from: next, &taken) { return end }
        taken.removeLast()
        return nil
    }
}
