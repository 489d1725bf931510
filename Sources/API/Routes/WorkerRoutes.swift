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

    /// The workers of one segment, or all: those that run and the last that ended.
    func workersAnswer(of id: SegmentIdentifier?) throws(Problem) -> Answer<WorkersReport> {
        var reports: [WorkerReport] = []
        for record in supervisor?.records ?? [] {
            let report = try WorkerReport(record)
            if id == nil || report.segment == id { reports.append(report) }
        }
        let newest = Array(reports.suffix(Self.watchedWorkers))
        return answer(try asking { () throws(QueryError) in
            try WorkersReport(workers: newest, page: PageRequest(limit: Self.watchedWorkers))
        })
    }

    /// Workers that a stream tells of.
    private static let watchedWorkers = 256

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
