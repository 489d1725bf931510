/// Bytes that were copied once out of an object, with where they came from.
///
/// An image is the waist of shmlens: whatever looks at memory first copies it into an image, and whatever
/// decodes works on images only. Nothing that changes under the reader's feet gets past this type, and a test
/// hands in an array instead of a segment.
///
/// Loads are little-endian, checked against the image's bounds, and need no alignment.
public struct Image: Sendable, Equatable {
    /// The copied bytes.
    public let bytes: [UInt8]
    /// Where `bytes[0]` stands in the object, in bytes from the object's first byte.
    public let offset: Int

    /// - Parameters:
    ///   - bytes: the copy.
    ///   - offset: where its first byte stands in the object; not negative.
    @inlinable
    public init(bytes: [UInt8], offset: Int = 0) {
        precondition(offset >= 0, "an image starts inside its object")
        self.bytes = bytes
        self.offset = offset
    }

    /// The object's offsets that this image holds.
    @inlinable
    public var range: Range<Int> { offset..<(offset + bytes.count) }

    /// Whether the image holds all `count` bytes from `position` (an offset in the object).
    ///
    /// Any numbers may be asked, also negative and overflowing ones: they answer false.
    @inlinable
    public func contains(_ position: Int, count: Int) -> Bool {
        guard count >= 0, position >= offset else { return false }
        let start = position - offset
        return start <= bytes.count && count <= bytes.count - start
    }

    /// The 64-bit word at `position`, or nil where the image does not hold all of it. O(1).
    @inlinable
    public func word(at position: Int) -> UInt64? {
        guard contains(position, count: 8) else { return nil }
        var value: UInt64 = 0
        let start = position - offset
        for index in 0..<8 {
            value |= UInt64(bytes[start + index]) << UInt64(8 * index)
        }
        return value
    }

    /// The 32-bit word at `position`, or nil where the image does not hold all of it. O(1).
    @inlinable
    public func halfWord(at position: Int) -> UInt32? {
        guard contains(position, count: 4) else { return nil }
        var value: UInt32 = 0
        let start = position - offset
        for index in 0..<4 {
            value |= UInt32(bytes[start + index]) << UInt32(8 * index)
        }
        return value
    }

    /// The bytes `range` of the object, or nil where the image does not hold all of them.
    @inlinable
    public func slice(_ range: Range<Int>) -> ArraySlice<UInt8>? {
        guard contains(range.lowerBound, count: range.count) else { return nil }
        return bytes[(range.lowerBound - offset)..<(range.upperBound - offset)]
    }
}
