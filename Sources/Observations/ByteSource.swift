/// Somewhere that bytes can be copied from: an open shared-memory object, or an array in a test.
///
/// Reading is the only thing it can do. An implementation copies; it never hands out memory that another process
/// may still write.
public protocol ByteSource: Sendable {
    /// The object's size now, in bytes.
    ///
    /// - Throws: ``ReadFailure`` where it cannot be told any more.
    func size() throws(ReadFailure) -> Int

    /// Copies up to `count` bytes from `offset` on.
    ///
    /// - Parameters:
    ///   - offset: from the object's first byte; not negative.
    ///   - count: how many bytes are wanted; not negative.
    /// - Returns: the bytes there are: fewer than `count` only where the object ends.
    /// - Throws: ``ReadFailure`` where the system refuses.
    func read(at offset: Int, count: Int) throws(ReadFailure) -> [UInt8]
}

/// Why bytes could not be copied.
public struct ReadFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried, as the system names it: `"pread"`, `"fstat"`.
    public let operation: String
    /// What it was tried on: a path or an identifier.
    public let object: String
    /// The system's error number, positive.
    public let errorNumber: Int32

    public init(operation: String, object: String, errorNumber: Int32) {
        self.operation = operation
        self.object = object
        self.errorNumber = errorNumber
    }

    public var description: String { "\(operation) of \(object) failed with error number \(errorNumber)" }
}

/// An array as a source, for tests and for pictures already taken.
public struct ArraySource: ByteSource {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public func size() -> Int { bytes.count }

    public func read(at offset: Int, count: Int) -> [UInt8] {
        guard offset >= 0, count > 0, offset < bytes.count else { return [] }
        let end = count > bytes.count - offset ? bytes.count : offset + count
        return Array(bytes[offset..<end])
    }
}
