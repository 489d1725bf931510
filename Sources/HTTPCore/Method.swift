/// What a request asks to be done (RFC 9110 §9).
public enum Method: Sendable, Hashable, CustomStringConvertible {
    case get, head, post, put, patch, delete, options
    /// A token that is none of the above. Methods are case-sensitive, so `get` stands here too.
    case other(String)

    /// - Parameter word: the first word of the request line, as it came.
    public init(_ word: String) {
        switch word {
        case "GET": self = .get
        case "HEAD": self = .head
        case "POST": self = .post
        case "PUT": self = .put
        case "PATCH": self = .patch
        case "DELETE": self = .delete
        case "OPTIONS": self = .options
        default: self = .other(word)
        }
    }

    /// The word as it stands in a request line and in `Allow`.
    public var description: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other(let word): word
        }
    }
}
