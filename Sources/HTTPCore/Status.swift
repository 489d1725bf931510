/// A status code (RFC 9110 §15). The reason phrase is the server's business.
public struct Status: Sendable, Hashable, CustomStringConvertible {
    /// Three digits. Only final codes, 200 to 599, can be sent; see ``Response/unsendableReason``.
    public let code: Int

    public init(_ code: Int) { self.code = code }

    public var description: String { "\(code)" }

    public static let ok = Status(200)
    public static let created = Status(201)
    public static let noContent = Status(204)
    public static let partialContent = Status(206)
    public static let notModified = Status(304)
    public static let badRequest = Status(400)
    public static let unauthorized = Status(401)
    public static let forbidden = Status(403)
    public static let notFound = Status(404)
    public static let methodNotAllowed = Status(405)
    public static let notAcceptable = Status(406)
    public static let conflict = Status(409)
    public static let lengthRequired = Status(411)
    public static let contentTooLarge = Status(413)
    public static let unsupportedMediaType = Status(415)
    public static let rangeNotSatisfiable = Status(416)
    public static let unprocessableContent = Status(422)
    public static let locked = Status(423)
    public static let internalServerError = Status(500)
    public static let serviceUnavailable = Status(503)
    public static let insufficientStorage = Status(507)
}
