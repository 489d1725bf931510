public import Diagnostics
import Kernel
import Observations

extension Lens {
    /// Looks for bytes in one object, or in all that may be read.
    ///
    /// Reads what there is, and of holes no more than a match may take that begins or ends in one: nothing is allocated, and
    /// zeros that nobody wrote are not found. Files that are on no tmpfs are searched only where
    /// one is named: reading them would bring them into memory. Where the time is over that an answer may take, the next one
    /// goes on.
    ///
    /// - Parameters:
    ///   - id: nil for all objects.
    ///   - attach: attaches the System V segment `id` for a moment where nobody has it attached, which leaves traces.
    public func search(
        _ pattern: SearchPattern, in id: SegmentIdentifier?, attach: Bool = false, page request: PageRequest
    ) throws(ListError) -> Answer<SearchReport> {
        let begin = Clocks.reading()
        var search = Search(
            pattern: pattern, limit: request.limit, deadline: begin.monotonicNanoseconds + answerNanosecondsMax)
        do throws(QueryError) {
            if let cursor = request.cursor { search.begin = try SearchPlace(cursor) }
        } catch {
            throw .query(error)
        }
        var hidden: [Hidden] = []
        do throws(ReadingError) {
            if let id {
                search.look(at: try object(id, attach: attach))
            } else {
                let survey = try survey()
                hidden = survey.hidden
                for object in survey.inventory.objects where !search.isOver {
                    search.look(at: object, in: sources)
                }
            }
        } catch {
            throw .reading(error)
        }
        return Answer(search.report, envelope(since: begin, .inFlux, hidden: hidden))
    }
}

/// A search under way.
private struct Search {
    private static let pieceBytes = 1 << 20

    private let pattern: SearchPattern
    private let limit: Int
    /// CLOCK_MONOTONIC.
    private let deadline: Int64
    var begin: SearchPlace?
    private var matches: [SearchMatch] = []
    private var searchedBytes = 0
    private var next: SearchPlace?
    private var refused: [String: Int] = [:]
    private var fileCount = 0
    private var unattachedCount = 0
    private var atimeMoved = false
    private var wasAttached = false
    private var failedCount = 0

    init(pattern: SearchPattern, limit: Int, deadline: Int64) {
        self.pattern = pattern
        self.limit = limit
        self.deadline = deadline
    }

    /// Whether the answer is full, or its time is up.
    var isOver: Bool { next != nil }

    mutating func look(at object: HostObject, in sources: HostSources) {
        guard object.semaphores == nil, start(in: object.id) != nil else { return }
        guard object.isFile || !object.mappers.isEmpty else {
            unattachedCount += 1
            return
        }
        guard object.id.kind != .file else {
            fileCount += 1
            return
        }
        do throws(KernelError) {
            look(at: OpenObject(id: object.id, source: try sources.open(object)))
        } catch {
            if let needs = error.needs { refused[needs, default: 0] += 1 }
        }
    }

    private func start(in id: SegmentIdentifier) -> Int? {
        guard let begin else { return 0 }
        return begin.start(in: id)
    }

    mutating func look(at object: OpenObject) {
        guard var position = start(in: object.id) else { return }
        if !object.source.leavesAccessTime { atimeMoved = true }
        if object.wasAttached { wasAttached = true }
        do throws(ReadFailure) {
            // Each turn passes a byte at least, whatever others do to the object meanwhile.
            while next == nil, let data = try object.source.data(from: position) {
                try look(at: object, data, &position)
            }
        } catch {
            failedCount += 1
        }
    }

    /// Searches a run of data; `position` goes on to what was not searched.
    private mutating func look(
        at object: OpenObject, _ data: Range<Int>, _ position: inout Int
    ) throws(ReadFailure) {
        // What is asked for may begin in the hole before.
        position = max(position, data.lowerBound - (pattern.bytes.count - 1))
        while position < data.upperBound, next == nil {
            guard Clocks.monotonicNanoseconds() < deadline else {
                next = SearchPlace(object.id, offset: position)
                return
            }
            let count = min(Self.pieceBytes, data.upperBound - position)
            // A match that begins in this piece may end in the next, or in a hole.
            let bytes = try object.source.read(at: position, count: count + SearchReport.shownBytes + pattern.bytes.count)
            searchedBytes += min(count, bytes.count)
            note(bytes, at: position, count: count, of: object.id)
            position += count
        }
    }

    private mutating func note(_ bytes: [UInt8], at start: Int, count: Int, of id: SegmentIdentifier) {
        let span = bytes.span
        var index = 0
        while let found = pattern.first(in: span, from: index), found < count {
            guard matches.count < limit else {
                next = SearchPlace(id, offset: start + found)
                return
            }
            let end = found + pattern.bytes.count
            let following = bytes[end..<min(max(end, found + SearchReport.shownBytes), bytes.count)]
            matches.append(
                SearchMatch(
                    segment: id, offset: start + found, bytes: Array(bytes[found..<end]), following: Array(following)))
            index = found + 1
        }
    }

    var report: SearchReport {
        var hidden: [Hidden] = []
        for (needs, count) in refused.sorted(by: { $0.key < $1.key }) {
            hidden.append(Hidden(what: "contents of objects", count: count, needs: needs))
        }
        if failedCount > 0 {
            hidden.append(Hidden(what: "objects that failed to be read", count: failedCount, needs: "another try"))
        }
        if fileCount > 0 {
            hidden.append(
                Hidden(
                    what: "mapped files on disks, which would be read into memory", count: fileCount,
                    needs: "a search in the file itself, by its id"))
        }
        if unattachedCount > 0 {
            hidden.append(
                Hidden(
                    what: "System V segments that nobody has attached", count: unattachedCount,
                    needs: "a search in the segment itself, by its id, with attach=true"))
        }
        return SearchReport(
            matches: matches, searchedBytes: searchedBytes, atimeMoved: atimeMoved, wasAttached: wasAttached,
            hidden: hidden, next: next)
    }
}
