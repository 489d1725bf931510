/// A validator for a version of what a URL shows (RFC 9110 §8.8.3).
public struct EntityTag: Sendable, Equatable, CustomStringConvertible {
    /// Between the quotes: visible ASCII without quotes, or bytes from 0x80 on.
    public let opaque: String
    /// Whether it vouches for the meaning only, not for each byte.
    public let isWeak: Bool

    /// - Precondition: `opaque` holds no quote, blank or control character.
    public init(_ opaque: String, isWeak: Bool = false) {
        precondition(opaque.utf8.allSatisfy(Self.isOpaque), "a quote, blank or control character in an entity tag")
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// As the value of `ETag`.
    public var description: String { (isWeak ? "W/\"" : "\"") + opaque + "\"" }

    /// Whether `If-None-Match` names this version, so that GET and HEAD answer 304 (weak comparison, §13.1.2).
    /// False where the field is missing or does not parse.
    public func isNamed(ifNoneMatch field: String?) -> Bool {
        matches(field) { $0.opaque == opaque }
    }

    /// Whether a change may go ahead: `If-Match` is missing or names this version (strong comparison, §13.1.1).
    /// Where it may not, the answer is 412.
    public func allows(ifMatch field: String?) -> Bool {
        field == nil || matches(field) { $0 == self && !isWeak }
    }

    /// Whether a `Range` may be honoured: `If-Range` is missing or is this version (strong comparison, §13.1.5).
    /// A date never is: this server sends none to compare with.
    public func allows(ifRange field: String?) -> Bool {
        guard let field else { return true }
        guard let tags = Self.list(field), tags.count == 1 else { return false }
        return tags[0] == self && !isWeak
    }

    private func matches(_ field: String?, _ isSame: (EntityTag) -> Bool) -> Bool {
        guard let field else { return false }
        if Characters.trimmed(field[...]) == "*" { return true }
        return Self.list(field)?.contains(where: isSame) ?? false
    }

    /// The tags of a comma-separated list, or nil where it does not parse. Commas may stand inside quotes.
    ///
    /// Taken apart byte by byte: to Swift a quote with a combining accent after it is one character, and no quote.
    private static func list(_ field: String) -> [EntityTag]? {
        var tags = [EntityTag]()
        var rest = Characters.trimmed(field[...])
        while !rest.isEmpty {
            let isWeak = rest.utf8.starts(with: "W/".utf8)
            var bytes = rest.utf8.dropFirst(isWeak ? 2 : 0)
            guard bytes.popFirst() == UInt8(ascii: "\"") else { return nil }
            guard let end = bytes.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            guard bytes[..<end].allSatisfy(isOpaque) else { return nil }
            tags.append(EntityTag(String(Substring(bytes[..<end])), isWeak: isWeak))
            rest = Characters.trimmed(Substring(bytes[end...].dropFirst()))
            guard !rest.isEmpty else { break }
            guard rest.utf8.first == UInt8(ascii: ",") else { return nil }
            rest = Characters.trimmed(Substring(rest.utf8.dropFirst()))
        }
        return tags.isEmpty ? nil : tags
    }

    private static func isOpaque(_ byte: UInt8) -> Bool {
        byte == 0x21 || (byte >= 0x23 && byte != 0x7F)
    }
}
