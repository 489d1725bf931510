/// A JSON Schema (2020-12) as far as the reference needs it.
indirect enum Schema: Equatable, Sendable {
    /// Whole numbers; of sizes, offsets and counts below 2^53.
    case integer(minimum: Int?, maximum: Int?)
    case number
    case boolean
    case text(format: String?)
    /// One of these texts.
    case choice([String])
    /// One text and no other.
    case literal(String)
    /// `true`, `false` or `"unknown"`.
    case liveness
    case array(Schema)
    /// An object with keys that are data.
    case map(Schema)
    case object([SchemaMember])
    case reference(String)
    case orNull(Schema)
    /// At least one of several: a size as text fits as number too, once it stands in a query.
    case either([Schema])
    /// All of several together.
    case all([Schema])
    /// Any value.
    case anything

    static let count = Schema.integer(minimum: 0, maximum: nil)
    static let integer = Schema.integer(minimum: nil, maximum: nil)
    static let text = Schema.text(format: nil)
    static let time = Schema.text(format: "date-time")
    /// A raw 64-bit word or an address.
    static let hexadecimal = Schema.text(format: "hexadecimal")
    /// Four octal digits.
    static let mode = Schema.text(format: "octal")
    /// A number of bytes in a request, or a text with a unit.
    static let size = Schema.either([.count, .text(format: "size")])

    /// One of the texts that a Swift type knows: they cannot fall apart.
    static func choice<Choice: CaseIterable & RawRepresentable>(
        of type: Choice.Type
    ) -> Schema where Choice.RawValue == String { .choice(Choice.allCases.map(\.rawValue)) }
}

/// A member of an object.
struct SchemaMember: Equatable, Sendable {
    let key: String
    let schema: Schema
    /// Whether it is always there; it may be null all the same.
    let isRequired: Bool
    let about: String

    static func always(_ key: String, _ schema: Schema, _ about: String = "") -> SchemaMember {
        SchemaMember(key: key, schema: schema, isRequired: true, about: about)
    }

    static func maybe(_ key: String, _ schema: Schema, _ about: String = "") -> SchemaMember {
        SchemaMember(key: key, schema: schema, isRequired: false, about: about)
    }
}

// MARK: - JSON

extension Schema: JSONObjectEncodable {
    func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .integer(let minimum, let maximum):
            writer.field("type", "integer")
            writer.field("minimum", minimum)
            writer.field("maximum", maximum)
        case .number: writer.field("type", "number")
        case .boolean: writer.field("type", "boolean")
        case .text(let format): Self.writeText(format, to: &writer)
        case .choice(let texts):
            writer.field("type", "string")
            writer.field("enum", texts)
        case .literal(let text): writer.field("const", text)
        case .liveness:
            writer.field("enum", array: { writer in
                writer.value(true)
                writer.value(false)
                writer.value("unknown")
            })
        case .array(let element):
            writer.field("type", "array")
            writer.field("items", element)
        case .map(let value):
            writer.field("type", "object")
            writer.field("additionalProperties", value)
        case .object(let members): Self.write(members, to: &writer)
        case .reference(let name): writer.field("$ref", "#/components/schemas/\(name)")
        case .orNull(let schema): Self.writeNullable(schema, to: &writer)
        case .either(let schemas): writer.field("anyOf", schemas)
        case .all(let schemas): writer.field("allOf", schemas)
        case .anything: break
        }
    }

    private static func writeText(_ format: String?, to writer: inout JSONWriter) {
        writer.field("type", "string")
        switch format {
        case "hexadecimal": writer.field("pattern", "^0x[0-9a-f]+$")
        case "octal": writer.field("pattern", "^[0-7]{4}$")
        case "size":
            writer.field("pattern", #"^[0-9]+(\.[0-9]+)? ?(([KkMmGgTtPpEe][Ii]?)?[Bb])?$"#)
            writer.field("examples", ["4096", "16MiB"])
        default: writer.field("format", format)
        }
    }

    private static func writeNullable(_ schema: Schema, to writer: inout JSONWriter) {
        writer.field("anyOf", array: { writer in
            writer.value(schema)
            writer.object { $0.field("type", "null") }
        })
    }

    private static func write(_ members: [SchemaMember], to writer: inout JSONWriter) {
        writer.field("type", "object")
        let required = members.filter(\.isRequired).map(\.key)
        writer.field("required", required.isEmpty ? nil : required)
        writer.field("properties", object: { writer in
            for member in members {
                writer.key(text: member.key)
                writer.object { writer in
                    member.schema.writeMembers(to: &writer)
                    writer.field("description", member.about.isEmpty ? nil : member.about)
                }
            }
        })
    }
}
