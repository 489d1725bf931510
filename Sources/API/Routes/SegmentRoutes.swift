import Diagnostics
import Encoding
import HTTPCore
import Observations
import Reading

extension Service {
    static let segmentRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments",
            Endpoint(
                name: "listSegments", summary: "Shared memory on this host.",
                parameters: [
                    "kind", "managed", "orphaned", "deleted", "pid", "uid", "minBytes", "q", "sort", "limit", "cursor",
                ],
                answer: Service.listSegments)),
        route(
            .get, "/segments/{id}",
            Endpoint(
                name: "getSegment", summary: "One segment, and of a managed one its header, lock and heap.",
                answer: Service.showSegment)),
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
        filter.minBytes = try query.size("minBytes")
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

    func showSegment(_ call: Call) throws(Problem) -> Response {
        .json(.ok, try detail(try segmentID(call), fresh: try call.query.isFresh()))
    }

    /// What GET shows of a segment.
    func detail(_ id: SegmentIdentifier, fresh: Bool = false) throws(Problem) -> Answer<SegmentDetail> {
        var answer = try looking { () throws(ReadingError) in try lens.detail(id, fresh: fresh) }
        if answer.report.protection != nil {
            answer.report.protection = live.protection(of: id, inode: answer.report.summary.inode)
        }
        return answer
    }
}
