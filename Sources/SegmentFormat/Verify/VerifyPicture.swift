import CShmlens
public import Observations

/// What a check without the lock came to.
public struct PictureVerification: Sendable {
    public let consistency: Consistency
    public let verification: Verification
    /// Whether links, bins and map were checked too, or only what a picture holds: spans, owners and guards.
    public let isWhole: Bool
}

extension SegmentReader {
    /// How often a check of everything is tried before it settles for what a picture holds.
    private static var wholeTries: Int { 3 }

    /// Checks a segment without its lock.
    ///
    /// Where nothing changes while the check runs (or the lock's owner stands still), everything is checked, on the
    /// state before the operation under way. Where processes keep changing it, a picture is checked: its spans and
    /// owners, and those guards whose block nobody touched meanwhile.
    public func verify() throws(PictureError) -> PictureVerification {
        for _ in 0..<Self.wholeTries {
            let before = try copy(0, count: shmlens_header_bytes)
            let journal = JournalRecord(image: before, layout: layout)
            let verification = try check(undoing: journal)
            let after = try copy(0, count: shmlens_header_bytes)
            guard before.word(at: shmlens_header_offset_event_head) == after.word(at: shmlens_header_offset_event_head),
                journal == JournalRecord(image: after, layout: layout)
            else { continue }
            return PictureVerification(
                consistency: journal?.isPending == true ? .rolledBack : .consistent, verification: verification,
                isWhole: true)
        }
        return try verifyPicture()
    }

    private func check(undoing journal: JournalRecord?) throws(PictureError) -> Verification {
        do throws(ReadFailure) {
            guard let journal, !journal.entries.isEmpty else {
                var verifier = Verifier(source: source, layout: layout)
                return try verifier.verify()
            }
            var verifier = Verifier(source: UndoneSource(source: source, journal: journal), layout: layout)
            return try verifier.verify()
        } catch {
            throw .read(error)
        }
    }

    /// Checks what a picture holds.
    private func verifyPicture() throws(PictureError) -> PictureVerification {
        let picture = try heap()
        var result = Verification()
        var wrong: [(block: PictureBlock, finding: Finding)] = []
        var reader = WindowedReader(source: source)
        for block in picture.blocks {
            do throws(ReadFailure) {
                for finding in try guardFindings(of: block, reader: &reader) { wrong.append((block, finding)) }
            } catch {
                throw .read(error)
            }
        }
        // A guard that looked wrong may belong to a block that was freed, moved or resized after the picture.
        let now = wrong.isEmpty ? picture : try heap()
        let known = Dictionary(now.blocks.map { ($0.spanOffset, $0.sequence) }) { first, _ in first }
        for (block, finding) in wrong where known[block.spanOffset] == block.sequence {
            result.report(finding.code, at: finding.offset ?? 0, finding.message)
        }
        result.blocksChecked = picture.blocks.count
        result.bytesChecked = picture.blocks.count * (shmlens_block_bytes + 2 * shmlens_guard_bytes)
        return PictureVerification(consistency: picture.consistency, verification: result, isWhole: false)
    }
}

/// The findings of a block's two guards.
func guardFindings<Source: ByteSource>(
    of block: PictureBlock, reader: inout WindowedReader<Source>
) throws(ReadFailure) -> [Finding] {
    var findings: [Finding] = []
    let payload = UInt64(block.payloadOffset)
    let places = [
        ("guardBefore", "before", block.payloadOffset - 8, Span.guardBefore(payloadOffset: payload)),
        ("guardAfter", "behind", block.payloadOffset + block.sizeBytes, Span.guardAfter(payloadOffset: payload)),
    ]
    for (code, where_, offset, expected) in places {
        let found = try reader.word(at: offset)
        guard found != expected else { continue }
        guard found != nil else {
            let message = "the object ends before the guard \(where_) the block at \(payload)"
            return findings + [Finding(code: "truncated", severity: .error, message: message, offset: offset)]
        }
        findings.append(
            Finding(
                code: code, severity: .error,
                message:
                    "the guard \(where_) the block at \(payload) (\(block.sizeBytes) bytes, slot \(block.owner.slot), generation \(block.owner.generation)) was overwritten",
                offset: offset))
    }
    return findings
}
