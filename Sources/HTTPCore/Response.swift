/// An answer.
public struct Response: Sendable {
    /// What follows the header.
    public enum Body: Sendable {
        case empty
        /// Sent as it is; not copied.
        case bytes([UInt8])
        /// Made while it is sent. With a length, exactly that many bytes follow; without, HTTP/1.1 clients get chunks
        /// and older ones see the end by the connection's.
        case stream(length: Int?, any BodyStream)
    }

    /// The most bytes that names and values of all fields may have together.
    public static let maxHeaderBytes = 8 << 10

    public var status: Status
    public var headers: HeaderFields
    /// HEAD and 304 send what they would have said about this body, its length included, and not the body.
    public var body: Body

    public init(_ status: Status, headers: HeaderFields = [:], body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// `text` as `text/plain` in UTF-8.
    public static func text(_ status: Status, _ text: String) -> Response {
        Response(
            status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }

    /// `bytes` under a media type.
    public static func bytes(_ status: Status, _ type: MediaType, _ bytes: [UInt8]) -> Response {
        Response(status, headers: ["Content-Type": type.description], body: .bytes(bytes))
    }

    /// 204, which has no body.
    public static var noContent: Response { Response(.noContent) }

    /// This response with one more field, which replaces those of the same name.
    public func with(_ name: String, _ value: String) -> Response {
        var response = self
        response.headers[name] = value
        return response
    }

    /// Why the server cannot send this, or nil. Such a response is a mistake in the handler, or text from outside
    /// that went into a field without a check; the client gets 500 instead.
    ///
    /// A status is 200 to 599. A field's name is a token; its value has a character, none of them a control
    /// character (a line break would begin another field). `Content-Length`, `Transfer-Encoding` and `Connection`
    /// are the server's own. All fields together stay within ``maxHeaderBytes``. A length is not negative.
    public var unsendableReason: String? {
        guard (200...599).contains(status.code) else { return "no final response has the status \(status)" }
        var total = 0
        for field in headers.fields {
            total += field.name.utf8.count + field.value.utf8.count
            if let reason = Self.unsendableReason(field) { return reason }
        }
        guard total <= Self.maxHeaderBytes else { return "the header is larger than \(Self.maxHeaderBytes) bytes" }
        if case .stream(let length?, _) = body, length < 0 { return "the body's length is negative" }
        return nil
    }

    private static let ownFields = ["content-length", "transfer-encoding", "connection"]

    private static func unsendableReason(_ field: HeaderField) -> String? {
        guard Characters.isToken(field.name) else { return "a header field's name is not a token" }
        guard !ownFields.contains(where: { Characters.equalIgnoringCase($0, field.name) }) else {
            return "the header field \(field.name) is set by the server"
        }
        guard !field.value.isEmpty, field.value.utf8.allSatisfy({ Characters.isFieldValue($0) }) else {
            return "the header field \(field.name) is empty or holds a control character"
        }
        return nil
    }
}
