/// A name as the kernel keeps it: bytes, which need not be UTF-8.
///
/// Names of files, memfds and threads come from other processes. Compare and look up by `bytes`; show `text`.
@frozen
public struct ByteString: Hashable, Sendable {
    public let bytes: [UInt8]

    @inlinable
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// For people: U+FFFD stands where the bytes are not UTF-8.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether `text` holds all there is, so that nobody needs the bytes too.
    public var isUTF8: Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// Whether the name begins with the bytes of `prefix`. O(`prefix`).
    @inlinable
    public func hasPrefix(_ prefix: ByteString) -> Bool { bytes.starts(with: prefix.bytes) }
}

extension ByteString: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral text: String) { self.init(Array(text.utf8)) }

    public var description: String { text }
}

extension ByteString: Comparable {
    /// By unsigned bytes, a shorter name before those that it begins.
    public static func < (left: ByteString, right: ByteString) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
