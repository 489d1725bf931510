/// How a request's body is delimited (RFC 9112 §6).
public enum BodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// This many bytes follow, more than none.
    case length(UInt64)
    /// Chunks follow; how many bytes is known at their end.
    case chunked
}

/// A request without its body: all that is known when its header has been read.
public struct RequestHead: Sendable {
    public let method: Method
    public let target: RequestTarget
    public let headers: HeaderFields
    public let framing: BodyFraming
    /// Who sent it: `127.0.0.1:40000`, `[::1]:40000`.
    public let remoteAddress: String

    /// The path's segments, raw and decoded.
    public var path: [PathSegment] { target.path }

    /// The first value of the query item `name`: nil where it is missing, and "" where it has no value.
    public func query(_ name: String) -> String? {
        target.query.first { $0.name == name }.map { $0.value ?? "" }
    }

    /// Checks a request's line and header, and takes them apart.
    ///
    /// - Parameters:
    ///   - method: the request line's first word.
    ///   - target: its second word, as it came.
    ///   - version: its third word, `HTTP/1.1`.
    ///   - headers: the fields as they came; blanks at the end of values are removed.
    ///   - remoteAddress: who sent it.
    /// - Throws: ``Refusal`` (400) for what ``RequestTarget/init(_:)`` refuses and for what two parties on a
    ///   request's way could read differently, which is how one request is smuggled inside another: a method or name
    ///   that is no token, a control character in a value, more than one Host, Content-Length or Transfer-Encoding,
    ///   both of the latter, a Transfer-Encoding other than `chunked` or in HTTP/1.0 (RFC 9112 §6.1, §6.3, §11.2).
    public init(
        method: String, target: String, version: String = "HTTP/1.1", headers: HeaderFields,
        remoteAddress: String
    ) throws(Refusal) {
        guard Characters.isToken(method) else { throw .malformed("the method is not a token") }
        self.method = Method(method)
        self.target = try RequestTarget(target)
        var fields = [HeaderField]()
        fields.reserveCapacity(headers.fields.count)
        for field in headers.fields { fields.append(try Self.checked(field)) }
        self.headers = HeaderFields(fields)
        framing = try Self.framing(self.headers, isOld: version == "HTTP/1.0")
        self.remoteAddress = remoteAddress
    }

    private static func checked(_ field: HeaderField) throws(Refusal) -> HeaderField {
        guard Characters.isToken(field.name) else {
            throw .malformed("a header field's name holds a character that no name may hold")
        }
        guard field.value.utf8.allSatisfy({ Characters.isFieldValue($0) }) else {
            throw .malformed("the header field \(field.name) holds a control character")
        }
        guard let last = field.value.utf8.last, last == 0x20 || last == 0x09 else { return field }
        return HeaderField(field.name, String(Characters.trimmed(field.value[...])))
    }

    private static func framing(_ headers: HeaderFields, isOld: Bool) throws(Refusal) -> BodyFraming {
        var hostCount = 0
        var length: String?
        var encoding: String?
        for field in headers.fields {
            if Characters.equalIgnoringCase(field.name, "host") {
                hostCount += 1
            } else if Characters.equalIgnoringCase(field.name, "content-length") {
                guard length == nil else { throw .malformed("there is more than one Content-Length") }
                length = field.value
            } else if Characters.equalIgnoringCase(field.name, "transfer-encoding") {
                guard encoding == nil else { throw .malformed("there is more than one Transfer-Encoding") }
                encoding = field.value
            }
        }
        guard hostCount == 1 || (isOld && hostCount == 0) else {
            throw .malformed("a request has exactly one Host")
        }
        guard let encoding else { return try framing(contentLength: length) }
        guard length == nil else { throw .malformed("there are both a Content-Length and a Transfer-Encoding") }
        guard !isOld else { throw .malformed("HTTP/1.0 has no Transfer-Encoding") }
        guard Characters.equalIgnoringCase(encoding, "chunked") else {
            throw .malformed("the only Transfer-Encoding that is understood is chunked")
        }
        return .chunked
    }

    private static func framing(contentLength text: String?) throws(Refusal) -> BodyFraming {
        guard let text else { return .none }
        // UInt64(_:) would take a sign; a length is digits only.
        guard text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }), let count = UInt64(text)
        else { throw .malformed("the Content-Length is not a number of bytes") }
        return count == 0 ? .none : .length(count)
    }
}

/// A request with its whole body.
public struct Request: Sendable {
    public let head: RequestHead
    /// The body's bytes, chunks joined; empty where there is none. At most ``Limits/maxBodyBytes``.
    public let body: [UInt8]

    public init(head: RequestHead, body: [UInt8] = []) {
        self.head = head
        self.body = body
    }
}
