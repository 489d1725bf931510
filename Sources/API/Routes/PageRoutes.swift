import Diagnostics
import HTTPCore
import Reading

extension Service {
    static let pageRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments/{id}/pages",
            Endpoint(
                name: "listPages", summary: "Which pages of an object there are, and which of them are in memory.",
                parameters: ["offset", "attach", "limit", "cursor"], answer: Service.listPages))
    ]

    func listPages(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let from = try call.query.size("offset") ?? 0
        let attach = try call.query.flag("attach")
        let page = try call.query.page(.pages)
        return .json(
            .ok, try listing { () throws(ListError) in try lens.pages(id, from: from, attach: attach, page: page) })
    }
}
