/// An answer that the server gives on its own: the request never reached the handler's ``Handler/respond(to:)``.
///
/// The server decides *that* a request is refused; ``Handler/response(to:)`` decides how the refusal looks.
public struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    public let status: Status
    /// A sentence for people: what was wrong, and where it helps, what to do.
    public let detail: String
    /// When to try again, in seconds, for what passes by itself.
    public let retryAfterSeconds: Int?

    public init(_ status: Status, _ detail: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.detail = detail
        self.retryAfterSeconds = retryAfterSeconds
    }

    public var description: String { "\(status): \(detail)" }

    /// The request's line or header breaks the rules.
    public static func malformed(_ detail: String) -> Refusal { Refusal(.badRequest, detail) }

    /// The body is, or says that it will be, larger than what is taken.
    public static func bodyTooLarge(limit: Int) -> Refusal {
        Refusal(.contentTooLarge, "the body is larger than \(limit) bytes")
    }

    /// A named limit of the server is reached; it passes as other requests end.
    public static func busy(_ detail: String, retryAfterSeconds: Int) -> Refusal {
        Refusal(.serviceUnavailable, detail, retryAfterSeconds: retryAfterSeconds)
    }
}
