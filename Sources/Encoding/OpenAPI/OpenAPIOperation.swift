/// A route as the reference shows it. Whoever answers requests has the table of routes and hands it in, so the
/// reference holds what is built and nothing else.
public struct OpenAPIOperation: Sendable {
    public enum Body: Sendable, Equatable {
        case none
        /// A JSON object with these members.
        case json([String])
        /// Bytes as they are.
        case bytes
    }

    /// `get`
    public let method: String
    /// `/api/v1/segments/{id}`
    public let path: String
    /// The operation's id: its shapes are found by it.
    public let name: String
    public let summary: String
    /// The names that may stand in the query.
    public let parameters: [String]
    public let body: Body
    /// The media types that it answers with; empty where there is no body.
    public let produces: [String]
    /// The status where all went well.
    public let status: Int
    /// Whether it answers who has no token too.
    public let isOpen: Bool

    public init(
        method: String, path: String, name: String, summary: String, parameters: [String] = [], body: Body = .none,
        produces: [String] = ["application/json"], status: Int = 200, isOpen: Bool = false
    ) {
        self.method = method
        self.path = path
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.produces = produces
        self.status = status
        self.isOpen = isOpen
    }

    /// The names in braces, in order.
    var pathParameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
            .map { String($0.dropFirst().dropLast()) }
    }
}
