import CShmlens
import Glibc
public import Observations
import SystemPackage

extension ProcFS {
    /// Runs that one look at a process's page tables hands on at most.
    public static let touchedRunsMax = 65_536

    /// Which pages of an object a process has in its page tables, through some of its mappings.
    ///
    /// The kernel maps neighbours of a page that is *read* along with it (fault-around, 16 pages), so that this says what
    /// is mapped in rather than what was used; pages that are written are mapped one by one. Touches no page.
    ///
    /// - Parameters:
    ///   - ranges: mappings of the object, in any order.
    ///   - limit: how many runs are kept; more are counted.
    /// - Returns: the runs in the order of their offsets, none of which touch; nil where there is no such process.
    /// - Throws: ``KernelError``: ENOTTY where this kernel cannot be asked (before Linux 6.7).
    /// - Complexity: O(pages that are mapped in), in the kernel.
    public func touched(
        by pid: Int32, _ ranges: [MappedRange], limit: Int = ProcFS.touchedRunsMax
    ) throws(KernelError) -> BoundedList<TouchedRun>? {
        try runs(of: Int(SHMLENS_PAGE_PRESENT), pid, ranges, limit: limit)
    }

    /// Which parts of an object a process has mapped in by huge pages, through some of its mappings; else as
    /// ``touched(by:_:limit:)``.
    public func hugePages(
        of pid: Int32, _ ranges: [MappedRange], limit: Int = ProcFS.touchedRunsMax
    ) throws(KernelError) -> BoundedList<TouchedRun>? {
        try runs(of: Int(SHMLENS_PAGE_PRESENT) | Int(SHMLENS_PAGE_HUGE), pid, ranges, limit: limit)
    }

    /// On which memory node pages of a process are, asked by their addresses. Moves and touches none.
    ///
    /// - Returns: a node's number for each, nil where the page is not in memory; nil where there is no such process.
    /// - Throws: ``KernelError`` where a right is missing, or the kernel knows no nodes (ENOSYS).
    /// - Complexity: O(addresses), a tenth of a microsecond each.
    public func nodes(of pid: Int32, _ addresses: [UInt64]) throws(KernelError) -> [Int?]? {
        do throws(Errno) {
            return try pageNodes(of: pid, addresses).map { $0 >= 0 ? Int($0) : nil }
        } catch {
            if error == .noSuchProcess { return nil }
            throw KernelError(operation: "move_pages", object: "process \(pid)", errno: error, needs: Needs.otherProcess)
        }
    }

    private func runs(
        of categories: Int, _ pid: Int32, _ ranges: [MappedRange], limit: Int
    ) throws(KernelError) -> BoundedList<TouchedRun>? {
        let path = path(pid, "pagemap")
        var runs: [TouchedRun] = []
        do throws(Errno) {
            let pagemap = try openDescriptor(path, OpenFlags.file)
            for range in ranges { try Self.scan(pagemap, range, categories, into: &runs, limit: limit) }
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "ioctl", object: path.text, errno: error, needs: Needs.otherDescriptors)
        }
        return Self.joined(runs, limit: limit)
    }

    private static let regionsAtOnce = 512

    private static func scan(
        _ pagemap: borrowing Descriptor, _ range: MappedRange, _ categories: Int, into runs: inout [TouchedRun], limit: Int
    ) throws(Errno) {
        var address = range.start
        var regions = [shmlens_region](repeating: shmlens_region(), count: regionsAtOnce)
        // Each turn passes a page at least.
        while address < range.end, runs.count <= limit {
            var count = 0
            var next: UInt64 = 0
            try pageRegions(pagemap.number, address..<range.end, categories, &regions, &count, &next)
            for region in regions.prefix(count) {
                guard region.start >= range.start, region.end > region.start, region.end <= range.end,
                    let offset = Int(exactly: region.start - range.start + range.offset),
                    let length = Int(exactly: region.end - region.start)
                else { continue }
                runs.append(TouchedRun(offset: offset, length: length))
            }
            guard next > address else { return }
            address = next
        }
    }

    /// Joins runs that overlap or touch: an object may be mapped twice.
    package static func joined(_ runs: [TouchedRun], limit: Int) -> BoundedList<TouchedRun> {
        var joined: [TouchedRun] = []
        for run in runs.sorted(by: { $0.offset < $1.offset }) {
            if let last = joined.last, run.offset <= last.end {
                joined[joined.count - 1].length = max(last.end, run.end) - last.offset
            } else {
                joined.append(run)
            }
        }
        return BoundedList(Array(joined.prefix(limit)), omittedCount: max(0, joined.count - limit))
    }
}
