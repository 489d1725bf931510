import Diagnostics
import Encoding
import HTTPCore
import Reading

extension Service {
    /// Every route, in the order of the contract.
    ///
    /// A file whose routes answer a GET does not import `SharedSegments`: so it cannot name a lock, and cannot wait for one.
    static let routes: [Route<Endpoint>] =
        healthRoutes + statusRoutes + segmentRoutes + segmentChangeRoutes + byteRoutes + writeRoutes + pageRoutes
        + processRoutes + searchRoutes + heapRoutes + blockRoutes + observationRoutes + checkRoutes + workerRoutes
        + workerChangeRoutes + streamRoutes

    static let base = "/api/v1"

    static func route(_ method: Method, _ path: String, _ endpoint: Endpoint) -> Route<Endpoint> {
        Route(method, base + path, endpoint)
    }

    /// The segment that a path names.
    func segmentID(_ call: Call) throws(Problem) -> SegmentIdentifier {
        guard let segment = call.path["id"] else { preconditionFailure("the route names no segment") }
        do throws(SegmentIdentifierError) {
            return try SegmentIdentifier(pathSegment: segment.raw)
        } catch {
            throw .badRequest(error.description, field: "id")
        }
    }

    /// Where a segment is found.
    static func location(_ id: SegmentIdentifier) -> String { "\(base)/segments/\(id.text)" }
}

/// Lists, for which the question can be wrong as well as the segment.
func listing<Result>(_ body: () throws(ListError) -> Result) throws(Problem) -> Result {
    do throws(ListError) {
        return try body()
    } catch {
        switch error {
        case .reading(let error): throw Problem(error)
        case .query(let error): throw Problem(error)
        }
    }
}
