/// One segment of a request's path: the text between two slashes.
public struct PathSegment: Sendable, Equatable {
    /// As it stands in the request line, escapes included. An identifier of the API is exactly this.
    public let raw: String
    /// With its escapes removed, once. May hold a slash, which never divides segments here.
    public let decoded: String

    public init(raw: String, decoded: String) {
        self.raw = raw
        self.decoded = decoded
    }
}

/// One item of a query: `name=value`, or `name` alone, whose value is nil.
public struct QueryItem: Sendable, Equatable {
    public let name: String
    public let value: String?

    public init(_ name: String, _ value: String?) {
        self.name = name
        self.value = value
    }
}

/// What stands between the method and the version of a request line, taken apart.
public struct RequestTarget: Sendable, Equatable {
    /// The most segments that a path may have.
    public static let maxSegments = 64
    /// The most items that a query may have.
    public static let maxQueryItems = 256

    /// As it came.
    public let raw: String
    /// The path's segments: none for `/`, and an empty one at the end of `/a/`.
    public let path: [PathSegment]
    /// The query's items in order, repeated ones included.
    public let query: [QueryItem]

    /// Takes `raw` apart. Escapes are removed exactly once.
    ///
    /// - Throws: ``Refusal`` (400) for anything that does not begin with a slash (absolute-form and `*` too, which
    ///   only a proxy needs), a byte that has to be percent-encoded, a broken escape, a zero byte, escapes that are
    ///   not UTF-8, a segment `.` or `..` however it is written, and more segments or items than the limits.
    public init(_ raw: String) throws(Refusal) {
        self.raw = raw
        guard raw.utf8.first == UInt8(ascii: "/") else {
            throw .malformed("the request's target has to begin with a slash")
        }
        if let byte = raw.utf8.first(where: { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: "#") }) {
            throw .malformed("the request's target holds the byte \(byte): percent-encode it")
        }
        let parts = raw.dropFirst().split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = try Self.segments(parts[0])
        query = parts.count > 1 ? try Self.items(parts[1]) : []
    }

    private static func segments(_ path: Substring) throws(Refusal) -> [PathSegment] {
        if path.isEmpty { return [] }
        let pieces = path.split(separator: "/", maxSplits: maxSegments, omittingEmptySubsequences: false)
        guard pieces.count <= maxSegments else {
            throw .malformed("the path has more than \(maxSegments) segments")
        }
        var segments = [PathSegment]()
        segments.reserveCapacity(pieces.count)
        for piece in pieces {
            // The name of an object need not be UTF-8: who needs its bytes takes them from `raw`.
            guard let bytes = PercentEncoding.bytes(piece), !bytes.contains(0) else {
                throw .malformed("a segment of the path is not percent-encoding, or holds a zero byte")
            }
            let decoded = String(decoding: bytes, as: UTF8.self)
            guard decoded != ".", decoded != ".." else {
                throw .malformed("a path may not hold the segments . and ..")
            }
            segments.append(PathSegment(raw: String(piece), decoded: decoded))
        }
        return segments
    }

    private static func items(_ query: Substring) throws(Refusal) -> [QueryItem] {
        let pieces = query.split(separator: "&", maxSplits: maxQueryItems)
        guard pieces.count <= maxQueryItems else {
            throw .malformed("the query has more than \(maxQueryItems) items")
        }
        var items = [QueryItem]()
        items.reserveCapacity(pieces.count)
        for piece in pieces {
            let sides = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.text(sides[0], plusIsSpace: true) else { throw .malformedQuery }
            guard sides.count > 1 else {
                items.append(QueryItem(name, nil))
                continue
            }
            guard let value = PercentEncoding.text(sides[1], plusIsSpace: true) else { throw .malformedQuery }
            items.append(QueryItem(name, value))
        }
        return items
    }
}

extension Refusal {
    fileprivate static var malformedQuery: Refusal {
        .malformed("the query is not the percent-encoding of UTF-8 text without a zero byte")
    }
}
