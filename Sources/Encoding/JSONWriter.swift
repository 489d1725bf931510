/// Appends one JSON text (RFC 8259, UTF-8, no whitespace) to an array of bytes.
///
/// Keys stand in the order of the calls, so the same calls give the same bytes. The writer knows what is open: a
/// bracket closed wrongly, or too many open ones, stop the program, since no request can cause them.
/// A value without its key, or two values side by side, are found by assertions in debug builds.
///
/// A long answer is streamed: call ``takeBytes()`` whenever enough has gathered, and ``finish()`` at the end.
///
/// Not for use from two threads at once; it cannot be copied, so a text cannot fork by accident.
@frozen
public struct JSONWriter: ~Copyable {
    /// How deep objects and arrays nest at most. Every answer of the API is shallower than 16.
    @inlinable
    public static var depthMaximum: Int { 64 }

    @usableFromInline var output: [UInt8]
    @usableFromInline var needsComma = false
    @usableFromInline var isAfterKey = false
    /// How many objects and arrays are open.
    @usableFromInline var depth = 0
    /// The second that was written last, and its text: times of one answer often fall in one.
    @usableFromInline var lastSecond: Int64?
    @usableFromInline var lastSecondText: [UInt8] = []
    /// One bit an open container, the innermost lowest: 1 for an object, 0 for an array.
    @usableFromInline var openObjects: UInt64 = 0

    /// - Parameter capacity: the bytes to make room for at once; a hint.
    @inlinable
    public init(reservingCapacity capacity: Int = 0) {
        output = []
        output.reserveCapacity(capacity)
    }

    /// How many bytes have gathered since the start or the last ``takeBytes()``. O(1).
    @inlinable
    public var byteCount: Int { output.count }

    /// Ends the text.
    ///
    /// - Returns: the bytes not yet taken.
    @inlinable
    public consuming func finish() -> [UInt8] {
        precondition(depth == 0 && needsComma, "a JSON text ends after its one value, with everything closed")
        return output
    }

    /// Hands over the bytes gathered so far, wherever the text stands; writing goes on after them. O(1).
    @inlinable
    public mutating func takeBytes() -> [UInt8] {
        let taken = output
        output = []
        return taken
    }

    // MARK: Objects and arrays

    @inlinable
    public mutating func beginObject() { open(0x7B, isObject: true) }

    @inlinable
    public mutating func endObject() { close(0x7D, isObject: true) }

    @inlinable
    public mutating func beginArray() { open(0x5B, isObject: false) }

    @inlinable
    public mutating func endArray() { close(0x5D, isObject: false) }

    /// Writes an object whose members `body` writes. Where `body` throws, the text stays unfinished.
    @inlinable
    public mutating func object<Failure: Error>(
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        beginObject()
        try body(&self)
        endObject()
    }

    /// Writes an array whose elements `body` writes. Where `body` throws, the text stays unfinished.
    @inlinable
    public mutating func array<Failure: Error>(
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        beginArray()
        try body(&self)
        endArray()
    }

    // MARK: Keys

    /// Writes a key known when the program was built: copied as it stands, without a look at its characters.
    @inlinable
    public mutating func key(_ key: JSONKey) {
        beforeKey()
        output.append(0x22)
        output.append(contentsOf: key.text.utf8)
        output.append(0x22)
        output.append(0x3A)
    }

    /// Writes a key that is data, escaped as any string.
    @inlinable
    public mutating func key(text: String) {
        beforeKey()
        appendQuoted(text)
        output.append(0x3A)
    }

    // MARK: What every value passes

    @inlinable
    mutating func beforeKey() {
        assert(depth > 0 && openObjects & 1 == 1, "a key stands in an object")
        assert(!isAfterKey, "a key is followed by its value")
        if needsComma { output.append(0x2C) }
        needsComma = false
        isAfterKey = true
    }

    @inlinable
    mutating func beforeValue() {
        assert(depth > 0 || !needsComma, "a JSON text is one value")
        assert(depth == 0 || openObjects & 1 == 0 || isAfterKey, "a value in an object stands after its key")
        if needsComma { output.append(0x2C) }
        needsComma = true
        isAfterKey = false
    }

    @inlinable
    mutating func open(_ bracket: UInt8, isObject: Bool) {
        precondition(depth < Self.depthMaximum, "a JSON text nests at most 64 deep")
        beforeValue()
        output.append(bracket)
        needsComma = false
        depth += 1
        openObjects = openObjects << 1 | (isObject ? 1 : 0)
    }

    @inlinable
    mutating func close(_ bracket: UInt8, isObject: Bool) {
        precondition(depth > 0 && (openObjects & 1 == 1) == isObject, "what is closed is what was opened last")
        assert(!isAfterKey, "a key is followed by its value")
        output.append(bracket)
        needsComma = true
        depth -= 1
        openObjects >>= 1
    }
}

/// The name of a member that the program itself chose, written as a literal: `"sizeBytes"`.
///
/// Being a literal is what lets the writer copy it unchecked; debug builds check it once more.
@frozen
public struct JSONKey: Sendable, Hashable, ExpressibleByStringLiteral {
    @usableFromInline let text: String

    @inlinable
    public init(stringLiteral value: String) {
        assert(value.utf8.allSatisfy(JSONKey.isPlain), "a key as a literal needs no escapes")
        text = value
    }

    /// Whether `byte` stands for itself in a JSON string, whatever its neighbours are.
    @inlinable
    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
    }
}
