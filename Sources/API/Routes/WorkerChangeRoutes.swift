import Diagnostics
import Encoding
import HTTPCore
import Reading
import SharedSegments
import SystemPackage
import Workload

extension Service {
    static let workerChangeRoutes: [Route<Endpoint>] = [
        route(
            .post, "/workers",
            Endpoint(
                name: "startWorkers", summary: "Starts processes that work on a managed segment.", lane: .waiting,
                body: .json(["segment", "workload", "count", "options"]), status: .created,
                answer: Service.startWorkers)),
        route(
            .delete, "/workers/{workerId}",
            Endpoint(
                name: "endWorker", summary: "Ends a worker and waits until it has ended.", lane: .waiting,
                produces: [], status: .noContent, answer: Service.endWorker)),
    ]

    private func requireSupervisor() throws(Problem) -> Supervisor {
        guard let supervisor else { throw .unavailable("this server starts no workers") }
        return supervisor
    }

    func startWorkers(_ call: Call) throws(Problem) -> Response {
        let supervisor = try requireSupervisor()
        let fields = try call.fields()
        let name = try fields.requiredText("segment")
        guard let workload = try fields.choice("workload", of: WorkloadKind.self) else {
            throw BodyFields.missing("workload")
        }
        let count = try fields.integer("count", in: 1...Supervisor.Limit.perRequest) ?? 1
        let options = try Self.options(fields)
        let id: SegmentIdentifier
        do throws(SegmentIdentifierError) {
            id = try SegmentIdentifier(commandLineWord: name)
        } catch {
            throw .badRequest(error.description, field: "segment")
        }
        let records = try start(workload, options, count: count, on: id, supervisor)
        lens.surveyor.forget()
        var reports: [WorkerReport] = []
        for record in records { reports.append(try WorkerReport(record)) }
        let place = records.count == 1 ? "/workers/\(records[0].workerId)" : "/workers"
        return .json(.created, answer(WorkerList(workers: reports))).with("Location", Self.base + place)
    }

    func endWorker(_ call: Call) throws(Problem) -> Response {
        let supervisor = try requireSupervisor()
        let workerId = try call.number("workerId")
        do throws(SupervisorError) {
            try supervisor.end(workerId)
        } catch {
            throw Problem(error)
        }
        lens.surveyor.forget()
        return .noContent
    }

    private func start(
        _ workload: WorkloadKind, _ options: WorkloadOptions, count: Int, on id: SegmentIdentifier,
        _ supervisor: Supervisor
    ) throws(Problem) -> [WorkerRecord] {
        // Opened here too: what is no segment that one may change is refused before a process is started for it.
        let segment = try live.segment(id)
        let descriptor = id.kind == .memfd ? segment.descriptor : nil
        do throws(WorkloadOptionError) {
            try options.check(for: workload, in: segment)
        } catch {
            throw Problem(SupervisorError.option(error))
        }
        do throws(SupervisorError) {
            let records = try supervisor.start(
                segment: WorkerSegment(id: id.text, descriptor: descriptor), workload: workload, options: options,
                count: count)
            withExtendedLifetime(segment) {}
            return records
        } catch {
            throw Problem(error)
        }
    }

    private static let optionKeys = [
        "operations", "ratePerSecond", "seed", "durationMilliseconds", "holdMilliseconds", "step", "offset", "length",
        "access", "padding", "primitive",
    ]

    /// How workers shall work, as far as each number alone tells; which go together, the workload knows.
    private static func options(_ body: BodyFields) throws(Problem) -> WorkloadOptions {
        let fields = try body.fields("options", known: optionKeys)
        var options = WorkloadOptions()
        options.operations = try fields.integer("operations", in: WorkloadOptions.Limit.operations)
        options.ratePerSecond = try fields.real("ratePerSecond", in: WorkloadOptions.Limit.ratePerSecond)
        options.seed = try fields.unsigned("seed")
        options.durationMilliseconds = try fields.integer(
            "durationMilliseconds", in: WorkloadOptions.Limit.milliseconds)
        options.holdMilliseconds = try fields.integer("holdMilliseconds", in: WorkloadOptions.Limit.milliseconds)
        options.step = try fields.integer("step", in: WorkloadOptions.Limit.step)
        options.offset = try fields.size("offset", in: WorkloadOptions.Limit.bytes)
        options.length = try fields.size("length", in: WorkloadOptions.Limit.bytes)
        options.access = try fields.choice("access")
        options.padding = try fields.choice("padding")
        options.primitive = try fields.choice("primitive")
        return options
    }
}

/// Workers that a request started.
struct WorkerList: Report, JSONObjectEncodable {
    let workers: [WorkerReport]

    func writeMembers(to writer: inout JSONWriter) { writer.field("workers", workers) }
}
