import Diagnostics
import HTTPCore
import SharedSegments

extension Service {
    static let writeRoutes: [Route<Endpoint>] = [
        route(
            .put, "/segments/{id}/bytes",
            Endpoint(
                name: "writeBytes", summary: "Writes the body into the pool, under the lock.", lane: .waiting,
                parameters: ["offset", "timeoutMilliseconds"], body: .bytes, produces: [], status: .noContent,
                answer: Service.writeBytes))
    ]

    func writeBytes(_ call: Call) throws(Problem) -> Response {
        guard let offset = try call.query.size("offset") else { throw BodyFields.missing("offset") }
        let body = call.request.body
        try change(try segmentID(call), call) { (locked) throws(SegmentError) in
            try locked.write(body, at: offset)
        }
        return .noContent
    }
}
