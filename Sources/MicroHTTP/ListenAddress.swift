import Glibc

/// Where a server listens: a numeric address and a port.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    enum Family: Sendable, Equatable { case v4, v6 }

    let family: Family
    /// In network order: 4 or 16 of them.
    let bytes: [UInt8]
    /// The address as text, without brackets.
    public let host: String
    /// 0 asks the system for a free one.
    public let port: UInt16

    /// Reads `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`, which is 127.0.0.1.
    ///
    /// - Throws: ``ListenAddressError`` for anything else. Names are not looked up: which address one gets would be
    ///   for others to decide.
    public init(_ text: String) throws(ListenAddressError) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw ListenAddressError(text) }
        let digits = text[text.utf8.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
            let port = UInt16(digits)
        else { throw ListenAddressError(text) }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        let family = isBracketed ? Family.v6 : .v4
        let numeric = host == "localhost" && !isBracketed ? "127.0.0.1" : String(host)
        guard let bytes = Self.parse(numeric, family) else { throw ListenAddressError(text) }
        self.init(family: family, bytes: bytes, host: numeric, port: port)
    }

    init(family: Family, bytes: [UInt8], host: String, port: UInt16) {
        self.family = family
        self.bytes = bytes
        self.host = host
        self.port = port
    }

    /// Whether only programs of this host can connect.
    public var isLoopback: Bool {
        switch family {
        case .v4: bytes[0] == 127
        case .v6:
            bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
                || (bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) && bytes[12] == 127)
        }
    }

    /// As it stands in a URL: `127.0.0.1:8080`, `[::1]:8080`.
    public var description: String { family == .v4 ? "\(host):\(port)" : "[\(host)]:\(port)" }

    func with(port: UInt16) -> ListenAddress {
        ListenAddress(family: family, bytes: bytes, host: host, port: port)
    }

    private static func parse(_ host: String, _ family: Family) -> [UInt8]? {
        // C would see no more than what stands before a zero byte.
        guard !host.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: family == .v4 ? 4 : 16)
        // inet_pton writes exactly as many bytes as the family has.
        let result = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe inet_pton(family == .v4 ? AF_INET : AF_INET6, host, buffer.baseAddress)
        }
        return result == 1 ? bytes : nil
    }
}

/// A text that is no ``ListenAddress``.
public struct ListenAddressError: Error, Sendable, Equatable, CustomStringConvertible {
    public let text: String

    init(_ text: String) { self.text = text }

    public var description: String {
        "“\(text)” is no address to listen on: write HOST:PORT with a numeric host, as 127.0.0.1:8080 or [::1]:8080"
    }
}
