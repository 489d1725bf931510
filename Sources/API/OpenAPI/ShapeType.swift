import Encoding

/// A type as the tables of shapes and parameters write it: `integer`, `number`, `string`, `boolean`, `time`, `size` (a
/// number of bytes, or a text such as `16MiB`), `counts` (an object of integers), `any`, `Liveness`, `a|b` (one of
/// these texts), `[T]`, the name of a shape; with `?` behind it also null.
struct ShapeType {
    let text: String

    func write(to writer: inout JSONWriter) {
        guard text.hasSuffix("?") else {
            writer.object { writeMembers(to: &$0) }
            return
        }
        let inner = ShapeType(text: String(text.dropLast()))
        writer.object { writer in
            writer.field("anyOf", array: { writer in
                inner.write(to: &writer)
                writer.object { $0.field("type", "null") }
            })
        }
    }

    private func writeMembers(to writer: inout JSONWriter) {
        if text.hasPrefix("[") {
            writer.field("type", "array")
            writer.key("items")
            ShapeType(text: String(text.dropFirst().dropLast())).write(to: &writer)
        } else if text.contains("|") || text == "bestFit" {
            writer.field("type", "string")
            writer.field("enum", text.split(separator: "|").map(String.init))
        } else if !Self.writeKnown(text, to: &writer) {
            writer.field("$ref", "#/components/schemas/\(text)")
        }
    }

    private static func writeKnown(_ text: String, to writer: inout JSONWriter) -> Bool {
        switch text {
        case "integer", "number", "string", "boolean": writer.field("type", text)
        case "time":
            writer.field("type", "string")
            writer.field("format", "date-time")
        case "size":
            writer.field("description", "bytes, or a size with its unit, such as 16MiB")
            writer.field("type", ["integer", "string"])
        case "counts":
            writer.field("type", "object")
            writer.field("additionalProperties", object: { $0.field("type", "integer") })
        case "any": break
        case "Liveness": writer.field("description", "true, false or \"unknown\"")
        default: return false
        }
        return true
    }

    /// The name of the shape that it is made of; nil of what needs none.
    var shapeName: String? {
        let core = text.drop { $0 == "[" }.prefix { $0 != "]" && $0 != "?" }
        guard core.first?.isUppercase == true, core != "Liveness" else { return nil }
        return String(core)
    }
}
