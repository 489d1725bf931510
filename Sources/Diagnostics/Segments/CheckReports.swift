public import Observations
public import SegmentFormat

/// What a check of a managed segment came to. How far the bytes that were checked are one picture, its envelope says.
public struct VerifyReport: Sendable, Equatable {
    public let blocksChecked: Int
    /// Bytes of book-keeping and guards.
    public let bytesChecked: Int
    public let findings: [Finding]
    /// Findings beyond the verifier's limit.
    public let hidden: [Hidden]

    public init(_ verification: Verification) {
        self.init(
            blocksChecked: verification.blocksChecked, bytesChecked: verification.bytesChecked,
            findings: verification.findings, omittedFindings: verification.omittedFindings)
    }

    package init(blocksChecked: Int, bytesChecked: Int, findings: [Finding], omittedFindings: Int) {
        self.blocksChecked = blocksChecked
        self.bytesChecked = bytesChecked
        self.findings = findings
        guard omittedFindings > 0 else {
            hidden = []
            return
        }
        hidden = [Hidden(what: "findings", count: omittedFindings, needs: "the first ones to be mended")]
    }
}

/// What a reclaim freed.
public struct ReclaimReport: Sendable, Equatable {
    public let blocksFreed: Int
    /// The sum of their spans.
    public let bytesFreed: Int
    /// Slots of dead participants.
    public let slotsFreed: Int

    public init(blocksFreed: Int, bytesFreed: Int, slotsFreed: Int) {
        self.blocksFreed = blocksFreed
        self.bytesFreed = bytesFreed
        self.slotsFreed = slotsFreed
    }
}
