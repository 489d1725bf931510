import Diagnostics
import Encoding
import HTTPCore
import SharedSegments
import Workload

extension Service {
    /// The reference for users, written from the table of routes: it holds what is built and nothing else.
    static func reference(version: String) -> OpenAPIDocument {
        OpenAPIDocument(
            version: version, operations: operations,
            choices: ["workload": WorkloadKind.allCases.map(\.rawValue), "style": DumpStyle.allCases.map(\.rawValue)],
            ranges: [
                "timeoutMilliseconds": QueryParameters.timeoutMilliseconds,
                "allocateBlocks.count": 1...LockedSegment.countMax, "startWorkers.count": 1...Supervisor.Limit.perRequest,
            ])
    }

    /// Health is asked for at the root too; the reference shows each operation once.
    private static var operations: [OpenAPIOperation] {
        routes.filter { $0.pattern.hasPrefix(base) }.map { route in
            let endpoint = route.endpoint
            // Each route knows it; it says something where the answer may come from an earlier look.
            let fresh = route.method == .get && !endpoint.isOpen ? ["fresh"] : []
            return OpenAPIOperation(
                method: route.method.description.lowercased(), path: route.pattern, name: endpoint.name,
                summary: endpoint.summary, parameters: endpoint.parameters + fresh, body: endpoint.body.reference,
                produces: endpoint.produces.map(\.description), status: endpoint.status.code, isOpen: endpoint.isOpen)
        }
    }

    func openAPI(_ call: Call) throws(Problem) -> Response {
        .json(.ok, Self.reference(version: settings.version))
    }
}

extension Endpoint.Body {
    fileprivate var reference: OpenAPIOperation.Body {
        switch self {
        case .none: .none
        case .json(let members): .json(members)
        case .bytes: .bytes
        }
    }
}
