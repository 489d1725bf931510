import Glibc
import Kernel
import Observations

/// What the page tables of those who map an object add to what is known of its pages: which are huge, and on which memory
/// node each is. The object itself tells neither.
struct PageMarks {
    /// Processes that are asked at most: those who share an object have the same pages.
    private static let mappersMax = 4
    /// Pages that are asked for their node at most, in one answer: a tenth of a second.
    private static let nodePagesMax = 262_144
    /// Mappings of one process that are looked through.
    private static let rangesMax = 1_024
    /// Mappings of one page that are looked at, on average.
    private static let stepsOfPage = 16
    /// Pages of one question.
    private static let pagesAtOnce = 4_096

    private let proc: ProcFS
    private let mappers: [Mapper]
    let pageBytes = sysconf(Int32(_SC_PAGESIZE))

    /// - Parameter object: nil where no survey knows it.
    init(_ proc: ProcFS, _ object: HostObject?) {
        self.proc = proc
        mappers = (object?.mappers.prefix(Self.mappersMax) ?? []).map { mapper in
            Mapper(pid: mapper.pid, tid: mapper.tid, ranges: Array(mapper.ranges.prefix(Self.rangesMax)))
        }
    }

    /// The runs, taken apart where a part of one is in huge pages; and whether somebody's page tables could not be read.
    func markingHuge(_ runs: [PageRun]) -> (runs: [PageRun], isWhole: Bool) {
        guard let first = runs.first, let last = runs.last, runs.contains(where: { $0.state == .resident }) else { return (runs, true) }
        let (found, isWhole) = mappedIn(first.offset..<last.end) { (proc, tid, ranges) throws(KernelError) in
            try proc.hugePages(of: tid, ranges)
        }
        return (Self.marked(runs, found.map { (range: $0.offset..<$0.end, mark: true) }) { $0.isHuge = $1 }, isWhole)
    }

    /// The pages of an object of hugetlbfs, which are never written out to swap, and of which the kernel tells whether one
    /// is there only where somebody has it mapped in.
    ///
    /// - Parameters:
    ///   - size: the object's.
    ///   - allocated: bytes of pages that are there; some may lie behind the end (fallocate(2)).
    ///   - first: from which byte on.
    /// - Returns: the runs, and how many bytes of what they show as holes may be there all the same.
    func statesOfHugePages(size: Int, allocated: Int, from first: Int) -> (runs: [PageRun], unseenBytes: Int) {
        guard first < size else { return ([], 0) }
        let seen = mappedIn(0..<size) { (proc, tid, ranges) throws(KernelError) in
            try proc.touched(by: tid, ranges)
        }.runs
        let present = allocated == size ? [TouchedRun(offset: 0, length: size)] : seen
        var runs: [PageRun] = []
        var position = first
        for run in present where run.end > position && run.offset < size {
            if run.offset > position { runs.append(PageRun(offset: position, length: run.offset - position, state: .hole)) }
            let start = max(position, run.offset)
            position = min(run.end, size)
            var resident = PageRun(offset: start, length: position - start, state: .resident)
            resident.isHuge = true
            runs.append(resident)
        }
        if position < size { runs.append(PageRun(offset: position, length: size - position, state: .hole)) }
        let holes = runs.reduce(0) { $0 + ($1.state == .hole ? $1.length : 0) }
        return (runs, min(holes, max(0, allocated - present.reduce(0) { $0 + $1.length })))
    }

    /// What of some bytes is mapped in by those who map the object; and whether all of them could be asked.
    private func mappedIn(
        _ bytes: Range<Int>, _ ask: (ProcFS, Int32, [MappedRange]) throws(KernelError) -> BoundedList<TouchedRun>?
    ) -> (runs: [TouchedRun], isWhole: Bool) {
        var found: [TouchedRun] = []
        var isWhole = true
        for mapper in mappers {
            do throws(KernelError) {
                let shown = mapper.ranges.compactMap { $0.showing(bytes) }
                guard let list = try ask(proc, mapper.tid, shown) else { continue }
                found += list.elements
                if list.omittedCount > 0 { isWhole = false }
            } catch {
                isWhole = false
            }
        }
        return (ProcFS.joined(found, limit: ProcFS.touchedRunsMax).elements, isWhole)
    }

    /// The runs, taken apart where parts of one are on different nodes.
    ///
    /// - Returns: the runs, and from where on nobody was asked any more: another answer goes on there.
    func markingNodes(_ runs: [PageRun]) -> (runs: [PageRun], stoppedAt: Int?) {
        var marks: [(range: Range<Int>, mark: Int)] = []
        var asked = 0
        for run in runs where run.state == .resident {
            var offset = run.offset
            while offset < run.end {
                guard asked < Self.nodePagesMax else { return (Self.marked(runs, marks) { $0.numaNode = $1 }, offset) }
                let end = min(run.end, offset + Self.pagesAtOnce * pageBytes)
                let found = nodes(of: offset..<end)
                for (index, node) in found.enumerated() {
                    guard let node else { continue }
                    let start = offset + index * pageBytes
                    Self.add((start..<min(start + pageBytes, end), node), to: &marks)
                }
                asked += found.count
                offset = end
            }
        }
        return (Self.marked(runs, marks) { $0.numaNode = $1 }, nil)
    }

    /// The node of each page of a range, as the first process says that has it mapped in.
    private func nodes(of range: Range<Int>) -> [Int?] {
        var found = [Int?](repeating: nil, count: (range.count + pageBytes - 1) / pageBytes)
        // One page may be mapped a thousand times, to keep whoever counts them busy.
        var stepsLeft = Self.stepsOfPage * found.count
        for mapper in mappers where found.contains(nil) && stepsLeft > 0 {
            var addresses: [UInt64] = []
            var indices: [Int] = []
            var isAsked = [Bool](repeating: false, count: found.count)
            // Each mapping is looked at once, and each page asked for once.
            for mapped in mapper.ranges {
                guard let shown = mapped.showing(range) else { continue }
                for address in stride(from: shown.start, to: shown.end, by: pageBytes) where stepsLeft > 0 {
                    stepsLeft -= 1
                    let index = (Int(clamping: shown.offset + (address - shown.start)) - range.lowerBound) / pageBytes
                    guard found.indices.contains(index), found[index] == nil, !isAsked[index] else { continue }
                    isAsked[index] = true
                    addresses.append(address)
                    indices.append(index)
                }
                if addresses.count == found.count || stepsLeft <= 0 { break }
            }
            guard !addresses.isEmpty, let nodes = (try? proc.nodes(of: mapper.tid, addresses)) ?? nil else { continue }
            for (index, node) in zip(indices, nodes) { found[index] = node }
        }
        return found
    }

    private static func add(_ mark: (range: Range<Int>, mark: Int), to marks: inout [(range: Range<Int>, mark: Int)]) {
        if let last = marks.last, last.mark == mark.mark, last.range.upperBound == mark.range.lowerBound {
            marks[marks.count - 1].range = last.range.lowerBound..<mark.range.upperBound
        } else {
            marks.append(mark)
        }
    }

    /// Takes runs in memory apart where marks begin and end.
    ///
    /// - Parameter marks: in order; none overlap.
    static func marked<Mark>(
        _ runs: [PageRun], _ marks: [(range: Range<Int>, mark: Mark)], _ set: (inout PageRun, Mark) -> Void
    ) -> [PageRun] {
        guard !marks.isEmpty else { return runs }
        var parts: [PageRun] = []
        var next = marks.startIndex
        for run in runs {
            while next < marks.endIndex, marks[next].range.upperBound <= run.offset { next += 1 }
            guard run.state == .resident else {
                parts.append(run)
                continue
            }
            var position = run.offset
            var index = next
            while position < run.end {
                let mark = index < marks.endIndex && marks[index].range.lowerBound < run.end ? marks[index] : nil
                let isMarked = mark.map { $0.range.lowerBound <= position } ?? false
                let end = min(run.end, mark.map { isMarked ? $0.range.upperBound : $0.range.lowerBound } ?? run.end)
                var part = run.part(position..<end)
                if isMarked, let mark { set(&part, mark.mark) }
                parts.append(part)
                position = end
                if let mark, mark.range.upperBound <= position { index += 1 }
            }
        }
        return parts
    }
}

extension PageRun {
    fileprivate func part(_ range: Range<Int>) -> PageRun {
        var part = PageRun(offset: range.lowerBound, length: range.count, state: state)
        part.numaNode = numaNode
        part.isHuge = isHuge
        return part
    }
}

extension MappedRange {
    /// The part that shows some bytes of the object; nil where it shows none.
    fileprivate func showing(_ bytes: Range<Int>) -> MappedRange? {
        let (last, overflow) = offset.addingReportingOverflow(end - start)
        let first = max(offset, UInt64(bytes.lowerBound))
        let limit = min(overflow ? .max : last, UInt64(bytes.upperBound))
        guard first < limit else { return nil }
        // Addresses of a mapping begin and end at pages; what is shown may end within one.
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        let length = limit - first
        let (padded, padOverflow) = length.addingReportingOverflow(page - 1)
        let whole = padOverflow ? length : padded / page * page
        return MappedRange(
            start: start + (first - offset), end: min(end, start + (first - offset) + whole), offset: first, access: access)
    }
}
