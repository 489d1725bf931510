import Diagnostics
import Encoding
import HTTPCore

/// The OpenAPI 3.1 document, written from the table of routes: it holds what is built and nothing else.
struct Reference: JSONObjectEncodable {
    let version: String

    func writeMembers(to writer: inout JSONWriter) {
        writer.field("openapi", "3.1.0")
        writer.field("info", object: { writer in
            writer.field("title", "shmlens")
            writer.field("version", version)
            writer.field(
                "description",
                "Shows shared memory and makes managed segments of its own. Offsets count from an object's first byte. "
                    + "A parameter or a body's member that is not named here is refused, lest a mistyped one be taken "
                    + "for what was meant.")
            writer.field("license", object: { writer in
                writer.field("name", "Apache-2.0")
                writer.field("identifier", "Apache-2.0")
            })
        })
        writer.field("security", array: { writer in
            writer.object { _ in }
            writer.object { $0.field("token", array: { _ in }) }
        })
        writer.field("paths", object: { writePaths(to: &$0) })
        writer.field("components", object: { writer in
            writer.field("securitySchemes", object: { writer in
                writer.field("token", object: { writer in
                    writer.field("type", "http")
                    writer.field("scheme", "bearer")
                })
            })
            writer.field("schemas", object: { writer in
                for shape in Shape.all { shape.write(to: &writer) }
            })
        })
    }

    private func writePaths(to writer: inout JSONWriter) {
        var paths: [String] = []
        for route in Self.routes where !paths.contains(route.pattern) { paths.append(route.pattern) }
        for path in paths {
            writer.key(text: path)
            writer.object { writer in
                for route in Self.routes where route.pattern == path {
                    writer.key(text: route.method.description.lowercased())
                    writer.object { Self.write(route, to: &$0) }
                }
            }
        }
    }

    /// Health is asked for at the root too; the reference shows each operation once.
    private static var routes: [Route<Endpoint>] { Service.routes.filter { $0.pattern.hasPrefix(Service.base) } }

    private static func write(_ route: Route<Endpoint>, to writer: inout JSONWriter) {
        let endpoint = route.endpoint
        writer.field("operationId", endpoint.name)
        writer.field("summary", endpoint.summary)
        writer.field("parameters", array: { writer in
            for piece in route.pattern.split(separator: "/") where piece.hasPrefix("{") {
                let name = String(piece.dropFirst().dropLast())
                write(parameter: name, type: name == "id" ? "string" : "integer", isInPath: true, to: &writer)
            }
            for name in endpoint.parameters { write(parameter: name, type: type(of: name), to: &writer) }
            if route.method == .get, !endpoint.isOpen { write(parameter: "fresh", type: "boolean", to: &writer) }
        })
        write(endpoint.body, of: endpoint.name, to: &writer)
        writer.field("responses", object: { writer in
            writer.key(text: endpoint.status.description)
            writer.object { write(answerOf: endpoint, to: &$0) }
            writer.field("default", object: { writer in
                writer.field("description", "a problem (RFC 9457)")
                writer.field("content", object: { writer in
                    write(type: "Problem", as: .problem, to: &writer)
                })
            })
        })
    }

    private static func write(
        parameter name: String, type: String, isInPath: Bool = false, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("in", isInPath ? "path" : "query")
            if isInPath { writer.field("required", true) }
            writer.key("schema")
            ShapeType(text: type).write(to: &writer)
        }
    }

    private static func write(_ body: Endpoint.Body, of name: String, to writer: inout JSONWriter) {
        switch body {
        case .none: return
        case .bytes:
            writer.field("requestBody", object: { writer in
                writer.field("required", true)
                writer.field("content", object: { writer in
                    writer.key(text: MediaType.bytes.description)
                    writer.object { _ in }
                })
            })
        case .json(let keys):
            writer.field("requestBody", object: { writer in
                writer.field("required", true)
                writer.field("content", object: { writer in
                    writer.key(text: MediaType.json.description)
                    writer.object { writer in
                        writer.field("schema", object: { writer in
                            let members = keys.map { key in
                                "\(key)\(Self.required[name]?.contains(key) == true ? "" : "?"): \(type(of: key))"
                            }
                            Shape(name: name, members: members).writeMembers(to: &writer)
                        })
                    }
                })
            })
        }
    }

    private static func write(answerOf endpoint: Endpoint, to writer: inout JSONWriter) {
        writer.field("description", endpoint.summary)
        guard !endpoint.produces.isEmpty else { return }
        writer.field("content", object: { writer in
            for type in endpoint.produces {
                write(type: type == .json ? Shape.answers[endpoint.name] : nil, as: type, to: &writer)
            }
        })
    }

    private static func write(type: String?, as media: MediaType, to writer: inout JSONWriter) {
        writer.key(text: media.description)
        writer.object { writer in
            guard let type else { return }
            writer.key("schema")
            ShapeType(text: type).write(to: &writer)
        }
    }

    /// What a body must have.
    private static let required = [
        "createSegment": ["capacityBytes"], "allocateBlocks": ["sizeBytes"], "resizeBlock": ["sizeBytes"],
        "protect": ["offset", "length"], "startWorkers": ["segment", "workload"],
    ]

    /// The type of a parameter or of a body's member, by its name, which means the same wherever it stands.
    private static func type(of name: String) -> String { types[name] ?? "string" }

    private static let types = [
        "kind": "posix|semaphore|sysv|sysvSemaphore|memfd|anonymous|file", "managed": "boolean", "orphaned": "boolean",
        "deleted": "boolean", "pid": "integer", "uid": "integer", "limit": "integer", "force": "boolean",
        "timeoutMilliseconds": "integer", "attach": "boolean", "offset": "size", "length": "size",
        "style": "xxd|canonical|json", "state": "used|free|orphaned", "owner": "integer", "at": "size",
        "minBytes": "size", "buckets": "integer", "from": "size", "to": "size", "scan": "boolean", "after": "integer",
        "lock": "boolean", "capacityBytes": "size", "maxParticipants": "integer", "eventCount": "integer",
        "flag": "integer", "sizeBytes": "size", "alignment": "size", "count": "integer",
        "access": "none|read|readWrite", "locked": "no|onFault|all",
        "workload": "counter|churn|mixed|pingpong|hold|crash|trespass|falsesharing", "options": "WorkerOptions",
    ]
}

extension Shape {
    /// As a member of the reference's schemas.
    fileprivate func write(to writer: inout JSONWriter) {
        writer.key(text: name)
        writer.object { writeMembers(to: &$0) }
    }

    fileprivate func writeMembers(to writer: inout JSONWriter) {
        let fields = fields
        writer.field("type", "object")
        writer.field("required", fields.filter { !$0.isOptional }.map(\.key))
        writer.field("properties", object: { writer in
            for field in fields {
                writer.key(text: field.key)
                field.type.write(to: &writer)
            }
        })
    }

    /// The members, taken apart, with those that each answer has.
    var fields: [(key: String, isOptional: Bool, type: ShapeType)] {
        (members + (isAnswer ? Self.envelope : [])).map { member in
            let sides = member.split(separator: ":", maxSplits: 1)
            let isOptional = sides[0].hasSuffix("?")
            return (
                String(isOptional ? sides[0].dropLast() : sides[0]), isOptional,
                ShapeType(text: String(sides[1].dropFirst()))
            )
        }
    }
}

extension Service {
    func openAPI(_ call: Call) throws(Problem) -> Response { .json(.ok, Reference(version: settings.version)) }
}
