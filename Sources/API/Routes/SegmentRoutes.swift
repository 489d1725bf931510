import Diagnostics
import Encoding
import HTTPCore
import Observations
import Reading
import SegmentFormat
import SharedSegments

extension Service {
    static let segmentRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments",
            Endpoint(
                name: "listSegments", summary: "Shared memory on this host.",
                parameters: ["kind", "managed", "orphaned", "deleted", "pid", "uid", "q", "sort", "limit", "cursor"],
                answer: Service.listSegments)),
        route(
            .post, "/segments",
            Endpoint(
                name: "createSegment", summary: "Makes a managed segment; without a name an unnamed one.",
                lane: .waiting, body: .json(["name", "capacityBytes", "mode", "maxParticipants", "eventCount"]),
                status: .created, answer: Service.createSegment)),
        route(
            .get, "/segments/{id}",
            Endpoint(
                name: "getSegment", summary: "One segment, and of a managed one its header, lock and heap.",
                answer: Service.showSegment)),
        route(
            .patch, "/segments/{id}",
            Endpoint(
                name: "changeSegment", summary: "Sets a managed segment's text and flag under its lock.",
                lane: .waiting, parameters: ["timeoutMilliseconds"], body: .json(["text", "flag"]),
                answer: Service.changeSegment)),
        route(
            .delete, "/segments/{id}",
            Endpoint(
                name: "removeSegment", summary: "Removes a managed segment's name, or the server's hold on it.",
                lane: .waiting, parameters: ["force", "timeoutMilliseconds"], produces: [], status: .noContent,
                answer: Service.removeSegment)),
    ]

    func listSegments(_ call: Call) throws(Problem) -> Response {
        let query = call.query
        var filter = SegmentFilter()
        filter.kind = try query.choice("kind")
        filter.managed = try query.bool("managed")
        filter.orphaned = try query.bool("orphaned")
        filter.deleted = try query.bool("deleted")
        filter.pid = try query.integer("pid", in: 1...Int(Int32.max)).map { Int32($0) }
        filter.uid = try query.integer("uid", in: 0...Int(UInt32.max)).map { UInt32($0) }
        filter.q = query.text("q").map { ByteString(Array($0.utf8)) }
        let order = query.text("sort")
        let sort = try asking { () throws(QueryError) in
            if let order { try SegmentSort(text: order) } else { SegmentSort.byIdentifier }
        }
        let page = try query.page(.segments)
        let fresh = try query.isFresh()
        let wanted = filter
        return .json(
            .ok,
            try listing { () throws(ListError) in
                try lens.segments(wanted, sort: sort, page: page, fresh: fresh)
            })
    }

    func createSegment(_ call: Call) throws(Problem) -> Response {
        let fields = try call.fields()
        var options = SegmentOptions(
            capacityBytes: try fields.requiredSize("capacityBytes", in: SegmentLayout.Limit.poolBytes))
        if let mode = try fields.mode("mode") { options.mode = mode }
        if let count = try fields.integer("maxParticipants", in: SegmentLayout.Limit.participants) {
            options.maxParticipants = count
        }
        if let count = try fields.integer("eventCount", in: SegmentLayout.Limit.events) { options.eventCount = count }
        let id = try live.create(name: try fields.text("name"), options: options)
        lens.surveyor.forget()
        return .json(.created, try detail(id)).with("Location", Self.location(id))
    }

    func showSegment(_ call: Call) throws(Problem) -> Response {
        .json(.ok, try detail(try segmentID(call), fresh: try call.query.isFresh()))
    }

    func changeSegment(_ call: Call) throws(Problem) -> Response {
        let fields = try call.fields()
        let text = try fields.text("text")
        let flag = try fields.integer("flag", in: 0...Int(UInt32.max)).map { UInt32($0) }
        guard text != nil || flag != nil else { throw BodyFields.missing("text") }
        let id = try segmentID(call)
        try change(id, call) { (locked) throws(SegmentError) in
            if let text { try locked.setText(text) }
            if let flag { try locked.setFlag(flag) }
        }
        return .json(.ok, try detail(id))
    }

    func removeSegment(_ call: Call) throws(Problem) -> Response {
        let force = try call.query.flag("force")
        _ = try call.query.timeout()
        try live.remove(try segmentID(call), force: force)
        lens.surveyor.forget()
        return .noContent
    }

    /// What GET shows of a segment.
    func detail(_ id: SegmentIdentifier, fresh: Bool = false) throws(Problem) -> Answer<SegmentDetail> {
        var answer = try looking { () throws(ReadingError) in try lens.detail(id, fresh: fresh) }
        if answer.report.protection != nil {
            answer.report.protection = live.protection(of: id, inode: answer.report.summary.inode)
        }
        return answer
    }

    /// Changes a segment under its lock, for as long as the request may wait. The next answer shows it.
    func change<Result>(
        _ id: SegmentIdentifier, _ call: Call, _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(Problem) -> Result {
        try change(id, timeout: try call.query.timeout(), body)
    }

    /// - Parameter timeout: how long to wait for the lock.
    func change<Result>(
        _ id: SegmentIdentifier, timeout: Duration,
        _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(Problem) -> Result {
        let segment = try live.segment(id)
        let result = try changing { () throws(SegmentError) in try segment.withLock(timeout: timeout, body) }
        lens.surveyor.forget()
        return result
    }
}
