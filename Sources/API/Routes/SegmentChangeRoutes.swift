import Diagnostics
import Encoding
import HTTPCore
import Reading
import SegmentFormat
import SharedSegments

extension Service {
    static let segmentChangeRoutes: [Route<Endpoint>] = [
        route(
            .post, "/segments",
            Endpoint(
                name: "createSegment", summary: "Makes a managed segment; without a name an unnamed one.",
                lane: .waiting, body: .json(["name", "capacityBytes", "mode", "maxParticipants", "eventCount"]),
                status: .created, answer: Service.createSegment)),
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
        let result = try changing { () throws(SegmentError) in
            try segment.withLock(timeout: timeout, giveUp: { self.isOverdue }, body)
        }
        lens.surveyor.forget()
        return result
    }
}
