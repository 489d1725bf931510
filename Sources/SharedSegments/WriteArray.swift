extension LockedSegment {
    /// ``write(_:at:)-(RawSpan,_)`` for an array.
    public mutating func write(_ bytes: [UInt8], at offset: Int) throws(SegmentError) {
        try unsafe write(bytes.span.bytes, at: offset)
    }
}
