import CShmlens
import SegmentFormat

/// The header's counter, text and flag, and the bytes of the pool.
extension SegmentCore {
    /// Adds one to the counter and writes `NAME: N` into the text, as one operation.
    ///
    /// - Returns: the counter's new value.
    func count(name: String, actor: OwnerKey) throws(SegmentError) -> UInt64 {
        try perform { () throws(SegmentError) in
            let value = memory.load(shmlens_header_offset_counter) &+ 1
            try put(shmlens_header_offset_counter, value)
            var text = Array(name.utf8.prefix(shmlens_name_bytes))
            text.append(contentsOf: ": \(value)".utf8)
            try putText(text)
            var event = EventDraft(kind: .count, actor: actor)
            event.sizeBytes = Int(truncatingIfNeeded: value & UInt64(Int.max))
            return (value, event)
        }
    }

    /// Replaces the text, as one operation.
    ///
    /// - Throws: ``SegmentError/invalid(field:reason:)`` where it does not fit or holds a zero byte.
    func setText(_ text: String, actor: OwnerKey) throws(SegmentError) {
        guard FixedText.field(text, size: shmlens_text_bytes) != nil else {
            throw .invalid(
                field: "text", reason: "must be at most \(shmlens_text_bytes) bytes of UTF-8 without a zero byte")
        }
        try perform { () throws(SegmentError) in
            try putText(Array(text.utf8))
            var event = EventDraft(kind: .write, actor: actor)
            event.offset = shmlens_header_offset_text
            event.sizeBytes = text.utf8.count
            return ((), event)
        }
    }

    /// Sets the flag and wakes who waits for the condition.
    func setFlag(_ flag: UInt32, actor: OwnerKey) throws(SegmentError) {
        try perform { () throws(SegmentError) in
            try put(shmlens_header_offset_flag, UInt64(flag))
            var event = EventDraft(kind: .flag, actor: actor)
            event.sizeBytes = Int(flag)
            return ((), event)
        }
        wakeCondition(everyone: true)
    }

    /// Writes bytes into the pool. They may fall anywhere in it, also on guards and free memory: that is what one
    /// asks for who writes bytes.
    ///
    /// The event is committed before the first byte and marked as ended behind the last: a write cut short by a
    /// death shows as begun and not ended.
    func write(_ bytes: RawSpan, at offset: Int, actor: OwnerKey) throws(SegmentError) {
        let pool = poolOffset..<poolEnd
        guard offset >= pool.lowerBound, offset <= pool.upperBound, bytes.byteCount <= pool.upperBound - offset else {
            throw .outsidePool(offset: offset, length: bytes.byteCount, pool: pool)
        }
        try requireUnprotected(offset, length: bytes.byteCount)
        try backing?.require(offset, length: bytes.byteCount)
        try requireEventBacked()
        begin()
        let sequence = operation
        var event = EventDraft(kind: .write, actor: actor)
        event.isEnded = false
        event.offset = offset
        event.sizeBytes = bytes.byteCount
        commit(event)
        memory.copyIn(bytes, at: offset)
        end(event: sequence)
    }

    /// Stores a text word by word through the journal, up to and with its terminating zeros.
    private func putText(_ text: [UInt8]) throws(SegmentError) {
        let old = textLength()
        let words = (max(text.count, old) + 8) / 8
        for index in 0..<min(words, shmlens_text_bytes / 8) {
            var value: UInt64 = 0
            for byte in 0..<8 where index * 8 + byte < text.count {
                value |= UInt64(text[index * 8 + byte]) << UInt64(8 * byte)
            }
            try put(shmlens_header_offset_text + index * 8, value)
        }
    }

    /// How far the text reaches, in whole words.
    private func textLength() -> Int {
        for index in 0..<shmlens_text_bytes / 8 {
            let word = memory.load(shmlens_header_offset_text + index * 8)
            // A zero byte in the word (the classic test for one): the text ends here.
            if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0 { return index * 8 + 8 }
        }
        return shmlens_text_bytes
    }
}
