/// One line of a header: a name and a value.
public struct HeaderField: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The fields of a request or a response, in order, repeated names included.
///
/// Names are compared without regard to ASCII case. Look-ups are linear: a header has a few dozen fields at most.
public struct HeaderFields: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The fields in the order in which they came or will be sent.
    public private(set) var fields: [HeaderField]

    public init(_ fields: [HeaderField] = []) { self.fields = fields }

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { HeaderField($0.0, $0.1) }
    }

    /// The first value of `name`, or nil where there is none. Setting replaces all of its values; nil removes them.
    public subscript(name: String) -> String? {
        get { fields.first { Characters.equalIgnoringCase($0.name, name) }?.value }
        set {
            fields.removeAll { Characters.equalIgnoringCase($0.name, name) }
            if let newValue { fields.append(HeaderField(name, newValue)) }
        }
    }

    /// All values of `name`, in order.
    public func values(of name: String) -> [String] {
        fields.lazy.filter { Characters.equalIgnoringCase($0.name, name) }.map(\.value)
    }

    /// Adds a field and keeps those of the same name.
    public mutating func append(_ name: String, _ value: String) {
        fields.append(HeaderField(name, value))
    }

    /// All values of a field whose value is a list (RFC 9110 §5.3), as one list, or nil where the field is missing.
    public func list(_ name: String) -> String? {
        let all = values(of: name)
        return all.isEmpty ? nil : all.joined(separator: ", ")
    }
}
