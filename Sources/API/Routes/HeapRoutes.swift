import Diagnostics
import Encoding
import HTTPCore
import Reading
import SegmentFormat

extension Service {
    static let heapRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments/{id}/layout",
            Endpoint(name: "layout", summary: "Where the parts of an object stand.", answer: Service.layout)),
        route(
            .get, "/segments/{id}/heap",
            Endpoint(
                name: "heap", summary: "How much of the pool is used, by whom, in what pieces.", answer: Service.heap)),
        route(
            .get, "/segments/{id}/blocks",
            Endpoint(
                name: "listBlocks", summary: "The blocks in address order; with buckets, a map of the pool.",
                parameters: [
                    "state", "owner", "tag", "at", "minBytes", "sort", "limit", "cursor", "buckets", "from", "to",
                ], answer: Service.listBlocks)),
        route(
            .get, "/segments/{id}/blocks/{offset}",
            Endpoint(name: "getBlock", summary: "The block whose payload begins there.", answer: Service.showBlock)),
    ]

    func layout(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        return .json(.ok, try looking { () throws(ReadingError) in try lens.layout(id) })
    }

    func heap(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        return .json(.ok, try looking { () throws(ReadingError) in try lens.heapReport(id) })
    }

    func listBlocks(_ call: Call) throws(Problem) -> Response {
        let query = call.query
        let id = try segmentID(call)
        guard let count = try query.integer("buckets", in: BucketRequest.counts) else {
            let filter = try blockFilter(query)
            let sort: ListSort<BlockKey> = try query.sort()
            let page = try query.page(.blocks)
            return .json(
                .ok,
                try listing { () throws(ListError) in
                    try lens.blocks(id) { (picture, owners) throws(QueryError) in
                        try BlocksReport(picture: picture, owners: owners, filter: filter, sort: sort, page: page)
                    }
                })
        }
        for name in ["state", "owner", "tag", "at", "minBytes", "sort", "limit", "cursor"] where query.text(name) != nil {
            throw .badRequest("\(name): does not go with buckets", field: name)
        }
        let from = try query.size("from")
        let to = try query.size("to")
        return .json(
            .ok,
            try listing { () throws(ListError) in
                try lens.blocks(id) { (picture, owners) throws(QueryError) in
                    let request = try BucketRequest(count: count, from: from, to: to, pool: picture.pool)
                    return BucketsReport(picture: picture, owners: owners, request: request)
                }
            })
    }

    private func blockFilter(_ query: QueryParameters) throws(Problem) -> BlockFilter {
        var filter = BlockFilter()
        filter.state = try query.choice("state")
        filter.owner = try query.integer("owner", in: 0...Int(UInt32.max))
        if let text = query.text("tag") { filter.tag = try FieldValue.tag("tag", text) }
        filter.at = try query.size("at")
        filter.minBytes = try query.size("minBytes")
        filter.from = try query.size("from")
        filter.to = try query.size("to")
        return filter
    }

    func showBlock(_ call: Call) throws(Problem) -> Response {
        let block = try block(try segmentID(call), at: try call.number("offset"))
        return .json(.ok, block)
    }

    /// The used or orphaned block whose payload begins at an offset.
    func block(_ id: SegmentIdentifier, at offset: Int) throws(Problem) -> Answer<BlockReport> {
        let found = try listing { () throws(ListError) in
            try lens.blocks(id) { (picture, owners) throws(QueryError) in
                try BlocksReport(picture: picture, owners: owners, filter: BlockFilter(at: offset))
            }
        }
        guard let block = found.report.blocks.first, block.offset == offset, block.state != .free else {
            throw .notFound("no used block has its payload at offset \(offset)")
        }
        return Answer(block, found.envelope)
    }
}
