import Diagnostics
import Encoding
import HTTPCore
import Kernel
import Observations
import Reading

extension Service {
    static let healthRoutes: [Route<Endpoint>] = ["", base].flatMap { prefix in
        [
            Route(
                .get, prefix + "/healthz",
                Endpoint(
                    name: "healthz", summary: "Whether the server lives.", isOpen: true, produces: [.text],
                    answer: Service.health)),
            Route(
                .get, prefix + "/readyz",
                Endpoint(
                    name: "readyz", summary: "Whether the server can look at the host.", isOpen: true,
                    produces: [.text], answer: Service.readiness)),
        ]
    }

    static let statusRoutes: [Route<Endpoint>] = [
        route(
            .get, "/status",
            Endpoint(name: "status", summary: "The server and the host at a glance.", answer: Service.status)),
        route(
            .get, "/openapi.json",
            Endpoint(name: "openapi", summary: "This document.", answer: Service.openAPI)),
    ]

    func health(_ call: Call) throws(Problem) -> Response { Response.text(.ok, "ok").uncached() }

    func readiness(_ call: Call) throws(Problem) -> Response {
        do throws(ReadingError) {
            _ = try lens.survey()
        } catch {
            throw .unavailable(error.description)
        }
        return Response.text(.ok, "ok").uncached()
    }

    func status(_ call: Call) throws(Problem) -> Response {
        .json(.ok, try statusAnswer(fresh: try call.query.isFresh()))
    }

    func statusAnswer(fresh: Bool) throws(Problem) -> Answer<StatusReport> {
        let (host, segments, envelope) = try looking { () throws(ReadingError) in try lens.hostReport(fresh: fresh) }
        let uptime = Clocks.monotonicNanoseconds() - startedAt.monotonicNanoseconds
        let report = StatusReport(
            version: settings.version, pid: Int(lens.host.pid), startedAt: startedAt.realTime,
            uptimeMilliseconds: Int(uptime / 1_000_000), listen: listen, limits: limitReports, host: host,
            segments: segments, requests: requestCounts, findings: host.tmpfs.compactMap(Self.finding))
        return Answer(report, envelope)
    }

    /// Promises that cannot be kept: who touches a page that there is no room for gets SIGBUS.
    private static func finding(_ tmpfs: TmpfsReport) -> Finding? {
        let freeBytes = max(0, tmpfs.sizeBytes - tmpfs.usedBytes)
        guard tmpfs.sizeBytes > 0, tmpfs.promisedBytes > freeBytes else { return nil }
        return Finding(
            code: "overpromised", severity: .warning,
            message: "the files of \(tmpfs.path) may still take \(tmpfs.promisedBytes) bytes and \(freeBytes) are left: "
                + "who touches a page beyond that is ended by SIGBUS")
    }

    private var limitReports: [LimitReport] {
        let limits = settings.limits
        return [
            LimitReport(name: "bodyBytes", value: limits.maxBodyBytes),
            LimitReport(name: "connections", value: limits.connections),
            LimitReport(name: "streams", value: limits.streams),
            LimitReport(name: "requestsQueued", value: limits.quickQueue + limits.waitingQueue),
            LimitReport(name: "segmentsOpen", value: LiveSegments.countMax),
            LimitReport(name: "segmentsHeld", value: LiveSegments.heldMax),
            LimitReport(name: "listElements", value: PageRequest.limits.upperBound),
            LimitReport(name: "timeoutMilliseconds", value: QueryParameters.timeoutMilliseconds.upperBound),
        ]
    }
}
