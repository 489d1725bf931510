public import Encoding

/// Holds JSON values against the schemas of a reference, as a client that knows nothing else would.
///
/// Stricter than JSON Schema in one thing: a key that no schema names is a fault.
public struct SchemaChecker {
    private let schemas: JSONObject
    public private(set) var faults: [String] = []
    /// `Schema.key` for each member that was met.
    public private(set) var met: Set<String> = []

    public init?(document: JSONValue) {
        guard let schemas = document["components"]?["schemas"]?.object else { return nil }
        self.schemas = schemas
    }

    /// Every `Schema.key` that the reference names.
    public var named: Set<String> {
        Set(schemas.members.flatMap { member in Self.properties(of: member.value).map { "\(member.key).\($0)" } })
    }

    private static func properties(of schema: JSONValue) -> [String] {
        let own = schema["properties"]?.object?.members.map(\.key) ?? []
        return own + (schema["allOf"]?.array ?? []).flatMap(properties(of:))
    }

    /// Checks a value against one of the schemas, or several together.
    public mutating func check(_ value: JSONValue, _ names: [String]) {
        let parts = names.map { name in (name, schemas[name] ?? .null) }
        checkObject(value, parts, at: names.joined(separator: "+"))
    }

    /// An object whose members one of several schemas must name.
    private mutating func checkObject(_ value: JSONValue, _ parts: [(String, JSONValue)], at place: String) {
        guard let object = value.object else { return fault(place, "is no object") }
        let flat = parts.flatMap { flattened($0.0, $0.1) }
        for member in object.members {
            guard let (name, schema) = flat.first(where: { $0.1["properties"]?[member.key] != nil }) else {
                fault(place, "\(member.key) is in no schema")
                continue
            }
            met.insert("\(name).\(member.key)")
            check(member.value, schema["properties"]?[member.key] ?? .null, at: "\(place).\(member.key)")
        }
        for (_, schema) in flat {
            for key in schema["required"]?.array ?? [] where object[key.string ?? ""] == nil {
                fault(place, "\(key.string ?? "") is missing")
            }
        }
    }

    /// A schema with those that it is made of.
    private func flattened(_ name: String, _ schema: JSONValue) -> [(String, JSONValue)] {
        if let target = target(of: schema) { return flattened(target, schemas[target] ?? .null) }
        guard let parts = schema["allOf"]?.array else { return [(name, schema)] }
        var result: [(String, JSONValue)] = []
        for part in parts { result += flattened(name, part) }
        return result
    }

    private func target(of schema: JSONValue) -> String? {
        guard let reference = schema["$ref"]?.string else { return nil }
        return String(reference.split(separator: "/").last ?? "")
    }

    /// Whether a value fits a schema; what does not is noted.
    private mutating func check(_ value: JSONValue, _ schema: JSONValue, at place: String) {
        if let name = target(of: schema) {
            return checkObject(value, [(name, schemas[name] ?? .null)], at: place)
        }
        if let choices = schema["anyOf"]?.array {
            let fitting = choices.filter { Self.fitsKind(value, $0) }
            guard let first = fitting.first else { return fault(place, "fits none of \(choices.count)") }
            for choice in fitting {
                var checked = self
                checked.check(value, choice, at: place)
                if checked.faults.count == faults.count {
                    self = checked
                    return
                }
            }
            // What is wrong with the first is as good as what is wrong with any.
            return check(value, first, at: place)
        }
        if let values = schema["enum"]?.array, !values.contains(value) { return fault(place, "is none of the choices") }
        if let constant = schema["const"], constant != value { return fault(place, "is not the constant") }
        guard Self.fitsKind(value, schema) else { return fault(place, "is of another type") }
        if let items = schema["items"] {
            for element in value.array ?? [] { check(element, items, at: place + "[]") }
        } else if schema["properties"] != nil {
            checkObject(value, [(place, schema)], at: place)
        } else if let values = schema["additionalProperties"] {
            for member in value.object?.members ?? [] { check(member.value, values, at: "\(place).\(member.key)") }
        }
    }

    private static func fitsKind(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        if schema["$ref"] != nil { return value.object != nil }
        if let choices = schema["anyOf"]?.array { return choices.contains { fitsKind(value, $0) } }
        return switch schema["type"]?.string {
        case "integer": value.number?.integer(as: UInt64.self) != nil || value.number?.integer(as: Int.self) != nil
        case "number": value.number != nil
        case "string": value.string != nil
        case "boolean": value.bool != nil
        case "array": value.array != nil
        case "object": value.object != nil
        case "null": value == .null
        default: true
        }
    }

    private mutating func fault(_ place: String, _ what: String) { faults.append("\(place): \(what)") }
}
