import Diagnostics
import HTTPCore

/// What a route takes and gives. The reference for users is written from it, so that both say the same.
struct Endpoint: Sendable {
    /// What may come with the request.
    enum Body: Sendable, Equatable {
        /// Nothing; a small body is passed over.
        case none
        /// A JSON object with these members.
        case json([String])
        /// Bytes as they are.
        case bytes
    }

    /// The name of the operation, and what the reference says of it.
    let name: String
    let summary: String
    var lane = Lane.quick
    /// Whether who has no token may ask too.
    var isOpen = false
    /// The names that may stand in the query.
    var parameters: [String] = []
    var body = Body.none
    /// What it answers with, the favourite first; empty where there is no body.
    var produces: [MediaType] = [.json]
    /// The status where all went well.
    var status = Status.ok
    let answer: @Sendable (Service) -> (Call) throws(Problem) -> Response
}

extension Endpoint.Body {
    /// The most bytes that it may have.
    var limit: Int {
        switch self {
        // A text of 1024 bytes, each escaped, and some numbers.
        case .json, .none: 64 << 10
        case .bytes: Limits().maxBodyBytes
        }
    }
}

/// A request that found its endpoint.
struct Call: Sendable {
    let request: Request
    let endpoint: Endpoint
    let path: PathParameters
    let query: QueryParameters

    var head: RequestHead { request.head }

    /// The body's members.
    func fields() throws(Problem) -> BodyFields {
        guard case .json(let known) = endpoint.body else { preconditionFailure("the endpoint takes no JSON") }
        return try BodyFields(request.body, known: known)
    }

    /// A number in the path.
    func number(_ name: String) throws(Problem) -> Int {
        guard let number = path.integer(name) else {
            throw .notFound("\(path[name]?.decoded ?? "") is not a number, as the path wants it there")
        }
        return number
    }
}
