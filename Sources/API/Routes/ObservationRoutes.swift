import Diagnostics
import Encoding
import HTTPCore
import Reading

extension Service {
    static let observationRoutes: [Route<Endpoint>] = [
        route(
            .get, "/locks",
            Endpoint(
                name: "hostLocks", summary: "Who waits for which lock of the whole host, who has it, and what is wrong.",
                produces: [.json, .text], answer: Service.hostLocks)),
        route(
            .get, "/segments/{id}/locks",
            Endpoint(
                name: "listLocks", summary: "An object's locks, who holds them and who waits.",
                parameters: ["scan"], answer: Service.listLocks)),
        route(
            .get, "/segments/{id}/participants",
            Endpoint(
                name: "listParticipants", summary: "Who takes part in the segment.",
                parameters: ["sort", "limit", "cursor"], answer: Service.listParticipants)),
        route(
            .get, "/segments/{id}/events",
            Endpoint(
                name: "listEvents", summary: "The segment's last operations.",
                parameters: ["after", "sort", "limit", "cursor"], answer: Service.listEvents)),
    ]

    func hostLocks(_ call: Call) throws(Problem) -> Response {
        let fresh = try call.query.isFresh()
        let answer = try looking { () throws(ReadingError) in try lens.hostLocks(fresh: fresh) }
        guard MediaType.best(of: [.json, .text], accept: call.head.headers.list("Accept")) == .text else { return .json(.ok, answer) }
        return Response.text(.ok, WaitTree.text(answer.report) + WaitTree.notes(on: answer)).uncached()
    }

    func listLocks(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let scan = try call.query.flag("scan")
        let fresh = try call.query.isFresh()
        return .json(.ok, try looking { () throws(ReadingError) in try lens.locks(id, scan: scan, fresh: fresh) })
    }

    func listParticipants(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let page = try call.query.page(.participants)
        let sort: ListSort<ParticipantKey> = try call.query.sort()
        return .json(.ok, try listing { () throws(ListError) in try lens.participants(id, sort: sort, page: page) })
    }

    func listEvents(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let after = try call.query.integer("after", in: 0...(.max)).map { UInt64($0) }
        let page = try call.query.page(.events)
        let sort: ListSort<EventKey> = try call.query.sort()
        return .json(
            .ok, try listing { () throws(ListError) in try lens.events(id, after: after, sort: sort, page: page) })
    }
}
