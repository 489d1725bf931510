import Diagnostics
import Encoding
import HTTPCore
import Reading

extension Service {
    static let observationRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments/{id}/locks",
            Endpoint(
                name: "listLocks", summary: "The segment's locks, who holds them and who waits.",
                parameters: ["scan"], answer: Service.listLocks)),
        route(
            .get, "/segments/{id}/participants",
            Endpoint(
                name: "listParticipants", summary: "Who takes part in the segment.",
                parameters: ["limit", "cursor"], answer: Service.listParticipants)),
        route(
            .get, "/segments/{id}/events",
            Endpoint(
                name: "listEvents", summary: "The segment's last operations.",
                parameters: ["after", "limit", "cursor"], answer: Service.listEvents)),
    ]

    func listLocks(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        _ = try call.query.flag("scan")
        return .json(.ok, try looking { () throws(ReadingError) in try lens.locks(id) })
    }

    func listParticipants(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let page = try call.query.page(.participants)
        return .json(.ok, try listing { () throws(ListError) in try lens.participants(id, page: page) })
    }

    func listEvents(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let after = try call.query.integer("after", in: 0...(.max)).map { UInt64($0) }
        let page = try call.query.page(.events)
        let start = try asking { () throws(QueryError) in try EventsReport.start(after: after, page: page) }
        return .json(
            .ok, try looking { () throws(ReadingError) in try lens.events(id, after: start, limit: page.limit) })
    }
}
