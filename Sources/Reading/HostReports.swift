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
            let report = try SegmentsReport(entries: survey.entries, filter: filter, sort: sort, page: page)
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
        for entry in survey.entries { counts[entry.summary.kind, default: 0] += 1 }
        let sharedBytes: Int
        do throws(KernelError) {
            sharedBytes = try sources.proc.sharedMemoryBytes()
        } catch {
            throw .refused(error)
        }
        let host = HostReport(sharedBytes: sharedBytes, tmpfs: survey.tmpfs())
        return (host, counts, survey.envelope(at: Clocks.reading()))
    }
}

extension Survey {
    func envelope(at now: ClockReading) -> Envelope {
        Envelope(takenAt: takenAt.realTime, ageMilliseconds: ageMilliseconds(at: now), hidden: hidden)
    }

    /// The folders of shared memory, with what their files may still take. Those of containers are called by a process
    /// that sees them.
    func tmpfs() -> [TmpfsReport] {
        var promised: [DeviceNumber: Int] = [:]
        for object in inventory.objects {
            guard let device = object.key?.device, let file = object.file else { continue }
            // Sizes are what somebody wrote: their sum may pass any number.
            let (sum, overflow) = promised[device, default: 0].addingReportingOverflow(
                max(0, file.sizeBytes - file.allocatedBytes))
            promised[device] = overflow ? .max : sum
        }
        return folders.compactMap { folder in
            folder.usage.map { usage in
                TmpfsReport(
                    path: (folder.neighbour.map { "/proc/\($0)/root" } ?? "") + "/dev/shm", sizeBytes: usage.sizeBytes,
                    usedBytes: usage.usedBytes, promisedBytes: promised[folder.device] ?? 0)
            }
        }
    }
}
