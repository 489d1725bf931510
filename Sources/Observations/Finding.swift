/// Something that is wrong or deserves a look, with its place.
public struct Finding: Sendable, Hashable {
    public enum Severity: String, Sendable, CaseIterable {
        case info
        case warning
        case error
    }

    /// A short name for programs, lowerCamelCase; it never changes its meaning.
    public let code: String
    public let severity: Severity
    /// A sentence for people, with the numbers in it.
    public let message: String
    /// Where, from the object's first byte.
    public let offset: Int?

    public init(code: String, severity: Severity, message: String, offset: Int? = nil) {
        self.code = code
        self.severity = severity
        self.message = message
        self.offset = offset
    }
}
