/// The secret that who asks must know.
public struct Token: Sendable {
    /// How long a token may be, in bytes.
    public static let lengths = 16...512
    /// Bytes of chance in a token that is made.
    static let randomBytes = 32

    /// As it travels: the characters of a bearer token (RFC 6750 §2.1), which a cookie may hold too.
    public let text: String

    /// A token out of a file: blanks and line ends around it are passed over.
    ///
    /// - Throws: ``TokenError`` where it is too short to be a secret, too long, or cannot travel in a header field.
    public init(_ content: some Sequence<UInt8>) throws(TokenError) {
        let bytes = Array(content)
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        let trimmed = bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        guard Self.lengths.contains(trimmed.count) else { throw .length(trimmed.count) }
        guard trimmed.allSatisfy(Self.mayHold) else { throw .character }
        text = String(decoding: Array(trimmed), as: UTF8.self)
    }

    private init(trusted text: String) { self.text = text }

    /// A token that nobody can guess: 256 bits in base64url.
    public static func random(using generator: inout some RandomNumberGenerator) -> Token {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for _ in 0..<randomBytes {
            bits = bits << 8 | UInt32(UInt8.random(in: .min ... .max, using: &generator))
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> count & 63)])
            }
        }
        text.append(alphabet[Int(bits << (6 - count) & 63)])
        return Token(trusted: String(decoding: text, as: UTF8.self))
    }

    /// Whether `other` is this token. Takes as long whichever byte differs first: otherwise time would tell how
    /// much of a guess was right.
    func matches(_ other: some StringProtocol) -> Bool {
        let guess = Array(other.utf8)
        let own = Array(text.utf8)
        var difference = UInt8(guess.count == own.count ? 0 : 1)
        for index in own.indices { difference |= own[index] ^ (index < guess.count ? guess[index] : 0) }
        return difference == 0
    }

    private static func mayHold(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~+/=".utf8.contains(byte)
        }
    }
}

/// Why a file holds no token.
public enum TokenError: Error, Sendable, Equatable, CustomStringConvertible {
    case length(Int)
    case character

    public var description: String {
        switch self {
        case .length(let count):
            "a token has \(Token.lengths.lowerBound) to \(Token.lengths.upperBound) bytes, not \(count)"
        case .character: "a token holds letters, digits and - . _ ~ + / = only"
        }
    }
}
