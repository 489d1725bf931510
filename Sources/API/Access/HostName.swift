/// A host out of a `Host` or `Origin` field, without its port, ready to be compared.
struct HostName: Hashable, Sendable {
    /// In small letters; an IPv6 address in its brackets.
    let text: String

    /// - Parameter authority: `HOST` or `HOST:PORT`; an IPv6 address stands in brackets.
    /// - Returns: nil where it is neither.
    init?(authority: some StringProtocol) {
        let bytes = Array(authority.utf8)
        let end: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            end = close + 1
        } else {
            end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
        }
        guard end > 0, Self.isPort(bytes[end...]), bytes[..<end].allSatisfy(Self.isNamed) else { return nil }
        text = String(decoding: bytes[..<end].map(Self.lowercased), as: UTF8.self)
    }

    /// Takes a host as people write it: an IPv6 address without brackets too.
    init?(written text: String) {
        let isBareAddress = text.utf8.count(where: { $0 == UInt8(ascii: ":") }) > 1 && !text.hasPrefix("[")
        self.init(authority: isBareAddress ? "[\(text)]" : text)
    }

    /// Whether it is an address and no name. Nobody can make an address point elsewhere, as one can a name of one's
    /// own that browsers then send along with a page's requests.
    var isAddress: Bool {
        if text.hasPrefix("[") {
            return text.utf8.dropFirst().dropLast().allSatisfy { Self.isHexadecimal($0) || $0 == UInt8(ascii: ":") }
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { !$0.isEmpty && $0.utf8.count <= 3 && UInt8($0) != nil }
    }

    /// Whether a server that listens there listens on every address.
    var isWildcard: Bool { text == "0.0.0.0" || text == "[::]" }

    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let colon = bytes.first else { return true }
        return colon == UInt8(ascii: ":") && bytes.dropFirst().allSatisfy(isDigit)
    }

    /// What host names and addresses are made of: letters, digits, hyphens, dots, the underscore of container networks;
    /// colons and brackets of an address, the per cent of its zone.
    private static func isNamed(_ byte: UInt8) -> Bool {
        isDigit(byte) || 0x61...0x7A ~= byte | 0x20 || "-._:[]%".utf8.contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || 0x61...0x66 ~= byte || byte == UInt8(ascii: ".")
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte | 0x20 : byte }
}
