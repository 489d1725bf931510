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
            return Answer(
                try look(at: object, from: first, limit: request.limit),
                envelope(since: begin, .inFlux, hidden: hidden(of: object)))
        } catch {
            throw .reading(error)
        }
    }

    private func look(at object: OpenObject, from first: Int, limit: Int) throws(ReadingError) -> PagesReport {
        do throws(ReadFailure) {
            let before = try object.source.currentFile().allocatedBytes
            let states = try object.source.pages(from: first, limit: limit)
            var runs = states.runs
            if let node = sources.nodes.only() {
                for index in runs.indices where runs[index].state == .resident { runs[index].numaNode = node }
            }
            return PagesReport(
                pageBytes: states.pageBytes, runs: runs, next: states.next, allocatedBefore: before,
                allocatedAfter: try object.source.currentFile().allocatedBytes, wasAttached: object.wasAttached)
        } catch {
            throw .failed(error)
        }
    }

    /// mincore(2) tells the truth only to who may write an object or owns it.
    private func hidden(of object: OpenObject) -> [Hidden] {
        guard sources.uid != 0, sources.uid != object.file.uid else { return [] }
        return [Hidden(what: "pages that are in swap, which count as resident", count: 1, needs: "its owner's rights")]
    }
}
