public import Diagnostics
import Kernel
import Observations

extension Lens {
    /// Which pages of an object there are, and which of them are in memory. Takes none.
    ///
    /// - Parameters:
    ///   - start: the first byte of interest, where the request has no cursor.
    ///   - attach: attaches a System V segment for a moment where nobody has it attached, which leaves traces.
    public func pages(
        _ id: SegmentIdentifier, from start: Int, attach: Bool = false, page request: PageRequest
    ) throws(ListError) -> Answer<PagesReport> {
        let first: Int
        do throws(QueryError) {
            first = try request.cursor?.number() ?? start
        } catch {
            throw .query(error)
        }
        let begin = Clocks.reading()
        do throws(ReadingError) {
            let object = try object(id, attach: attach)
            let (report, hidden) = try look(at: object, from: first, limit: request.limit)
            return Answer(report, envelope(since: begin, .inFlux, hidden: hidden))
        } catch {
            throw .reading(error)
        }
    }

    private func look(
        at object: OpenObject, from first: Int, limit: Int
    ) throws(ReadingError) -> (report: PagesReport, hidden: [Hidden]) {
        let mapped = (try? survey())?.inventory[object.id]
        do throws(ReadFailure) {
            let before = try object.source.currentFile().allocatedBytes
            let marks = PageMarks(sources.proc, mapped)
            let found =
                object.source.isOfHugePages()
                ? try hugePages(of: object, marks, from: first) : try pages(of: object, marks, from: first, limit: limit)
            // Marks take runs apart: what is too much comes with the next answer.
            let next = found.runs.count > limit ? found.runs[limit].offset : found.next
            let report = PagesReport(
                pageBytes: marks.pageBytes, runs: Array(found.runs.prefix(limit)), next: next, allocatedBefore: before,
                allocatedAfter: try object.source.currentFile().allocatedBytes, wasAttached: object.wasAttached)
            return (report, found.hidden)
        } catch {
            throw .failed(error)
        }
    }

    private typealias Found = (runs: [PageRun], next: Int?, hidden: [Hidden])

    private func pages(
        of object: OpenObject, _ marks: PageMarks, from first: Int, limit: Int
    ) throws(ReadFailure) -> Found {
        let states = try object.source.pages(from: first, limit: limit)
        let (runs, isWhole) = marks.markingHuge(states.runs)
        let unmarked = Hidden(
            what: "page tables of processes that map it, which tell huge pages", count: 1, needs: "CAP_SYS_PTRACE and Linux 6.7")
        return onNodes((runs, states.next, hidden(of: object) + (isWhole ? [] : [unmarked])), marks)
    }

    private func hugePages(of object: OpenObject, _ marks: PageMarks, from first: Int) throws(ReadFailure) -> Found {
        let file = try object.source.currentFile()
        let start = max(0, first) / marks.pageBytes * marks.pageBytes
        let (runs, unseenBytes) = marks.statesOfHugePages(size: file.sizeBytes, allocated: file.allocatedBytes, from: start)
        let unseen = Hidden(
            what: "bytes of huge pages that are there and count as holes", count: unseenBytes, needs: "a process that has them mapped in")
        return onNodes((runs, nil, unseenBytes > 0 ? [unseen] : []), marks)
    }

    /// With the memory node of each run. Where there are several, only so many pages are asked for: what is behind them comes
    /// with the next answer.
    private func onNodes(_ found: Found, _ marks: PageMarks) -> Found {
        guard let node = sources.nodes.only() else {
            let (runs, stoppedAt) = marks.markingNodes(found.runs)
            guard let stoppedAt, stoppedAt > found.runs.first?.offset ?? 0 else { return (runs, found.next, found.hidden) }
            return (runs.filter { $0.end <= stoppedAt } + runs.compactMap { $0.beginning(before: stoppedAt) }, stoppedAt, found.hidden)
        }
        var runs = found.runs
        for index in runs.indices where runs[index].state == .resident { runs[index].numaNode = node }
        return (runs, found.next, found.hidden)
    }

    /// mincore(2) tells the truth only to who may write an object or owns it.
    private func hidden(of object: OpenObject) -> [Hidden] {
        guard sources.uid != 0, sources.uid != object.file.uid else { return [] }
        return [Hidden(what: "pages that are in swap, which count as resident", count: 1, needs: "its owner's rights")]
    }
}

extension PageRun {
    /// The part before a byte that lies within; nil where it does not.
    fileprivate func beginning(before byte: Int) -> PageRun? {
        guard offset < byte, end > byte else { return nil }
        var part = self
        part.length = byte - offset
        return part
    }
}
