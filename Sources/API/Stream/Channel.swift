import Diagnostics
import Encoding
import Kernel
import Observations
import Reading

/// What is watched: one segment, or the host as a whole.
enum Subject: Hashable, Sendable {
    case host
    case segment(SegmentIdentifier)
}

/// What one look at a subject found, as frames that serve every client.
struct Look {
    /// Everything, for who is new.
    var everything: [UInt8] = []
    /// What is other than at the look before.
    var changed: [UInt8] = []
    /// Events since the look before, in order.
    var events: [UInt8] = []
    /// The newest event there is; nil where the subject has none.
    var newestEvent: UInt64?
    /// The subject is gone: the streams end.
    var isOver = false
}

/// Looks at a subject again and again, and tells what changed.
///
/// Used by one thread.
struct Channel {
    /// Events that one look sends at most; who wants older ones asks for them.
    static let eventsMax = 1000
    /// Elements of each list that is sent; the rest is to be had page by page.
    private static let listed = 1000

    let subject: Subject
    /// The last report of each part, without how it was got.
    private var last: [String: [UInt8]] = [:]
    private var newestEvent: UInt64?
    /// Of the segment that all this is about: one made anew under its name is another one.
    private var uuid: String?
    /// Of the host.
    private var insides = InsideWatch()

    init(_ subject: Subject) { self.subject = subject }

    mutating func look(_ service: Service) -> Look {
        var look = Look()
        let before = last
        do throws(Problem) {
            switch subject {
            case .host: try lookAtHost(service, &look)
            case .segment(let id): try lookAtSegment(id, service, &look)
            }
        } catch {
            look = Look()
            // Nobody is sent what was found before the failure.
            last = before
            // What is gone for good ends the stream; anything else may be well again at the next look.
            look.isOver = error.status == 404
            add("failure", error.jsonBytes(), isChanged: true, to: &look)
        }
        let now = Clocks.reading().realTime
        var tick = JSONWriter()
        tick.object { writer in
            writer.field("takenAt", orNull: now.rfc3339)
            writer.field("sequence", look.newestEvent)
        }
        add("tick", tick.finish(), isChanged: true, to: &look)
        return look
    }

    private mutating func lookAtHost(_ service: Service, _ look: inout Look) throws(Problem) {
        let page = try asking { () throws(QueryError) in try PageRequest(limit: Self.listed) }
        let segments = try listing { () throws(ListError) in
            try service.lens.segments(SegmentFilter(), sort: SegmentSort(.residentBytes, isDescending: true), page: page)
        }
        add("segments", segments, to: &look)
        add("status", try service.statusAnswer(fresh: false), to: &look)
        add("workers", try service.workersAnswer(of: nil), to: &look)
        try lookInside(service, &look)
    }

    /// What is inside of the managed segments. Where it is not their turn, who is new is told what is known.
    private mutating func lookInside(_ service: Service, _ look: inout Look) throws(Problem) {
        let source = HostInsides(service: service)
        let before = last["insides"]
        var report = before ?? []
        if before == nil || insides.isDue(at: source.now()) {
            var filter = SegmentFilter()
            filter.managed = true
            let page = try asking { () throws(QueryError) in try PageRequest(limit: PageRequest.limits.upperBound) }
            let managed = try listing { () throws(ListError) in
                try service.lens.segments(filter, sort: SegmentSort(.residentBytes, isDescending: true), page: page)
            }
            insides.look(at: managed.report.segments.map(\.id), source)
            report = insides.report.jsonBytes()
        }
        last["insides"] = report
        add("insides", report, isChanged: report != before, to: &look)
    }

    private mutating func lookAtSegment(
        _ id: SegmentIdentifier, _ service: Service, _ look: inout Look
    ) throws(Problem) {
        let detail = try service.detail(id)
        // Where it may not be read for a while it is the same one still, as far as anybody knows.
        if let found = detail.report.header?.uuid, found != uuid {
            last = [:]
            // Its ring begins anew, and all that is in it came since.
            newestEvent = uuid == nil ? nil : 0
            uuid = found
        }
        add("segment", detail, to: &look)
        guard detail.report.heap != nil else { return }
        add("locks", try looking { () throws(ReadingError) in try service.lens.locks(id) }, to: &look)
        let page = try asking { () throws(QueryError) in try PageRequest(limit: Self.listed) }
        let participants = try listing { () throws(ListError) in try service.lens.participants(id, page: page) }
        add("participants", participants, to: &look)
        add("workers", try service.workersAnswer(of: id), to: &look)
        try addEvents(id, service, &look)
    }

    /// The events since the look before; at the first look there is nothing that they would follow on.
    private mutating func addEvents(
        _ id: SegmentIdentifier, _ service: Service, _ look: inout Look
    ) throws(Problem) {
        if let known = newestEvent {
            let frame = try Self.events(id, after: known, service)
            look.events = frame.bytes
            newestEvent = frame.newest ?? known
        } else {
            newestEvent = try Self.newestEvent(id, service)
        }
        look.newestEvent = newestEvent
    }

    /// A frame of the events after one: the newest of them where there are more than one look sends.
    static func events(
        _ id: SegmentIdentifier, after: UInt64, _ service: Service
    ) throws(Problem) -> (bytes: [UInt8], newest: UInt64?) {
        let page = try asking { () throws(QueryError) in try PageRequest(limit: eventsMax) }
        let answer = try listing { () throws(ListError) in
            try service.lens.events(id, after: after, sort: ListSort(.sequence, isDescending: true), page: page)
        }
        guard let newest = answer.report.events.first?.sequence else { return ([], nil) }
        return (EventFrame.bytes("events", id: newest, answer.jsonBytes()), newest)
    }

    private static func newestEvent(_ id: SegmentIdentifier, _ service: Service) throws(Problem) -> UInt64 {
        let page = try asking { () throws(QueryError) in try PageRequest(limit: 1) }
        let answer = try listing { () throws(ListError) in
            try service.lens.events(id, after: nil, sort: ListSort(.sequence, isDescending: true), page: page)
        }
        return answer.report.events.first?.sequence ?? 0
    }

    // MARK: Frames

    private mutating func add<Content>(
        _ name: String, _ answer: Answer<Content>, to look: inout Look
    ) where Content: JSONObjectEncodable {
        let report = answer.report.jsonBytes()
        let isChanged = last[name] != report
        last[name] = report
        add(name, answer.jsonBytes(), isChanged: isChanged, to: &look)
    }

    private func add(_ name: String, _ json: [UInt8], isChanged: Bool, to look: inout Look) {
        let frame = EventFrame.bytes(name, json)
        look.everything += frame
        if isChanged { look.changed += frame }
    }
}
