/// Why a request is not answered with what was asked for: RFC 9457, type `about:blank`.
public struct Problem: Error, Sendable, Hashable {
    /// An HTTP status of 400 or above.
    public let status: Int
    /// The status in words.
    public let title: String
    /// What happened, to what, and what to do about it.
    public let detail: String
    /// The parameter or the body's key that is to blame.
    public let field: String?

    private init(_ status: Int, _ title: String, _ detail: String, field: String? = nil) {
        self.status = status
        self.title = title
        self.detail = detail
        self.field = field
    }

    /// 400: it cannot be parsed.
    public static func badRequest(_ detail: String, field: String? = nil) -> Problem {
        Problem(400, "Bad Request", detail, field: field)
    }

    /// 401: the token is missing or wrong.
    public static func unauthorized(_ detail: String) -> Problem { Problem(401, "Unauthorized", detail) }

    /// 403: a right is missing, or the request's Host or Origin is foreign.
    public static func forbidden(_ detail: String) -> Problem { Problem(403, "Forbidden", detail) }

    /// 404: there is no such thing, or not any more.
    public static func notFound(_ detail: String) -> Problem { Problem(404, "Not Found", detail) }

    /// 405; the answer needs a header field `Allow`.
    public static func methodNotAllowed(_ detail: String) -> Problem { Problem(405, "Method Not Allowed", detail) }

    /// 406: none of the acceptable forms can be had.
    public static func notAcceptable(_ detail: String) -> Problem { Problem(406, "Not Acceptable", detail) }

    /// 409: it exists, is not managed, protected, damaged, or in conflict with something that lives.
    public static func conflict(_ detail: String, field: String? = nil) -> Problem {
        Problem(409, "Conflict", detail, field: field)
    }

    /// 411: a body needs its length.
    public static func lengthRequired(_ detail: String) -> Problem { Problem(411, "Length Required", detail) }

    /// 413: the body is larger than the server takes.
    public static func contentTooLarge(_ detail: String) -> Problem { Problem(413, "Content Too Large", detail) }

    /// 415: the body is of another media type.
    public static func unsupportedMediaType(_ detail: String) -> Problem {
        Problem(415, "Unsupported Media Type", detail)
    }

    /// 416: the range begins behind the object's end.
    public static func rangeNotSatisfiable(_ detail: String) -> Problem {
        Problem(416, "Range Not Satisfiable", detail)
    }

    /// 422: well-formed and out of range.
    public static func unprocessable(_ detail: String, field: String) -> Problem {
        Problem(422, "Unprocessable Content", detail, field: field)
    }

    /// 423: the lock was not had in time. The detail names the owner.
    public static func locked(_ detail: String) -> Problem { Problem(423, "Locked", detail) }

    /// 500: something failed that should not have.
    public static func internalError(_ detail: String) -> Problem { Problem(500, "Internal Server Error", detail) }

    /// 503: the server has as much to do as it takes on, or is about to end.
    public static func unavailable(_ detail: String) -> Problem { Problem(503, "Service Unavailable", detail) }

    /// 507: nothing that large is free.
    public static func insufficientStorage(_ detail: String, field: String? = nil) -> Problem {
        Problem(507, "Insufficient Storage", detail, field: field)
    }

    /// What is wrong with a question.
    public init(_ error: QueryError) {
        switch error {
        case .malformed(let field, _): self = .badRequest(error.description, field: field)
        case .outOfRange(let field, _): self = .unprocessable(error.description, field: field)
        }
    }
}
