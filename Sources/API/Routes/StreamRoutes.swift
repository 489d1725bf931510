import Diagnostics
import HTTPCore
import Reading

extension Service {
    static let streamRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments/{id}/stream",
            Endpoint(
                name: "watchSegment", summary: "What changes in a segment, as Server-Sent Events.",
                parameters: ["after"], produces: [.events], answer: Service.watchSegment)),
        route(
            .get, "/stream",
            Endpoint(
                name: "watchHost", summary: "What changes on the host, as Server-Sent Events.",
                produces: [.events], answer: Service.watchHost)),
    ]

    func watchSegment(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let after = try call.query.integer("after", in: 0...(.max)).map { UInt64($0) }
        // What is not there is refused, so that a browser does not come back for it. What may not be read is told of as far as
        // its name and its attributes go.
        if (try? lens.object(id)) == nil { _ = try detail(id) }
        // What the browser adds when it comes back says more than the address that it was given at first.
        let known = call.head.headers["Last-Event-ID"].flatMap { UInt64($0) }
        return stream(try hub.subscribe(.segment(id), after: known ?? after, self))
    }

    func watchHost(_ call: Call) throws(Problem) -> Response { stream(try hub.subscribe(.host, after: nil, self)) }

    private func stream(_ body: ChangeStream) -> Response {
        var response = Response(.ok).uncached().with("Content-Type", MediaType.events.description)
            // A proxy that collects what it passes on would make the picture old.
            .with("X-Accel-Buffering", "no")
        response.body = .stream(length: nil, body)
        return response
    }
}
