/// A path with named places: `/api/v1/segments/{id}/blocks/{offset}`.
struct RoutePattern {
    enum Piece: Equatable {
        case literal(String)
        case parameter(String)
    }

    let text: String
    let pieces: [Piece]

    var parameterNames: [String] {
        pieces.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }

    init(_ text: String) throws(RouteError) {
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw RouteError(pattern: text, reason: "a pattern begins with a slash")
        }
        self.text = text
        var pieces = [Piece]()
        var names = Set<String>()
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for part in parts where text != "/" {
            let piece = try Self.piece(part, of: text)
            if case .parameter(let name) = piece, !names.insert(name).inserted {
                throw RouteError(pattern: text, reason: "the parameter \(name) stands in it twice")
            }
            pieces.append(piece)
        }
        guard pieces.count <= RequestTarget.maxSegments else {
            throw RouteError(pattern: text, reason: "it has more segments than a request may have")
        }
        self.pieces = pieces
    }

    private static func piece(_ part: Substring, of text: String) throws(RouteError) -> Piece {
        guard part.hasPrefix("{"), part.hasSuffix("}") else {
            guard !part.isEmpty, part != ".", part != "..", part.utf8.allSatisfy({ Characters.isUnreserved($0) })
            else { throw RouteError(pattern: text, reason: "“\(part)” is neither plain text nor {name}") }
            return .literal(String(part))
        }
        let name = part.dropFirst().dropLast()
        guard !name.isEmpty, name.utf8.allSatisfy({ Characters.isUnreserved($0) }) else {
            throw RouteError(pattern: text, reason: "“\(part)” does not name a parameter")
        }
        return .parameter(String(name))
    }
}

/// A table of routes that contradicts itself.
public struct RouteError: Error, Sendable, Equatable, CustomStringConvertible {
    public let pattern: String
    public let reason: String

    public var description: String { "route \(pattern): \(reason)" }
}
