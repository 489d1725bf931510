import Diagnostics
import Encoding
import HTTPCore
import Kernel
import Observations
import Reading
import SystemPackage
import Workload

extension Service {
    static let workerRoutes: [Route<Endpoint>] = [
        route(
            .get, "/workers",
            Endpoint(
                name: "listWorkers", summary: "The processes that this server started.",
                parameters: ["sort", "limit", "cursor"], answer: Service.listWorkers)),
        route(
            .get, "/workers/{workerId}",
            Endpoint(name: "getWorker", summary: "One of them.", answer: Service.showWorker)),
    ]

    func answer<Content: Report>(_ report: Content) -> Answer<Content> {
        Answer(report, Envelope(takenAt: Clocks.reading().realTime, ageMilliseconds: 0))
    }

    func listWorkers(_ call: Call) throws(Problem) -> Response {
        let page = try call.query.page(.workers)
        let sort: ListSort<WorkerKey> = try call.query.sort()
        var reports: [WorkerReport] = []
        for record in supervisor?.records ?? [] { reports.append(try WorkerReport(record)) }
        let workers = reports
        return .json(
            .ok, answer(try asking { () throws(QueryError) in try WorkersReport(workers: workers, sort: sort, page: page) }))
    }

    func showWorker(_ call: Call) throws(Problem) -> Response {
        let workerId = try call.number("workerId")
        guard let record = supervisor?.record(workerId) else {
            throw Problem(SupervisorError.noSuchWorker(workerId: workerId))
        }
        return .json(.ok, answer(try WorkerReport(record)))
    }
}
