public import Observations

/// How an answer was got.
public struct Envelope: Sendable, Equatable {
    /// When the bytes or the host were looked at.
    public var takenAt: WallTime
    /// How long before the answer was written that was.
    public var ageMilliseconds: Int
    /// nil where no bytes of an object were read.
    public var consistency: Consistency?
    /// What was not seen.
    public var hidden: [Hidden]

    public init(takenAt: WallTime, ageMilliseconds: Int, consistency: Consistency? = nil, hidden: [Hidden] = []) {
        self.takenAt = takenAt
        self.ageMilliseconds = ageMilliseconds
        self.consistency = consistency
        self.hidden = hidden
    }
}

/// What answers a request with success, its envelope aside.
public protocol Report: Sendable {
    /// What was left out of it; none by default. It joins the envelope's.
    var hidden: [Hidden] { get }
}

extension Report {
    public var hidden: [Hidden] { [] }
}

/// A report with how it was got. The envelope's keys stand beside the report's.
public struct Answer<Content: Report>: Sendable {
    public var report: Content
    public var envelope: Envelope

    public init(_ report: Content, _ envelope: Envelope) {
        self.report = report
        self.envelope = envelope
    }
}

extension Answer: Equatable where Content: Equatable {}

extension StatusReport: Report {}
extension SegmentsReport: Report {}
extension SegmentDetail: Report {
    public var hidden: [Hidden] { heap?.hidden ?? [] }
}
extension LayoutReport: Report {}
extension HeapReport: Report {}
extension BlocksReport: Report {}
extension BucketsReport: Report {}
extension LocksReport: Report {}
extension ParticipantsReport: Report {}
extension EventsReport: Report {}
extension VerifyReport: Report {}
extension ReclaimReport: Report {}
extension WorkersReport: Report {}
