import Diagnostics
import HTTPCore
import Observations
import Reading

extension Service {
    private static let parameters = ["hex", "text", "integer", "width", "byteOrder", "encoding", "limit", "cursor"]

    static let searchRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments/{id}/search",
            Endpoint(
                name: "searchSegment", summary: "Where bytes, a text or a number stand in an object.",
                lane: .waiting, parameters: parameters + ["attach"], answer: Service.searchSegment)),
        route(
            .get, "/search",
            Endpoint(
                name: "searchAll", summary: "The same, in all objects that may be read.", lane: .waiting,
                parameters: parameters, answer: Service.searchAll)),
    ]

    func searchSegment(_ call: Call) throws(Problem) -> Response {
        let attach = try call.query.flag("attach")
        return try search(call, in: try segmentID(call), attach: attach)
    }

    func searchAll(_ call: Call) throws(Problem) -> Response { try search(call, in: nil) }

    private func search(_ call: Call, in id: SegmentIdentifier?, attach: Bool = false) throws(Problem) -> Response {
        let pattern = try pattern(call.query)
        let page = try call.query.page(.search)
        return .json(
            .ok,
            try listing { () throws(ListError) in try lens.search(pattern, in: id, attach: attach, page: page) })
    }

    /// What to look for: one of `hex`, `text`, `integer`.
    private func pattern(_ query: QueryParameters) throws(Problem) -> SearchPattern {
        let width = try query.integer("width", in: 0...Int(UInt16.max))
        let order: SearchPattern.ByteOrder? = try query.choice("byteOrder")
        let encoding: SearchPattern.TextEncoding? = try query.choice("encoding")
        let question = SearchQuestion(
            hex: query.text("hex"), text: query.text("text"), integer: query.text("integer"), width: width,
            byteOrder: order, encoding: encoding)
        return try asking { () throws(QueryError) in try question.pattern() }
    }
}
