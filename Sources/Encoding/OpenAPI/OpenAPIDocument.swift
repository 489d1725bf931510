/// The reference: an OpenAPI 3.1 document of some operations.
public struct OpenAPIDocument: JSONObjectEncodable, Sendable {
    private let version: String
    private let operations: [OpenAPIOperation]
    private let choices: [String: [String]]
    private let ranges: [String: ClosedRange<Int>]

    /// - Parameters:
    ///   - version: of the program.
    ///   - operations: in the order of the reference.
    ///   - choices: the values that a member or a parameter may have, for those that other rooms decide: `workload`.
    ///   - ranges: of numbers that other rooms decide, by the name alone or by `operation.name`.
    public init(
        version: String, operations: [OpenAPIOperation], choices: [String: [String]] = [:],
        ranges: [String: ClosedRange<Int>] = [:]
    ) {
        self.ranges = ranges
        self.version = version
        self.operations = operations
        self.choices = choices
    }

    /// Names of operations, parameters and members of bodies that the reference has nothing to say of; empty unless
    /// somebody added one and forgot to describe it.
    public var undescribed: [String] {
        operations.flatMap { operation in
            [operation.name].filter { OperationTable.notes[$0] == nil }
                + operation.pathParameters.filter { OperationTable.pathNames[$0] == nil }
                + (operation.parameters + operation.bodyMembers).filter { OperationTable.names[$0] == nil }
        }
    }

    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("openapi", "3.1.0")
        writer.field("info", object: { writeInfo(to: &$0) })
        writer.field("servers", array: { $0.object { $0.field("url", "/") } })
        writer.field("security", array: { writer in
            writer.object { _ in }
            writer.object { $0.field("token", array: { _ in }) }
        })
        writer.field("paths", object: { writePaths(to: &$0) })
        writer.field("components", object: { writer in
            writer.field("schemas", object: { writer in
                for (name, schema) in SchemaTable.all {
                    writer.key(text: name)
                    writer.value(schema)
                }
            })
            writer.field("responses", object: { Self.writeProblems(to: &$0) })
            writer.field("securitySchemes", object: { writer in
                writer.field("token", object: { writer in
                    writer.field("type", "http")
                    writer.field("scheme", "bearer")
                })
            })
        })
    }

    private func writeInfo(to writer: inout JSONWriter) {
        writer.field("title", "shmlens")
        writer.field("version", version)
        writer.field(
            "description",
            """
            What shared memory is on this host, who has it mapped, what is in it, who holds which lock in it. \
            Offsets count from an object's first byte. Sizes and offsets are integers in bytes, addresses and raw \
            words texts in hexadecimal, times RFC 3339 UTC. HEAD is answered wherever GET is. A \
            parameter or a body's member that is not named here is refused, lest a mistyped one be taken for what was meant.
            """)
        writer.field("license", object: { writer in
            writer.field("name", "Apache-2.0")
            writer.field("identifier", "Apache-2.0")
        })
    }

    private func writePaths(to writer: inout JSONWriter) {
        var seen: Set<String> = []
        for path in operations.map(\.path) where seen.insert(path).inserted {
            writer.key(text: path)
            writer.object { writer in
                for operation in operations where operation.path == path {
                    writer.key(text: operation.method)
                    writer.object { write(operation, to: &$0) }
                }
            }
        }
    }

    private func write(_ operation: OpenAPIOperation, to writer: inout JSONWriter) {
        let notes = OperationTable.notes[operation.name] ?? OperationTable.Notes()
        writer.field("operationId", operation.name)
        writer.field("summary", operation.summary)
        if operation.isOpen { writer.field("security", array: { _ in }) }
        writer.field("parameters", array: { writer in
            for name in operation.pathParameters {
                let entry = OperationTable.pathNames[name]
                Self.write(
                    parameter: name, in: "path", isRequired: true, entry?.schema, entry?.about, to: &writer)
            }
            for name in operation.parameters {
                let about = OperationTable.names[name]?.about
                let schema = name == "sort" ? Self.order(by: notes.sortKeys) : schema(of: name, in: operation)
                let isRequired = notes.requiredQuery.contains(name)
                Self.write(parameter: name, in: "query", isRequired: isRequired, schema, about, to: &writer)
            }
        })
        write(operation.body, of: operation, required: notes.required, to: &writer)
        writer.field("responses", object: { writer in
            Self.writeSuccess(operation, notes, to: &writer)
            for status in operation.problems(notes.problems) {
                guard let problem = OperationTable.problems.first(where: { $0.status == status }) else { continue }
                writer.key(text: "\(status)")
                writer.object { $0.field("$ref", "#/components/responses/\(problem.name)") }
            }
        })
    }

    // MARK: Requests

    private static func write(
        parameter name: String, in place: String, isRequired: Bool, _ schema: Schema?, _ about: String?,
        to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("in", place)
            writer.field("required", isRequired ? true : nil)
            writer.field("description", about)
            writer.field("schema", schema ?? .anything)
        }
    }

    private static func order(by keys: [String]) -> Schema { .choice(keys.flatMap { [$0, "-" + $0] }) }

    private func schema(of name: String, in operation: OpenAPIOperation) -> Schema {
        if let range = ranges["\(operation.name).\(name)"] ?? ranges[name] {
            return .integer(minimum: range.lowerBound, maximum: range.upperBound)
        }
        return choices[name].map { .choice($0) } ?? OperationTable.names[name]?.schema ?? .anything
    }

    private func write(
        _ body: OpenAPIOperation.Body, of operation: OpenAPIOperation, required: [String], to writer: inout JSONWriter
    ) {
        guard body != .none else { return }
        writer.field("requestBody", object: { writer in
            writer.field("required", true)
            writer.field("content", object: { writer in
                guard case .json(let keys) = body else {
                    writer.key(text: "application/octet-stream")
                    return writer.object { _ in }
                }
                let members = keys.map { key in
                    SchemaMember(
                        key: key, schema: schema(of: key, in: operation), isRequired: required.contains(key),
                        about: OperationTable.names[key]?.about ?? "")
                }
                writer.key(text: "application/json")
                writer.object { $0.field("schema", Schema.object(members)) }
            })
        })
    }

    // MARK: Responses

    private static func writeSuccess(
        _ operation: OpenAPIOperation, _ notes: OperationTable.Notes, to writer: inout JSONWriter
    ) {
        for (status, about) in [(operation.status, operation.summary)] + notes.otherStatuses {
            writer.key(text: "\(status)")
            writer.object { writer in
                writer.field("description", about)
                guard !operation.produces.isEmpty else { return }
                writer.field("content", object: { writer in
                    for type in operation.produces {
                        writer.key(text: type)
                        writer.object { $0.field("schema", notes.schema(of: type)) }
                    }
                })
            }
        }
    }

    private static func writeProblems(to writer: inout JSONWriter) {
        for problem in OperationTable.problems {
            writer.key(text: problem.name)
            writer.object { writer in
                writer.field("description", problem.about)
                writer.field("content", object: { writer in
                    writer.field("application/problem+json", object: { writer in
                        writer.field("schema", Schema.reference("Problem"))
                    })
                })
            }
        }
    }
}

extension OpenAPIOperation {
    fileprivate var bodyMembers: [String] {
        if case .json(let members) = body { members } else { [] }
    }

    /// Every status other than success that it can end with, rising.
    ///
    /// - Parameter own: those that its form does not show.
    fileprivate func problems(_ own: [Int]) -> [Int] {
        var statuses: Set<Int> = Set(own).union([400, 403])
        if !isOpen { statuses.insert(401) }
        if !produces.isEmpty { statuses.insert(406) }
        if !pathParameters.isEmpty { statuses.insert(404) }
        if !parameters.isEmpty || body != .none { statuses.insert(422) }
        if body != .none { statuses.formUnion([411, 413]) }
        if case .json = body { statuses.insert(415) }
        if parameters.contains("timeoutMilliseconds") { statuses.formUnion([423, 503]) }
        return statuses.sorted()
    }
}

extension OperationTable.Notes {
    /// What of an answer a media type holds; nothing is said of bytes and of text.
    fileprivate func schema(of type: String) -> Schema? {
        switch type {
        case "application/json":
            guard hasEnvelope, let answer else { return answer }
            return .all([answer, .reference("Envelope")])
        case "text/plain": return .text
        default: return nil
        }
    }
}
