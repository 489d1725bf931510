/// Why a question cannot be answered as it was put.
public enum QueryError: Error, Sendable, Hashable {
    /// It cannot be read: 400.
    case malformed(field: String, reason: String)
    /// It can be read, and its value is not one that can be had: 422.
    case outOfRange(field: String, reason: String)

    /// The parameter's name in the API.
    public var field: String {
        switch self {
        case .malformed(let field, _), .outOfRange(let field, _): field
        }
    }

    public var reason: String {
        switch self {
        case .malformed(_, let reason), .outOfRange(_, let reason): reason
        }
    }
}

extension QueryError: CustomStringConvertible {
    public var description: String { "\(field): \(reason)" }
}
