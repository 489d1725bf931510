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

/// A report with how it was got: what a request is answered with. The envelope's keys stand beside the report's.
public struct Answer<Report: Sendable>: Sendable {
    public var report: Report
    public var envelope: Envelope

    public init(_ report: Report, _ envelope: Envelope) {
        self.report = report
        self.envelope = envelope
    }
}

extension Answer: Equatable where Report: Equatable {}
