import Diagnostics
import HTTPCore
import Observations
import Reading

extension Service {
    static let processRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments/{id}/mappings",
            Endpoint(
                name: "listMappings", summary: "Which processes map an object, where, and how much of it each has.",
                parameters: ["touched", "limit", "cursor"], answer: Service.listMappings)),
        route(
            .get, "/processes",
            Endpoint(
                name: "listProcesses", summary: "The processes that map shared memory or have it open.",
                parameters: ["sort", "limit", "cursor"], answer: Service.listProcesses)),
        route(
            .get, "/processes/{pid}",
            Endpoint(
                name: "getProcess", summary: "One process's shared memory.", answer: Service.showProcess)),
    ]

    func listMappings(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let touched = try call.query.flag("touched")
        let page = try call.query.page(.mappings)
        let fresh = try call.query.isFresh()
        return .json(
            .ok,
            try listing { () throws(ListError) in try lens.mappings(id, touched: touched, page: page, fresh: fresh) })
    }

    func listProcesses(_ call: Call) throws(Problem) -> Response {
        let sort: ListSort<ProcessKey> = try call.query.sort()
        let page = try call.query.page(.processes)
        let fresh = try call.query.isFresh()
        return .json(
            .ok, try listing { () throws(ListError) in try lens.processes(sort: sort, page: page, fresh: fresh) })
    }

    func showProcess(_ call: Call) throws(Problem) -> Response {
        let number = try call.number("pid")
        let fresh = try call.query.isFresh()
        guard let pid = Int32(exactly: number), pid > 0,
            let answer = try looking({ () throws(ReadingError) in try lens.process(pid, fresh: fresh) })
        else { throw .notFound("there is no process \(number)") }
        return .json(.ok, answer)
    }
}
