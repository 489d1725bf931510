/// A media type without its parameters, and the choice of one by `Accept` (RFC 9110 §12.5.1).
public struct MediaType: Sendable, Hashable, CustomStringConvertible {
    /// In small letters: `application/json`.
    public let description: String

    private init(trusted description: String) { self.description = description }

    public static let json = MediaType(trusted: "application/json")
    public static let problem = MediaType(trusted: "application/problem+json")
    public static let text = MediaType(trusted: "text/plain")
    public static let bytes = MediaType(trusted: "application/octet-stream")
    public static let events = MediaType(trusted: "text/event-stream")

    /// Reads a `Content-Type`; its parameters are passed over.
    ///
    /// - Returns: nil where it is not `token/token`, or holds a wildcard.
    public init?(_ field: String) {
        guard let range = MediaRange(field), let type = range.type, let subtype = range.subtype else { return nil }
        description = type + "/" + subtype
    }

    /// The one of `offers` that the client likes best.
    ///
    /// - Parameters:
    ///   - offers: what there is, the server's favourite first, which wins between equals.
    ///   - accept: the value of `Accept`, all fields joined, or nil where there is none. Elements that do not parse
    ///     are passed over; a value with none that does counts as none.
    /// - Returns: nil where the client takes none of them (406). For each offer the most specific element that covers
    ///   it decides; a weight of 0 excludes it.
    public static func best(of offers: [MediaType], accept: String?) -> MediaType? {
        let ranges = MediaRange.list(accept ?? "")
        guard !ranges.isEmpty else { return offers.first }
        var best: (type: MediaType, weight: Int)?
        for offer in offers {
            let weight = MediaRange.weight(of: offer, in: ranges)
            if weight > best?.weight ?? 0 { best = (offer, weight) }
        }
        return best?.type
    }
}

/// An element of `Accept`: `text/plain`, `text/*`, `*/*`, with its weight.
private struct MediaRange {
    /// The most elements of one `Accept` that are looked at.
    static let maxElements = 64

    /// In small letters; nil stands for `*`.
    let type: String?
    let subtype: String?
    /// Thousandths, 0 to 1000.
    let weight: Int

    init?(_ element: some StringProtocol) {
        let parts = element.split(separator: ";", omittingEmptySubsequences: false)
        let names = Characters.trimmed(Substring(parts[0])).split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ Characters.isToken($0) }) else { return nil }
        type = names[0] == "*" ? nil : Self.lowercased(names[0])
        subtype = names[1] == "*" ? nil : Self.lowercased(names[1])
        guard type != nil || subtype == nil else { return nil }
        guard let weight = Self.weight(parts.dropFirst()) else { return nil }
        self.weight = weight
    }

    static func list(_ field: String) -> [MediaRange] {
        field.split(separator: ",").prefix(maxElements).compactMap { MediaRange($0) }
    }

    /// The weight that `ranges` give `offer`: that of the most specific one, 0 where none covers it.
    static func weight(of offer: MediaType, in ranges: [MediaRange]) -> Int {
        let names = offer.description.split(separator: "/")
        var found: (rank: Int, weight: Int) = (0, 0)
        for range in ranges {
            guard range.type == nil || range.type! == names[0] else { continue }
            guard range.subtype == nil || range.subtype! == names[1] else { continue }
            let rank = range.type == nil ? 1 : range.subtype == nil ? 2 : 3
            if rank > found.rank { found = (rank, range.weight) }
        }
        return found.weight
    }

    /// The parameter `q` in thousandths, 1000 where there is none, nil where it is no weight (§12.4.2).
    private static func weight(_ parameters: ArraySlice<some StringProtocol>) -> Int? {
        for parameter in parameters {
            let sides = Characters.trimmed(Substring(parameter)).split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, Characters.equalIgnoringCase(sides[0], "q") else { continue }
            let text = sides[1].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            let fraction = text.count == 2 ? text[1] : ""
            guard text[0] == "0" || text[0] == "1", fraction.utf8.count <= 3 else { return nil }
            guard fraction.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
            let digits = String(fraction) + String(repeating: "0", count: 3 - fraction.utf8.count)
            let thousandths = (text[0] == "1" ? 1000 : 0) + (Int(digits) ?? 0)
            return thousandths <= 1000 ? thousandths : nil
        }
        return 1000
    }

    private static func lowercased(_ token: some StringProtocol) -> String {
        String(decoding: token.utf8.map { Characters.lowercased($0) }, as: UTF8.self)
    }
}
