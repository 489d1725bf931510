/// A name as people and JSON can have it.
///
/// - Parameter bytes: the name as the kernel has it; any bytes.
/// - Returns: the name as text, U+FFFD where the bytes are not UTF-8; and then, only then, the bytes themselves in
///   Base64 (RFC 4648 section 4, with padding). O(count).
public func displayName(_ bytes: [UInt8]) -> (name: String, nameBase64: String?) {
    if let name = String(validating: bytes, as: UTF8.self) { return (name, nil) }
    return (String(decoding: bytes, as: UTF8.self), base64(bytes))
}

/// Encodes in Base64, RFC 4648 section 4: the alphabet with `+` and `/`, padded with `=`. O(count).
public func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var bits: UInt32 = 0
        for index in 0..<3 {
            bits = bits << 8 | (index < group.count ? UInt32(group[start + index]) : 0)
        }
        for index in 0..<4 {
            let sextet = Int(bits >> UInt32(18 - 6 * index) & 63)
            text.append(index <= group.count ? alphabet[sextet] : 0x3D)
        }
    }
    return String(decoding: text, as: UTF8.self)
}
