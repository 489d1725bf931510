public import Diagnostics
import Kernel
import Observations

/// What is shown of the host as a whole.
extension Lens {
    /// The segments that a question wants, in its order.
    public func segments(
        _ filter: SegmentFilter, sort: SegmentSort, page: PageRequest, fresh: Bool = false
    ) throws(ListError) -> Answer<SegmentsReport> {
        let survey: Survey
        do throws(ReadingError) {
            survey = try self.survey(fresh: fresh)
        } catch {
            throw .reading(error)
        }
        do throws(QueryError) {
            let report = try SegmentsReport(entries: survey.entries(), filter: filter, sort: sort, page: page)
            return Answer(report, survey.envelope(at: Clocks.reading()))
        } catch {
            throw .query(error)
        }
    }

    /// The host's shared memory, how many segments there are of each kind, and how that was found out.
    public func hostReport(
        fresh: Bool = false
    ) throws(ReadingError) -> (host: HostReport, segments: [SegmentKind: Int], envelope: Envelope) {
        let survey = try self.survey(fresh: fresh)
        var counts: [SegmentKind: Int] = [:]
        for entry in survey.entries() { counts[entry.summary.kind, default: 0] += 1 }
        let sharedBytes: Int
        do throws(KernelError) {
            sharedBytes = try sources.proc.sharedMemoryBytes()
        } catch {
            throw .refused(error)
        }
        let host = HostReport(sharedBytes: sharedBytes, tmpfs: survey.tmpfs().map { [$0] } ?? [])
        return (host, counts, survey.envelope(at: Clocks.reading()))
    }
}

extension Survey {
    func envelope(at now: ClockReading) -> Envelope {
        Envelope(takenAt: takenAt.realTime, ageMilliseconds: ageMilliseconds(at: now), hidden: hidden)
    }

    /// The folder of shared memory; nil where there is none.
    func tmpfs() -> TmpfsReport? {
        guard let usage else { return nil }
        var promisedBytes = 0
        for file in inventory.files.elements {
            // Sizes are what somebody wrote: their sum may pass any number.
            let (sum, overflow) = promisedBytes.addingReportingOverflow(
                max(0, file.file.sizeBytes - file.file.allocatedBytes))
            promisedBytes = overflow ? .max : sum
        }
        return TmpfsReport(
            path: "/dev/shm", sizeBytes: usage.sizeBytes, usedBytes: usage.usedBytes, promisedBytes: promisedBytes)
    }
}
